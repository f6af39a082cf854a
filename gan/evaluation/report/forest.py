"""The rows of a study's forest plot: a difference with its 95% interval each, as the verdict and the tables state it.

First the confirmed comparison, then the same on other or fewer images, then the exploratory gains of every arm on
validation images. No torch.
"""

from dataclasses import dataclass

from gan.evaluation.number_format import points_with_interval, within_sentence
from gan.evaluation.records.intervals import MeanInterval
from gan.evaluation.records.study_results import Regime, StudyResult


@dataclass(frozen=True)
class ForestRow:
    """One difference, as a share; `is_bold` for the comparison that the verdict is about."""

    name: str
    difference: MeanInterval
    is_bold: bool = False

    @property
    def text(self) -> str:
        """`+5.0 (+2.0 to +8.0)`, in points."""
        return points_with_interval(self.difference.mean, self.difference.low, self.difference.high)


@dataclass(frozen=True)
class ForestGroup:
    """Rows below a heading. `kind`: "confirmed", "part" (other images than all test images), or "exploratory"."""

    kind: str
    heading: str
    rows: list[ForestRow]


def forest_groups(study: StudyResult, regime: Regime) -> list[ForestGroup]:
    """The rows of a regime's forest plot, in their order; groups without rows are left out."""
    groups = [_confirmed(study, regime), _parts(regime), _exploratory(study, regime), _keep_rates(regime)]
    return [group for group in groups if group.rows]


def _confirmed(study: StudyResult, regime: Regime) -> ForestGroup:
    gain, external = regime.gain, regime.external
    rows = [ForestRow(_against(regime, gain.over, "the strongest control"), gain.corrected, is_bold=True)]
    if gain.harm_over != gain.over:
        rows.append(ForestRow(_against(regime, gain.harm_over, "which is trained as it is"), gain.harm, gain.harms))
    if external is not None and study.external is not None:
        name = f"the same as the first, on {study.external.name} ({study.external.images:,} images)"
        rows.append(ForestRow(name, external.gain.corrected))
    chosen = regime.tested_arm(gain.arm).plan.words
    return ForestGroup("confirmed", f"Confirmed on test images: {chosen}", rows)


def _parts(regime: Regime) -> ForestGroup:
    own, rows = regime.own_test, []
    if own is not None:
        rows.append(ForestRow(f"the set's own test split alone ({own.images:,} images)", own.gain))
    if regime.gain_without_copies is not None:
        name = "without test images that are near copies of training images (corrected)"
        rows.append(ForestRow(name, regime.gain_without_copies))
    rows += [ForestRow(f"{one.words} ({one.images:,} images)", one.gain) for one in regime.subgroups.compared]
    return ForestGroup("part", "The same on some of the test images (exploratory)", rows)


def _exploratory(study: StudyResult, regime: Regime) -> ForestGroup:
    chosen = {choice.arm for choice in regime.choice.divisions}
    rows = [
        ForestRow(
            arm.plan.words + (" (chosen)" if arm.plan.name in chosen else ""),
            MeanInterval(arm.gain.value, arm.gain.low, arm.gain.high),
        )
        for arm in regime.arms
        if arm.gain is not None
    ]
    heading = f"Exploratory, no verdict: on {study.validation:,} validation images, over the strongest control there"
    return ForestGroup("exploratory", heading, rows)


def _keep_rates(regime: Regime) -> ForestGroup:
    rows = [
        ForestRow(f"The better {100 * rate.keep:g}%", MeanInterval(rate.value, rate.low, rate.high))
        for rate in regime.filtering.rates
    ]
    heading = "Exploratory, no verdict: adding only better images, against as many of all, on validation images"
    return ForestGroup("exploratory", heading, rows)


def _against(regime: Regime, name: str, what: str) -> str:
    words = regime.tested_arm(name).plan.words
    return f"against {within_sentence(words)}, {what}"
