"""DecodedImage: the pixels of an image file as stored, and how they become 8 bits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_PIXELS = 64_000_000
"""Pixels of an image, at most."""
CLIPPED = 0.1
"""Per cent of a 16-bit image's pixels that may lie outside the grey-level window, at each end."""


@dataclass(frozen=True)
class DecodedImage:
    """Pixels of one page or frame, before any scaling.

    pixels    (H, W) or (H, W, 3): uint8, or int32 or float32 for values that a window must bring to 8 bits
    mode      describes them, such as "grey, 8-bit"
    pages     pages or frames in the file
    inverted  whether the lowest value is the brightest, so that the image is inverted after the window
    padding   bool (H, W), True for pixels that are no part of the image; None if there are none
    """

    pixels: NDArray[np.uint8] | NDArray[np.int32] | NDArray[np.float32]
    mode: str
    pages: int
    inverted: bool = False
    padding: NDArray[np.bool_] | None = None

    @property
    def is_16_bit(self) -> bool:
        """Whether the pixels must be windowed to 8 bits."""
        return self.pixels.dtype != np.uint8

    def to_uint8(self, channels: int, window: tuple[int, int] | None) -> NDArray[np.uint8]:
        """8-bit pixels, (H, W) for one channel or (H, W, 3). `window` maps 16-bit grey levels to 0 and 255."""
        pixels = self.pixels
        if self.is_16_bit:
            low, high = window if window is not None else self.grey_levels()
            pixels = ((pixels.astype(np.float64) - low) * (255 / max(high - low, 1))).round().clip(0, 255)
        pixels = pixels.astype(np.uint8)
        if self.inverted:
            pixels = 255 - pixels
        return np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 and channels == 3 else pixels

    def grey_levels(self) -> tuple[int, int]:
        """Grey levels with at most 0.1% of the pixels below and above, without the padding."""
        values = self.pixels
        if self.padding is not None and not self.padding.all():
            values = values[~self.padding]
        low, high = np.percentile(values, [CLIPPED, 100 - CLIPPED])
        return int(np.floor(low)), int(np.ceil(high))
