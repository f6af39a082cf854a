"""Pairs of attribute values that no training image has.

Users can request them in the gallery, so their obedience is measured too, with a support of 0. No torch.

Letters: n images, K conditions.
"""

import itertools

import numpy as np

from gan.data.info import DatasetInfo
from gan.sampling.conditions import Condition

MOST = 6
"""Largest number of pairs."""
FREQUENT = 0.05
"""Smallest share of training images with each of the two values."""


def unseen_combinations(info: DatasetInfo) -> list[Condition]:
    """Up to six pairs of frequent values, at least one of them on, that no training image has.

    Sorted by the share expected if attributes were independent, highest first. Empty for classes.
    """
    if info.kind == "class":
        return []
    on = info.conditions.astype(np.float64)  # (n, K)
    share, n = on.mean(axis=0), len(on)
    both = on.T @ on  # (K, K) images with both
    pairs = []
    for i, j in itertools.combinations(range(len(info.names)), 2):
        seen = {(1, 1): both[i, j], (1, 0): share[i] * n - both[i, j], (0, 1): share[j] * n - both[i, j]}
        for (a, b), count in seen.items():
            first, second = (share[k] if value else 1 - share[k] for k, value in ((i, a), (j, b)))
            if round(count) == 0 and min(first, second) >= FREQUENT:
                pairs.append((-first * second, {i: a, j: b}))
    pairs.sort(key=lambda pair: pair[0])
    return [Condition.of_attributes(fixed) for _, fixed in pairs[:MOST]]
