"""Arrays of images as pictures and PNG bytes. No torch."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Images = NDArray[np.uint8]
GAP = 2
"""Pixels of neutral grey around each image of a sheet."""


def picture(image: Images) -> Image.Image:
    """One image (C, H, W) of 1 or 3 channels as a grey or colour picture."""
    return Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))


def grid(images: Images, columns: int, scale: int = 1, gap: int = GAP) -> Image.Image:
    """Images (n, C, H, W) row by row on a neutral grey ground, each enlarged `scale` times with sharp pixels."""
    images = images.repeat(scale, axis=2).repeat(scale, axis=3)
    n, channels, height, width = images.shape
    rows = -(-n // columns)
    sheet = np.full((channels, rows * (height + gap) + gap, columns * (width + gap) + gap), 128, dtype=np.uint8)
    for i, image in enumerate(images):
        top, left = gap + i // columns * (height + gap), gap + i % columns * (width + gap)
        sheet[:, top : top + height, left : left + width] = image
    return picture(sheet)
