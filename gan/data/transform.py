"""Bring images of every source to the training size: a square first, then padded or resized. And crop the padding.

An image that is not square becomes one by its set's geometry:

    crop     the square in its centre; the ends of its longer side are cut off
    pad      the whole image between two bars of the colour of its edge
    squeeze  the whole image, its longer side shortened
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Geometry = Literal["crop", "pad", "squeeze"]


def is_padded(native: int, size: int) -> bool:
    """Whether images of `native` px are padded to `size` px rather than resized: MNIST's 28 to 32, but not 8 to 32."""
    return native < size and size - native <= size // 8


def native_size(native: int, size: int) -> int:
    """The side in pixels to which generated images are cropped: `native` if the set was padded, else `size`."""
    return native if is_padded(native, size) else size


def square_side(width: int, height: int, geometry: Geometry = "crop") -> int:
    """The side in pixels of the square that an image becomes before it is padded or resized to the training size."""
    return min(width, height) if geometry == "crop" else max(width, height)


def cut_off(width: int, height: int, geometry: Geometry = "crop") -> float:
    """The share of an image's area that its geometry cuts off, from 0 to 1. Padding and squeezing cut nothing off."""
    return 1 - min(width, height) / max(width, height) if geometry == "crop" else 0.0


def detail_lost(native: int, size: int) -> float:
    """The share of the pixels of a square of `native` px that is lost at `size` px, from 0 to 1."""
    return 1 - (size / native) ** 2 if size < native else 0.0


def enlargement(native: int, size: int) -> float:
    """How many times longer a side of `native` px becomes at `size` px; 1 where it is padded or reduced."""
    return 1.0 if size <= native or is_padded(native, size) else size / native


def fit_image(image: NDArray[np.uint8], size: int, geometry: Geometry = "crop", pad: bool = True) -> NDArray[np.uint8]:
    """An image (H, W) or (H, W, C) as (C, size, size): made square by `geometry`, then padded or resized (Lanczos).

    A square slightly smaller than `size` is padded by repeating its edge pixels. `pad=False` always resizes, for sets
    of mixed sizes, which have no native size.
    """
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]  # Pillow wants one channel as (H, W)
    height, width = image.shape[:2]
    native = square_side(width, height, geometry)
    side = native if pad and is_padded(native, size) else size
    if geometry == "crop":
        top, left = (height - native) // 2, (width - native) // 2
        image = _resize(image[top : top + native, left : left + native], side, side)
    elif geometry == "pad":
        image = _letterbox(image, side)
    else:
        image = _resize(image, side, side)
    if side < size:
        image = np.pad(image, (padding(side, size),) * 2 + ((0, 0),) * (image.ndim - 2), mode="edge")
    return np.ascontiguousarray(image[None] if image.ndim == 2 else image.transpose(2, 0, 1))


def _resize(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS))


def _letterbox(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The whole of an image (H, W) or (H, W, C) in a square of `side` px, between bars of the colour of its edges.

    The colour is the median, by channel, of the two edges that touch the bars: black around an X-ray, white around a
    stained slide. Repeated edge pixels would draw streaks, and black bars in a bright image would be its strongest
    feature.
    """
    height, width = image.shape[:2]
    edges = image[[0, -1]] if width >= height else image[:, [0, -1]]
    colour = np.median(edges.reshape(-1, *image.shape[2:]), axis=0).round().astype(np.uint8)
    longer = max(width, height)
    inner = _resize(image, max(1, round(width * side / longer)), max(1, round(height * side / longer)))
    square = np.empty((side, side, *image.shape[2:]), dtype=np.uint8)
    square[:] = colour
    top, left = (side - inner.shape[0]) // 2, (side - inner.shape[1]) // 2
    square[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return square


def fit_images(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Images (N, H, W) or (N, H, W, C) as (N, C, size, size)."""
    channels = images.shape[3] if images.ndim == 4 else 1
    fitted = np.empty((len(images), channels, size, size), dtype=np.uint8)
    for row, image in enumerate(images):
        fitted[row] = fit_image(image, size)
    return fitted


def padding(native: int, size: int) -> tuple[int, int]:
    """Pixels added before and after each axis."""
    return (size - native) // 2, size - native - (size - native) // 2


def crop_padding(images: NDArray[np.uint8], native: int) -> NDArray[np.uint8]:
    """Images (..., H, H) cropped to (..., native, native): the padding removed."""
    before, _ = padding(native, images.shape[-1])
    return images[..., before : before + native, before : before + native]
