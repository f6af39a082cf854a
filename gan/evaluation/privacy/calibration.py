"""The near-copy threshold, calibrated on real images. No torch.

Real images are compared with training images other than themselves: held-out images, and training images with the rest
of the training set (of other patients, where known). Both are new to what they are compared with, so their closeness is
that of new real images. The threshold is an order statistic of it: with 95% confidence at most 1% of new real images
lie below, whatever the distribution (tolerance limits, Wilks 1941).

This takes about 300 real images. With fewer, or where real images are copies of one another (one patient's frames in
both splits), the threshold stays at a floor that lightly altered copies do not reach, and `bound` states the cost.
Images are taken as independent: frames of unnamed patients make the bound too optimistic.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.statistics import clopper_pearson_upper

FALSE_POSITIVE_RATE = 0.01
"""Accepted share of new real images below the threshold."""
LOWEST, HIGHEST = 1 / 3, 0.5
"""Limits of the threshold. Copies that were shifted, mirrored, turned, zoomed, brightened or saved as JPEG stay below
the first, as observed on digits, MNIST, ultrasound, X-rays and blood cells. New real images stay above the second on
MNIST and X-rays; it holds where the held-out images are unlike the training images, and so say little of new ones."""


@dataclass(frozen=True)
class Calibration:
    """The threshold on closeness and its error rates on this data set.

    `false_positives` of `real` images lie below it, and with 95% confidence at most the share `bound` of new ones.
    `detected` counts, by the name of the alteration, how many of `copies` altered training images lie below it.
    """

    threshold: float
    real: int
    false_positives: int
    bound: float
    copies: int
    detected: dict[str, int]

    @property
    def planted(self) -> int:
        """All altered copies."""
        return self.copies * len(self.detected)

    @property
    def found(self) -> int:
        """Altered copies that were detected."""
        return sum(self.detected.values())


def calibrated_threshold(closeness: NDArray[np.float64]) -> float:
    """The threshold, from LOWEST to HIGHEST, given the closeness (n,) of real images; near copies lie below it."""
    ordered = np.sort(closeness)
    allowed = -1  # images below the threshold
    while allowed + 1 < len(ordered) and clopper_pearson_upper(allowed + 1, len(ordered)) <= FALSE_POSITIVE_RATE:
        allowed += 1
    return LOWEST if allowed < 0 else float(np.clip(ordered[allowed], LOWEST, HIGHEST))
