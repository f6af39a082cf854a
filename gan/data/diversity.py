"""How much images of one condition differ from each other, by their pixels. No torch.

A generator that has collapsed to one image a class keeps good losses; this number shows it. It is the standard
deviation of each pixel over the images of a condition, averaged over pixels, from 0 (all alike) to 0.5 (half black,
half white). `evaluation` has a careful estimate of it, on many images.

Letters: n images, C channels, H = W the side.
"""

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.data.transform import crop_padding

MAX_IMAGES = 64
"""Real images of a condition that are compared, at most; the estimate is unbiased, so that counts need not agree."""


def pixel_diversity(images: NDArray[np.uint8]) -> float:
    """The spread of images (n, C, H, H) of one condition, n of 2 on, as a share of the grey scale."""
    return float((images.astype(np.float32) / 255).std(axis=0, ddof=1).mean())


def real_diversity(image_set: ImageSet, conditions: int) -> float | None:
    """The spread of real training images within each of the first `conditions` classes; None where none has two.

    For attributes that of all of them together: a combination of attributes has too few real images to compare.
    """
    rows = image_set.rows("train")
    if image_set.kind == "attributes":
        groups = [rows]
    else:
        labels = image_set.labels()[rows]
        groups = [rows[labels == label] for label in range(conditions)]
    found = [pixel_diversity(_native(image_set, group)) for group in groups if len(group) > 1]
    return float(np.mean(found)) if found else None


def _native(image_set: ImageSet, group: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Some images of a group at the set's own size, spread over it: neighbours in a set are often alike."""
    chosen = group[np.linspace(0, len(group) - 1, min(len(group), MAX_IMAGES)).astype(int)]
    return crop_padding(np.asarray(image_set.images[chosen]), image_set.native_size)
