"""Paired differences between training sets, with intervals and p-values. No torch.

**Sources of variance.** Results vary with the images (patients) of a test split and with the seed of the training. The
variance over images is that of the mean influence over seeds, by whole groups: DeLong et al. 1988 (Biometrics 44:837)
for the AUROC, with groups Obuchowski 1997 (Biometrics 53:567). What the images do to single seeds alone is in the
variance between seeds already, and is taken off. The variance between seeds is that of each arm, moderated across arms
(`moderation.py`). A difference follows Student's t, with the degrees of freedom of Welch and Satterthwaite.

**Folds and generators.** Other training images, and another training of the generator, give other differences. Where a
study has folds, each with its own generator, or several generators, their variance is estimated by moments as in a
random-effects meta-analysis (DerSimonian and Laird 1986, Controlled Clinical Trials 7:177): what the differences of
single folds vary more than images and seeds explain. It is not below 0. Training sets of folds overlap, so that their
differences are not independent: no unbiased estimate of that variance exists (Bengio and Grandvalet 2004, JMLR 5:1089),
and intervals from folds are approximate (Bates, Hastie and Tibshirani 2021, arXiv:2104.00673).

**Several regimes.** Holm 1979 (Scand. J. Statist. 6:65) over the confirmed comparison of each regime. A corrected
interval has the level at which Holm's procedure tested it, so that its lower end is above 0 if and only if the
procedure rejects.

Letters: n test images, G groups, K classes, S seeds, M hypotheses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from gan.evaluation.study.classification_metrics import Estimate, Floats, Labels
from gan.evaluation.study.moderation import moderate

ALPHA = 0.05


@dataclass(frozen=True)
class Sample:
    """Real images on which classifiers were tested: `labels` (n,) of K classes, and `group` (n,) where known.

    `fold` (n,) is the fold in which each image was held out; None where all are of one.
    """

    labels: Labels
    group: NDArray[np.str_] | None = None
    fold: NDArray[np.int64] | None = None

    @cached_property
    def _member(self) -> NDArray[np.int64]:
        """The number of each image's group (n,)."""
        if self.group is None:
            return np.arange(len(self.labels))
        return np.unique(self.group, return_inverse=True)[1]

    @cached_property
    def _strata(self) -> list[NDArray[np.int64]]:
        """Positions of the images of each class within each fold: metrics are centred there."""
        fold = np.zeros(len(self.labels), dtype=np.int64) if self.fold is None else self.fold
        cells = np.unique(np.stack([fold, self.labels]), axis=1, return_inverse=True)[1].reshape(-1)
        return [np.flatnonzero(cells == cell) for cell in np.unique(cells)]

    def variance(self, influence: Floats) -> tuple[float, float]:
        """The variance over images, or whole groups, of the sum of `influence` (n,), and its degrees of freedom."""
        member = self._member
        total, parts, ratios = np.zeros(member.max() + 1), 0.0, 0.0
        for stratum in self._strata:
            groups = len(np.unique(member[stratum]))
            scale = np.sqrt(groups / (groups - 1)) if groups > 1 else 1.0
            sums = np.bincount(member[stratum], influence[stratum], len(total)) * scale
            total += sums
            part = float((sums**2).sum())
            parts, ratios = parts + part, ratios + part**2 / max(groups - 1, 1)
        return float((total**2).sum()), parts**2 / ratios if ratios else 1.0


@dataclass(frozen=True)
class Part:
    """One source's share of a variance, with its degrees of freedom."""

    variance: float
    dof: float = np.inf


NOTHING = Part(0.0)


@dataclass(frozen=True)
class Difference:
    """A difference of means over seeds, and its variance: over `images`, over `seeds`, and the `extra` one between
    folds or generators."""

    value: float
    images: Part
    seeds: Part
    extra: Part = NOTHING

    @property
    def parts(self) -> tuple[Part, Part, Part]:
        return self.images, self.seeds, self.extra

    @property
    def error(self) -> float:
        """The standard error."""
        return float(np.sqrt(sum(part.variance for part in self.parts)))

    @property
    def dof(self) -> float:
        """Degrees of freedom, at least 1 (Welch 1947, Satterthwaite 1946); those of the seeds without any variance."""
        ratios = sum(part.variance**2 / part.dof for part in self.parts)
        return max(1.0, self.error**4 / ratios if ratios > 0 else np.inf if self.error else self.seeds.dof)

    def p_above(self) -> float:
        """Two-sided p-value of a difference above 0, at most 1."""
        return float(min(1.0, 2 * student.sf(self.value / max(self.error, 1e-12), self.dof)))

    def p_below(self) -> float:
        """Two-sided p-value of a difference below 0, at most 1."""
        return replace(self, value=-self.value).p_above()

    def interval(self, alpha: float = ALPHA) -> tuple[float, float]:
        """Interval with alpha / 2 on either side, within -1 and 1."""
        half = float(student.isf(alpha / 2, self.dof)) * self.error
        return max(-1.0, self.value - half), min(1.0, self.value + half)


def means(estimates: Sequence[Estimate], sample: Sample) -> list[Difference]:
    """The means over seeds of one metric of several arms, as differences from 0; seeds' variances are moderated."""
    moderated = moderate(np.array([one.values.var(ddof=1) for one in estimates]), len(estimates[0].values) - 1)
    pairs = zip(estimates, moderated.variances.tolist(), strict=True)
    return [_difference(estimate, sample, variance, moderated.dof) for estimate, variance in pairs]


def differences(
    arm: str, others: Sequence[str], estimates: Mapping[str, Estimate], sample: Sample, generators: int = 1
) -> dict[str, Difference]:
    """An arm's metric minus that of each of the `others`; seeds' variances are moderated across all `estimates`.

    Every arm has the same S >= 2 seeds, and trainings of different arms are independent. With several `generators`,
    seed s used generator s mod `generators`: the variance between seeds is that within generators, and the one between
    generators is `extra`.
    """
    names, seeds = list(estimates), len(estimates[arm].values)
    within = np.array([variance_within(estimates[name].values, generators) for name in names])
    moderated = moderate(within, seeds - generators)
    variances = dict(zip(names, moderated.variances.tolist(), strict=True))
    ours, found = estimates[arm], {}
    for other in others:
        theirs = estimates[other]
        paired = Estimate(ours.values - theirs.values, ours.influence - theirs.influence)
        variance = variances[arm] + variances[other]
        found[other] = _difference(paired, sample, variance, moderated.dof)
        if generators > 1:
            found[other] = replace(found[other], extra=between_generators(paired.values, variance, generators))
    return found


def variance_within(values: Floats, generators: int) -> float:
    """The variance between seeds (S,) of one generator, where seed s used generator s mod `generators`."""
    squares = [(of_one - of_one.mean()) ** 2 for of_one in (values[g::generators] for g in range(generators))]
    return float(np.concatenate(squares).sum() / (len(values) - generators))


def between_generators(values: Floats, seed_variance: float, generators: int) -> Part:
    """The variance of a mean over generators beyond that of seeds, of paired differences `values` (S,).

    tau^2 = max(0, the variance of the generators' means - `seed_variance` over the seeds of each).
    """
    of_each = [values[g::generators] for g in range(generators)]
    expected = seed_variance * float(np.mean([1 / len(one) for one in of_each]))
    tau2 = max(0.0, float(np.var([one.mean() for one in of_each], ddof=1)) - expected)
    return Part(tau2 / generators, generators - 1)


def own_variances(influences: Floats, samples: Sequence[Sample], of_folds: Sequence[Difference]) -> list[Part]:
    """The variance over images of what is each fold's own, where all F folds were tested on the same images.

    Of `influences` (F, n) on the difference in each fold, the mean over folds is common to all; what is left varies
    between folds by F / (F - 1) times its own variance. What single seeds add is taken off as in `of_folds`.
    """
    folds = len(influences)
    own = (influences - influences.mean(axis=0)) * np.sqrt(folds / (folds - 1))
    parts = []
    for mine, whole, sample, difference in zip(own, influences, samples, of_folds, strict=True):
        single = sample.variance(whole)[0] - difference.images.variance
        parts.append(Part(max(sample.variance(mine)[0] - single, 0.0), difference.images.dof))
    return parts


def between_folds(of_folds: Sequence[Difference]) -> Part:
    """The variance of a mean over F folds beyond that of images and seeds, from the difference in each.

    tau^2 = max(0, the variance of the differences - the mean of their variances over images and seeds).
    """
    expected = float(np.mean([one.images.variance + one.seeds.variance for one in of_folds]))
    tau2 = max(0.0, float(np.var([one.value for one in of_folds], ddof=1)) - expected)
    return Part(tau2 / len(of_folds), len(of_folds) - 1)


def _difference(estimate: Estimate, sample: Sample, seed_variance: float, seed_dof: float) -> Difference:
    """The mean over seeds, with the variance over images that is not in the variance between seeds already."""
    seeds = len(estimate.values)
    mean = estimate.influence.mean(axis=0)
    whole, image_dof = sample.variance(mean)
    single = sum(sample.variance(one - mean)[0] for one in estimate.influence) / (seeds - 1) / seeds
    images, between = Part(max(whole - single, 0.0), image_dof), Part(seed_variance / seeds, seed_dof)
    return Difference(float(estimate.values.mean()), images, between)


@dataclass(frozen=True)
class Comparison:
    """The planned comparison of a regime: the chosen arm minus the `strongest` control and its `runners_up`, and minus
    its `matched` one.

    It helps where it is better than each of the first, and harms where it is worse than the last. The first is an
    intersection-union test (Berger 1982, Technometrics 24:295), which needs no correction.
    """

    strongest: Difference
    matched: Difference
    runners_up: tuple[Difference, ...] = ()

    @property
    def controls(self) -> tuple[Difference, ...]:
        """The differences from the controls to beat."""
        return (self.strongest, *self.runners_up)

    @property
    def least(self) -> Difference:
        """The difference from the best of them."""
        return min(self.controls, key=lambda one: one.value)

    @property
    def widest(self) -> Difference:
        """The difference with the largest error."""
        return max(self.controls, key=lambda one: one.error)

    def p_above(self) -> float:
        """Two-sided p-value that the arm beats every control."""
        return max(one.p_above() for one in self.controls)

    def interval(self, alpha: float = ALPHA) -> tuple[float, float]:
        """Interval of the gain over the best control: above 0 if and only if every control is beaten at `alpha`.

        The upper end is the lowest of the upper ends, each at its share of alpha (Bonferroni): which control is best is
        not known.
        """
        low = min(one.interval(alpha)[0] for one in self.controls)
        return low, min(one.interval(alpha / len(self.controls))[1] for one in self.controls)


@dataclass(frozen=True)
class Decision:
    """A comparison with its Holm-adjusted p-values and the levels at which Holm's procedure tested it."""

    comparison: Comparison
    p: float
    harm_p: float
    level: float
    harm_level: float

    @property
    def helps(self) -> bool:
        return self.p <= ALPHA

    @property
    def harms(self) -> bool:
        return self.harm_p <= ALPHA


def decide(compared: Sequence[Comparison]) -> list[Decision]:
    """Holm's decisions over the planned comparison of each regime, for gains and for harm."""
    gains = holm(np.array([one.p_above() for one in compared]))
    harms = holm(np.array([one.matched.p_below() for one in compared]))
    rows = zip(compared, gains[0], harms[0], gains[1], harms[1], strict=True)
    return [Decision(one, *(float(number) for number in numbers)) for one, *numbers in rows]


def holm(p: Floats, alpha: float = ALPHA) -> tuple[Floats, Floats]:
    """Holm's adjusted p-values (M,), and the level (M,) at which each hypothesis was tested.

    The step-down procedure stops at the first failure: the later hypotheses have the level of that one.
    """
    order, m = np.argsort(p, kind="stable"), len(p)
    steps = m - np.arange(m)
    adjusted, levels = np.empty(m), np.empty(m)
    adjusted[order] = np.maximum.accumulate(steps * p[order]).clip(max=1)
    failed = p[order] > alpha / steps
    last = int(failed.argmax()) if failed.any() else m - 1
    levels[order] = alpha / np.maximum(steps, m - last)
    return adjusted, levels
