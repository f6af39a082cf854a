"""What the values of a table's column name among the images of a set."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Way = Literal[
    "path",
    "end of the path",
    "base name",
    "other case",
    "name without extension",
    "other extension",
    "folder",
    "SOP instance UID",
    "patient or study",
    "start of the name",
    "leading zeros",
]
"""How a value names an image. Each is taken only where no way before it fits."""


@dataclass(frozen=True)
class Matches:
    """What the R values of a column name among N images.

    row        (N,) the first row that names each image, or -1
    way        (N,) how it does, "" without a row
    pairs      (P, 2) image and row, sorted: an image may have several rows, a row that names a folder several images
    missing    rows whose value names no image; rows without a value are in no list
    ambiguous  rows whose value fits several images, or fits one no better than a different value does
    """

    row: NDArray[np.int64]
    way: tuple[Way | Literal[""], ...]
    pairs: NDArray[np.int64]
    missing: tuple[int, ...] = ()
    ambiguous: tuple[int, ...] = ()

    @property
    def matched(self) -> int:
        """Images with a row."""
        return int((self.row >= 0).sum())

    @property
    def repeated(self) -> int:
        """Images that several rows name."""
        return len(np.unique(self.pairs[:, 0][1:][np.diff(self.pairs[:, 0]) == 0])) if len(self.pairs) else 0


@dataclass(slots=True)
class Claim:
    """The rows that name an image best, and whether they do so by one value."""

    rank: int
    way: Way
    compared: str
    rows: list[int]
    one_value: bool = True


def add_claim(claims: dict[int, Claim], image: int, row: int, compared: str, rank: int, way: Way) -> None:
    """Note that a row names an image. Among several, those of the lowest rank count."""
    best = claims.get(image)
    if best is None or rank < best.rank:
        claims[image] = Claim(rank, way, compared, [row])
    elif rank == best.rank:
        best.rows.append(row)
        best.one_value &= compared == best.compared
