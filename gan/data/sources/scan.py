"""The files below a folder with their sizes and times: one walk, shared by all who ask within a block.

Whether a set can be read, whether it was read before and what it shows are separate questions, and each needs to know
the files. A page that asks them all says `with scanning_once()`, and a folder of 200,000 images is walked once.
"""

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path, PurePosixPath
from typing import NamedTuple


class ScannedFile(NamedTuple):
    """A file by its `name` relative to the folder, with `/` between its parts; bytes, and nanoseconds since 1970."""

    name: str
    size: int
    mtime_ns: int


_SCANNED: ContextVar[dict[Path, tuple[ScannedFile, ...]] | None] = ContextVar("scanned", default=None)


@contextlib.contextmanager
def scanning_once() -> Iterator[None]:
    """Within the block each folder is walked at most once; what changes in it is seen by the next block."""
    if _SCANNED.get() is not None:
        yield
        return
    token = _SCANNED.set({})
    try:
        yield
    finally:
        _SCANNED.reset(token)


def scan(root: Path) -> tuple[ScannedFile, ...]:
    """Every visible file below a folder, in the order of the names; linked folders are not entered."""
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
                yield ScannedFile(str(below / name), *_stamp(Path(base) / name))


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of a file; zeros for a link that leads nowhere, which the check names."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


def is_visible(name: str) -> bool:
    """Whether a file is the user's own, not one that a file manager left."""
    return not name.startswith(".") and name not in ("__MACOSX", "Thumbs.db", "desktop.ini")
