"""Correlated attributes: a generator learns correlations too, so a request against a strong one is a rare combination.

The measure is the phi coefficient of two 0/1 attributes (Yule 1912), which equals their Pearson correlation: 1 if they
always agree, -1 if they never do, 0 if they are uncorrelated. No torch.

Letters: N images, K attributes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AttributePair:
    """Two attributes with their `phi`, the number of images with both, and that number expected under independence."""

    first: str
    second: str
    phi: float
    both: int
    expected: float


def phi_coefficients(conditions: NDArray[np.generic]) -> NDArray[np.float64]:
    """Phi coefficients (K, K) of attributes given as rows of 0 and 1 (N, K); 0 for a constant attribute."""
    values = conditions.astype(np.float64)  # (N, K)
    centred = values - values.mean(axis=0)
    norm = np.sqrt((centred**2).sum(axis=0))  # (K,)
    scaled = np.divide(centred, norm, out=np.zeros_like(centred), where=norm > 1e-9)
    return np.asarray((scaled.T @ scaled).clip(-1, 1))  # (K, K)


def strongest_pairs(conditions: NDArray[np.generic], names: Sequence[str], count: int) -> list[AttributePair]:
    """Up to `count` pairs of attributes (N, K) by descending |phi|; uncorrelated pairs are left out."""
    phi = phi_coefficients(conditions)
    values = conditions.astype(np.int64)
    both, totals = values.T @ values, values.sum(axis=0)
    rows, columns = np.triu_indices(len(names), k=1)
    order = np.argsort(-np.abs(phi[rows, columns]), kind="stable")[:count]
    return [
        AttributePair(
            first=names[i],
            second=names[j],
            phi=float(phi[i, j]),
            both=int(both[i, j]),
            expected=float(totals[i] * totals[j] / len(values)),
        )
        for i, j in zip(rows[order], columns[order], strict=True)
        if abs(phi[i, j]) > 1e-9
    ]
