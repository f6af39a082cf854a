"""A regime at work, and its record from the predictions of its classifiers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.records.intervals import MeanInterval
from gan.evaluation.records.study_results import Arm, ExternalResult, Gain, OwnTest, Regime
from gan.evaluation.study.analysis import (
    PlannedArms,
    choose_arms,
    confirmed_gain,
    exploratory_arms,
    keep_rates,
    pool_arms,
    summarise_arms,
)
from gan.evaluation.study.arm_classifiers import DivisionClassifiers
from gan.evaluation.study.comparisons import decide
from gan.evaluation.study.confirmation_plan import RegimeChoice
from gan.evaluation.study.external_results import TestedOutside, external_result
from gan.evaluation.study.guarded_generation import replaced_in
from gan.evaluation.study.predictions import GroundTruth, Predictions, count_images, pool_truth
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study.study_plan import RegimePlan
from gan.evaluation.study.subgroups import compare_subgroups
from gan.evaluation.study.verdict import MIN_GROUPS, keep_rate_finding, regime_verdict

Mask = NDArray[np.bool_]


@dataclass
class RegimeAtWork:
    """A regime at work. All lists have one item for each division: what describes its first generator, the classifiers,
    and what these said of validation images and, later, of test images."""

    plan: RegimePlan
    generators: list[dict[str, Any]]
    classifiers: list[DivisionClassifiers]
    validated: list[list[Predictions]] = field(default_factory=list)
    tested: list[list[Predictions]] = field(default_factory=list)
    tested_outside: list[list[Predictions]] = field(default_factory=list)

    @property
    def truth(self) -> GroundTruth:
        """The truth about the test images (n,) of all divisions."""
        return pool_truth(one.division.sealed.truth for one in self.plan.divisions)

    def choose(self, options: StudyOptions) -> RegimeChoice:
        """What to confirm, chosen by the validation images."""
        divisions = [one.division for one in self.plan.divisions]
        return choose_arms(
            self.plan.share,
            [division.fold for division in divisions],
            self.validated,
            options.primary,
            sum(division.sealed.count for division in divisions),
            options.seeds,
        )

    def more_in_folds(self) -> float | None:
        """How many times as many test images there would be with folds; None where there are folds, or as many."""
        (first, *others) = [one.division for one in self.plan.divisions]
        more = first.every_image / first.sealed.count
        return None if others or more < 1.2 else more

    def near_copies(self) -> Mask:
        """Which test images (n,) are near copies of training images of their division."""
        divisions = [one.division for one in self.plan.divisions]
        return np.concatenate([division.sealed.near_copies(division.development()) for division in divisions])


@dataclass(frozen=True)
class _Confirmation:
    """What the test images say of the chosen arms of a regime."""

    tested: list[Arm]
    gain: Gain
    kind: str
    sentence: str


def analyse_regimes(
    regimes: Sequence[RegimeAtWork],
    choices: Sequence[RegimeChoice],
    copied: Sequence[Mask],
    options: StudyOptions,
    outside: TestedOutside | None = None,
) -> list[Regime]:
    """The regimes with their verdicts, on all test images and without those that are `copied` (n,), for each regime.

    With `outside`, also on the images of the external test set.
    """
    tested = [
        PlannedArms.pooled(regime.tested, choice.divisions).scoring_common(MIN_GROUPS)
        for regime, choice in zip(regimes, choices, strict=True)
    ]
    external = [
        outside.pooled(regime.tested_outside, choice.divisions)
        for regime, choice in zip(regimes, choices, strict=True)
        if outside is not None
    ]
    counts = [] if outside is None else [count_images(outside.truth)] * len(external)
    in_folds = [regime.more_in_folds() for regime in regimes]
    confirmed = _confirmed(tested, in_folds, external, counts, options)
    whole, on_external = confirmed[: len(regimes)], _external_results(confirmed[len(regimes) :], outside, options)
    fresh: list[_Confirmation | None] = [None] * len(regimes)
    if any(mask.any() for mask in copied) and not any(mask.all() for mask in copied):
        parts = [one.part(~mask) for one, mask in zip(tested, copied, strict=True)]
        fresh = list(_confirmed(parts, in_folds, external, counts, options)[: len(regimes)])
    rows = zip(regimes, choices, tested, whole, fresh, copied, on_external or [None] * len(regimes), strict=True)
    return [
        replace(
            _record(regime, choice, arms, all_of_them, without if mask.any() else None, found, options),
            test=count_images(regime.truth) | {"near_copies": int(mask.sum())},
            own_test=_own_test(arms, options),
        )
        for regime, choice, arms, all_of_them, without, mask, found in rows
    ]


def _external_results(
    confirmed: Sequence[_Confirmation], outside: TestedOutside | None, options: StudyOptions
) -> list[ExternalResult | None]:
    """The records of the verdicts on the external test set; none without one."""
    if outside is None:
        return []
    name, metric = outside.test.name, options.primary
    return [external_result(one.tested, one.gain, metric, one.kind, one.sentence, name) for one in confirmed]


def _confirmed(
    own: Sequence[PlannedArms],
    in_folds: Sequence[float | None],
    external: Sequence[PlannedArms],
    external_counts: Sequence[dict[str, Any]],
    options: StudyOptions,
) -> list[_Confirmation]:
    """The verdicts of all regimes on the test images, then on the `external` ones, corrected over all of them.

    `in_folds` as in `confirmed_gain`, for the test images.
    """
    metric, found, tested = options.primary, [], [*own, *external]
    decisions = decide([one.compared(metric, options.generators) for one in tested])
    counts = [*(count_images(arms.chosen.truth) for arms in own), *external_counts]
    what = "comparisons" if external else "regimes"
    more_images = [*in_folds, *(None for _ in external)]
    for arms, decision, counted, more in zip(tested, decisions, counts, more_images, strict=True):
        gain = confirmed_gain(decision, arms, metric, more)
        records = summarise_arms(arms.arms, metric, options.specificity)
        attributes = arms.chosen.truth.attributes
        kind, sentence = regime_verdict(records, gain, metric, len(tested), counted, attributes, what)
        found.append(_Confirmation(records, gain, kind, sentence))
    return found


def _own_test(arms: PlannedArms, options: StudyOptions) -> OwnTest | None:
    """The gain on the images of the user's own test split alone; None where all are, or none is, of that."""
    own = arms.chosen.truth.own_test
    if own.all() or own.sum() < 2:
        return None
    gain = arms.part(own).compared(options.primary, options.generators)
    return OwnTest(int(own.sum()), MeanInterval(gain.least.value, *gain.interval()))


def _record(
    regime: RegimeAtWork,
    choice: RegimeChoice,
    tested: PlannedArms,
    confirmed: _Confirmation,
    without: _Confirmation | None,
    external: ExternalResult | None,
    options: StudyOptions,
) -> Regime:
    metric, truth = options.primary, tested.chosen.truth
    attributes = scored_attributes(truth)
    validated = [arm.scoring(truth) for arm in pool_arms(regime.validated)]
    ratio = next(arm.plan.ratio for arm in validated if arm.plan.keep is not None and not arm.plan.fills)
    assert ratio is not None
    return Regime(
        share=regime.plan.share,
        images=regime.plan.images,
        attributes=attributes,
        rarest=truth.names[truth.rarest],
        real=dict(zip(validated[0].truth.names, regime.plan.real.tolist(), strict=True)),
        steps=round(float(np.mean([steps for arm in validated for steps in arm.steps]))),
        batch=options.budget.batch,
        generator=regime.generators[0],
        guard=asdict(replaced_in(one.path for one in regime.classifiers)),
        arms=exploratory_arms(validated, metric, options.specificity),
        choice=choice,
        tested=confirmed.tested,
        gain=confirmed.gain,
        filtering=keep_rate_finding(ratio, keep_rates(validated, metric), metric, len(attributes)),
        verdict=confirmed.sentence,
        verdict_kind=confirmed.kind,
        without_copies=without.sentence if without else "",
        gain_without_copies=without.gain.corrected if without else None,
        subgroups=compare_subgroups(tested.against(confirmed.gain.over), metric, options.generators),
        external=external,
        validation_copies=sum(one.division.validation_copies() for one in regime.plan.divisions),
        test={},
        own_test=None,
    )


def scored_attributes(truth: GroundTruth) -> list[str]:
    """The names of the attributes that metrics are means over; none for classes."""
    return [truth.names[k] for k in truth.scored] if truth.kind == "attributes" else []
