"""Paired differences between training sets, with intervals and p-values. No torch.

**Two sources of variance.** Results vary with the images (patients) of a test split and with the seed of the training.
The variance over images is that of the mean influence over seeds, by whole groups: DeLong et al. 1988 (Biometrics
44:837) for the AUROC, with groups Obuchowski 1997 (Biometrics 53:567). What the images do to single seeds alone is in
the variance between seeds already, and is taken off. The variance between seeds is that of each arm, moderated across
arms (`moderation.py`). A difference follows Student's t, with the degrees of freedom of Welch and Satterthwaite.

**The best of several comparators.** An arm beats the best comparator if and only if it beats each one. Its p-value is
therefore the largest over the comparators, and its lower end the lowest (intersection-union test: Berger 1982,
Technometrics 24:295); this needs no correction. The upper end is the lowest of the upper ends, each at its share of
the error (Bonferroni), because choosing the lowest would otherwise make the interval too narrow.

**Several regimes.** Holm 1979 (Scand. J. Statist. 6:65) over the confirmed comparison of each regime. A corrected
interval has the level at which Holm's procedure tested it, so that its lower end is above 0 if and only if the
procedure rejects.

Letters: n test images, G groups, K classes, S seeds, M hypotheses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from gan.evaluation.study.classification_metrics import Estimate, Floats, Labels
from gan.evaluation.study.moderation import moderate

ALPHA = 0.05


@dataclass(frozen=True)
class Sample:
    """Real images on which classifiers were tested: `labels` (n,) of K classes, and `group` (n,) where known."""

    labels: Labels
    group: NDArray[np.str_] | None = None

    @cached_property
    def _member(self) -> NDArray[np.int64]:
        """The number of each image's group (n,)."""
        if self.group is None:
            return np.arange(len(self.labels))
        return np.unique(self.group, return_inverse=True)[1]

    def variance(self, influence: Floats) -> tuple[float, float]:
        """The variance over images, or whole groups, of the sum of `influence` (n,), and its degrees of freedom."""
        member = self._member
        total, parts, ratios = np.zeros(member.max() + 1), 0.0, 0.0
        for k in np.unique(self.labels):
            of_class = self.labels == k
            groups = len(np.unique(member[of_class])) if self.group is not None else int(of_class.sum())
            if groups < 2:
                continue
            sums = np.bincount(member[of_class], influence[of_class], len(total)) * np.sqrt(groups / (groups - 1))
            total += sums
            part = float((sums**2).sum())
            parts, ratios = parts + part, ratios + part**2 / (groups - 1)
        return float((total**2).sum()), parts**2 / ratios if ratios else 1.0


@dataclass(frozen=True)
class Difference:
    """A difference of means over seeds, its variance over `images` and over `seeds`, and its degrees of freedom."""

    value: float
    images: float
    seeds: float
    dof: float

    @property
    def error(self) -> float:
        """The standard error."""
        return float(np.sqrt(self.images + self.seeds))

    def p_above(self) -> float:
        """Two-sided p-value of a difference above 0, at most 1."""
        return float(min(1.0, 2 * student.sf(self.value / max(self.error, 1e-12), self.dof)))

    def p_below(self) -> float:
        """Two-sided p-value of a difference below 0, at most 1."""
        return (-self).p_above()

    def interval(self, alpha: float = ALPHA, comparators: int = 1) -> tuple[float, float]:
        """Interval with alpha / 2 below it and alpha / 2 / comparators above it, within -1 and 1."""
        low, high = student.isf(alpha / 2, self.dof), student.isf(alpha / 2 / comparators, self.dof)
        return max(-1.0, self.value - low * self.error), min(1.0, self.value + high * self.error)

    def __neg__(self) -> "Difference":
        return Difference(-self.value, self.images, self.seeds, self.dof)


def means(estimates: Sequence[Estimate], sample: Sample) -> list[Difference]:
    """The means over seeds of one metric of several arms, as differences from 0; seeds' variances are moderated."""
    moderated = moderate(np.array([one.values.var(ddof=1) for one in estimates]), len(estimates[0].values) - 1)
    pairs = zip(estimates, moderated.variances.tolist(), strict=True)
    return [_difference(estimate, sample, variance, moderated.dof) for estimate, variance in pairs]


def differences(
    arm: str, others: Sequence[str], estimates: Mapping[str, Estimate], sample: Sample
) -> dict[str, Difference]:
    """An arm's metric minus that of each of the `others`; seeds' variances are moderated across all `estimates`.

    Every arm has the same S >= 2 seeds, and trainings of different arms are independent.
    """
    names = list(estimates)
    seeds = len(estimates[arm].values)
    moderated = moderate(np.array([estimates[name].values.var(ddof=1) for name in names]), seeds - 1)
    variances = dict(zip(names, moderated.variances.tolist(), strict=True))
    ours = estimates[arm]
    found = {}
    for other in others:
        theirs = estimates[other]
        paired = Estimate(ours.values - theirs.values, ours.influence - theirs.influence)
        found[other] = _difference(paired, sample, variances[arm] + variances[other], moderated.dof)
    return found


def _difference(estimate: Estimate, sample: Sample, seed_variance: float, seed_dof: float) -> Difference:
    """The mean over seeds, with the variance over images that is not in the variance between seeds already."""
    seeds = len(estimate.values)
    mean = estimate.influence.mean(axis=0)
    whole, image_dof = sample.variance(mean)
    single = sum(sample.variance(one - mean)[0] for one in estimate.influence) / (seeds - 1) / seeds
    images, between = max(whole - single, 0.0), seed_variance / seeds
    ratios = images**2 / image_dof + between**2 / seed_dof
    dof = (images + between) ** 2 / ratios if ratios > 0 else seed_dof
    return Difference(float(estimate.values.mean()), images, between, max(1.0, dof))


@dataclass(frozen=True)
class Comparison:
    """One arm against each of its comparators (`against`); `controls` are those that are trained as the arm is.

    It helps where it is better than every comparator, and harms where it is worse than every control.
    """

    against: dict[str, Difference]
    controls: tuple[str, ...]

    @property
    def over(self) -> str:
        """The best comparator."""
        return min(self.against, key=lambda name: self.against[name].value)

    @property
    def harm_over(self) -> str:
        """The control to which the arm loses least."""
        return max(self.controls, key=lambda name: self.against[name].value)

    def gain_p(self) -> float:
        """Two-sided p-value that the arm beats every comparator."""
        return max(difference.p_above() for difference in self.against.values())

    def harm_p(self) -> float:
        """Two-sided p-value that every control beats the arm."""
        return max(self.against[name].p_below() for name in self.controls)

    def gain(self, alpha: float = ALPHA) -> tuple[float, float]:
        """Interval of the gain over the best comparator."""
        ends = [difference.interval(alpha, len(self.against)) for difference in self.against.values()]
        return min(low for low, _ in ends), min(high for _, high in ends)

    def harm(self, alpha: float = ALPHA) -> tuple[float, float]:
        """Interval of the difference from the control to which the arm loses least."""
        ends = [(-self.against[name]).interval(alpha, len(self.controls)) for name in self.controls]
        return -min(high for _, high in ends), -min(low for low, _ in ends)


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
    """Holm's decisions over one planned comparison of each regime, for gains and for harm."""
    gains, harms = (holm(np.array(p)) for p in zip(*((one.gain_p(), one.harm_p()) for one in compared), strict=True))
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
