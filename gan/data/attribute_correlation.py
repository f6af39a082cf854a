"""Which attributes go together: a generator learns such ties too, and asking against a strong one asks for the rare.

The measure is the phi coefficient of two 0/1 attributes (Yule 1912), which is their Pearson correlation: 1 where they
are always equal, -1 where always opposite, 0 where one says nothing of the other. No torch.

Letters: N images, K attributes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AttributePair:
    """Two attributes: `phi`, the images that have both, and how many would if neither said anything of the other."""

    first: str
    second: str
    phi: float
    both: int
    expected: float


def phi_coefficients(conditions: NDArray[np.generic]) -> NDArray[np.float64]:
    """The phi coefficient of each two attributes (K, K) from rows of 0 and 1 (N, K); 0 for one that never changes."""
    values = conditions.astype(np.float64)  # (N, K)
    centred = values - values.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))  # (K,)
    scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-9)
    return np.asarray((scaled.T @ scaled).clip(-1, 1))  # (K, K)


def strongest_pairs(conditions: NDArray[np.generic], names: Sequence[str], count: int) -> list[AttributePair]:
    """Up to `count` pairs of attributes (N, K), those that say most of each other first; ties that are 0 are none."""
    phi = phi_coefficients(conditions)
    values = conditions.astype(np.int64)
    both, alone = values.T @ values, values.sum(axis=0)
    rows, columns = np.triu_indices(len(names), k=1)
    order = np.argsort(-np.abs(phi[rows, columns]), kind="stable")[:count]
    return [
        AttributePair(
            first=names[i],
            second=names[j],
            phi=float(phi[i, j]),
            both=int(both[i, j]),
            expected=float(alone[i] * alone[j] / len(values)),
        )
        for i, j in zip(rows[order], columns[order], strict=True)
        if abs(phi[i, j]) > 1e-9
    ]
