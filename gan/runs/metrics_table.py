"""A run's curves as a table with one array per column: what charts, the diagnosis and downloads read.

Rows as dictionaries take fifty times the memory, and looping over a hundred thousand of them is too slow for a page.

Letters: n points.
"""

import csv
import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from gan.io.csv_cells import harmless_cell
from gan.runs.metrics import MetricsTail, parse_rows

MANY_LINES = 1000  # from which on they are parsed together
INITIAL_CAPACITY = 1024  # rows
MAX_COLUMNS = 64
"""Further columns are dropped: a run has a tenth of them, and each takes the memory of all points."""


class MetricsTable(Sequence[Mapping[str, Any]]):
    """The points of a run's curves: a sequence of rows, stored as columns.

    Immutable: when the run goes on, `MetricsReader.read` returns a new table.
    """

    def __init__(self, seen: NDArray[np.int64], values: Mapping[str, NDArray[np.float64]]):
        """`seen` (n,) images; the other columns (n,) by name, NaN where a row has no value."""
        self.seen = seen
        self._values = values

    @classmethod
    def from_rows(cls, rows: "MetricsTable | Sequence[Mapping[str, Any]]") -> "MetricsTable":
        """The table of rows in memory; a table is returned unchanged."""
        if isinstance(rows, MetricsTable):
            return rows
        buffer = _Buffer()
        buffer.extend(rows)
        return buffer.table()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns other than `seen`."""
        return tuple(self._values)

    def column(self, name: str) -> NDArray[np.float64]:
        """One column (n,), NaN where a row has no value; all NaN for an unknown name."""
        if name == "seen":
            return self.seen.astype(np.float64)
        return self._values[name] if name in self._values else np.full(len(self.seen), np.nan)

    def to_csv(self) -> str:
        """All points as CSV, one column per metric, `seen` first; empty where a point has no value."""
        text = io.StringIO()
        writer = csv.DictWriter(text, ["seen", *self.names], lineterminator="\n")
        writer.writerow({name: harmless_cell(name) for name in writer.fieldnames})
        writer.writerows(dict(row) for row in self)
        return text.getvalue()

    def __len__(self) -> int:
        return len(self.seen)

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> "MetricsTable": ...

    def __getitem__(self, index: int | slice) -> "Mapping[str, Any] | MetricsTable":
        if isinstance(index, slice):
            return MetricsTable(self.seen[index], {name: values[index] for name, values in self._values.items()})
        row = {name: float(values[index]) for name, values in self._values.items() if not np.isnan(values[index])}
        return {"seen": int(self.seen[index]), **row}

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return (self[index] for index in range(len(self)))


class MetricsReader:
    """Reads a metrics file as it grows, each call only the new bytes. Thread-safe."""

    def __init__(self, path: Path):
        self._tail = MetricsTail(path)
        self._lock = threading.Lock()
        self._buffer = _Buffer()

    def read(self) -> MetricsTable:
        """All whole rows so far; starts again where the file was replaced."""
        with self._lock:
            replaced, lines = self._tail.read_new_lines()
            if replaced:
                self._buffer = _Buffer()
            columns = _parse_columns(lines) if lines.count(b"\n") >= MANY_LINES else None
            if columns is None:
                self._buffer.extend(parse_rows(lines))
            else:
                self._buffer.extend_columns(columns)
            return self._buffer.table()


def _parse_columns(lines: bytes) -> dict[str, NDArray[Any]] | None:
    """The columns of many whole lines at once, six times as fast as row by row; None where any of them is irregular.

    What `parse_rows` would leave out makes them irregular: damaged lines, values that are not numbers, NaN.
    """
    import pyarrow.json  # here: commands and trainers read few points or none

    if b"N" in lines or b"I" in lines:  # NaN, Infinity
        return None
    try:
        table = pyarrow.json.read_json(
            pyarrow.BufferReader(lines), pyarrow.json.ReadOptions(use_threads=False, block_size=len(lines))
        )
    except pyarrow.ArrowException:
        return None
    types = {name: table.schema.field(name).type for name in table.column_names}
    regular = all(pyarrow.types.is_int64(kind) or pyarrow.types.is_float64(kind) for kind in types.values())
    if (
        len(table) != lines.count(b"\n")
        or not regular
        or len(types) > MAX_COLUMNS
        or types.get("seen") != pyarrow.int64()
    ):
        return None
    seen = table.column("seen")
    if seen.null_count or seen.to_numpy().min() < 0:
        return None
    columns = {name: table.column(name).to_numpy() for name in types}
    # Beyond 64 bits an integer, which has become a float here, is damaged, and so is what overflows a float.
    large = any(values.dtype == np.float64 and (np.abs(values) >= 2.0**63).any() for values in columns.values())
    return None if large else columns


class _Buffer:
    """Growing columns. Tables returned earlier stay valid: rows are only added behind them."""

    def __init__(self) -> None:
        self._count = 0
        self._seen = np.empty(INITIAL_CAPACITY, np.int64)
        self._values: dict[str, NDArray[np.float64]] = {}

    def extend(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows; values that are not numbers are dropped."""
        start = self._grow(len(rows))
        for position, row in enumerate(rows, start):
            self._seen[position] = row["seen"]
            for name, value in row.items():
                if name != "seen" and isinstance(value, int | float):
                    if name not in self._values:
                        if len(self._values) >= MAX_COLUMNS:
                            continue
                        self._values[name] = np.full(len(self._seen), np.nan)
                    self._values[name][position] = value

    def extend_columns(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Append columns (n,) of numbers, at most MAX_COLUMNS; NaN where a row has no value."""
        start = self._grow(len(columns["seen"]))
        self._seen[start : self._count] = columns["seen"]
        for name in list(columns.keys() - {"seen"} - self._values.keys())[: MAX_COLUMNS - len(self._values)]:
            self._values[name] = np.full(len(self._seen), np.nan)
        for name in columns.keys() & self._values.keys():
            self._values[name][start : self._count] = columns[name]

    def _grow(self, rows: int) -> int:
        """Make room for more rows; the position of the first."""
        start, self._count = self._count, self._count + rows
        if self._count > len(self._seen):
            more = max(self._count, 2 * len(self._seen)) - len(self._seen)
            self._seen = np.concatenate([self._seen, np.empty(more, np.int64)])
            for name, values in self._values.items():
                self._values[name] = np.concatenate([values, np.full(more, np.nan)])
        return start

    def table(self) -> MetricsTable:
        """The rows so far, as views of the columns."""
        columns = {name: values[: self._count] for name, values in self._values.items()}
        return MetricsTable(self._seen[: self._count], columns)
