"""Altered copies of training images, to measure how many the near-copy detector finds. No torch.

A generator that memorises does not return files: it returns an image shifted, mirrored, turned or scaled a little,
brighter or darker, less sharp, noisy, or mixed with another image. In each alteration a person sees the same picture.

Letters: n images, C channels, H W.
"""

import io
import math
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


def brighter(images: Images, levels: float | NDArray[np.float64]) -> Images:
    """Images (n, C, H, W) brightened by `levels`, one or one for each value, darkened where negative; within 0..255."""
    clipped: Images = np.clip(np.round(images.astype(np.float32) + levels), 0, 255).astype(np.uint8)
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


def turned(images: Images, degrees: float, zoom: float = 1.0) -> Images:
    """Images (n, C, H, W) turned about their centre and enlarged by `zoom`, edges repeated."""
    pad = images.shape[-1] // 4
    padded = np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="edge")
    height, width = padded.shape[2:]
    cos, sin, x, y = (
        math.cos(math.radians(degrees)) / zoom,
        math.sin(math.radians(degrees)) / zoom,
        width / 2,
        height / 2,
    )
    matrix = (cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y)
    altered: Images = np.empty_like(padded)
    for image, result in zip(padded, altered, strict=True):
        for channel, out in zip(image, result, strict=True):
            picture = Image.fromarray(channel)
            out[:] = picture.transform(picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    return altered[:, :, pad:-pad, pad:-pad]


def noisy(images: Images, deviation: float) -> Images:
    """Images (n, C, H, W) with normal noise of this standard deviation in grey levels."""
    return brighter(images, np.random.default_rng(0).normal(0, deviation, images.shape))


def blended(images: Images, share: float) -> Images:
    """Images (n, C, H, W), each mixed with this share of the one before it."""
    mixed: Images = np.round((1 - share) * images + share * np.roll(images, 1, axis=0)).astype(np.uint8)
    return mixed


ALTERATIONS: Mapping[str, Callable[[Images], Images]] = {
    "unchanged": lambda images: images,
    "mirrored": lambda images: images[..., ::-1],
    "turned by 90 degrees": lambda images: np.rot90(images, axes=(2, 3)),
    "shifted by an eighth of the side": lambda images: shifted(images, images.shape[-2] // 8, -(images.shape[-1] // 8)),
    "turned by 5 degrees": lambda images: turned(images, 5),
    "enlarged by 5%": lambda images: turned(images, 0, 1.05),
    "reduced by 5%": lambda images: turned(images, 0, 0.95),
    "brighter": lambda images: brighter(images, LEVELS),
    "darker": lambda images: brighter(images, -LEVELS),
    "as JPEG": as_jpeg,
    "mirrored, shifted, brighter and as JPEG": lambda images: as_jpeg(
        brighter(shifted(images[..., ::-1], -1, 1), LEVELS / 2)
    ),
    "with noise of 10 grey levels": lambda images: noisy(images, 10),
    "with noise of 25 grey levels": lambda images: noisy(images, 25),
    "blended with a fifth of another image": lambda images: blended(images, 0.2),
}
"""Alterations by name; each maps uint8 (n, C, H, W) to the same shape."""
