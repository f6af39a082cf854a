"""The subclass of each generated image, and the conditions that the networks take with it.

Letters: n images, K conditions, here classes; S subclasses.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gan.data.info import DatasetInfo
from gan.data.subclasses import append_subclasses


def network_conditions(
    info: DatasetInfo, conditions: NDArray[np.float32], seed: int, positions: Iterable[int], subclass: int | None = None
) -> NDArray[np.float32]:
    """The networks' input for conditions (n, K): the same, or (n, K * (1 + S)) where the run has subclasses.

    All images are of `subclass`, or with None of those that their positions give.
    """
    if not info.subclasses:
        return conditions
    if subclass is None:
        subclasses = sample_subclasses(info, conditions, seed, positions)
    else:
        subclasses = np.full(len(conditions), subclass, dtype=np.uint8)
    return append_subclasses(conditions, subclasses, len(info.subclasses[0]))


def sample_subclasses(
    info: DatasetInfo, conditions: NDArray[np.float32], seed: int, positions: Iterable[int]
) -> NDArray[np.uint8]:
    """The subclass (n,) of each image of conditions (n, K), in the proportions of its class's training images.

    It depends on the condition, the seed and the image's position alone, as the noise does.
    """
    counts = np.array(info.subclasses)[conditions.argmax(axis=1)]  # (n, S)
    cumulative = counts.cumsum(axis=1) / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    uniform = [np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 1, p])).random() for p in positions]
    subclass = (cumulative <= np.array(uniform).reshape(-1, 1)).sum(axis=1)  # below S where the class has images
    return np.asarray(np.minimum(subclass, counts.shape[1] - 1), dtype=np.uint8)
