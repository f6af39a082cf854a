"""Subclasses within a class: groups of alike images, found in the images themselves, of which both networks are told.

A generator that is told the class alone leaves out rarer ways of looking the part. Told the subclass too, it has to
make images of each, and it is asked for each as often as the training images show it (Sage et al. 2018,
arXiv:1712.04407, condition on clusters; Liu et al. 2020, arXiv:2006.10728, on those of a class too). Nobody names the
subclasses, and nobody chooses one: who asks for a class gets its subclasses as they come. What they change was
measured: docs/results.md.

To the networks a subclass is more conditions: the row of K is followed by one of K * subclasses. No torch.

Letters: N images, n rows, C channels, H = W the side, K conditions, here classes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.data.diversity import pixel_diversity
from gan.data.image_set import ImageSet
from gan.io.progress import Progress

SIDE = 16
"""Images are compared by thumbnails of this side: what is where, and how bright, without the grain."""
MAX_CLUSTERED_IMAGES = 10_000
"""Training images of a class from which its subclasses are found, at most; the others take the nearest."""
MIN_IMAGES_PER_SUBCLASS = 50
"""Training images of a subclass, on average, without which a class is divided into fewer: a rare class stays whole."""
CHUNK = 4096


@dataclass(frozen=True)
class Subclasses:
    """The kind of each image (N,) within its class, from 0 on, and how far the subclasses lie apart.

    `apart` is the spread of one image of each subclass, as a share of that of all images of a class: what a generator
    that makes one image of each subclass would show (`spread.py`, `symptoms_of_images.py`).
    """

    labels: NDArray[np.uint8]
    separation: float


def condition_width(conditions: int, subclasses: int) -> int:
    """How long a row of K conditions is for networks that are told of so many subclasses; 1 is none."""
    return conditions * (1 + subclasses) if subclasses > 1 else conditions


def find_subclasses(images: ImageSet, subclasses: int, seed: int, progress: Progress) -> Subclasses:
    """The subclasses of all images, within each class from dark to bright, by k-means of thumbnails.

    The training split alone decides what the subclasses are. A class of few images has fewer of them, or one.
    """
    from sklearn.cluster import KMeans  # here: it takes a second, and only a first start needs it

    found, labels, apart, done = np.zeros(len(images), dtype=np.uint8), images.labels(), [], 0
    in_training, draw = images.split == "train", np.random.default_rng([seed, 3])
    for position in range(len(images.names)):
        members = np.flatnonzero(labels == position)
        there = members[in_training[members]]
        taught = np.sort(draw.permutation(there)[:MAX_CLUSTERED_IMAGES])
        thumbnails = _thumbnails(images, taught)
        middle = thumbnails.mean(axis=0) if len(taught) else 0.0  # near it float32 tells even pale images apart
        count = min(
            subclasses, len(there) // MIN_IMAGES_PER_SUBCLASS, len(np.unique((64 * thumbnails).round(), axis=0))
        )
        means = KMeans(count, n_init=1, random_state=seed).fit(thumbnails - middle) if count > 1 else None
        if means is not None:
            place = np.argsort(np.argsort(means.cluster_centers_.mean(axis=1))).astype(np.uint8)
            nearest = taught[means.transform(thumbnails - middle).argmin(axis=0)]  # an image of each subclass
            apart.append(_separation(images, nearest, np.bincount(means.labels_), taught))
        for first in range(0, len(members), CHUNK):
            chunk = members[first : first + CHUNK]
            if means is not None:
                found[chunk] = place[means.predict(_thumbnails(images, chunk) - middle)]
            done += len(chunk)
            progress("finding subclasses", done / len(images))
    return Subclasses(found, float(np.mean(apart)) if apart else 0.0)


def _separation(
    images: ImageSet, nearest: NDArray[np.int64], counts: NDArray[np.int64], taught: NDArray[np.int64]
) -> float:
    """The spread of one image of each subclass, as often as the subclass comes, as a share of that of some images of
    all."""
    some = taught[np.linspace(0, len(taught) - 1, min(len(taught), 256)).astype(int)]
    one_each = np.repeat(nearest, np.maximum(1, np.round(256 * counts / counts.sum())).astype(int))
    whole = pixel_diversity(np.asarray(images.images[some]))
    return min(1.0, pixel_diversity(np.asarray(images.images[one_each])) / whole) if whole else 0.0


def _thumbnails(images: ImageSet, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Those images, each averaged to 16 x 16 and laid out as a row (n, C * 256), in [0, 1]."""
    channels, size = images.images.shape[1:3]
    parts = [np.zeros((0, channels * SIDE * SIDE), dtype=np.float32)]
    for first in range(0, len(rows), CHUNK):
        chunk = images.images[rows[first : first + CHUNK]]  # (n, C, H, H)
        blocks = chunk.reshape(len(chunk), channels, SIDE, size // SIDE, SIDE, size // SIDE)
        parts.append(blocks.mean(axis=(3, 5), dtype=np.float32).reshape(len(chunk), -1) / 255)
    return np.concatenate(parts)


def append_subclasses(
    conditions: NDArray[np.float32], found: NDArray[np.uint8], subclasses: int
) -> NDArray[np.float32]:
    """Rows (n, K * (1 + subclasses)): the conditions (n, K), and for each of them which subclass (n,) it is,
    one-hot."""
    which = np.eye(subclasses, dtype=np.float32)[found]  # (n, subclasses)
    pairs = conditions[:, :, None] * which[:, None, :]  # (n, K, subclasses)
    return np.concatenate([conditions, pairs.reshape(len(conditions), -1)], axis=1)


def subclass_rows(found: Subclasses, images: ImageSet, position: int, subclass: int, count: int) -> NDArray[np.int64]:
    """Rows (up to `count`) of training images of one subclass within the class at that position."""
    fits = (images.labels() == position) & (images.split == "train") & (found.labels == subclass)
    return np.flatnonzero(fits)[:count]
