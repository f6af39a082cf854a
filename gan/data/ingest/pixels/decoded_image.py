"""DecodedImage: the pixels of one frame of a file, upright, and how they become 8 bits."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CLIPPED = 0.1
"""Per cent of an image's pixels that may lie outside its grey-level window, at each end."""
SAMPLES = 1_000_000
"""Pixels from which the window of a larger image is estimated."""
COLOUR_DEPTHS = (8, 10, 12, 14, 16)
"""Bits per colour that cameras and scanners use, within 16 that a file stores."""

Levels = tuple[float, float]
"""The grey levels that become 0 and 255."""


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """One frame of a file, upright and without alpha.

    pixels      (H, W) or (H, W, 3): uint8, or int32 or float32 where a window must map them to 8 bits
    mode        describes them, such as "grey, 16-bit"
    frames      frames or pages of the file
    inverted    whether the lowest level is the brightest, so that the image is inverted after the window
    padding     bool (H, W), True for pixels that are no part of the image; None if there are none
    alpha       whether the file has an alpha channel or a transparent colour, which is dropped
    alpha_hides whether fully transparent pixels hold several colours, which dropping alpha makes visible
    """

    pixels: NDArray[np.uint8] | NDArray[np.int32] | NDArray[np.float32]
    mode: str
    frames: int = 1
    inverted: bool = False
    padding: NDArray[np.bool_] | None = None
    alpha: bool = field(default=False, kw_only=True)
    alpha_hides: bool = field(default=False, kw_only=True)

    @property
    def needs_window(self) -> bool:
        """Whether the pixels must be windowed to 8 bits."""
        return self.pixels.dtype != np.uint8

    @cached_property
    def grey_stored_as_colour(self) -> bool:
        """Whether there are three channels, and they are equal."""
        if self.pixels.ndim == 2:
            return False
        step = max(1, self.pixels.shape[0] // 32)
        return all(
            bool((rows[..., :1] == rows[..., 1:]).all())
            for rows in (self.pixels[::step], self.pixels)  # a few rows tell most colour images
        )

    @property
    def colour(self) -> bool:
        """Whether there are three channels that differ."""
        return self.pixels.ndim == 3 and not self.grey_stored_as_colour

    def to_uint8(self, channels: int, window: Levels | None) -> NDArray[np.uint8]:
        """8-bit pixels, (H, W) for one channel or (H, W, 3).

        `window` names the levels that become 0 and 255 where the pixels have more than 8 bits; None: `levels()`.
        Colour becomes one channel by its luma (ITU-R 601), which leaves equal channels as they are.
        """
        pixels: NDArray[Any] = self.pixels
        if self.needs_window:
            low, high = window if window is not None else self.levels()
            scaled = pixels.astype(np.float64)
            scaled -= low
            scaled *= 255 / (high - low) if high > low else 0
            pixels = np.rint(scaled, out=scaled).clip(0, 255, out=scaled).astype(np.uint8)
        if self.inverted:
            pixels = 255 - pixels
        if pixels.ndim == 2 and channels == 3:
            return np.repeat(pixels[:, :, None], 3, axis=2)
        return np.asarray(Image.fromarray(pixels).convert("L")) if pixels.ndim == 3 and channels == 1 else pixels

    def levels(self) -> Levels:
        """The image's own window: levels with at most 0.1% of the pixels below and above, in all channels together
        and without the padding.

        A colour image of integers keeps black at 0 and gets the full range of the bits in use, such as 0 to 4095, so
        that its hues stay. An image with fewer outliers than that and one level otherwise gets its full range.
        """
        values: NDArray[Any] = self.pixels
        if self.padding is not None and not self.padding.all():
            values = values[~self.padding]
        values = values.reshape(-1)
        whole = values.dtype.kind in "iu"
        low, high = np.percentile(values[:: max(1, values.size // SAMPLES)], [CLIPPED, 100 - CLIPPED])
        if low == high:
            low, high = values.min(), values.max()
        if whole and self.colour and low >= 0:
            return 0, next((2**bits - 1 for bits in COLOUR_DEPTHS if high < 2**bits), int(high))
        return (int(np.floor(low)), int(np.ceil(high))) if whole else (float(low), float(high))
