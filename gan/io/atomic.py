"""Writing files that other processes read at the same time: whole-file replacement, and appending in one write."""

import contextlib
import errno
import json
import logging
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from gan.io.untrusted_files import is_link, not_regular

LOGGER = logging.getLogger(__name__)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path that replaces `path`, whole and on disk, when the block ends without an error."""
    # A name of its own: threads, and processes of the same number on two machines, may write one file at once.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    if is_link(temporary):
        raise not_regular(path.parent)
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document. A reader sees either the old file or the whole new one."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2) + "\n")


def append_json_line(path: Path, document: dict[str, Any]) -> None:
    """Append a JSON object as a line, in one write, so that readers see whole lines."""
    with open_for_append(path, buffering=0) as file:
        file.write(json.dumps(document).encode() + b"\n")


def open_for_append(path: Path, buffering: int = -1) -> IO[bytes]:
    """A regular file with one name open for appending, created where absent; DamagedFileError for anything else."""
    if is_link(path):
        raise not_regular(path)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise not_regular(path) from None
        raise
    file = os.fstat(descriptor)
    if not stat.S_ISREG(file.st_mode) or file.st_nlink > 1:
        os.close(descriptor)
        raise not_regular(path)
    return open(descriptor, "ab", buffering)


def remove(path: Path) -> None:
    """Delete a file, a symbolic link (not its target) or a folder with its content."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def remove_folder(path: Path) -> None:
    """Delete a folder with its content. Files that another process deletes meanwhile are no error.

    What cannot be deleted stays and is logged: cleaning up never fails the caller's work.
    """

    def log(function: object, left: str, failure: Any) -> None:
        if not issubclass(failure[0], FileNotFoundError):
            LOGGER.warning("%s could not be removed.", left, exc_info=failure)

    shutil.rmtree(path, onerror=log)


FileVersion = tuple[int, int, int] | None


def file_version(path: Path) -> FileVersion:
    """Modification time (ns), size (bytes) and inode, as a cache key; None where there is no file.

    A file that is replaced has another inode, though its time may be the same: some file systems count in seconds.
    """
    return _version(str(path))


def file_versions(folder: Path, names: Iterable[str]) -> tuple[FileVersion, ...]:
    """`file_version` of the files of a folder; for lists of runs, where `Path` objects would take most of the time."""
    start = f"{folder}{os.sep}"
    return tuple([_version(start + name) for name in names])


def _version(path: str) -> FileVersion:
    try:
        status = os.stat(path)  # noqa: PTH116  (a list of runs asks for thousands)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
