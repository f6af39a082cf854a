"""How close is too close: a threshold read off real images, with what can be promised of it. No torch.

Real images are set against training images other than themselves: held-out ones, and training images against the rest
of the training set (of other patients, where these are known). Both are new to what they are compared with, so that
their closeness is that of new real images. The threshold is an order statistic of theirs, chosen so that with 95%
confidence at most 1% of new real images lie below it, whatever their distribution (tolerance limits, Wilks 1941).

That takes about 300 real images. With fewer, or where real images are copies of one another (one patient's frames in
both splits), the threshold stays at a floor that lightly changed copies do not reach, and `bound` says what it costs.
Images count as independent: frames of patients who are not named make the promise too good.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ACCUSED = 0.01
"""Share of new real images that may be taken for copies."""
DOUBT = 0.05
"""Chance that the promise does not hold."""
CERTAIN, LOOSEST = 1 / 3, 0.4
"""Between these the threshold lies. Copies that were shifted, mirrored, brightened or saved as JPEG stay below the
first, seen so on digits, MNIST, ultrasound, X-rays and blood cells."""


@dataclass(frozen=True)
class Calibration:
    """The threshold on closeness, and how it does on this data set: `accused` of `real` images lie below it.

    `bound`: the share of new real images that are accused is at most this, with 95% confidence. `found` of `planted`
    copies, exact and lightly changed training images, lie below it.
    """

    threshold: float
    real: int
    accused: int
    bound: float
    planted: int
    found: int


def threshold(closeness: NDArray[np.float64]) -> float:
    """The threshold for real images of this closeness (n,), from CERTAIN to LOOSEST: accused is what lies below it."""
    ordered = np.sort(closeness)
    allowed = -1  # images below the threshold
    while allowed + 1 < len(ordered) and upper_bound(allowed + 1, len(ordered)) <= ACCUSED:
        allowed += 1
    return CERTAIN if allowed < 0 else float(np.clip(ordered[allowed], CERTAIN, LOOSEST))


def upper_bound(count: int, n: int) -> float:
    """The share that is not exceeded, with 95% confidence, where `count` of `n` were seen (Clopper and Pearson 1934).

    1 where n is 0.
    """
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(count, n, middle) > DOUBT else (low, middle)
    return high if count < n else 1.0


def _at_most(count: int, n: int, share: float) -> float:
    """Probability of at most `count` hits among n, each with this probability strictly between 0 and 1."""
    k = np.arange(count + 1)
    logs = np.array([math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in k])
    return float(np.exp(logs + k * math.log(share) + (n - k) * math.log1p(-share)).sum())
