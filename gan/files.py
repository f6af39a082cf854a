"""Files that other processes read while we write them: whole-file replacement, JSON that may be absent, rows of it.

No torch here; used by everything that keeps state on disk. Read next: `runs.py`.
"""

import contextlib
import fcntl
import json
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LOGGER = logging.getLogger(__name__)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place, whole and on disk, when the block ends without an error."""
    temporary = path.with_name(
        f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp"
    )  # two threads may write at once
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document that a reader sees either not at all or whole."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file, or None where there is no file or it holds no whole object."""
    try:
        document = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def append_row(path: Path, row: dict[str, Any]) -> None:
    """Add a JSON object as a line of a file, in one write, so that a reader sees whole lines."""
    with open(path, "ab", buffering=0) as file:
        file.write(json.dumps(row).encode() + b"\n")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file with one a line; none where it is absent. A line cut short by a full disk is left out.

    For files of few lines: curves are read by `metrics.py`.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = []
    for line in lines:
        with contextlib.suppress(ValueError):
            row = json.loads(line)
            if isinstance(row, dict):
                found.append(row)
    return found


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it; one that is gone, or that another process removes too, is no error.

    What cannot be removed stays, and is told in the log: tidying up never stops the work that asks for it.
    """

    def log(function: object, left: str, failure: Any) -> None:
        if not issubclass(failure[0], FileNotFoundError):
            LOGGER.warning("%s could not be removed.", left, exc_info=failure)

    shutil.rmtree(path, onerror=log)


def file_version(path: Path) -> tuple[int, int] | None:
    """What changes when a file does, as the key of a cache: its time in nanoseconds, its bytes; None without a file."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_mtime_ns, found.st_size


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file `path` for the block; waits for whoever has it. The kernel frees it when its holder dies."""
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
