"""A run's metrics.jsonl: one JSON object a line, appended with a single write each, read from where one left off.

Columns: `seen` (training images so far), `seconds` (of training, over all resumptions), `images_per_second`, `loss_d`,
`loss_g`, `d_x`, `d_g_z1` (before D's update), `d_g_z2` (after), `d_val` (see `overfitting.py`; absent in older rows).
JSON lines because they work on a shared file system and need no lock. A torn last line is dropped, never an error.
"""

import errno
import json
import os
import threading
from pathlib import Path
from typing import IO, Any

from gan.errors import DamagedFileError
from gan.io import fault_injection
from gan.io.atomic import open_for_append, replacing
from gan.io.json_files import parse_json
from gan.io.untrusted_files import log_damaged, open_regular, read_bytes

LARGEST = 2**28
"""Bytes of a metrics file that are read, at most: a million points."""
LONGEST_LINE = 2**16
"""Bytes of a row, at most: a longer line is passed over without being kept."""
LOOKED_AT = 1024
"""Bytes at the end of what was read, by which it is known again."""
TIMINGS = ("seconds", "images_per_second")


class MetricsWriter:
    """Appends rows to a metrics file, after the rows that a resumed run keeps."""

    def __init__(self, path: Path, seen: int):
        """Open `path`, dropping rows past `seen` images and damaged lines, so that no point is ever doubled."""
        kept = [row for row in MetricsReader(path).read() if row["seen"] <= seen]
        whole = "".join(json.dumps(row) + "\n" for row in kept).encode()
        if path.is_symlink() or (path.exists() and (path.stat().st_size != len(whole) or read_bytes(path) != whole)):
            with replacing(path) as temporary:  # a new file, so that readers begin again
                temporary.write_bytes(whole)
        buffering = -1 if fault_injection.planted("flush") else 0  # a soak's fault: see faults.py
        self._file: IO[bytes] = open_for_append(path, buffering)  # closed by close(); a row is one system call

    def append(self, row: dict[str, Any]) -> None:
        """Write one row with one system call; raises OSError where the disk took only a part of it."""
        line = json.dumps(row).encode() + b"\n"
        written = self._file.write(line)
        if written != len(line):  # a full disk shortens a write without an error
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._file.name)

    def flush(self) -> None:
        """Put what was appended on the disk itself: called before a snapshot that counts on it."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


class MetricsReader:
    """Reads a metrics file bit by bit; starts again when the file was replaced. Several threads may share one."""

    def __init__(self, path: Path):
        self._tail = Tail(path)
        self._lock = threading.Lock()
        self._rows: list[dict[str, Any]] = []

    def read(self) -> list[dict[str, Any]]:
        """All whole rows so far; only bytes that are new since the last call are read."""
        with self._lock:
            again, fresh = self._tail.fresh()
            if again:
                self._rows = []
            self._rows += fresh
            return list(self._rows)


class Tail:
    """The end of a file that somebody appends rows to: what came since the last look."""

    def __init__(self, path: Path):
        self._path = path
        self._begin_again()

    def _begin_again(self, inode: int = 0) -> None:
        self._offset = 0
        self._inode = inode
        self._last_line = b""
        self._too_long = False

    def fresh(self) -> tuple[bool, list[dict[str, Any]]]:
        """Whether the file is another than before, or gone, and the rows that are new since the last call."""
        try:
            with open_regular(self._path) as file:
                return self._read_on(file)
        except (FileNotFoundError, NotADirectoryError):
            self._begin_again()
            return True, []
        except DamagedFileError as error:
            log_damaged(self._path, error)
            self._begin_again()
            return True, []

    def _read_on(self, file: IO[bytes]) -> tuple[bool, list[dict[str, Any]]]:
        inode, again = os.fstat(file.fileno()).st_ino, False
        file.seek(self._offset - len(self._last_line))
        # The line before must still be there: an inode's number is given again once the file that had it is gone.
        if inode != self._inode or file.read(len(self._last_line)) != self._last_line:
            self._begin_again(inode)
            again = True
            file.seek(0)
        rows = []
        while self._offset < LARGEST and (line := file.readline(LONGEST_LINE)):
            ends = line.endswith(b"\n")
            if not ends and len(line) < LONGEST_LINE:
                break  # its writer is not done with it
            self._offset, self._last_line = self._offset + len(line), line[-LOOKED_AT:]
            row = _row(line) if ends and not self._too_long else None
            self._too_long = not ends  # what goes on behind belongs to the same line
            if row is not None:
                rows.append(row)
        return again, rows


def _row(line: bytes) -> dict[str, Any] | None:
    """A line as a row of numbers; None where a full disk damaged it: the points around it still stand."""
    try:
        row = parse_json(line)
    except ValueError:
        return None
    if not isinstance(row, dict) or type(row.get("seen")) is not int or row["seen"] < 0:
        return None
    return {name: value for name, value in row.items() if type(value) in (int, float)}
