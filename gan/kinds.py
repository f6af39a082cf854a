"""Kinds within a class: groups of alike images, found in the images themselves, of which both networks are told.

A generator that is told the class alone leaves out rarer ways of looking the part. Told the kind too, it has to make
images of each, and it is asked for each as often as the training images show it (Sage et al. 2018, arXiv:1712.04407,
condition on clusters; Liu et al. 2020, arXiv:2006.10728, on those of a class too). Nobody names the kinds, and nobody
chooses one: who asks for a class gets its kinds as they come. What they change was measured: docs/results.md.

To the networks a kind is more conditions: the row of K is followed by one of K * kinds. No torch.
Read next: `train.py`, `sample.py`.

Letters: N images, n rows, C channels, H = W the side, K conditions, here classes.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.data.imageset import ImageSet
from gan.errors import DataError
from gan.facts import DataFacts
from gan.files import replacing

FILE = "kinds.npy"
SIDE = 16
"""Images are compared by thumbnails of this side: what is where, and how bright, without the grain."""
TAUGHT = 10_000
"""Training images of a class from which its kinds are found, at most; the others take the nearest."""
FEWEST = 50
"""Training images of a kind, on average, without which a class is divided into fewer: a rare class stays whole."""
CHUNK = 4096


def width(conditions: int, kinds: int) -> int:
    """How long a row of K conditions is for networks that are told of so many kinds; 1 is none."""
    return conditions * (1 + kinds) if kinds > 1 else conditions


def told(
    images: ImageSet, kinds: int, seed: int, folder: Path, report: Callable[[float], None]
) -> tuple[ImageSet, DataFacts]:
    """The set as the networks see it, rows (N, K * (1 + kinds)), and the facts by which kinds are drawn later.

    The kinds are found once and kept in the run's `folder`, so that a resumed run goes on with the same. Raises
    DataError where the set has no classes.
    """
    facts = images.facts()
    if kinds == 1:
        return images, facts
    if images.kind != "class":
        raise DataError(f"model.kinds is {kinds}: {images.title} has attributes, not classes. Set it to 1.")
    found = _kept(folder / FILE, len(images))
    if found is None:
        found = find(images, kinds, seed, report)
        with replacing(folder / FILE) as temporary, open(temporary, "wb") as file:
            np.save(file, found)
    rows, labels = images.rows("train"), images.labels()
    counts = np.zeros((len(images.names), kinds), dtype=int)
    np.add.at(counts, (labels[rows], found[rows]), 1)
    names = (*images.names, *(f"{name}, kind {kind}" for name in images.names for kind in range(kinds)))
    told = replace(images, conditions=beside(images.conditions, found, kinds), names=names)  # the class comes first
    return told, replace(facts, kinds=tuple(tuple(row) for row in counts.tolist()))


def _kept(path: Path, count: int) -> NDArray[np.uint8] | None:
    if not path.exists():
        return None
    found: NDArray[np.uint8] = np.load(path)
    return found if len(found) == count else None


def find(images: ImageSet, kinds: int, seed: int, report: Callable[[float], None]) -> NDArray[np.uint8]:
    """The kind of each image (N,) within its class, 0 to kinds - 1 from dark to bright, by k-means of thumbnails.

    The training split alone decides what the kinds are. A class of few images has fewer of them, or one.
    """
    from sklearn.cluster import KMeans  # here: it takes a second, and only a first start needs it

    found, labels = np.zeros(len(images), dtype=np.uint8), images.labels()
    in_training, draw = images.split == "train", np.random.default_rng([seed, 3])
    for position in range(len(images.names)):
        there = np.flatnonzero((labels == position) & in_training)
        thumbnails = _thumbnails(images, np.sort(draw.permutation(there)[:TAUGHT]))
        count = min(kinds, len(there) // FEWEST, len(np.unique(thumbnails, axis=0)))
        if count > 1:
            means = KMeans(count, n_init=1, random_state=seed).fit(thumbnails)
            place = np.argsort(np.argsort(means.cluster_centers_.mean(axis=1))).astype(np.uint8)
            members = np.flatnonzero(labels == position)
            for first in range(0, len(members), CHUNK):
                chunk = members[first : first + CHUNK]
                found[chunk] = place[means.predict(_thumbnails(images, chunk))]
        report((position + 1) / len(images.names))
    return found


def _thumbnails(images: ImageSet, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Those images, each averaged to 16 x 16 and laid out as a row (n, C * 256), in [0, 1]."""
    channels, size = images.images.shape[1:3]
    parts = [np.zeros((0, channels * SIDE * SIDE), dtype=np.float32)]
    for first in range(0, len(rows), CHUNK):
        chunk = images.images[rows[first : first + CHUNK]]  # (n, C, H, H)
        blocks = chunk.reshape(len(chunk), channels, SIDE, size // SIDE, SIDE, size // SIDE)
        parts.append(blocks.mean(axis=(3, 5), dtype=np.float32).reshape(len(chunk), -1) / 255)
    return np.concatenate(parts)


def beside(conditions: NDArray[np.float32], found: NDArray[np.uint8], kinds: int) -> NDArray[np.float32]:
    """Rows (n, K * (1 + kinds)): the conditions (n, K), and for each of them which kind (n,) it is, one-hot."""
    which = np.eye(kinds, dtype=np.float32)[found]  # (n, kinds)
    pairs = conditions[:, :, None] * which[:, None, :]  # (n, K, kinds)
    return np.concatenate([conditions, pairs.reshape(len(conditions), -1)], axis=1)


def drawn(
    facts: DataFacts, conditions: NDArray[np.float32], seed: int, positions: Iterable[int]
) -> NDArray[np.float32]:
    """What the generator is told for conditions (n, K): themselves, and a kind each where its run has kinds."""
    if not facts.kinds:
        return conditions
    return beside(conditions, at(facts, conditions, seed, positions), len(facts.kinds[0]))


def at(facts: DataFacts, conditions: NDArray[np.float32], seed: int, positions: Iterable[int]) -> NDArray[np.uint8]:
    """The kind (n,) of the images of conditions (n, K) at those positions of a seed.

    A kind comes as often as in the training images of its class. Which one depends on the seed and on the image's
    position there alone, as its noise does.
    """
    counts = np.array(facts.kinds)[conditions.argmax(axis=1)]  # (n, kinds)
    upto = counts.cumsum(axis=1) / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    share = [np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 1, p])).random() for p in positions]
    found = (upto <= np.array(share).reshape(-1, 1)).sum(axis=1)  # below `kinds` where the class has images
    return np.asarray(np.minimum(found, counts.shape[1] - 1), dtype=np.uint8)


def real(run: Path, images: ImageSet, position: int, kind: int, count: int) -> NDArray[np.int64]:
    """Rows (up to `count`) of training images of one kind within the class at that position, by a run's folder."""
    found = _kept(run / FILE, len(images))
    if found is None:
        return np.zeros(0, dtype=np.int64)
    fits = (images.labels() == position) & (images.split == "train") & (found == kind)
    return np.flatnonzero(fits)[:count]
