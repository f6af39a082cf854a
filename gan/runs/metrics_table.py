"""A run's curves as columns of numbers: what charts and the diagnosis work on, quick for a hundred thousand points.

A row as a dictionary takes fifty times the memory of its numbers, and a loop over rows takes longer than a page may.

Letters: n points.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from gan.runs.metrics import Tail

FIRST_ROOM = 1024
MOST_COLUMNS = 64
"""Columns that are kept, the first ones: a run has a tenth of them, and each takes the memory of all points."""


class Columns(Sequence[Mapping[str, Any]]):
    """The points of a run's curves at one moment: a sequence of rows, kept as one array for each column.

    It does not change when the run goes on: `ColumnsReader.read` gives another.
    """

    def __init__(self, seen: NDArray[np.int64], values: Mapping[str, NDArray[np.float64]]):
        """Take images `seen` (n,), and the other columns (n,) by name, with NaN where a row does not have one."""
        self.seen = seen
        self._values = values

    @classmethod
    def of(cls, rows: "Columns | Sequence[Mapping[str, Any]]") -> "Columns":
        """The columns of rows in memory; what has columns already is given back as it is."""
        if isinstance(rows, Columns):
            return rows
        room = _Room()
        room.extend(rows)
        return room.filled()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that any row has, but `seen`."""
        return tuple(self._values)

    def column(self, name: str) -> NDArray[np.float64]:
        """One column (n,), with NaN where a row does not have it; all NaN where none has."""
        if name == "seen":
            return self.seen.astype(np.float64)
        return self._values[name] if name in self._values else np.full(len(self.seen), np.nan)

    def __len__(self) -> int:
        return len(self.seen)

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> "Columns": ...

    def __getitem__(self, index: int | slice) -> "Mapping[str, Any] | Columns":
        if isinstance(index, slice):
            return Columns(self.seen[index], {name: values[index] for name, values in self._values.items()})
        found = {name: float(values[index]) for name, values in self._values.items() if not np.isnan(values[index])}
        return {"seen": int(self.seen[index]), **found}

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return (self[index] for index in range(len(self)))


class ColumnsReader:
    """Reads a metrics file bit by bit, as `MetricsReader` does, into columns. Several threads may share one."""

    def __init__(self, path: Path):
        self._tail = Tail(path)
        self._lock = threading.Lock()
        self._room = _Room()

    def read(self) -> Columns:
        """All whole rows so far; only bytes that are new since the last call are read."""
        with self._lock:
            again, fresh = self._tail.fresh()
            if again:
                self._room = _Room()
            self._room.extend(fresh)
            return self._room.filled()


class _Room:
    """Arrays with room for more, so that a new point costs no copy of the old ones.

    What was given out stays true: rows are only added behind it, and arrays that are too small are replaced.
    """

    def __init__(self) -> None:
        self._count = 0
        self._seen = np.empty(FIRST_ROOM, np.int64)
        self._values: dict[str, NDArray[np.float64]] = {}

    def extend(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows behind those there; what is no number is left out."""
        start, self._count = self._count, self._count + len(rows)
        if self._count > len(self._seen):
            more = max(self._count, 2 * len(self._seen)) - len(self._seen)
            self._seen = np.concatenate([self._seen, np.empty(more, np.int64)])
            for name, values in self._values.items():
                self._values[name] = np.concatenate([values, np.full(more, np.nan)])
        for position, row in enumerate(rows, start):
            self._seen[position] = row["seen"]
            for name, value in row.items():
                if name != "seen" and isinstance(value, int | float):
                    if name not in self._values:
                        if len(self._values) >= MOST_COLUMNS:
                            continue
                        self._values[name] = np.full(len(self._seen), np.nan)
                    self._values[name][position] = value

    def filled(self) -> Columns:
        """The rows so far."""
        return Columns(self._seen[: self._count], {name: v[: self._count] for name, v in self._values.items()})
