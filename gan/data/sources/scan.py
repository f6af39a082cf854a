"""List the files below a folder with sizes and times, once per block.

`problem`, `fingerprint` and `preview` of a set each need the list of files. A page that calls them all does so within
`with scanning_once()`, so that a folder of 200,000 images is walked once.
"""

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path, PurePosixPath
from typing import NamedTuple


class ScannedFile(NamedTuple):
    """A file: `name` relative to the folder with `/` as separator, size in bytes, mtime in nanoseconds since 1970."""

    name: str
    size: int
    mtime_ns: int


_SCANNED: ContextVar[dict[Path, tuple[ScannedFile, ...]] | None] = ContextVar("scanned", default=None)


@contextlib.contextmanager
def scanning_once() -> Iterator[None]:
    """Walk each folder at most once within the block. Changes made meanwhile are seen by the next block."""
    if _SCANNED.get() is not None:
        yield
        return
    token = _SCANNED.set({})
    try:
        yield
    finally:
        _SCANNED.reset(token)


def scan(root: Path) -> tuple[ScannedFile, ...]:
    """Every visible file below a folder, sorted by name; symbolic links to folders are not followed."""
    known = _SCANNED.get()
    if known is None:
        return tuple(_walk(root))
    if root not in known:
        known[root] = tuple(_walk(root))
    return known[root]


def _walk(root: Path) -> Iterator[ScannedFile]:
    for base, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if is_visible(name))
        below = PurePosixPath(Path(base).relative_to(root).as_posix())
        for name in sorted(files):
            if is_visible(name):
                yield ScannedFile(str(below / name), *_size_and_mtime(Path(base) / name))


def _size_and_mtime(path: Path) -> tuple[int, int]:
    """Size and mtime of a file; zeros for a link that leads nowhere, which the check reports as unreadable."""
    try:
        stat = path.stat()
    except OSError:  # absent, or a loop of links
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


def is_visible(name: str) -> bool:
    """Whether a name is not hidden and not one that file managers leave behind."""
    return not name.startswith(".") and name not in ("__MACOSX", "Thumbs.db", "desktop.ini")
