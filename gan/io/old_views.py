"""Old attributes, as a network file system shows them: what `python -m gan soak --nodes` plants in its processes.

A process does not see what another machine has written within the last seconds: a new file is missing, a growing one
is shorter. Like a client of NFS it asks the server anew when it opens a folder.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gan.config import settings
from gan.io import fault_injection

REAL_SECONDS = 60.0
"""For so long machines show old attributes; a soak runs at its own pace."""
GROWING = ("metrics.jsonl", "log.txt", "ledger.jsonl")
REPLACED = ("heartbeat.json", "status.json", "queued.json")
"""Seen as they are: a file that is replaced is found by its name when it is opened."""
_stat, _lstat, _open, _listdir, _scandir = os.stat, os.lstat, os.open, os.listdir, os.scandir


def plant() -> None:
    """Let this process see old attributes if it plays a machine in a soak; does nothing outside of one."""
    if fault_injection.node():
        _replace_calls()


@contextlib.contextmanager
def planted() -> Iterator[None]:
    """Let this process see old attributes during the block, whenever it plays a machine."""
    _replace_calls()
    try:
        yield
    finally:
        os.stat, os.lstat, os.open, os.listdir, os.scandir = _stat, _lstat, _open, _listdir, _scandir


def _replace_calls() -> None:
    views = _OldViews(str(settings.store()), REAL_SECONDS * fault_injection.pace())
    os.stat, os.lstat, os.open = views.stat, views.lstat, views.open
    os.listdir, os.scandir = views.listdir, views.scandir


class _OldViews:
    def __init__(self, store: str, seconds: float):
        self._store, self._seconds = store, seconds
        self._looked: dict[tuple[str, str], float] = {}

    def stat(self, path: Any, *arguments: Any, **more: Any) -> os.stat_result:
        status = _stat(path, *arguments, **more)
        if not self._is_unseen(path):
            return status
        if Path(os.fsdecode(path)).name in GROWING:
            values = list(status[:10])
            values[6] //= 2
            return os.stat_result(values, {"st_mtime_ns": status.st_mtime_ns - int(self._seconds * 1e9)})
        raise FileNotFoundError(2, os.strerror(2), os.fspath(path))

    def lstat(self, path: Any, **more: Any) -> os.stat_result:
        return self.stat(path, follow_symlinks=False, **more)

    def open(self, path: Any, flags: int, *arguments: Any, **more: Any) -> int:
        if not flags & os.O_CREAT and self._is_unseen(path) and Path(os.fsdecode(path)).name not in GROWING:
            raise FileNotFoundError(2, os.strerror(2), os.fspath(path))
        return _open(path, flags, *arguments, **more)

    def listdir(self, path: Any = ".") -> list[Any]:
        self._look(path)
        return _listdir(path)

    def scandir(self, path: Any = ".") -> Any:
        self._look(path)
        return _scandir(path)

    def _look(self, path: Any) -> None:
        if isinstance(path, str | os.PathLike):
            self._looked[_node(), os.fspath(path)] = time.monotonic()

    def _is_unseen(self, path: Any) -> bool:
        """Whether another machine has written the file so lately that this one does not see it yet."""
        node = _node()
        if not node or not isinstance(path, str | os.PathLike):
            return False
        file = Path(os.fsdecode(path))
        if not file.is_relative_to(self._store) or file == Path(self._store):
            return False
        parts = file.relative_to(self._store).parts
        if parts[0].startswith(".") or file.name in REPLACED or file.suffix not in (".json", ".jsonl", ".txt", ".png"):
            return False
        if time.monotonic() - self._looked.get((node, str(file.parent)), -1e9) < self._seconds:
            return False
        try:
            age = time.time() - _stat(file, follow_symlinks=False).st_mtime
        except OSError:
            return False
        return age < self._seconds and self._writer(Path(self._store, parts[0])) not in ("", node)

    def _writer(self, run: Path) -> str:
        """The machine that started the run last."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            descriptor = _open(run / "started.json", os.O_RDONLY)
            with open(descriptor, "rb") as file:
                return str(json.load(file).get("host", ""))
        return ""


def _node() -> str:
    """The machine that this process plays now; asks no file system, as `fault_injection.node` does."""
    return os.environ.get(fault_injection.NODE_VARIABLE, "")
