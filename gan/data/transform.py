"""Bring images of every source to the training size: centre crop, then pad or resize. And crop the padding again."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def is_padded(native: int, size: int) -> bool:
    """Whether images of `native` px are padded to `size` px rather than resized: MNIST's 28 to 32, but not 8 to 32."""
    return native < size and size - native <= size // 8


def native_size(native: int, size: int) -> int:
    """The side in pixels to which generated images are cropped: `native` if the set was padded, else `size`."""
    return native if is_padded(native, size) else size


def fit_image(image: NDArray[np.uint8], size: int, pad: bool = True) -> NDArray[np.uint8]:
    """An image (H, W) or (H, W, C) as (C, size, size): centre-cropped to a square, then padded or resized (Lanczos).

    Padding repeats edge pixels. `pad=False` always resizes, for sets of mixed sizes, which have no native size.
    """
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]  # Pillow wants one channel as (H, W)
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    image = image[top : top + side, left : left + side]
    if pad and is_padded(side, size):
        before, after = padding(side, size)
        image = np.pad(image, ((before, after), (before, after), *[(0, 0)] * (image.ndim - 2)), mode="edge")
    elif side != size:
        image = np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.LANCZOS))
    return np.ascontiguousarray(image[None] if image.ndim == 2 else image.transpose(2, 0, 1))


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
