"""Thumbnails by which near copies are found: small, grey, and resampled so that they shift and mirror as images do."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.data.ingest.pixels.decoded_image import Levels

THUMBNAIL = 32
"""Side of an image's thumbnail in pixels."""
REDUCING_GAP = 2.0
"""Images are averaged to no less than so many thumbnails' sides before they are resampled: as good, and faster."""
SMALL = int(2 * REDUCING_GAP * THUMBNAIL)
"""Side in pixels below which nothing is averaged, and two matrix products take less time than a call of Pillow."""
LUMA = np.array([19595, 38470, 7471], dtype=np.int32)
"""ITU-R 601 luma of red, green and blue in units of 1/65536, as Pillow rounds it."""


def thumbnail(pixels: NDArray[Any], levels: Levels | None) -> NDArray[np.uint8]:
    """Pixels (H, W) or (H, W, 3) resampled to uint8 (32, 32) grey (Lanczos); `levels` become 0 and 255.

    Without `levels`, pixels are uint8.
    """
    if levels is None:
        return _small(pixels) if max(pixels.shape) < SMALL else np.asarray(_resampled(pixels).convert("L"))
    grey = pixels.mean(axis=2, dtype=np.float32) if pixels.ndim == 3 else pixels.astype(np.float32)
    small = np.asarray(_resampled(grey))
    low, high = levels
    return ((small - low) * (255 / (high - low) if high > low else 0)).round().clip(0, 255).astype(np.uint8)


def _resampled(pixels: NDArray[Any]) -> Image.Image:
    side = (THUMBNAIL, THUMBNAIL)
    return Image.fromarray(pixels).resize(side, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The thumbnail of an image with sides below SMALL: along the rows, rounded, then down, as Pillow does unless an
    image is much higher than wide."""
    planes = pixels.transpose(2, 0, 1) if pixels.ndim == 3 else pixels
    rows = _rounded(planes.astype(np.float32) @ _weights(pixels.shape[1]).T)
    small = _rounded(_weights(pixels.shape[0]) @ rows)
    if pixels.ndim == 3:
        return ((np.tensordot(LUMA, small.astype(np.int32), 1) + 0x8000) >> 16).astype(np.uint8)
    return small.astype(np.uint8)


def _rounded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values rounded to whole numbers from 0 to 255, in place."""
    values += 0.5
    np.maximum(values, 0, out=values)
    np.minimum(values, 255, out=values)
    return np.floor(values, out=values)


@lru_cache(maxsize=SMALL)
def _weights(side: int) -> NDArray[np.float32]:
    """Weights (THUMBNAIL, side) of a row of pixels in a row of the thumbnail."""
    identity = Image.fromarray(np.eye(side, dtype=np.float32))
    return np.array(identity.resize((side, THUMBNAIL), Image.Resampling.LANCZOS))
