"""From the predictions of every classifier on every test image to the arms of a regime with their intervals. No torch.

All of it can be recomputed from the files that a study keeps.

Letters: n test images, K classes, S seeds, B draws.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.records.study_results import Arm, Gain, KeepRate, MeanInterval
from gan.evaluation.study import classification_metrics, comparisons
from gan.evaluation.study.arms import ArmPlan
from gan.evaluation.study.comparisons import BootstrapWeights, Comparison, Values

AUROC_DRAWS = 1000
"""Bootstrap draws of the AUROC, which sorts the images once for each class."""


@dataclass(frozen=True)
class Predictions:
    """The predictions of one arm's classifiers: `logits` (S, n, K) on the test images, `validation` scores (S,)."""

    plan: ArmPlan
    logits: NDArray[np.float32]
    validation: list[float]


@dataclass(frozen=True)
class GroundTruth:
    """The test images' `labels` (n,) and `group` (n,), the class `names`, and the class `rarest` in training."""

    labels: NDArray[np.int64]
    group: NDArray[np.str_] | None
    names: tuple[str, ...]
    rarest: int

    def groups_per_class(self) -> dict[str, int]:
        """Number of test groups that hold each class; of images where groups are unknown."""
        groups = np.arange(len(self.labels)) if self.group is None else self.group
        return {name: len(np.unique(groups[self.labels == k])) for k, name in enumerate(self.names)}


@dataclass(frozen=True)
class _Scores:
    """One arm's metrics by draw (1 + B,), row 0 the estimate; `per_seed` without draws."""

    balanced: Values
    auroc: Values
    rarest_f1: Values
    sensitivity: list[Values]
    specificity: list[Values]
    per_seed: list[float]


def summarise_arms(
    predictions: list[Predictions], test: GroundTruth, draws: BootstrapWeights
) -> tuple[list[Arm], list[KeepRate]]:
    """Every arm with its metrics and gain, and each keep rate's difference from keeping all."""
    scores = {arm.plan.name: _scores(arm.logits, test, draws) for arm in predictions}
    synthetic = [arm.plan for arm in predictions if arm.plan.comparators]
    compared = comparisons.compare_arms(
        {name: arm.balanced for name, arm in scores.items()},
        {plan.name: plan.comparators for plan in synthetic},
        {plan.name: plan.controls for plan in synthetic},
    )
    arms = [_arm(arm, scores[arm.plan.name], _gain(arm.plan.name, compared, scores, test), test) for arm in predictions]
    return arms, _keep_rates(synthetic, scores)


def _scores(logits: NDArray[np.float32], test: GroundTruth, draws: BootstrapWeights) -> _Scores:
    predicted, classes = logits.argmax(axis=2), len(test.names)  # (S, n)
    sensitivity = classification_metrics.sensitivity(predicted, test.labels, draws.images, classes)  # (1 + B, S, K)
    specificity = classification_metrics.specificity(predicted, test.labels, draws.images, classes)
    balanced = classification_metrics.balanced_accuracy(sensitivity)  # (1 + B, S)
    f1 = classification_metrics.f1(predicted, test.labels, draws.images, test.rarest)
    probabilities = np.exp(logits - logits.max(axis=2, keepdims=True))
    probabilities /= probabilities.sum(axis=2, keepdims=True)
    auroc = classification_metrics.auroc(probabilities, test.labels, draws.images[: 1 + AUROC_DRAWS])
    return _Scores(
        balanced=draws.mean_over_seeds(balanced),
        auroc=draws.mean_over_seeds(auroc),
        rarest_f1=draws.mean_over_seeds(f1),
        sensitivity=[draws.mean_over_seeds(sensitivity[:, :, k]) for k in range(classes)],
        specificity=[draws.mean_over_seeds(specificity[:, :, k]) for k in range(classes)],
        per_seed=balanced[0].tolist(),
    )


def _arm(predictions: Predictions, scores: _Scores, gain: Gain | None, test: GroundTruth) -> Arm:
    return Arm(
        plan=predictions.plan,
        balanced_accuracy=scores.per_seed,
        validation=predictions.validation,
        balanced=_measured(scores.balanced),
        auroc=_measured(scores.auroc),
        rarest_f1=_measured(scores.rarest_f1),
        sensitivity={name: _measured(drawn) for name, drawn in zip(test.names, scores.sensitivity, strict=True)},
        specificity={name: _measured(drawn) for name, drawn in zip(test.names, scores.specificity, strict=True)},
        gain=gain,
    )


def _measured(values: Values) -> MeanInterval:
    """The estimate with its 95% interval, clipped to [0, 1]; draws that are NaN are left out."""
    low, high = comparisons.percentile_interval(values[1:][~np.isnan(values[1:])])
    return MeanInterval(float(values[0]), max(0.0, low), min(1.0, high))


def _gain(name: str, compared: dict[str, Comparison], scores: dict[str, _Scores], test: GroundTruth) -> Gain | None:
    if name not in compared:
        return None
    comparison = compared[name]
    classes = zip(test.names, scores[name].sensitivity, scores[comparison.over].sensitivity, strict=True)
    return Gain(
        value=comparison.value,
        low=comparison.interval[0],
        high=comparison.interval[1],
        corrected_low=comparison.corrected[0],
        corrected_high=comparison.corrected[1],
        p=comparison.p,
        harm_p=comparison.harm_p,
        helps=comparison.helps,
        harms=comparison.harms,
        over=comparison.over,
        harm=MeanInterval(*comparison.harm),
        harm_over=comparison.harm_over,
        against={other: MeanInterval(*difference) for other, difference in comparison.against.items()},
        by_class={label: float(ours[0] - theirs[0]) for label, ours, theirs in classes},
    )


def _keep_rates(synthetic: list[ArmPlan], scores: dict[str, _Scores]) -> list[KeepRate]:
    """Each keep rate against keeping all at the same ratio: mean difference of the arms with and without augmentation.

    Filled-up classes are left out: they are tried at a single rate.
    """
    differences: dict[float, list[Values]] = {}
    for plan in synthetic:
        if plan.keep is None or plan.fills:
            continue
        unfiltered = next(
            other
            for other in synthetic
            if other.keep is None and not other.fills and (other.ratio, other.augmented) == (plan.ratio, plan.augmented)
        )
        difference = scores[plan.name].balanced - scores[unfiltered.name].balanced
        differences.setdefault(plan.keep, []).append(difference)
    corrected = comparisons.corrected_differences({keep: np.mean(d, axis=0) for keep, d in differences.items()})
    return [KeepRate(keep, d.value, d.low, d.high, d.p) for keep, d in corrected.items()]
