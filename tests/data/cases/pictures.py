"""Small synthetic pictures, each a different one, as the bytes of image files."""

import io
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 16
FORMATS = {"jpg": "JPEG", "jpeg": "JPEG", "jfif": "JPEG", "tif": "TIFF", "pgm": "PPM", "jp2": "JPEG2000"}
"""Formats of Pillow by suffix, where they have another name."""


def grey(seed: str, height: int = SIZE, width: int = SIZE) -> NDArray[np.uint8]:
    """4 x 4 blocks of random levels from 20 to 235 under some noise: (height, width), another for each `seed`."""
    random = np.random.default_rng(zlib.crc32(seed.encode()))
    blocks = random.integers(30, 226, (4, 4)).repeat(-(-height // 4), axis=0).repeat(-(-width // 4), axis=1)
    noise = random.integers(-10, 11, (height, width))
    return np.asarray(blocks[:height, :width] + noise, dtype=np.uint8)


def colour(seed: str, height: int = SIZE, width: int = SIZE) -> NDArray[np.uint8]:
    """Three different `grey` ones as channels: (height, width, 3)."""
    return np.stack([grey(f"{channel} of {seed}", height, width) for channel in "rgb"], axis=-1)


def saved(pixels: NDArray[Any] | Image.Image, suffix: str, **options: Any) -> bytes:
    """The bytes of a file that Pillow writes for a suffix."""
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(file, FORMATS.get(suffix.lower(), suffix.upper()), **options)
    return file.getvalue()


def picture(name: str) -> bytes:
    """A grey picture of its own for each name, in the format of its suffix."""
    return saved(grey(name), name.rpartition(".")[2])
