"""Copies made on purpose: training images lightly changed, to see whether the detector of near copies finds them.

A generator that memorises does not return files: it returns an image moved, mirrored, a little brighter or darker, or
less sharp. Each change here is one of these, small enough that a person sees the same picture. No torch.

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
"""Of JPEG, as cameras and viewers save it."""
LEVELS = 25
"""Grey levels of 255 by which an image is made brighter or darker: a tenth of the range."""


def shifted(images: Images, down: int, right: int) -> Images:
    """Images (n, C, H, W) moved by whole pixels, their edges repeated."""
    reach = max(abs(down), abs(right))
    wide: Images = np.pad(images, ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode="edge")
    height, width = images.shape[2:]
    return wide[:, :, reach - down : reach - down + height, reach - right : reach - right + width]


def brighter(images: Images, levels: float) -> Images:
    """Images (n, C, H, W) made brighter by so many grey levels, darker where that is negative; cut at 0 and 255."""
    made: Images = np.clip(images.astype(np.float32) + levels, 0, 255).astype(np.uint8)
    return made


def as_jpeg(images: Images, quality: int = QUALITY) -> Images:
    """Images (n, C, H, W) of 1 or 3 channels saved as JPEG and opened again."""
    opened = []
    for image in images:
        buffer = io.BytesIO()
        to_pil(image).save(buffer, format="JPEG", quality=quality)
        pixels = np.asarray(Image.open(buffer))
        opened.append(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))
    return np.stack(opened) if opened else images


ALTERATIONS: Mapping[str, Callable[[Images], Images]] = {
    "nothing": lambda images: images,
    "shift": lambda images: shifted(images, 2, -1),
    "brightness": lambda images: brighter(images, LEVELS),
    "darkness": lambda images: brighter(images, -LEVELS),
    "flip": lambda images: images[..., ::-1],
    "JPEG": as_jpeg,
    "flip, shift, brightness and JPEG": lambda images: as_jpeg(brighter(shifted(images[..., ::-1], -1, 1), LEVELS / 2)),
}
"""What is done to a planted copy, by name; each takes and gives uint8 (n, C, H, W)."""
