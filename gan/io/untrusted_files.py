"""Bounded reads of files that anybody may have damaged or forged.

People copy run folders, so nothing in one is trusted. A reader takes regular files only: no FIFO, no directory, no
symbolic link below the run's own folder, and no more bytes than expected.
"""

import contextlib
import errno
import functools
import io
import logging
import os
import stat
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gan.config import settings
from gan.errors import DamagedFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_DOCUMENT = 64 * 2**20
"""Bytes of a document. The largest that we write, 20,000 marks, takes a quarter of it."""
MAX_ARRAYS = 2**30
"""Unpacked bytes of an .npz file."""
MAX_LINE = 2**20
"""Bytes of a line. The longest that we write is a row of the ledger of exports with its basket."""
STALE_RETRIES = 3
LOGGER = logging.getLogger(__name__)


def is_link(path: Path) -> bool:
    """Whether `path` is a symbolic link, or leads through one below the folder of its run, added set or cache.

    Files of a folder that is a link itself are not affected: an administrator may keep a run on another disk.
    """
    store, parts = settings.store().parts, path.parts
    if parts[: len(store)] != store:
        return path.is_symlink()
    count = len(parts) - len(store)
    depth = 3 if parts[len(store) : len(store) + 1] == (".data",) else 1  # of the folder that may be a link
    below = max(count - depth, 1)  # the path and its parents that may not be links
    return any(one.is_symlink() for one in (path, *path.parents[: below - 1]))


def is_regular(path: Path) -> bool:
    """Whether there is a regular file at `path`, reached without a symbolic link."""
    try:
        return stat.S_ISREG(path.lstat().st_mode) and not is_link(path)
    except OSError:  # what cannot be looked at cannot be opened either: opening it says why
        return False


def open_regular(path: Path) -> IO[bytes]:
    """A regular file, open for reading. Never blocks on a FIFO.

    Raises FileNotFoundError or NotADirectoryError where there is no file, DamagedFileError where it is not regular.
    """
    if is_link(path):
        raise not_regular(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG):  # a link, a socket
            raise not_regular(path) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise not_regular(path)
    return open(descriptor, "rb")


def look_again(folder: Path) -> bool:
    """Whether there is the folder; makes a network file system forget which files it saw missing in it.

    NFS remembers for up to a minute that a file is missing, and asks its server anew when a folder is opened.
    """
    try:
        next(folder.iterdir(), None)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def check_regular(path: Path) -> Path:
    """`path`, for a library that opens files by name; raises as `open_regular` does."""
    open_regular(path).close()
    return path


def read_bytes(path: Path, max_bytes: int = MAX_DOCUMENT) -> bytes:
    """The content of a regular file; raises as `open_regular` does, and DamagedFileError beyond `max_bytes`."""
    for attempt in range(1 + STALE_RETRIES):
        try:
            with open_regular(path) as file:
                content = file.read(max_bytes + 1)
            break
        except OSError as error:  # another machine replaced the file between the two calls
            if error.errno != errno.ESTALE or attempt == STALE_RETRIES:
                raise
    if len(content) > max_bytes:
        raise damaged_file(path, f"it has more than {max_bytes:,} bytes")
    return content


def bounded_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file with their line ends, without those longer than MAX_LINE bytes, which are never in memory."""
    while line := file.readline(MAX_LINE):
        if line.endswith(b"\n") or len(line) < MAX_LINE:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE)


def read_array(path: Path) -> "NDArray[Any]":
    """The array of an .npy file, without unpickling; raises as `open_regular` does, or DamagedFileError."""
    with open_regular(path) as file:
        return _parse_array(path, file)


def map_array(path: Path) -> "NDArray[Any]":
    """The array of an .npy file, memory-mapped for reading; raises as `read_array` does."""
    import numpy as np

    with _array_errors(path):
        return np.lib.format.open_memmap(check_regular(path), mode="r")


def read_arrays(path: Path, max_bytes: int = MAX_ARRAYS) -> "dict[str, NDArray[Any]]":
    """The arrays of an .npz file by name, without unpickling; raises as `open_regular` does, or DamagedFileError."""
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            if sum(member.file_size for member in archive.infolist()) > max_bytes:
                raise damaged_file(path, f"it unpacks to more than {max_bytes:,} bytes")
            return {
                member.filename.removesuffix(".npy"): _parse_array(path, io.BytesIO(archive.read(member)))
                for member in archive.infolist()
            }
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise damaged_file(path, error) from None


def _parse_array(path: Path, file: IO[bytes]) -> "NDArray[Any]":
    import numpy as np  # here: reading a job's state needs no numpy

    with _array_errors(path):
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


@contextlib.contextmanager
def _array_errors(path: Path) -> Iterator[None]:
    """Turn what NumPy raises for a damaged .npy file into DamagedFileError: it parses the header as Python code."""
    try:
        yield
    except (ValueError, EOFError, SyntaxError, tokenize.TokenError, TypeError, MemoryError, OverflowError) as error:
        raise damaged_file(path, error) from None


def not_regular(path: Path) -> DamagedFileError:
    """The error for a link, a folder or a device where a file should be."""
    return DamagedFileError(f"{path} is not a regular file: remove it, and put the file itself in its place.")


def damaged_file(path: Path, reason: object) -> DamagedFileError:
    """The error for a file with unusable content."""
    return DamagedFileError(f"{path} is damaged ({_shorten(reason)}): put back a whole copy, or delete it.")


def log_damaged(path: Path, reason: object) -> None:
    """Log, once per process, that a damaged file is skipped."""
    _log_once(f"{path} is skipped: {_shorten(reason)}")


@contextlib.contextmanager
def skipping_unreadable(path: Path) -> Iterator[None]:
    """Log an OSError of the block, once per process, instead of raising it: for lists, which go on without `path`."""
    try:
        yield
    except OSError as error:  # no permission, a stale file handle, a damaged disk
        log_damaged(path, error)


@functools.lru_cache(maxsize=1000)
def _log_once(text: str) -> None:
    LOGGER.warning(text)


def _shorten(reason: object) -> str:
    text = " ".join(str(reason).split())
    return text if len(text) <= 300 else f"{text[:300]} ..."
