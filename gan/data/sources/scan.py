"""List the files below a folder with sizes and times, and its empty folders, once per block.

`problem`, `fingerprint` and `preview` of a set each need the list of files. A page that calls them all does so within
`with scanning_once()`, so that a folder of 200,000 images is walked once.
"""

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple


class ScannedFile(NamedTuple):
    """A file: `name` relative to the folder with `/` as separator, size in bytes, mtime in nanoseconds since 1970."""

    name: str
    size: int
    mtime_ns: int


class Scan(NamedTuple):
    """What is below a folder, by names relative to it, sorted: `linked_folders` are symbolic links to folders."""

    files: tuple[ScannedFile, ...]
    empty_folders: tuple[str, ...]
    linked_folders: tuple[str, ...]


_SCANNED: ContextVar[dict[Path, Scan] | None] = ContextVar("scanned", default=None)


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
    return scan_folder(root).files


def scan_folder(root: Path) -> Scan:
    """The visible files below a folder, and its folders that have none; links to folders are not followed."""
    known = _SCANNED.get()
    if known is None:
        return _walk(root)
    if root not in known:
        known[root] = _walk(root)
    return known[root]


def _walk(root: Path) -> Scan:
    scanned: list[ScannedFile] = []
    empty: list[str] = []
    linked: list[str] = []
    waiting = [""]  # folders that are still to be read, the next one last, each with a `/` at its end
    while waiting:
        below = waiting.pop()
        entries = sorted((entry for entry in _entries(root, below) if is_visible(entry.name)), key=lambda e: e.name)
        folders = [entry for entry in entries if _is_folder(entry)]
        files = [entry for entry in entries if not _is_folder(entry)]
        scanned += [ScannedFile(below + file.name, *_size_and_mtime(file)) for file in files]
        linked += [below + folder.name for folder in folders if folder.is_symlink()]
        waiting += [f"{below}{folder.name}/" for folder in reversed(folders) if not folder.is_symlink()]
        if not entries and below:
            empty.append(below[:-1])
    return Scan(tuple(scanned), tuple(empty), tuple(linked))


def _entries(root: Path, below: str) -> "list[os.DirEntry[str]]":
    """The content of a folder; none where it may not be read."""
    try:
        with os.scandir(root / below) as entries:
            return list(entries)
    except OSError:
        return []


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a folder or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def _size_and_mtime(entry: "os.DirEntry[str]") -> tuple[int, int]:
    """Size and mtime of a file; zeros for a link that leads nowhere, which the check reports as unreadable."""
    try:
        stat = entry.stat()
    except OSError:  # absent, or a loop of links
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


LEFT_BEHIND = ("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "@__thumb", "$recycle.bin")
"""Names in lower case that macOS, Windows and network drives leave in folders."""


def is_visible(name: str) -> bool:
    """Whether a name is not hidden and not one that file managers and Office leave behind."""
    return (
        not name.startswith((".", "~$")) and not name.endswith(":Zone.Identifier") and name.lower() not in LEFT_BEHIND
    )
