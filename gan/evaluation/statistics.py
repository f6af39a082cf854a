"""Intervals and tests that stand behind every sentence about images. No torch.

A sentence claims something only where one of these tests or intervals excludes chance; otherwise it gives the numbers.

Letters: n images, B bootstrap draws.
"""

import math

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.05
"""Significance level: the accepted chance of a false claim."""
NORMAL = 1.959964
"""Two-sided 95% quantile of the standard normal distribution."""
ONE_SIDED = 1.644854
"""One-sided 95% quantile of the standard normal distribution."""
BOOTSTRAP_DRAWS = 400

Interval = tuple[float, float]


def wilson_interval(count: int, n: int) -> Interval:
    """95% interval of a proportion `count` / `n`, n >= 1 (Wilson 1927)."""
    z = NORMAL
    middle, half = count + z * z / 2, z * math.sqrt(count * (n - count) / n + z * z / 4)
    return max(0.0, (middle - half) / (n + z * z)), min(1.0, (middle + half) / (n + z * z))


def clopper_pearson_upper(count: int, n: int) -> float:
    """One-sided 95% upper bound of a proportion `count` / `n` (Clopper and Pearson 1934); 1 where n is 0."""
    from scipy.stats import beta  # here: it takes half a second, and most pages need no statistics

    return float(beta.ppf(1 - ALPHA, count + 1, n - count)) if count < n else 1.0


def fisher_greater(count: int, n: int, other: int, other_n: int) -> float:
    """One-sided p-value of Fisher's exact test that `count` / `n` exceeds `other` / `other_n`; 1 where an n is 0."""
    from scipy.stats import hypergeom

    if not n or not other_n:
        return 1.0
    return float(hypergeom.sf(count - 1, n + other_n, count + other, n))


def binomial_greater(count: int, n: int, share: float) -> float:
    """One-sided p-value of the exact binomial test that `count` / `n` exceeds `share`; 1 where n is 0."""
    from scipy.stats import binom

    return float(binom.sf(count - 1, n, share)) if n else 1.0


def significantly_lower(value: float, interval: Interval, other: float, other_interval: Interval) -> bool:
    """Whether `value` lies below an independent `other`: one-sided z-test, standard errors from 95% intervals."""
    errors = [(high - low) / (2 * NORMAL) for low, high in (interval, other_interval)]
    return value + ONE_SIDED * math.hypot(*errors) < other


def bootstrap_interval(values: NDArray[np.float64], group: NDArray[np.str_] | None = None, seed: int = 0) -> Interval:
    """95% percentile bootstrap interval of the mean of `values` (n,), over images or whole groups (n,)."""
    weights = bootstrap_weights(len(values), group, seed)[1:]
    return percentile_interval(weights @ values / weights.sum(axis=1))


def bootstrap_weights(n: int, group: NDArray[np.str_] | None, seed: int) -> NDArray[np.float64]:
    """How often each image counts (1 + B, n): once in the first row, then in each draw of images or whole groups."""
    member = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    units = int(member.max()) + 1
    counts = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), BOOTSTRAP_DRAWS)
    return np.concatenate([np.ones((1, n)), counts[:, member]]).astype(np.float64)


def percentile_interval(values: NDArray[np.float64]) -> Interval:
    """Central 95% of bootstrap or permutation values (B,)."""
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
