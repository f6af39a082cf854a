"""Batches with a fixed share of added images, so that their number does not decide how often a real image is seen."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gan.data.order import shuffled_batches

ADDED_SEED = 1 << 32
"""Added to the seed of the order of the real images for that of the added ones."""


def mixed_batches(real: int, added: int, share: float, seed: int, batch: int) -> Iterator[NDArray[np.int64]]:
    """Positions of each batch (N,), without end: the first `real` positions are real images, the `added` ones follow.

    `share` of each batch are added images, rounded, but at least one of each sort; both come in shuffled passes. In
    the same number of steps every real image is seen as often, however many images are added.
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share:g}: it takes a number between 0 and 1.")
    count = min(max(1, round(share * batch)), batch - 1)
    reals = shuffled_batches(real, None, seed, 0, batch - count)
    others = shuffled_batches(added, None, seed + ADDED_SEED, 0, count)
    for first, second in zip(reals, others, strict=True):
        yield np.concatenate([first, real + second])
