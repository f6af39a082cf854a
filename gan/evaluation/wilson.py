"""The interval of a share, by Wilson 1927; no torch, so that pages and reports can tell it. Read next: `scores.py`."""

import math

NORMAL = 1.959964
"""Standard deviations of a normal distribution within which 95% lie."""


def share_interval(count: int, n: int) -> tuple[float, float]:
    """The 95% interval of a share of `count` in `n`, n of 1 on: unlike a bootstrap's, wide at 0 of few."""
    z = NORMAL
    middle, half = count + z * z / 2, z * math.sqrt(count * (n - count) / n + z * z / 4)
    return max(0.0, (middle - half) / (n + z * z)), min(1.0, (middle + half) / (n + z * z))
