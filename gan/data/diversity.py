"""Diversity: how much images of one condition differ, by their pixels. No torch.

The standard deviation of each pixel over the images of a condition, averaged over pixels: 0 if all images are equal,
0.5 if each pixel is black in half of them and white in the others. A generator that has collapsed to one image per
class can keep good losses; this number shows it. `evaluation` estimates diversity more precisely, from many images.

Letters: n images, C channels, H = W the side.
"""

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.data.transform import crop_padding

MAX_IMAGES = 64
"""Real images compared per condition, at most. The estimate is unbiased, so other sample sizes are comparable."""


def pixel_diversity(images: NDArray[np.uint8]) -> float:
    """The diversity of images (n, C, H, H) of one condition, n >= 2, as a share of the grey scale."""
    return float((images.astype(np.float32) / 255).std(axis=0, ddof=1).mean())


def real_diversity(image_set: ImageSet, conditions: int) -> float | None:
    """Mean diversity of real training images over the first `conditions` classes; None if no class has two images.

    For attributes, the diversity of the whole training split: a combination of attributes has too few images.
    """
    rows = image_set.rows("train")
    if image_set.kind == "attributes":
        groups = [rows]
    else:
        labels = image_set.labels()[rows]
        groups = [rows[labels == label] for label in range(conditions)]
    values = [pixel_diversity(_native_pixels(image_set, group)) for group in groups if len(group) > 1]
    return float(np.mean(values)) if values else None


def _native_pixels(image_set: ImageSet, group: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Evenly spaced images of a group at their native size: neighbours in a set are often alike."""
    chosen = group[np.linspace(0, len(group) - 1, min(len(group), MAX_IMAGES)).astype(int)]
    return crop_padding(np.asarray(image_set.images[chosen]), image_set.native_size)
