"""Subclasses: k-means clusters within each class; both networks are conditioned on them.

A generator conditioned on the class alone tends to drop its rarer appearances. Conditioned on clusters as well, it has
to cover each of them (Sage et al. 2018, arXiv:1712.04407; within classes, Liu et al. 2020, arXiv:2006.10728).
Subclasses have numbers, not names. Images of a class are sampled with its subclasses in the proportions of the training
split, unless one is asked for. docs/results.md has their measured effect.

The networks get subclasses as further conditions: the K class entries are followed by K * S for the subclasses. No
torch.

Letters: N images, n rows, C channels, H = W the side, K classes, S subclasses per class.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.data.diversity import pixel_diversity
from gan.data.image_set import ImageSet
from gan.io.progress import Progress

SIDE = 16
"""Side in pixels of the thumbnails that are clustered: they keep layout and brightness, not texture."""
MAX_CLUSTERED_IMAGES = 10_000
"""Training images of a class that k-means is fitted on, at most; the others get the nearest cluster."""
MIN_IMAGES_PER_SUBCLASS = 50
"""Mean number of training images per subclass, at least: a class with fewer images gets fewer subclasses."""
CHUNK = 4096
"""Images processed at a time."""


@dataclass(frozen=True)
class Subclasses:
    """The subclass of each image (N,) within its class, 0 to S - 1, and the separation of the subclasses.

    `separation`, 0 to 1, is the diversity of one image per subclass as a share of the diversity of the class: what a
    generator that has collapsed to one image per subclass would show.
    """

    labels: NDArray[np.uint8]
    separation: float


def condition_width(conditions: int, subclasses: int) -> int:
    """Length of the condition rows that the networks get: K, or K * (1 + S) with S > 1 subclasses per class."""
    return conditions * (1 + subclasses) if subclasses > 1 else conditions


def find_subclasses(images: ImageSet, subclasses: int, seed: int, progress: Progress) -> Subclasses:
    """Cluster the thumbnails of each class by k-means; within a class, subclasses are numbered from dark to bright.

    Clusters are fitted on the training split, and every image gets the nearest. A small class, or one with few distinct
    images, has fewer than `subclasses`, down to one.
    """
    from sklearn.cluster import KMeans  # here: importing it takes a second

    subclass_of, labels = np.zeros(len(images), dtype=np.uint8), images.labels()
    separations, done = [], 0
    in_training, generator = images.split == "train", np.random.default_rng([seed, 3])
    for class_index in range(len(images.names)):
        members = np.flatnonzero(labels == class_index)
        training = members[in_training[members]]
        fitted = np.sort(generator.permutation(training)[:MAX_CLUSTERED_IMAGES])
        thumbnails = _thumbnails(images, fitted)
        centre = thumbnails.mean(axis=0) if len(fitted) else 0.0  # subtracted: near 0 float32 resolves pale images
        distinct = len(np.unique((64 * thumbnails).round(), axis=0))
        count = min(subclasses, len(training) // MIN_IMAGES_PER_SUBCLASS, distinct)
        means = KMeans(count, n_init=1, random_state=seed).fit(thumbnails - centre) if count > 1 else None
        if means is not None:
            rank = np.argsort(np.argsort(means.cluster_centers_.mean(axis=1))).astype(np.uint8)  # by brightness
            nearest = fitted[means.transform(thumbnails - centre).argmin(axis=0)]  # one image per cluster
            separations.append(_separation(images, nearest, np.bincount(means.labels_), fitted))
        for first in range(0, len(members), CHUNK):
            chunk = members[first : first + CHUNK]
            if means is not None:
                subclass_of[chunk] = rank[means.predict(_thumbnails(images, chunk) - centre)]
            done += len(chunk)
            progress("finding subclasses", done / len(images))
    return Subclasses(subclass_of, float(np.mean(separations)) if separations else 0.0)


def _separation(
    images: ImageSet, nearest: NDArray[np.int64], counts: NDArray[np.int64], fitted: NDArray[np.int64]
) -> float:
    """Diversity of one image per subclass, weighted by the subclass sizes, relative to that of the fitted images."""
    sample = fitted[np.linspace(0, len(fitted) - 1, min(len(fitted), 256)).astype(int)]
    repeated = np.repeat(nearest, np.maximum(1, np.round(256 * counts / counts.sum())).astype(int))
    whole = pixel_diversity(np.asarray(images.images[sample]))
    return min(1.0, pixel_diversity(np.asarray(images.images[repeated])) / whole) if whole else 0.0


def _thumbnails(images: ImageSet, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Images averaged to 16 x 16 px and flattened to rows (n, C * 256) in [0, 1]."""
    channels, size = images.images.shape[1:3]
    parts = [np.zeros((0, channels * SIDE * SIDE), dtype=np.float32)]
    for first in range(0, len(rows), CHUNK):
        chunk = images.images[rows[first : first + CHUNK]]  # (n, C, H, H)
        blocks = chunk.reshape(len(chunk), channels, SIDE, size // SIDE, SIDE, size // SIDE)
        parts.append(blocks.mean(axis=(3, 5), dtype=np.float32).reshape(len(chunk), -1) / 255)
    return np.concatenate(parts)


def append_subclasses(
    conditions: NDArray[np.float32], subclass: NDArray[np.uint8], subclasses: int
) -> NDArray[np.float32]:
    """One-hot classes (n, K) followed by one-hot pairs of class and subclass (n,): rows (n, K * (1 + S))."""
    one_hot = np.eye(subclasses, dtype=np.float32)[subclass]  # (n, S)
    pairs = conditions[:, :, None] * one_hot[:, None, :]  # (n, K, S)
    return np.concatenate([conditions, pairs.reshape(len(conditions), -1)], axis=1)
