"""From what every classifier said of every test image to the arms of a regime, with their intervals; no torch.

All of it can be computed again from the files that a study keeps.

Letters: n test images, K classes, S seeds, B draws.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.records.study_results import Arm, Gain, KeepRate, MeanInterval
from gan.evaluation.study import classification_metrics
from gan.evaluation.study import comparisons as gains
from gan.evaluation.study.arms import ArmPlan
from gan.evaluation.study.comparisons import Compared, Draws

RANKED = 1000
"""Draws of the area under the ROC curve, which takes a sorting of the images for each class."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """What the classifiers of one arm said: `logits` (S, n, K) on the test images, `validation` (S,) scores."""

    plan: ArmPlan
    logits: NDArray[np.float32]
    validation: list[float]


@dataclass(frozen=True)
class Truth:
    """The test images' `labels` (n,) and `group` (n,), the classes' `names`, and the `rarest` class in training."""

    labels: NDArray[np.int64]
    group: NDArray[np.str_] | None
    names: tuple[str, ...]
    rarest: int

    def groups(self) -> dict[str, int]:
        """Test groups that hold each class; images where no groups are known."""
        units = np.arange(len(self.labels)) if self.group is None else self.group
        return {name: len(np.unique(units[self.labels == k])) for k, name in enumerate(self.names)}


@dataclass(frozen=True)
class _Scores:
    """Of one arm, by draw (1 + B,), the first being no draw."""

    balanced: Values
    auroc: Values
    rarest_f1: Values
    sensitivity: list[Values]
    specificity: list[Values]
    per_seed: list[float]


def summarise(said: list[Said], truth: Truth, draws: Draws) -> tuple[list[Arm], list[KeepRate]]:
    """The arms with every metric and gain, and what each keep rate did."""
    scores = {one.plan.name: _scores(one.logits, truth, draws) for one in said}
    synthetic = [one.plan for one in said if one.plan.comparators]
    compared = gains.compare(
        {name: one.balanced for name, one in scores.items()},
        {one.name: one.comparators for one in synthetic},
        {one.name: one.controls for one in synthetic},
    )
    arms = [_arm(one, scores[one.plan.name], _gain(one.plan.name, compared, scores, truth), truth) for one in said]
    return arms, _keep_rates(synthetic, scores)


def _scores(logits: NDArray[np.float32], truth: Truth, draws: Draws) -> _Scores:
    predicted, classes = logits.argmax(axis=2), len(truth.names)  # (S, n)
    sensitivity = classification_metrics.sensitivity(predicted, truth.labels, draws.images, classes)  # (1 + B, S, K)
    specificity = classification_metrics.specificity(predicted, truth.labels, draws.images, classes)
    balanced = classification_metrics.balanced(sensitivity)  # (1 + B, S)
    chances = np.exp(logits - logits.max(axis=2, keepdims=True))
    chances /= chances.sum(axis=2, keepdims=True)
    area = classification_metrics.auroc(chances, truth.labels, draws.images[: 1 + RANKED])
    return _Scores(
        balanced=draws.over_seeds(balanced),
        auroc=draws.over_seeds(area),
        rarest_f1=draws.over_seeds(classification_metrics.f1(predicted, truth.labels, draws.images, truth.rarest)),
        sensitivity=[draws.over_seeds(sensitivity[:, :, k]) for k in range(classes)],
        specificity=[draws.over_seeds(specificity[:, :, k]) for k in range(classes)],
        per_seed=balanced[0].tolist(),
    )


def _arm(said: Said, scores: _Scores, gain: Gain | None, truth: Truth) -> Arm:
    return Arm(
        plan=said.plan,
        balanced_accuracy=scores.per_seed,
        validation=said.validation,
        balanced=_measured(scores.balanced),
        auroc=_measured(scores.auroc),
        rarest_f1=_measured(scores.rarest_f1),
        sensitivity={name: _measured(one) for name, one in zip(truth.names, scores.sensitivity, strict=True)},
        specificity={name: _measured(one) for name, one in zip(truth.names, scores.specificity, strict=True)},
        gain=gain,
    )


def _measured(values: Values) -> MeanInterval:
    """The mean and its interval, within 0 and 1; draws without any image to compute it from are left out."""
    low, high = gains.interval(values[1:][~np.isnan(values[1:])])
    return MeanInterval(float(values[0]), max(0.0, low), min(1.0, high))


def _gain(name: str, compared: dict[str, Compared], scores: dict[str, _Scores], truth: Truth) -> Gain | None:
    if name not in compared:
        return None
    one = compared[name]
    classes = zip(truth.names, scores[name].sensitivity, scores[one.over].sensitivity, strict=True)
    return Gain(
        value=one.value,
        low=one.interval[0],
        high=one.interval[1],
        corrected_low=one.corrected[0],
        corrected_high=one.corrected[1],
        p=one.p,
        harm_p=one.harm_p,
        helps=one.helps,
        harms=one.harms,
        over=one.over,
        harm=MeanInterval(*one.harm),
        harm_over=one.harm_over,
        against={other: MeanInterval(*numbers) for other, numbers in one.against.items()},
        by_class={name: float(ours[0] - theirs[0]) for name, ours, theirs in classes},
    )


def _keep_rates(synthetic: list[ArmPlan], scores: dict[str, _Scores]) -> list[KeepRate]:
    """What each keep rate did at its ratio: the mean over both ways of training of the difference from keeping all.

    Classes that are filled up are left out: they were tried at one rate alone.
    """
    filtered = [one for one in synthetic if one.keep is not None and not one.fills]
    differences: dict[float, list[Values]] = {}
    for one in filtered:
        assert one.keep is not None
        whole = next(
            other
            for other in synthetic
            if other.keep is None and not other.fills and (other.ratio, other.augmented) == (one.ratio, one.augmented)
        )
        differences.setdefault(one.keep, []).append(scores[one.name].balanced - scores[whole.name].balanced)
    found = gains.differ({keep: np.mean(each, axis=0) for keep, each in differences.items()})
    return [KeepRate(keep, one.value, one.low, one.high, one.p) for keep, one in found.items()]
