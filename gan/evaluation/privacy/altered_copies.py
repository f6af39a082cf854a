"""Altered copies of training images, to measure how many the near-copy detector finds. No torch.

A generator that memorises does not return files: it returns an image shifted, mirrored, a little brighter or darker, or
less sharp. Each alteration is one of these, small enough that a person sees the same picture.

Letters: n images, C channels, H W.
"""

import io
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.io.contact_sheet import to_pil

Images = NDArray[np.uint8]
QUALITY = 75
"""JPEG quality, as cameras and viewers save it."""
LEVELS = 25
"""Change of brightness in grey levels: a tenth of the range."""


def shifted(images: Images, down: int, right: int) -> Images:
    """Images (n, C, H, W) shifted by whole pixels, edges repeated."""
    pad = max(abs(down), abs(right))
    padded: Images = np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="edge")
    height, width = images.shape[2:]
    return padded[:, :, pad - down : pad - down + height, pad - right : pad - right + width]


def brighter(images: Images, levels: float) -> Images:
    """Images (n, C, H, W) brightened by `levels`, darkened where negative, clipped to 0..255."""
    clipped: Images = np.clip(images.astype(np.float32) + levels, 0, 255).astype(np.uint8)
    return clipped


def as_jpeg(images: Images, quality: int = QUALITY) -> Images:
    """Images (n, C, H, W) of 1 or 3 channels after a round trip through JPEG."""
    decoded = []
    for image in images:
        buffer = io.BytesIO()
        to_pil(image).save(buffer, format="JPEG", quality=quality)
        pixels = np.asarray(Image.open(buffer))
        decoded.append(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))
    return np.stack(decoded) if decoded else images


ALTERATIONS: Mapping[str, Callable[[Images], Images]] = {
    "none": lambda images: images,
    "shift": lambda images: shifted(images, 2, -1),
    "brightness": lambda images: brighter(images, LEVELS),
    "darkness": lambda images: brighter(images, -LEVELS),
    "flip": lambda images: images[..., ::-1],
    "JPEG": as_jpeg,
    "flip, shift, brightness and JPEG": lambda images: as_jpeg(brighter(shifted(images[..., ::-1], -1, 1), LEVELS / 2)),
}
"""Alterations by name; each maps uint8 (n, C, H, W) to the same shape."""
