"""Which gain a study can see, from the variances over images and seeds. No torch.

The C controls to beat are taken as equally good, and their differences from the arm as equally correlated (1/2: they
share the arm), so that a gain is confirmed with a probability of E[Phi(sqrt(2) (gain / error - t) + x)^C], x normal.
`python -m gan bench --study-power` simulates the same.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as student

from gan.evaluation.study.comparisons import ALPHA, Difference, Part
from gan.evaluation.study.confirmation_plan import COMPARED

POWER = 0.8
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)

PRIOR_IMAGE_VARIANCE = {"auroc": 0.03, "balanced_accuracy": 0.04, "average_precision": 0.1}
"""Variance over images of a difference, times the number of independent images of two equal classes, before anything is
measured: what `bench --study-power` simulates at a balanced accuracy of 80%. For average precision it is 1.5 times that
of the AUROC with equal classes, and seven times where one image in ten is positive; this is between them."""
PRIOR_SEED_VARIANCE = {"auroc": 0.02**2, "balanced_accuracy": 0.022**2, "average_precision": 0.03**2}
"""Variance between seeds of one arm, likewise."""
PRIOR_FOLD_VARIANCE = 0.009**2
"""Variance of a difference between folds, likewise."""
TESTED_ARMS = 2 + COMPARED
"""The chosen arm, the controls to beat and the matched one: their variances between seeds are moderated together."""


def detectable_gain(difference: Difference, alpha: float = ALPHA) -> float:
    """The gain over COMPARED controls that a study confirms with a probability of POWER, at most 1, with the variances
    of one of them."""
    threshold = float(student.isf(alpha / 2, difference.dof))

    def missing(gain: float) -> float:
        confirmed = norm.cdf(math.sqrt(2) * (gain - threshold) + NODES) ** COMPARED
        return float(WEIGHTS @ confirmed / WEIGHTS.sum()) - POWER

    return min(1.0, difference.error * float(brentq(missing, 0, threshold + 20)))


def with_more(difference: Difference, images: float = 1, seeds: float = 1) -> Difference:
    """The variances with so many times as many test images and seeds."""
    return replace(
        difference,
        images=replace(difference.images, variance=difference.images.variance / images),
        seeds=replace(difference.seeds, variance=difference.seeds.variance / seeds),
    )


def prior_variances(metric: str, units: Sequence[float], seeds: int, folds: int = 1) -> Difference:
    """The variances to expect with so many independent test images of each class, before any is measured.

    The metric is a mean over K classes, so that its variance is that of the classes' mean over K. With folds, `units`
    are those of all folds, and each fold has its own luck.
    """
    images = PRIOR_IMAGE_VARIANCE[metric] * float(np.mean([1 / max(1.0, n) for n in units])) / len(units)
    between = Part(2 * PRIOR_SEED_VARIANCE[metric] / seeds / folds, float(TESTED_ARMS * (seeds - 1)))
    extra = Part(PRIOR_FOLD_VARIANCE / folds, folds - 1) if folds > 1 else Part(0.0)
    return Difference(0.0, Part(images), between, extra)
