"""The training size that follows from the images' own sides, and the reason in one sentence."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from gan.config.run_config import SIZES, ImageSize
from gan.data.transform import Geometry, detail_lost, enlargement, is_padded, square_side

MAX_LOST = 0.25
"""Share of the pixels that may be lost for a size half as large, which is trained in a quarter of the time."""
LARGEST_PROPOSED = 128
"""256 px take about four times as long as 128 px: the user chooses them."""


class Sides(NamedTuple):
    """The smallest, median and largest side in pixels of a set's images, after they were made square."""

    smallest: int
    median: int
    largest: int

    @property
    def common(self) -> int | None:
        """The side of all images, or None where they differ."""
        return self.smallest if self.smallest == self.largest else None


def sides_of(sizes: Iterable[tuple[int, int]], geometry: Geometry = "crop") -> Sides:
    """The sides of images of these widths and heights; 1 px without images."""
    sides = np.sort([square_side(width, height, geometry) for width, height in sizes] or [1])
    return Sides(int(sides[0]), int(sides[len(sides) // 2]), int(sides[-1]))


def proposed_size(sides: Sides) -> ImageSize:
    """The smallest size at which the median image keeps three quarters of its pixels, at most 128 px."""
    enough = (size for size in SIZES if size == LARGEST_PROPOSED or detail_lost(sides.median, size) <= MAX_LOST)
    return next(enough)


def size_choice(sides: Sides, size: int) -> str:
    """Why images of these sides have this training size, in a phrase: it is the proposed one, or the user's."""
    proposed = proposed_size(sides)
    if size != proposed:
        return f"your choice; their own sides propose {proposed} px"
    if detail_lost(sides.median, size) > MAX_LOST:
        return f"the largest size that is proposed; {2 * size} px take about four times as long"
    return f"it suits images of {sides.median:,} px{'' if sides.common else ' in the median'}"


def size_reason(sides: Sides, size: int) -> str:
    """What a training size means for images of these sides: detail lost or made up, and whether 256 px keep more."""
    which = "of each" if sides.common else "of the median image"
    images = f"{sides.median:,} px" if sides.common else f"{sides.smallest:,} to {sides.largest:,} px"
    lost, times = detail_lost(sides.median, size), enlargement(sides.median, size)
    if lost:
        effect = f"{lost:.0%} of the pixels {which} are lost"
    elif times > 1:
        effect = f"the sides {which} are enlarged {times:.1f} times, so fine detail is made up"
    elif sides.common and is_padded(sides.common, size):
        effect = f"they are padded, and generated images are cropped to {sides.common} px again"
    else:
        effect = "their detail is kept"
    larger = detail_lost(sides.median, LARGEST_PROPOSED) > MAX_LOST and size <= LARGEST_PROPOSED
    hint = " 256 px keep more and take about four times as long as 128 px." if larger else ""
    return f"The images have sides of {images}; at {size} px {effect}.{hint}"
