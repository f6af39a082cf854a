"""From the predictions of every classifier to the arms of a regime, its choice and its confirmed gain. No torch.

All of it can be recomputed from the files that a study keeps.

Letters: n images, K classes, S seeds.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.number_format import within_sentence
from gan.evaluation.records.intervals import MeanInterval
from gan.evaluation.records.study_results import Arm, ExploratoryGain, Gain, KeepRate
from gan.evaluation.study import classification_metrics, comparisons, confirmation_plan, power
from gan.evaluation.study.arms import ArmPlan
from gan.evaluation.study.classification_metrics import Estimate
from gan.evaluation.study.comparisons import Comparison, Decision, Difference
from gan.evaluation.study.confirmation_plan import ROLES, DivisionChoice, RegimeChoice
from gan.evaluation.study.predictions import Predictions, pool

Mask = NDArray[np.bool_]
Validated = Sequence[Predictions]
"""All arms of one division on its validation images."""
Pooling = Callable[[Sequence[Predictions], ArmPlan], Predictions]


def choose_arms(
    share: float,
    folds: Sequence[int | None],
    validated: Sequence[Validated],
    metric: str,
    test_images: int,
    seeds: int,
) -> RegimeChoice:
    """What to confirm in each division, from all arms' predictions on its validation images.

    `test_images` will be read by classifiers of `seeds` seeds, in all divisions together. The gain that they will see
    is expected from the variances on validation images.
    """
    choices = [
        confirmation_plan.choose([arm.plan for arm in arms], {arm.plan.name: arm.primary(metric) for arm in arms}, fold)
        for fold, arms in zip(folds, validated, strict=True)
    ]
    pilot = PlannedArms.pooled(validated, choices).compared(metric).widest
    tried = sum(len(arms[0].truth.targets) for arms in validated)
    more = power.with_more(pilot, test_images / tried, seeds / len(validated[0][0].logits))
    return RegimeChoice(share, choices, power.detectable_gain(more) if pilot.error > 0 else None)


@dataclass(frozen=True)
class PlannedArms:
    """The predictions of what the divisions chose, pooled: the `chosen` arms, the `strongest` controls, those `matched`
    to the chosen arms, and the `runners_up` of the strongest. The matched ones may be among the others."""

    chosen: Predictions
    strongest: Predictions
    matched: Predictions
    runners_up: tuple[Predictions, ...] = ()

    @classmethod
    def pooled(
        cls, divisions: Sequence[Validated], choices: Sequence[DivisionChoice], pooling: Pooling = pool
    ) -> "PlannedArms":
        """From the predictions of each division, which hold its choices; `pooling` joins those of one role."""

        def of_role(role: str, names: Sequence[str]) -> Predictions:
            parts = [
                next(one for one in arms if one.plan.name == name) for arms, name in zip(divisions, names, strict=True)
            ]
            return pooling(parts, _pooled_plan(role, [part.plan for part in parts]))

        chosen = of_role("chosen", [choice.arm for choice in choices])
        matching = tuple(choice.matched for choice in choices)
        ranked = list(zip(*(choice.controls for choice in choices), strict=True))  # strongest first, by division
        controls = [of_role(role, names) for role, names in zip(RANKS, ranked, strict=False)]
        same = [control for control, names in zip(controls, ranked, strict=True) if names == matching]
        matched = same[0] if same else of_role("matched", matching)
        return cls(chosen, controls[0], matched, tuple(controls[1:]))

    @property
    def controls(self) -> tuple[Predictions, ...]:
        """Those to beat."""
        return (self.strongest, *self.runners_up)

    @property
    def arms(self) -> list[Predictions]:
        """The pooled arms, each once."""
        return [self.chosen, *self.controls, *([] if self._matched_at is not None else [self.matched])]

    @property
    def _matched_at(self) -> int | None:
        """Which of the controls the matched one is; None where it is another."""
        return next((i for i, control in enumerate(self.controls) if control is self.matched), None)

    def against(self, name: str) -> "PlannedArms":
        """The chosen arms and one of the controls to beat."""
        control = next(one for one in self.controls if one.plan.name == name)
        return PlannedArms(self.chosen, control, control)

    def part(self, images: Mask) -> "PlannedArms":
        """On these `images` (n,) alone."""
        return self._each(lambda arm: arm.part(images))

    def scoring_common(self, least: int) -> "PlannedArms":
        """As `GroundTruth.scoring_common`."""
        scoring = self.chosen.truth.scoring_common(least)
        return self._each(lambda arm: arm.scoring(scoring))

    def _each(self, change: Callable[[Predictions], Predictions]) -> "PlannedArms":
        controls, at = tuple(map(change, self.controls)), self._matched_at
        matched = change(self.matched) if at is None else controls[at]
        return PlannedArms(change(self.chosen), controls[0], matched, controls[1:])

    def compared(self, metric: str, generators: int = 1) -> Comparison:
        """The chosen arms against their controls; seed s used generator s mod `generators`."""
        found = self._differences(metric, generators)
        if len(self.chosen.truth.folds) > 1:
            each = self._of_folds(metric, generators)
            found = {
                name: replace(one, extra=comparisons.between_folds([fold[name] for fold in each]))
                for name, one in found.items()
            }
        strongest, *runners_up = (found[control.plan.name] for control in self.controls)
        return Comparison(strongest, found[self.matched.plan.name], tuple(runners_up))

    def _of_folds(self, metric: str, generators: int) -> list[dict[str, Difference]]:
        """The differences in each fold.

        Of folds that share their images with the variance over images of what is the fold's own: the rest is the same
        in all folds, and does not make them differ.
        """
        parts = [self.part(self.chosen.truth.fold == fold) for fold in self.chosen.truth.folds]
        each = [part._differences(metric, generators) for part in parts]
        if not self.chosen.truth.shared:
            return each
        samples = [part.chosen.truth.sample for part in parts]
        for name in each[0]:
            influences = np.stack([part._influence(name, metric) for part in parts])  # (F, n)
            own = comparisons.own_variances(influences, samples, [one[name] for one in each])
            for differences, images in zip(each, own, strict=True):
                differences[name] = replace(differences[name], images=images)
        return each

    def _influence(self, other: str, metric: str) -> NDArray[np.float64]:
        """The influence of each image (n,) on the difference between the chosen arm and another, mean over seeds."""
        ours, theirs = (arm.primary(metric).influence.mean(axis=0) for arm in (self.chosen, self._arm(other)))
        return np.asarray(ours - theirs)

    def _arm(self, name: str) -> Predictions:
        return next(arm for arm in self.arms if arm.plan.name == name)

    def _differences(self, metric: str, generators: int) -> dict[str, Difference]:
        estimates = {arm.plan.name: arm.primary(metric) for arm in self.arms}
        others = [arm.plan.name for arm in self.arms[1:]]
        return comparisons.differences(self.chosen.plan.name, others, estimates, self.chosen.truth.sample, generators)


def _pooled_plan(role: str, plans: Sequence[ArmPlan]) -> ArmPlan:
    """The plan of pooled predictions: the arm's where all divisions have the same, else one named by its role."""
    if len({plan.name for plan in plans}) == 1:
        return plans[0]
    counted = Counter(within_sentence(plan.short or plan.words) for plan in plans)
    words = "; ".join(f"{what} in {count} of {len(plans)} folds" for what, count in counted.most_common())
    added = {name: round(float(np.mean([plan.added[name] for plan in plans]))) for name in plans[0].added}
    return ArmPlan(role, f"{ROLES[role]} ({words})", plans[0].kind, added)


def pool_arms(divisions: Sequence[Validated]) -> list[Predictions]:
    """Every arm that all divisions have, on the validation images of all."""
    by_name = [{arm.plan.name: arm for arm in arms} for arms in divisions]
    common = [name for name in by_name[0] if all(name in arms for arms in by_name)]
    return [pool([arms[name] for arms in by_name], by_name[0][name].plan) for name in common]


def exploratory_arms(validated: Sequence[Predictions], metric: str, specificity: float) -> list[Arm]:
    """Every arm on validation images, those with synthetic images with their uncorrected gains.

    A gain is over the free control that is the strongest on these images.
    """
    estimates = {arm.plan.name: arm.primary(metric) for arm in validated}
    sample = validated[0].truth.sample
    free = [arm.plan.name for arm in validated if arm.plan.is_free]
    over = max(free, key=lambda name: float(estimates[name].values.mean()))
    gains = {}
    for arm in validated:
        if not arm.plan.is_free:
            difference = comparisons.differences(arm.plan.name, [over], estimates, sample)[over]
            gains[arm.plan.name] = ExploratoryGain(difference.value, *difference.interval(), over)
    return summarise_arms(validated, metric, specificity, gains)


def confirmed_gain(decision: Decision, tested: PlannedArms, metric: str, in_folds: float | None = None) -> Gain:
    """The decision on the chosen arms as a record; with folds there would be `in_folds` times as many test images."""
    compared, matched = decision.comparison, decision.comparison.matched
    best = tested.controls[compared.controls.index(compared.least)]
    ours, theirs = (_of_each_condition(arm, metric) for arm in (tested.chosen, best))
    more_of_it = MORE | ({f"{FOLDS} folds": (in_folds, FOLDS)} if in_folds else {})
    return Gain(
        compared.least.value,
        *compared.interval(),
        *compared.interval(decision.level),
        p=decision.p,
        harm_p=decision.harm_p,
        helps=decision.helps,
        harms=decision.harms,
        arm=tested.chosen.plan.name,
        over=best.plan.name,
        harm=MeanInterval(matched.value, *matched.interval(decision.harm_level)),
        harm_over=tested.matched.plan.name,
        by_class={name: ours[name] - theirs[name] for name in ours if name in theirs},
        detectable=power.detectable_gain(compared.widest, decision.level),
        detectable_with={
            what: power.detectable_gain(power.with_more(compared.widest, *more), decision.level)
            for what, more in more_of_it.items()
        },
    )


RANKS = ("strongest", "second", "third")
"""The roles of the controls to beat, where folds have different ones."""
MORE: dict[str, tuple[float, float]] = {"four times as many test images": (4, 1), "twice as many seeds": (1, 2)}
"""What would see a smaller gain: how many times as many images and seeds."""
FOLDS = 5
"""Folds that would see a smaller gain: every image is tested once, and each fold has seeds of its own."""


def summarise_arms(
    predictions: Sequence[Predictions],
    metric: str,
    specificity: float,
    gains: Mapping[str, ExploratoryGain] = MappingProxyType({}),
) -> list[Arm]:
    """The arms with all their metrics on the images of their predictions, and `gains` by name."""
    truth = predictions[0].truth
    names = {k: truth.names[k] for k in truth.scored}

    def measured(estimates: Sequence[Estimate | None]) -> list[MeanInterval]:
        """A metric of every arm with its 95% interval, within 0 and 1; nothing where the images do not give it."""
        found = comparisons.means([estimate for estimate in estimates if estimate is not None], truth.sample)
        return [MeanInterval(one.value, max(0.0, one.interval()[0]), min(1.0, one.interval()[1])) for one in found]

    def of_conditions(estimate: Callable[[int, Predictions], Estimate | None]) -> list[dict[str, MeanInterval]]:
        """The same of each scored condition, for every arm."""
        of_each = {name: measured([estimate(k, arm) for arm in predictions]) for k, name in names.items()}
        return [{name: found[i] for name, found in of_each.items() if found} for i in range(len(predictions))]

    auroc, precision, balanced = (
        measured([arm.primary(one) for arm in predictions])
        for one in ("auroc", "average_precision", "balanced_accuracy")
    )
    aurocs, precisions, sensitivities, specificities = (
        of_conditions(one)
        for one in (partial(_ranked, "auroc"), partial(_ranked, "average_precision"), _sensitivity, _specificity)
    )
    arms = []
    for i, arm in enumerate(predictions):
        arms.append(
            Arm(
                plan=arm.plan,
                scores=arm.primary(metric).values.tolist(),
                steps=round(sum(arm.steps) / max(1, len(arm.steps))),
                auroc=auroc[i],
                average_precision=precision[i],
                balanced_accuracy=balanced[i],
                aurocs=aurocs[i],
                average_precisions=precisions[i],
                sensitivity=sensitivities[i],
                specificity=specificities[i],
                argmax=float(arm.unadjusted().primary("balanced_accuracy").values.mean()),
                sensitivity_at=float(arm.sensitivity_at(specificity).mean()),
                rarest_f1=float(classification_metrics.f1(*arm.of_condition(truth.rarest)).mean()),
                brier=float(arm.brier().mean()),
                ece=float(arm.calibration_error().mean()),
                gain=gains.get(arm.plan.name),
            )
        )
    return arms


def keep_rates(validated: Sequence[Predictions], metric: str) -> list[KeepRate]:
    """Each keep rate against keeping all at the same ratio, with the same recipe.

    Filled-up classes are left out: they are tried at a single rate.
    """
    found: dict[float, Estimate] = {}
    estimates = {arm.plan.name: arm.primary(metric) for arm in validated}
    added = [arm.plan for arm in validated if not arm.plan.is_free and arm.plan.use == "added" and not arm.plan.fills]
    for plan in added:
        if plan.keep is None:
            continue
        all_kept = next(
            other.name
            for other in added
            if other.keep is None and (other.ratio, other.recipe) == (plan.ratio, plan.recipe)
        )
        ours, theirs = estimates[plan.name], estimates[all_kept]
        found[plan.keep] = Estimate(ours.values - theirs.values, ours.influence - theirs.influence)
    differences = comparisons.means(list(found.values()), validated[0].truth.sample)
    return [KeepRate(keep, one.value, *one.interval()) for keep, one in zip(found, differences, strict=True)]


def _ranked(metric: str, k: int, predictions: Predictions) -> Estimate | None:
    return predictions.ranked(metric, [k])


def _sensitivity(k: int, predictions: Predictions) -> Estimate:
    return classification_metrics.sensitivity(*predictions.of_condition(k))


def _specificity(k: int, predictions: Predictions) -> Estimate:
    return classification_metrics.specificity(*predictions.of_condition(k))


def _of_each_condition(predictions: Predictions, metric: str) -> dict[str, float]:
    """The mean sensitivity of each class over seeds; of each attribute the metric."""
    truth = predictions.truth
    if truth.kind == "class":
        return {truth.names[k]: float(_sensitivity(k, predictions).values.mean()) for k in truth.scored}
    parts = {truth.names[k]: predictions.scoring(replace(truth, scored=(k,))).primary(metric) for k in truth.scored}
    return {name: float(part.values.mean()) for name, part in parts.items()}
