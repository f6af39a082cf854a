"""CheckState: the images of a set while they are checked. Each step may take images out and add findings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gan.data.ingest.checks.report import Finding, FindingKey, Leak, Level
from gan.data.ingest.labels.inventory import Inventory
from gan.data.ingest.labels.reading import Reading
from gan.data.ingest.pixels.image_file import ImageInfo

SPLIT_PRIORITY = {"unlabelled": 0, "": 1, "train": 1, "val": 2, "test": 3}
"""An image or group that is in several splits is kept in the one of highest priority."""


@dataclass
class CheckState:
    """The images of a set, one row each. A file has a row for each of its frames that are read.

    files       (R,), relative to the inventory's root
    frames      int64 (R,), from 0
    conditions  uint8 (R, K)
    split       (R,), "" if none is given yet
    group       (R,), "" without one
    subgroups   (R,) values by the name of the subgroup, "" where missing
    kept        bool (R,), False for what is left out
    infos       (R,), None for an unreadable file
    """

    inventory: Inventory
    reading: Reading
    findings: list[Finding]
    files: list[str] = field(default_factory=list)
    frames: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    conditions: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.uint8))
    split: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype="U10"))
    group: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype=np.str_))
    subgroups: dict[str, NDArray[np.str_]] = field(default_factory=dict)
    kept: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    infos: list[ImageInfo | None] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    """Causes by file."""
    duplicates: list[tuple[str, ...]] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    """Images that the check leaves out, by cause."""
    near: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    """Rows (P, 2) of training images that are near copies of each other, where splits are made here."""

    def add(self, key: FindingKey, level: Level, text: str, action: str = "", option: str = "") -> None:
        """Add a finding."""
        self.findings.append(Finding(key, level, text, action, option))

    def drop(self, rows: Sequence[int], cause: str) -> None:
        """Leave out the images of rows that are kept."""
        self.kept[list(rows)] = False
        if rows:
            self.left_out[cause] = self.left_out.get(cause, 0) + len(rows)

    def name(self, row: int) -> str:
        """The file of a row, with the frame if it is not the first."""
        frame = int(self.frames[row])
        return f"{self.files[row]} (frame {frame + 1})" if frame else self.files[row]

    def kept_rows(self) -> NDArray[np.int64]:
        """The rows that are kept."""
        return np.asarray(np.flatnonzero(self.kept), dtype=np.int64)

    def info(self, row: int) -> ImageInfo:
        """What was found out about the image of a row that is kept."""
        info = self.infos[row]
        assert info is not None, "unreadable images are not kept"
        return info

    def kept_infos(self) -> list[ImageInfo]:
        """The images that are kept."""
        return [self.info(row) for row in self.kept_rows().tolist()]

    def rows_where(self, test: Callable[[ImageInfo], bool]) -> list[int]:
        """The kept rows whose image passes a test."""
        return [row for row in self.kept_rows().tolist() if test(self.info(row))]

    def names_of(self, rows: Sequence[int]) -> list[str]:
        """`name` of each row."""
        return [self.name(row) for row in rows]

    def window(self) -> tuple[float, float] | None:
        """The levels that become 0 and 255: those of the reading, else those that hold nearly all pixels of the set.

        None if no image has more than 8 bits.
        """
        levels = [info.levels for info in self.kept_infos() if info.levels is not None]
        if not levels:
            return None
        if isinstance(self.reading.window, tuple):
            low, high = self.reading.window
            return (low, high)
        return min(low for low, _ in levels), max(high for _, high in levels)
