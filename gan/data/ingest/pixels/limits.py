"""The largest image that is read, and pixels that are numbers: checked before anything is computed from them."""

import numpy as np
from numpy.typing import NDArray

from gan.errors import ImageFileError

MAX_PIXELS = 64_000_000
MAX_DECODED = 2**29
"""Bytes of one decoded image."""


def check_size(width: int, height: int, bytes_per_pixel: int = 1) -> None:
    """Raise ImageFileError if an image is too large to be decoded."""
    if width * height > MAX_PIXELS:
        raise too_many_pixels(f"{width} x {height} pixels")
    if width * height * bytes_per_pixel > MAX_DECODED:
        raise ImageFileError(
            "too-large",
            f"its {width} x {height} pixels of {bytes_per_pixel} bytes take more than the {MAX_DECODED:,} bytes "
            "allowed; save it with 8 or 16 bits, or cut it into tiles",
        )


def too_many_pixels(size: str) -> ImageFileError:
    """The error for an image of a size such as "9000 x 8000 pixels"."""
    return ImageFileError(
        "too-large", f"{size} are more than the {MAX_PIXELS:,} allowed; reduce it, or cut it into tiles"
    )


def check_finite(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """`pixels`, or an ImageFileError if some are NaN or infinite."""
    bad = pixels.size - int(np.isfinite(pixels).sum())
    if bad:
        text = f"{bad:,} of its pixels are NaN or infinite; replace them by a number, such as the background's"
        raise ImageFileError("not-finite", text)
    return pixels
