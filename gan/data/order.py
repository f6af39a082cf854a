"""The order in which training sees images, a function of the seed and of the number of images seen.

A resumed run needs no other state to continue exactly.

Letters: N images in a batch, n images in the training split, C channels, H = W the side.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.config.run_config import RunConfig
from gan.data.image_set import ImageSet
from gan.data.preview import condition_label


def training_order(images: ImageSet, config: RunConfig, start: int) -> Iterator[NDArray[np.int64]]:
    """Row numbers in `images` of each training batch (N,), without end, from the `start`-th image on."""
    rows = images.rows("train")
    labels = images.labels()[rows] if config.data.balance and images.kind == "class" else None
    return shuffled_batches(len(rows), labels, config.train.seed, start, config.train.batch)


def shuffled_batches(
    count: int, labels: NDArray[np.int64] | None, seed: int, start: int, batch: int
) -> Iterator[NDArray[np.int64]]:
    """Positions below `count` of each batch (N,), without end, from the `start`-th image on.

    Shuffled passes, concatenated and cut into batches. With `labels` (n,) every pass holds each class equally often:
    images of a rare class repeat.
    """
    epoch, offset = divmod(start, count)
    rest = _shuffled_pass(count, labels, seed, epoch)[offset:]
    while True:
        while len(rest) < batch:
            epoch += 1
            rest = np.concatenate([rest, _shuffled_pass(count, labels, seed, epoch)])
        yield rest[:batch]
        rest = rest[batch:]


def _shuffled_pass(count: int, labels: NDArray[np.int64] | None, seed: int, epoch: int) -> NDArray[np.int64]:
    generator = np.random.default_rng([seed, epoch])
    if labels is None:
        return generator.permutation(count)
    classes = np.unique(labels)
    share = -(-count // len(classes))
    members = [np.resize(generator.permutation(np.flatnonzero(labels == c)), share) for c in classes]
    return generator.permutation(np.concatenate(members))[:count]


@dataclass(frozen=True)
class FirstBatch:
    """The images of a batch, uint8 (N, C, H, H), with a label each, such as "Male, Smiling"."""

    images: NDArray[np.uint8]
    labels: Sequence[str]

    def head(self, count: int) -> "FirstBatch":
        """The first `count` images of the batch."""
        return FirstBatch(self.images[:count], self.labels[:count])


def first_batch(images: ImageSet, config: RunConfig) -> FirstBatch:
    """The first batch of a training run with this config."""
    rows = images.rows("train")[next(training_order(images, config, 0))]  # (N,)
    return FirstBatch(
        images=np.asarray(images.images[rows]),
        labels=[condition_label(row, images.names) for row in images.conditions[rows]],
    )
