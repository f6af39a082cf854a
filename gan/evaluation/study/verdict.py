"""The confirmed gain in one sentence: synthetic images help, harm, gain little at most, or nobody can tell. No torch.

The first of these that holds for the chosen arm of a regime, on test images:

    Cannot tell                      a class has fewer than MIN_GROUPS test groups; of attributes, every one
    Helps                            the corrected lower end of its gain over every control to beat is above 0
    Harmful                          it is worse than the control that is trained as it is (`arms.py`)
    No room to gain                  without synthetic images at most MAX_ROOM is missing from the highest score
    No gain of more than X points    the corrected upper end, X, is at most MAX_EXCLUDED
    Cannot tell                      otherwise: a gain of up to X points is possible

Intervals are 95%, Holm-corrected over the regimes of the study.
"""

import math
from collections.abc import Sequence
from typing import Any

from gan.evaluation.number_format import detectable_points, percent, points, points_interval, within_sentence
from gan.evaluation.records.study_results import Arm, Filtering, Gain, KeepRate, Regime
from gan.evaluation.study.arms import AUGMENTED, ArmPlan
from gan.evaluation.study.confirmation_plan import ROLES
from gan.evaluation.study.study_options import PRIMARY_METRICS, metric_name

MAX_EXCLUDED = 0.05
"""The largest gain, as a share, that a study has to exclude before it says that there is none above it. The better
reports of the field claim gains of five points: a study that could have missed one cannot tell."""
MAX_ROOM = 0.01
"""The most that may be missing from the highest score where there is no room to gain."""
VERDICT_NAMES = {
    "helps": "Helps",
    "harmful": "Harmful",
    "no-room": "No room to gain",
    "none": "No gain",
    "unclear": "Cannot tell",
}
"""How the sentence of each kind of verdict begins: the verdict's name on every page, card and report."""
MIN_GROUPS = 10
"""Test groups of a class. With fewer, an exact sign test cannot reach p = 0.001 even where every group moves from wrong
to right, while an interval from variances is certain."""


def regime_verdict(
    tested: Sequence[Arm],
    gain: Gain,
    metric: str,
    count: int,
    test: dict[str, Any],
    attributes: int = 0,
    what: str = "regimes",
) -> tuple[str, str]:
    """Verdict kind (of VERDICT_NAMES) and sentence of one of so many regimes, or comparisons.

    `tested` as in Regime, `test` as in StudyResult; `attributes` counts those that metrics are means over.
    """
    arms = {arm.plan.name: arm for arm in tested}
    chosen, best = arms[gain.arm], arms[gain.over]
    too_few = _too_few(test, attributes > 0)
    if too_few:
        return "unclear", f"Cannot tell with {too_few}."
    name, corrected = metric_name(metric, attributes), _corrected(count, what)
    ends = points_interval(gain.corrected_low, gain.corrected_high)
    strongest = "" if best.plan.name in ROLES else ", the strongest control"
    over = f"over {control_phrase(best.plan)}{strongest} (95% interval {ends}{corrected})"
    if gain.helps:
        most = max(gain.by_class, key=lambda label: gain.by_class[label])
        unit = PRIMARY_METRICS[metric] if attributes else "sensitivity"
        return "helps", (
            f"Helps: {arm_phrase(chosen.plan)} raises {name} by {abs(gain.value) * 100:.1f} points {over}; in these "
            f"test images {most} gains most ({points(gain.by_class[most])} points of {unit}, not tested)."
        )
    if gain.harms:
        ends = points_interval(gain.harm.low, gain.harm.high)
        return "harmful", (
            f"Harmful: {arm_phrase(chosen.plan)} lowers {name} by {abs(gain.harm.mean) * 100:.1f} points against "
            f"{control_phrase(arms[gain.harm_over].plan)} (95% interval {ends}{corrected}). No other way did better on "
            "validation images."
        )
    change = f"{arm_phrase(chosen.plan)} changes {name} by {points(gain.value)} points {over}"
    reached = best.primary(metric)
    if reached.low >= 1 - MAX_ROOM:
        score = percent(reached.mean) if metric == "balanced_accuracy" else f"{reached.mean:.3f}"
        already = f"{name} is already {score} with {control_phrase(best.plan)}"
        return "no-room", f"No room to gain: {already}. Here {change}."
    if gain.corrected_high > MAX_EXCLUDED:
        possible = f"a gain of up to {_rounded_up(gain.corrected_high)} points is possible"
        return "unclear", f"Cannot tell with {_tested(test)}: {possible}. Here {change}. {_what_would_tell(gain)}"
    bound = f" of more than {_rounded_up(gain.corrected_high)} points" if gain.corrected_high > 0 else ""
    instead = f" Use {control_phrase(best.plan)} instead." if gain.corrected_high < 0 else ""
    return "none", f"No gain{bound}: {change}; {_tested(test)}.{instead}"


def study_verdict(regimes: Sequence[Regime]) -> tuple[str, str]:
    """Verdict kind and headline of a study: those of its first regime, and the others that help or harm otherwise."""
    first = regimes[0]
    parts = [first.verdict]
    for regime in regimes[1:]:
        if regime.verdict_kind in ("helps", "harmful") and regime.verdict_kind != first.verdict_kind:
            only = f"With only {regime.images:,} real images ({regime.share:.0%}) it"
            is_harmful = "is " if regime.verdict_kind == "harmful" else ""
            parts.append(f"{only} {is_harmful}{regime.verdict[0].lower()}{regime.verdict[1:]}")
    parts += [first.external.verdict] if first.external is not None else []
    return first.verdict_kind, " ".join(parts)


def keep_rate_finding(ratio: float, rates: list[KeepRate], metric: str, attributes: int = 0) -> Filtering:
    """What the validation images say of keep rates, from the differences against keeping all at this ratio."""
    best = max(rates, key=lambda rate: rate.value)
    images = f"{ratio:g} synthetic image{'' if ratio == 1 else 's'} for each real one"
    words = (
        f"Keep rate, exploratory: of the rates tried, the better {100 * best.keep:g}% did best on validation images, "
        f"{points(best.value)} points of {metric_name(metric, attributes)} against keeping all (95% interval "
        f"{points_interval(best.low, best.high)}, not corrected) with {images}."
    )
    return Filtering(ratio, rates, best.keep, words)


def arm_phrase(plan: ArmPlan) -> str:
    """What a synthetic arm does, as part of a sentence.

    `adding 2 synthetic images for each real one (the better 50%) with classical augmentation`
    """
    synthetic = f"{plan.ratio or 0:g} synthetic image{'' if plan.ratio == 1 else 's'} for each real one"
    if plan.fills:
        what = f"filling {plan.rare} up with synthetic images"
    elif plan.ratio is None:
        what = f"adding {within_sentence(plan.words)}"  # pooled over folds
    elif plan.use == "mixed":
        what = f"filling half of each batch with synthetic images ({plan.ratio:g} for each real one)"
    elif plan.use == "first":
        what = f"training on {synthetic} before the real ones"
    else:
        what = f"adding {synthetic}"
    better = f" (the better {100 * plan.keep:g}%)" if plan.keep is not None else ""
    return f"{what}{better}" + (f" {AUGMENTED}" if plan.augmented else "")


def control_phrase(plan: ArmPlan) -> str:
    """A free control within a sentence: `MixUp`, `real images alone`."""
    return plan.short or within_sentence(plan.words)


def _what_would_tell(gain: Gain) -> str:
    """Which gain the study sees, and what would see a smaller one."""
    more = ", with ".join(f"{what} {detectable_points(seen)}" for what, seen in gain.detectable_with.items())
    return f"This study can see a gain of {detectable_points(gain.detectable)} points (power 80%); with {more}."


def _corrected(count: int, what: str) -> str:
    return f", corrected for {count} {what}" if count > 1 else ""


def _rounded_up(share: float) -> str:
    """A share in points with one decimal, never less than it is."""
    return f"{math.ceil(round(1000 * share, 6)) / 10:.1f}"


def _tested(test: dict[str, Any]) -> str:
    groups = f" of {test['groups']:,} groups" if test["grouped"] else ""
    return f"{test['images']:,} test images{groups}" + (f" in {test['folds']} folds" if test["folds"] > 1 else "")


def _too_few(test: dict[str, Any], attributes: bool) -> str:
    """Why there is no verdict: the class or attribute with too few test groups; "" where each has enough."""
    groups: dict[str, int] = test["groups_per_class"]
    scarce = min(groups, key=lambda name: groups[name])
    if groups[scarce] >= MIN_GROUPS:
        return ""
    if attributes:
        unit = "groups" if test["grouped"] else "images"
        both = f"{groups[scarce]} {unit} that hold it, or that lack it"
        return f"{_tested(test)}: {scarce} has {both}, and it takes {MIN_GROUPS} of each"
    unit = "groups hold" if test["grouped"] else "images are of"
    return f"{_tested(test)}: {groups[scarce]} {unit} {scarce}, and it takes {MIN_GROUPS}"
