"""Variances of a few values each, moderated by what all share (Smyth 2004, Stat. Appl. Genet. Mol. 3:3). No torch.

Five seeds tell little about the variance between seeds of one arm; five seeds of many arms tell a lot about what is
usual. Each true variance comes from a scaled inverse chi-squared prior, whose degrees of freedom and scale are
estimated from all variances. An arm's moderated variance is the posterior mean: its own and the prior's variance,
weighted by their degrees of freedom. A difference then follows Student's t with both together.

Letters: A arms.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

Values = NDArray[np.float64]

SMALLEST = 1e-5
"""Least variance as a share of the median: a variance of 0, of equal results, has no logarithm."""


@dataclass(frozen=True)
class ModeratedVariances:
    """The prior's `prior_dof` (inf where nothing suggests that the variances differ) and `prior_variance`, and the
    moderated `variances` (A,) with `dof` degrees of freedom each, no more than all variances have together."""

    prior_dof: float
    prior_variance: float
    variances: Values
    dof: float


def moderate(variances: Values, dof: int) -> ModeratedVariances:
    """Moderate sample variances (A,) with `dof` >= 1 degrees of freedom each; a single one stays as it is.

    The moments of log variances give the prior: Var(log s^2) = trigamma(dof / 2) + trigamma(prior_dof / 2).
    """
    pooled = float(dof * len(variances))
    if len(variances) < 2 or not variances.any():
        return ModeratedVariances(0.0, float(variances.mean()), variances, pooled)
    floored = np.maximum(variances, SMALLEST * (np.median(variances) or variances.max()))
    logs = np.log(floored) - digamma(dof / 2) + np.log(dof / 2)
    excess = float(logs.var(ddof=1) - polygamma(1, dof / 2))
    if excess <= 0:
        equal = float(variances.mean())
        return ModeratedVariances(np.inf, equal, np.full(len(variances), equal), pooled)
    prior_dof = 2 * inverse_trigamma(excess)
    prior = float(np.exp(logs.mean() + digamma(prior_dof / 2) - np.log(prior_dof / 2)))
    moderated = (prior_dof * prior + dof * variances) / (prior_dof + dof)
    return ModeratedVariances(prior_dof, prior, moderated, min(prior_dof + dof, pooled))


def inverse_trigamma(value: float) -> float:
    """The y > 0 with trigamma(y) = `value` > 0, by Newton's method on 1 / trigamma (Smyth 2004, appendix)."""
    if value > 1e7:
        return float(value**-0.5)
    if value < 1e-6:
        return 1 / value
    y = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, y))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, y))
        y += step
        if -step / y < 1e-8:
            break
    return y
