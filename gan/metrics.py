"""A run's metrics.jsonl: one JSON object a line, appended with a single write each, read from where one left off.

Columns: `seen` (training images so far), `seconds` (of training, over all resumptions), `images_per_second`, `loss_d`,
`loss_g`, `d_x`, `d_g_z1` (before D's update), `d_g_z2` (after). JSON lines because they work on a shared file system
and need no lock. A torn last line is dropped, never an error. Read next: `train.py`, which writes them.
"""

import json
import os
from pathlib import Path
from typing import IO, Any

from gan.files import replacing

TIMINGS = ("seconds", "images_per_second")


class MetricsWriter:
    """Appends rows to a metrics file, after the rows that a resumed run keeps."""

    def __init__(self, path: Path, seen: int):
        """Open `path`, dropping rows past `seen` images and a torn last line, so that no point is ever doubled."""
        rows, whole = MetricsReader(path).read(), True
        kept = [row for row in rows if row["seen"] <= seen]
        if path.exists():
            whole = path.read_bytes().count(b"\n") == len(kept) and path.read_bytes().endswith((b"\n", b""))
        if len(kept) < len(rows) or not whole:
            with replacing(path) as temporary:
                temporary.write_text("".join(json.dumps(row) + "\n" for row in kept))
        self._file: IO[bytes] = open(path, "ab", buffering=0)  # noqa: SIM115 (closed by close(); a row is one system call)

    def append(self, row: dict[str, Any]) -> None:
        """Write one row with one system call; raises OSError where the disk took only a part of it."""
        line = json.dumps(row).encode() + b"\n"
        written = self._file.write(line)
        if written != len(line):  # a full disk shortens a write without an error
            raise OSError(28, "No space left on device", self._file.name)

    def flush(self) -> None:
        """Put what was appended on the disk itself: called before a snapshot that counts on it."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


class MetricsReader:
    """Reads a metrics file bit by bit; starts again when the file was replaced."""

    def __init__(self, path: Path):
        self._path = path
        self._rows: list[dict[str, Any]] = []
        self._offset = 0
        self._inode = 0

    def read(self) -> list[dict[str, Any]]:
        """All whole rows so far; only bytes that are new since the last call are read."""
        try:
            with open(self._path, "rb") as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._inode or status.st_size < self._offset:
                    self._rows, self._offset, self._inode = [], 0, status.st_ino
                file.seek(self._offset)
                fresh = file.read()
        except FileNotFoundError:
            self._rows, self._offset, self._inode = [], 0, 0
            return self._rows
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            try:
                row = json.loads(line)
            except ValueError:  # a line damaged by a full disk: the points around it still stand
                continue
            if isinstance(row, dict) and "seen" in row:
                self._rows.append(row)
        return self._rows
