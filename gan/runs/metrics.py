"""The curves of a run: what is measured, the writer of metrics.jsonl, and the tail that reads what is new in it.

metrics.jsonl holds one JSON object a line: `seen` (training images so far), `seconds` (of training, over all
resumptions) and the METRICS; `d_val` is missing without a validation split. Each row is appended by a single write, so
that readers need no lock, on shared file systems too. A damaged or half-written line is skipped, never an error.
"""

import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from gan.errors import DamagedFileError
from gan.io import fault_injection
from gan.io.atomic import open_for_append, replacing
from gan.io.json_files import parse_json
from gan.io.untrusted_files import log_damaged, look_again, open_regular, read_bytes

LOSS_D, LOSS_G = "loss_d", "loss_g"
D_X, D_G_Z1, D_G_Z2, D_VAL = "d_x", "d_g_z1", "d_g_z2", "d_val"
SECONDS, IMAGES_PER_SECOND = "seconds", "images_per_second"


@dataclass(frozen=True)
class Metric:
    """A column of the curves: its key in metrics.jsonl, its name on a chart, its unit ("" for a plain number)."""

    key: str
    label: str
    unit: str = ""


METRICS = {
    metric.key: metric
    for metric in (
        Metric(LOSS_D, "Loss D"),
        Metric(LOSS_G, "Loss G"),
        Metric(D_X, "D(x): real images"),
        Metric(D_G_Z1, "D(G(z)) before D's step"),
        Metric(D_G_Z2, "D(G(z)) after D's step"),
        Metric(D_VAL, "D(training) − D(validation)"),
        Metric(IMAGES_PER_SECOND, "Training images per second", "images/s"),
    )
}
STEP_METRICS = (LOSS_D, LOSS_G, D_X, D_G_Z1, D_G_Z2)
"""What every training step measures; a row has the means since the last row."""
TIMINGS = (SECONDS, IMAGES_PER_SECOND)

MAX_FILE_BYTES = 2**28
"""Of a metrics file no more than this is read: a million points."""
MAX_LINE_BYTES = 2**16
"""A longer line is skipped without being kept in memory."""
LAST_BYTES = 4096
"""Bytes at the end of a file in which its last row is looked for; a row has a few hundred."""
CHECKED_BYTES = 1024
"""Of what was read last, compared at the next read to see whether the file was replaced."""


class MetricsWriter:
    """Appends rows to a metrics file, after the rows that a resumed run keeps."""

    def __init__(self, path: Path, seen: int):
        """Open `path`, dropping damaged lines and rows past `seen` images, so that no point stands twice."""
        _, rows = MetricsTail(path).read_new()
        kept = "".join(json.dumps(row) + "\n" for row in rows if row["seen"] <= seen).encode()
        if path.is_symlink() or _content(path) not in (None, kept):
            with replacing(path) as temporary:  # a new inode, so that readers start again
                temporary.write_bytes(kept)
        buffering = -1 if fault_injection.planted("flush") else 0
        self._file: IO[bytes] = open_for_append(path, buffering)  # closed by close()

    def append(self, row: dict[str, Any]) -> None:
        """Write one row with one system call; raises OSError where the disk took only a part of it."""
        line = json.dumps(row).encode() + b"\n"
        written = self._file.write(line)
        if written != len(line):  # a full disk shortens a write without an error
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._file.name)

    def flush(self) -> None:
        """Put the appended rows on the disk; call it before writing a snapshot that relies on them."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def _content(path: Path) -> bytes | None:
    """The whole file, as sizes may be old on a network file system; None where there is none, empty where damaged."""
    try:
        return read_bytes(path, MAX_FILE_BYTES)
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        log_damaged(path, error)
        return b""


class MetricsTail:
    """Reads the rows appended to a metrics file since the last call. Not thread-safe."""

    def __init__(self, path: Path):
        self._path = path
        self._start_again()

    def _start_again(self, inode: int = 0) -> None:
        self._offset = 0
        self._inode = inode
        self._last_bytes = b""
        self._inside_long_line = False

    def read_new(self) -> tuple[bool, list[dict[str, Any]]]:
        """Whether the file was replaced or removed since the last call, and the rows that are new."""
        replaced, content = self.read_new_lines()
        return replaced, parse_rows(content)

    def read_new_lines(self) -> tuple[bool, bytes]:
        """As `read_new`, but whole lines, each with its end, which may be damaged."""
        try:
            try:
                file = open_regular(self._path)
            except FileNotFoundError:
                if not look_again(self._path.parent):
                    raise
                file = open_regular(self._path)
            with file:
                return self._read_on(file)
        except (FileNotFoundError, NotADirectoryError):
            self._start_again()
            return True, b""
        except OSError as error:
            if error.errno != errno.ESTALE:
                raise
            return False, b""  # another machine replaced it during the read: the next one sees the new file
        except DamagedFileError as error:
            log_damaged(self._path, error)
            self._start_again()
            return True, b""

    def _read_on(self, file: IO[bytes]) -> tuple[bool, bytes]:
        inode, replaced = os.fstat(file.fileno()).st_ino, False
        file.seek(self._offset - len(self._last_bytes))
        # The inode alone is not enough: its number is reused once the file is gone, and a file may be rewritten.
        if inode != self._inode or file.read(len(self._last_bytes)) != self._last_bytes:
            self._start_again(inode)
            replaced = True
            file.seek(0)
        whole, rest = [], b""
        while self._offset < MAX_FILE_BYTES and (read := file.read(MAX_LINE_BYTES - len(rest))):
            block = rest + read
            end = block.rfind(b"\n") + 1
            if not end and len(block) < MAX_LINE_BYTES:
                rest = block  # still being written, or the file goes on
                continue
            lines, rest = (block[:end], block[end:]) if end else (block, b"")
            self._offset, self._last_bytes = self._offset + len(lines), lines[-CHECKED_BYTES:]
            if self._inside_long_line:
                lines = lines.partition(b"\n")[2]
            self._inside_long_line = not end
            if end:
                whole.append(lines)
        return replaced, b"".join(whole)


def last_row(path: Path) -> dict[str, Any] | None:
    """The last whole row of a metrics file, read from its end; None where there is none. Raises OSError."""
    try:
        with open_regular(path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_BYTES))
            lines = file.read(LAST_BYTES).splitlines(keepends=True)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except DamagedFileError as error:
        log_damaged(path, error)
        return None
    rows = (_parse_row(line) for line in reversed(lines) if line.endswith(b"\n"))
    return next((row for row in rows if row is not None), None)


def parse_rows(lines: bytes) -> list[dict[str, Any]]:
    """The rows of whole lines, without those that are damaged."""
    return [row for row in map(_parse_row, lines.split(b"\n")[:-1]) if row is not None]


def _parse_row(line: bytes) -> dict[str, Any] | None:
    """The numbers of a row; None for a damaged line, such as one cut short by a full disk."""
    try:
        row = parse_json(line)
    except ValueError:
        return None
    if not isinstance(row, dict) or type(row.get("seen")) is not int or row["seen"] < 0:
        return None
    return {name: value for name, value in row.items() if type(value) in (int, float)}
