"""Counts against chance: the interval of a share, and whether one count is higher than another, or than promised.

No torch, so that pages and reports can tell it. A sentence about images says that something is so only where one of
these tests, or an interval, excludes chance; otherwise it gives the numbers.
"""

import math

NORMAL = 1.959964
"""Standard deviations of a normal distribution within which 95% lie."""
ONE_SIDED = 1.644854
"""Standard deviations above which 5% lie."""
ALPHA = 0.05
"""The chance of a false claim that a sentence takes."""


def wilson_interval(count: int, n: int) -> tuple[float, float]:
    """The 95% interval of a share of `count` in `n` (Wilson 1927), n of 1 on; wide at 0 of few."""
    z = NORMAL
    middle, half = count + z * z / 2, z * math.sqrt(count * (n - count) / n + z * z / 4)
    return max(0.0, (middle - half) / (n + z * z)), min(1.0, (middle + half) / (n + z * z))


def fisher_greater(count: int, n: int, other: int, other_n: int) -> float:
    """One-sided p of Fisher's exact test that `count` of `n` is a higher share than `other` of `other_n`.

    1 where one of them has no images.
    """
    from scipy.stats import hypergeom  # here: it takes half a second, and most pages count nothing

    if not n or not other_n:
        return 1.0
    return float(hypergeom.sf(count - 1, n + other_n, count + other, n))


def binomial_greater(count: int, n: int, share: float) -> float:
    """One-sided p of the exact binomial test that `count` of `n` come from a share above `share`; 1 where n is 0."""
    from scipy.stats import binom

    return float(binom.sf(count - 1, n, share)) if n else 1.0


def significantly_lower(
    value: float, interval: tuple[float, float], bound: float, bound_interval: tuple[float, float]
) -> bool:
    """Whether a value lies below another, independent one beyond chance: one-sided, by their 95% intervals."""
    deviations = [(high - low) / (2 * NORMAL) for low, high in (interval, bound_interval)]
    return value + ONE_SIDED * math.hypot(*deviations) < bound
