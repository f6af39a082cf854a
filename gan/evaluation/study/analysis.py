"""From the predictions of every classifier to the arms of a regime, its choice and its confirmed gain. No torch.

All of it can be recomputed from the files that a study keeps.

Letters: n images, K classes, S seeds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.records.study_results import Arm, ExploratoryGain, Gain, KeepRate, MeanInterval
from gan.evaluation.study import classification_metrics, comparisons, confirmation_plan, power
from gan.evaluation.study.arms import ArmPlan
from gan.evaluation.study.classification_metrics import Estimate
from gan.evaluation.study.comparisons import Comparison, Decision, Sample
from gan.evaluation.study.confirmation_plan import RegimeChoice


@dataclass(frozen=True)
class GroundTruth:
    """The `labels` (n,) and `group` (n,) of real images, the class `names`, and the class `rarest` in training."""

    labels: NDArray[np.int64]
    group: NDArray[np.str_] | None
    names: tuple[str, ...]
    rarest: int

    @cached_property
    def sample(self) -> Sample:
        return Sample(self.labels, self.group)

    def part(self, chosen: NDArray[np.bool_]) -> "GroundTruth":
        """Of the `chosen` (n,) images alone."""
        group = None if self.group is None else self.group[chosen]
        return replace(self, labels=self.labels[chosen], group=group)

    def groups_per_class(self) -> dict[str, int]:
        """Number of groups that hold each class; of images where groups are unknown."""
        groups = np.arange(len(self.labels)) if self.group is None else self.group
        return {name: len(np.unique(groups[self.labels == k])) for k, name in enumerate(self.names)}


@dataclass(frozen=True)
class Predictions:
    """The predictions of one arm's classifiers: `logits` (S, n, K) on the images of a `truth`.

    `offsets` (S, K) are what to add to log probabilities before the largest is taken, chosen on validation images.
    """

    plan: ArmPlan
    logits: NDArray[np.float32]
    offsets: NDArray[np.float64]
    truth: GroundTruth

    def part(self, chosen: NDArray[np.bool_]) -> "Predictions":
        """On the `chosen` (n,) images alone."""
        return replace(self, logits=self.logits[:, chosen], truth=self.truth.part(chosen))

    @property
    def probabilities(self) -> NDArray[np.float64]:
        return classification_metrics.probabilities(self.logits)

    def predicted(self) -> NDArray[np.int64]:
        """The classes (S, n) at the thresholds that were chosen on validation images."""
        scores = np.log(np.maximum(self.probabilities, 1e-12)) + self.offsets[:, None, :]
        return np.asarray(scores.argmax(axis=2), dtype=np.int64)

    def primary(self, metric: str) -> Estimate:
        """The metric `auroc` or `balanced_accuracy` of each seed."""
        if metric == "auroc":
            return classification_metrics.auroc(self.probabilities, self.truth.labels)
        return classification_metrics.balanced_accuracy(self.predicted(), self.truth.labels, len(self.truth.names))


def choose_offsets(validation_logits: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """The offsets (S, K) of highest balanced accuracy on validation images, of logits (S, n, K): the same rule for all
    arms."""
    return np.stack(
        [
            classification_metrics.class_offsets(
                np.log(np.maximum(classification_metrics.probabilities(logits), 1e-12)), labels
            )
            for logits in validation_logits
        ]
    )


def choose_arm(share: float, validated: Sequence[Predictions], metric: str, test_images: int) -> RegimeChoice:
    """The arm to confirm, from all arms' predictions on validation images; `test_images` will be read."""
    estimates = {arm.plan.name: arm.primary(metric) for arm in validated}
    best, strongest = confirmation_plan.choose([arm.plan for arm in validated], estimates)
    sample = validated[0].truth.sample
    pilot = power.largest_variances(
        list(comparisons.differences(best.name, best.comparators, estimates, sample).values())
    ).with_more(images=test_images / len(sample.labels))
    return RegimeChoice(
        share,
        best.name,
        float(estimates[best.name].values.mean()),
        strongest,
        float(estimates[strongest].values.mean()),
        pilot.detectable() if pilot.images + pilot.seeds > 0 else None,
    )


def exploratory_arms(validated: Sequence[Predictions], metric: str, specificity: float) -> list[Arm]:
    """Every arm on validation images, those with synthetic images with their uncorrected gains."""
    estimates = {arm.plan.name: arm.primary(metric) for arm in validated}
    sample = validated[0].truth.sample
    gains = {}
    for arm in validated:
        if arm.plan.comparators:
            against = comparisons.differences(arm.plan.name, arm.plan.comparators, estimates, sample)
            compared = Comparison(against, arm.plan.controls)
            gains[arm.plan.name] = ExploratoryGain(against[compared.over].value, *compared.gain(), compared.over)
    return summarise_arms(validated, metric, specificity, gains)


def compare_confirmed(tested: Sequence[Predictions], choice: RegimeChoice, metric: str) -> Comparison:
    """The chosen arm against its comparators, on test images."""
    estimates = {arm.plan.name: arm.primary(metric) for arm in tested}
    plan = next(arm.plan for arm in tested if arm.plan.name == choice.arm)
    sample = tested[0].truth.sample
    return Comparison(comparisons.differences(plan.name, plan.comparators, estimates, sample), plan.controls)


def confirmed_gain(decision: Decision, tested: Sequence[Predictions], choice: RegimeChoice) -> Gain:
    """The decision on the chosen arm as a record."""
    comparison = decision.comparison
    variances = power.largest_variances(list(comparison.against.values()))
    arms = {arm.plan.name: arm for arm in tested}
    ours, theirs = (_class_sensitivities(arms[name]) for name in (choice.arm, comparison.over))
    more = {"four times as many test images": (4, 1), "twice as many seeds": (1, 2)}
    return Gain(
        comparison.against[comparison.over].value,
        *comparison.gain(),
        *comparison.gain(decision.level),
        p=decision.p,
        harm_p=decision.harm_p,
        helps=decision.helps,
        harms=decision.harms,
        over=comparison.over,
        harm=MeanInterval(comparison.against[comparison.harm_over].value, *comparison.harm(decision.harm_level)),
        harm_over=comparison.harm_over,
        against={name: MeanInterval(one.value, *one.interval()) for name, one in comparison.against.items()},
        by_class={name: ours[name] - theirs[name] for name in ours},
        detectable=variances.detectable(decision.level),
        detectable_with={
            what: variances.with_more(images, seeds).detectable(decision.level)
            for what, (images, seeds) in more.items()
        },
    )


def summarise_arms(
    predictions: Sequence[Predictions],
    metric: str,
    specificity: float,
    gains: Mapping[str, ExploratoryGain] = MappingProxyType({}),
) -> list[Arm]:
    """The arms with all their metrics on the images of their predictions, and `gains` by name."""
    truth = predictions[0].truth
    labels, classes, rarest = truth.labels, range(len(truth.names)), truth.rarest

    def measured(estimate: Callable[[Predictions], Estimate]) -> list[MeanInterval]:
        """A metric of every arm with its 95% interval, within 0 and 1."""
        found = comparisons.means([estimate(arm) for arm in predictions], truth.sample)
        return [MeanInterval(one.value, max(0.0, one.interval()[0]), min(1.0, one.interval()[1])) for one in found]

    auroc = measured(lambda arm: arm.primary("auroc"))
    balanced = measured(lambda arm: arm.primary("balanced_accuracy"))
    sensitivity, specificities = (
        [measured(partial(of_class, k)) for k in classes] for of_class in (_sensitivity, _specificity)
    )
    arms = []
    for i, arm in enumerate(predictions):
        probabilities, predicted = arm.probabilities, arm.predicted()
        argmax = classification_metrics.balanced_accuracy(probabilities.argmax(axis=2), labels, len(classes))
        sensitive = classification_metrics.sensitivity_at_specificity(
            probabilities[:, :, rarest], labels == rarest, specificity
        )
        arms.append(
            Arm(
                plan=arm.plan,
                scores=arm.primary(metric).values.tolist(),
                auroc=auroc[i],
                balanced_accuracy=balanced[i],
                sensitivity={name: of_class[i] for name, of_class in zip(truth.names, sensitivity, strict=True)},
                specificity={name: of_class[i] for name, of_class in zip(truth.names, specificities, strict=True)},
                argmax=float(argmax.values.mean()),
                sensitivity_at=float(sensitive.mean()),
                rarest_f1=float(classification_metrics.f1(predicted, labels, rarest).mean()),
                brier=float(classification_metrics.brier(probabilities, labels).mean()),
                ece=float(classification_metrics.expected_calibration_error(probabilities, labels).mean()),
                gain=gains.get(arm.plan.name),
            )
        )
    return arms


def keep_rates(validated: Sequence[Predictions], metric: str) -> list[KeepRate]:
    """Each keep rate against keeping all at the same ratio: mean difference of the arms with and without augmentation.

    Filled-up classes are left out: they are tried at a single rate.
    """
    found: dict[float, list[Estimate]] = {}
    plans = [arm.plan for arm in validated]
    estimates = {arm.plan.name: arm.primary(metric) for arm in validated}
    for plan in plans:
        if plan.keep is None or plan.fills:
            continue
        all_kept = next(
            other.name
            for other in plans
            if other.comparators
            and other.keep is None
            and not other.fills
            and (other.ratio, other.augmented) == (plan.ratio, plan.augmented)
        )
        ours, theirs = estimates[plan.name], estimates[all_kept]
        difference = Estimate(ours.values - theirs.values, ours.influence - theirs.influence)
        found.setdefault(plan.keep, []).append(difference)
    averaged = [
        Estimate(np.mean([pair.values for pair in pairs], axis=0), np.mean([pair.influence for pair in pairs], axis=0))
        for pairs in found.values()
    ]
    differences = comparisons.means(averaged, validated[0].truth.sample)
    return [KeepRate(keep, one.value, *one.interval()) for keep, one in zip(found, differences, strict=True)]


def _sensitivity(k: int, predictions: Predictions) -> Estimate:
    return classification_metrics.sensitivity(predictions.predicted(), predictions.truth.labels, k)


def _specificity(k: int, predictions: Predictions) -> Estimate:
    return classification_metrics.specificity(predictions.predicted(), predictions.truth.labels, k)


def _class_sensitivities(predictions: Predictions) -> dict[str, float]:
    """The mean sensitivity of each class over seeds."""
    return {name: float(_sensitivity(k, predictions).values.mean()) for k, name in enumerate(predictions.truth.names)}
