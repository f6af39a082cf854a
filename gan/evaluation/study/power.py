"""Which gain a study can see, from the variances over images and seeds. No torch.

A study of `images` and `seeds` variance, dof degrees of freedom and C comparators sees the gain that it confirms with a
probability of POWER. The comparators are taken as equally good, their differences from the arm as equally correlated
(1/2: they share the arm), so that P = E[Phi(sqrt(2) (gain / error - t) + x)^C] for a normal x. `python -m gan bench
--study-power` simulates the same.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as student

from gan.evaluation.study.comparisons import ALPHA, Difference

POWER = 0.8
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)

PRIOR_IMAGE_VARIANCE = {"auroc": 0.03, "balanced_accuracy": 0.04}
"""Variance over images of a difference, times the number of independent images of two equal classes, before anything is
measured: what `bench --study-power` simulates at a balanced accuracy of 80%."""
PRIOR_SEED_VARIANCE = {"auroc": 0.02**2, "balanced_accuracy": 0.022**2}
"""Variance between seeds of one arm, likewise."""


@dataclass(frozen=True)
class Variances:
    """Of a difference between two arms: the variance over `images` and over `seeds`, and its degrees of freedom."""

    images: float
    seeds: float
    dof: float
    comparators: int

    def detectable(self, alpha: float = ALPHA) -> float:
        """The gain that is confirmed with a probability of POWER, at most 1."""
        error = math.sqrt(self.images + self.seeds)
        threshold = float(student.isf(alpha / 2, self.dof))

        def missing(gain: float) -> float:
            confirmed = norm.cdf(math.sqrt(2) * (gain - threshold) + NODES) ** self.comparators
            return float(WEIGHTS @ confirmed / WEIGHTS.sum()) - POWER

        return min(1.0, error * float(brentq(missing, 0, threshold + 20)))

    def with_more(self, images: float = 1, seeds: float = 1) -> "Variances":
        """The variances with so many times as many test images and seeds."""
        return replace(self, images=self.images / images, seeds=self.seeds / seeds)


def largest_variances(differences: Sequence[Difference]) -> Variances:
    """The variances of the difference with the largest standard error."""
    widest = max(differences, key=lambda difference: difference.error)
    return Variances(widest.images, widest.seeds, widest.dof, len(differences))


def prior_variances(metric: str, units: Sequence[float], seeds: int, comparators: int) -> Variances:
    """The variances to expect with so many independent test images of each class, before any is measured.

    The metric is a mean over K classes, so that its variance is that of the classes' mean over K.
    """
    images = PRIOR_IMAGE_VARIANCE[metric] * float(np.mean([1 / max(1.0, n) for n in units])) / len(units)
    dof = float((1 + comparators) * (seeds - 1))
    return Variances(images, 2 * PRIOR_SEED_VARIANCE[metric] / seeds, dof, comparators)
