"""Combinations of two attributes that no real image shows: what a generator makes of them nobody has taught it.

The gallery lets a user ask for them, so their obedience is measured too, with support 0 stated. No torch.

Letters: n images, K conditions.
"""

import itertools

import numpy as np

from gan.data.info import DatasetInfo
from gan.sampling.conditions import Condition

SHOWN = 6
"""Combinations that are looked at, at most."""
FREQUENT = 0.05
"""Share of the training images that must have each of the two values."""


def unseen_combinations(info: DatasetInfo) -> list[Condition]:
    """Up to six pairs of frequent values, at least one of them on, that no training image has both of.

    The first are those that one would have expected most often, were attributes independent. None for classes.
    """
    if info.kind == "class":
        return []
    on = info.conditions.astype(np.float64)  # (n, K)
    share, n = on.mean(axis=0), len(on)
    both = on.T @ on  # (K, K) images with both
    found = []
    for i, j in itertools.combinations(range(len(info.names)), 2):
        seen = {(1, 1): both[i, j], (1, 0): share[i] * n - both[i, j], (0, 1): share[j] * n - both[i, j]}
        for (a, b), count in seen.items():
            first, second = (share[k] if value else 1 - share[k] for k, value in ((i, a), (j, b)))
            if round(count) == 0 and min(first, second) >= FREQUENT:
                found.append((-first * second, {i: a, j: b}))
    found.sort(key=lambda pair: pair[0])
    return [Condition.of_attributes(fixed) for _, fixed in found[:SHOWN]]
