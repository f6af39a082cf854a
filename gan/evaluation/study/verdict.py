"""The study's numbers in one sentence: synthetic images help, harm, gain little at most, or nobody can tell. No torch.

The first of these that holds for a regime:

    Cannot tell                      a class has fewer than MIN_GROUPS test groups
    Helps                            the corrected lower end of an arm's gain is above 0
    Harmful                          an arm is worse than every control that is trained as it is (`arms.py`)
    No gain of more than X points    the highest corrected upper end, X, is at most MAX_EXCLUDED
    Cannot tell                      otherwise: a gain of up to X points is possible
"""

import math
from collections.abc import Sequence
from typing import Any

from gan.evaluation.number_format import points, points_interval
from gan.evaluation.records.study_results import Arm, Filtering, Gain, KeepRate, Regime
from gan.evaluation.study.arms import AUGMENTED, ArmPlan

MAX_EXCLUDED = 0.05
"""The largest gain or difference, as a share, that a study has to exclude before it says that there is none above it.
The better reports of the field claim gains of five points: a study that could have missed one cannot tell."""
MIN_GROUPS = 10
"""Test groups of a class. With fewer, an exact sign test cannot reach p = 0.001 even where every group moves from wrong
to right, while the bootstrap is certain."""


def regime_verdict(arms: Sequence[Arm], test: dict[str, Any]) -> tuple[str, str]:
    """Verdict kind ("helps", "harmful", "unclear" or "none") and sentence of one regime; `test` as in StudyResult."""
    compared = [(arm, arm.gain) for arm in arms if arm.gain is not None]
    tested, too_few = _tested(test), _too_few(test)
    if too_few:
        return "unclear", f"Cannot tell with {too_few}."
    helping = [(arm, gain) for arm, gain in compared if gain.helps]
    harming = [(arm, gain) for arm, gain in compared if gain.harms]
    if helping:
        best_of_all = max(helping, key=lambda pair: pair[1].corrected_low)
        return "helps", _helps(*best_of_all, arms, len(compared), [arm for arm, _ in harming])
    if harming:
        return "harmful", _harmful(harming, arms, len(compared))
    return _undecided(compared, arms, tested)


def _undecided(compared: Sequence[tuple[Arm, Gain]], arms: Sequence[Arm], tested: str) -> tuple[str, str]:
    """Verdict kind and sentence where no arm helps or harms: what its corrected intervals exclude."""
    best, gain = max(compared, key=lambda pair: pair[1].value)
    highest = max(gain.corrected_high for _, gain in compared)
    change = (
        f"{arm_phrase(best)} changes balanced accuracy by {points(gain.value)} points over "
        f"{_arm_words(arms, gain.over)} (95% interval {points_interval(gain.corrected_low, gain.corrected_high)}"
    )
    corrected = _corrected_for(len(compared), "comparisons")
    if highest > MAX_EXCLUDED:
        possible = f"a gain of up to {_rounded_up(highest)} points is possible"
        return "unclear", f"Cannot tell with {tested}: {possible}. At best, {change}{corrected})."
    none = f"No gain of more than {_rounded_up(highest)} points" if highest > 0 else "No gain"
    ways = f" by any of {len(compared)} ways" if len(compared) > 1 else ""
    return "none", f"{none}{ways}: at best, {change}{corrected}; {tested})."


def study_verdict(regimes: Sequence[Regime]) -> tuple[str, str]:
    """Verdict kind and sentence of a study: those of all training images, and a low-data regime that alone gains."""
    first = regimes[0]
    gaining = [regime for regime in regimes[1:] if regime.verdict_kind == "helps" and first.verdict_kind != "helps"]
    if not gaining:
        return first.verdict_kind, first.verdict
    low = gaining[-1]
    only = f"With only {sum(low.real.values()):,} real images ({low.share:.0%}) it {low.verdict[0].lower()}"
    return first.verdict_kind, f"{first.verdict} {only}{low.verdict[1:]}"


def keep_rate_verdict(ratio: float, rates: list[KeepRate], test: dict[str, Any]) -> Filtering:
    """Which keep rate pays, from its differences against keeping all at this ratio; `test` as in StudyResult."""
    too_few = _too_few(test)
    if too_few:
        return Filtering(ratio, rates, None, "unclear", f"Keep rate: cannot tell with {too_few}.")
    paying, costing = [rate for rate in rates if rate.low > 0], [rate for rate in rates if rate.high < 0]
    if paying:
        best = max(paying, key=lambda rate: rate.value)
        words = f"keeping the better {100 * best.keep:g}% pays. Against keeping all, it {_changes(best, ratio, rates)}."
        return Filtering(ratio, rates, best.keep, "pays", f"Keep rate: {words}")
    if costing:
        worst = min(costing, key=lambda rate: rate.value)
        words = f"keep all. Keeping only the better {100 * worst.keep:g}% {_changes(worst, ratio, rates)}."
        return Filtering(ratio, rates, None, "costs", f"Keep rate: {words}")
    best = max(rates, key=lambda rate: rate.value)
    at_best = f"At best, keeping the better {100 * best.keep:g}% {_changes(best, ratio, rates)}."
    largest = max(max(-rate.low, rate.high) for rate in rates)
    if largest > MAX_EXCLUDED:
        possible = f"a difference of up to {_rounded_up(largest)} points from keeping all is possible"
        return Filtering(ratio, rates, None, "unclear", f"Keep rate: cannot tell, {possible}. {at_best}")
    words = f"no difference of more than {_rounded_up(largest)} points between keeping all and keeping fewer. {at_best}"
    return Filtering(ratio, rates, None, "none", f"Keep rate: {words}")


def _changes(rate: KeepRate, ratio: float, rates: list[KeepRate]) -> str:
    return (
        f"changes balanced accuracy by {points(rate.value)} points (95% interval "
        f"{points_interval(rate.low, rate.high)}{_corrected_for(len(rates), 'rates')}) with {_for_each_real(ratio)}"
    )


def _corrected_for(count: int, what: str) -> str:
    return f", corrected for {count} {what}" if count > 1 else ""


def _rounded_up(share: float) -> str:
    """A share in points with one decimal, never less than it is."""
    return f"{math.ceil(round(1000 * share, 6)) / 10:.1f}"


def arm_phrase(arm: Arm) -> str:
    """What an arm adds, as part of a sentence: `adding 2 synthetic images for each real one (the better 50%)`."""
    plan = arm.plan
    how = [f"the better {100 * plan.keep:g}%"] if plan.keep is not None else []
    how += [AUGMENTED] if plan.augmented else []
    what = (
        "filling rare classes up with synthetic images"
        if plan.fills or plan.ratio is None
        else f"adding {_for_each_real(plan.ratio)}"
    )
    return what + (f" ({', '.join(how)})" if how else "")


def _for_each_real(ratio: float) -> str:
    return f"{ratio:g} synthetic image{'' if ratio == 1 else 's'} for each real one"


def _tested(test: dict[str, Any]) -> str:
    return f"{test['images']:,} test images" + (f" of {test['groups']:,} groups" if test["grouped"] else "")


def _too_few(test: dict[str, Any]) -> str:
    """Why there is no verdict: the class with too few test groups; "" where each class has enough."""
    groups: dict[str, int] = test["groups_per_class"]
    scarce = min(groups, key=lambda name: groups[name])
    if groups[scarce] >= MIN_GROUPS:
        return ""
    unit = "groups hold" if test["grouped"] else "images are of"
    return f"{_tested(test)}: {groups[scarce]} {unit} {scarce}, and it takes {MIN_GROUPS}"


def _helps(arm: Arm, gain: Gain, arms: Sequence[Arm], compared: int, harming: Sequence[Arm]) -> str:
    most = max(gain.by_class, key=lambda name: gain.by_class[name])
    limit = f", but harmful {_harmful_ratios(harming, arms)}" if harming else ""
    span = points_interval(gain.corrected_low, gain.corrected_high)
    return (
        f"Helps{limit}: {arm_phrase(arm)} raises balanced accuracy by {abs(gain.value) * 100:.1f} points over "
        f"{_arm_words(arms, gain.over)} (95% interval {span}{_corrected_for(compared, 'comparisons')}); in these "
        f"test images {most} gains most ({points(gain.by_class[most])} points of sensitivity, not tested)."
    )


def _harmful(harming: Sequence[tuple[Arm, Gain]], arms: Sequence[Arm], compared: int) -> str:
    worst, gain = min(harming, key=lambda pair: pair[1].harm.mean)
    span, where = points_interval(gain.harm.low, gain.harm.high), _harmful_ratios([arm for arm, _ in harming], arms)
    return (
        f"Harmful {where}: {arm_phrase(worst)} lowers balanced accuracy by "
        f"{abs(gain.harm.mean) * 100:.1f} points against {_arm_words(arms, gain.harm_over)} (95% interval {span}"
        f"{_corrected_for(compared, 'comparisons')})."
    )


def _harmful_ratios(harming: Sequence[Arm], arms: Sequence[Arm]) -> str:
    """Which ratios harm, for each way of training: stated once where both agree."""
    plans = [arm.plan for arm in arms if arm.plan.kind == "synthetic" and not arm.plan.fills]
    ratios = sorted({plan.ratio for plan in plans if plan.ratio is not None})
    by_way = {}
    for augmented, way in ((False, "without classical augmentation"), (True, AUGMENTED)):
        harmful = [arm.plan for arm in harming if arm.plan.augmented == augmented]
        if harmful:
            by_way[way] = _where(harmful, ratios)
    if len(by_way) == 2 and len(set(by_way.values())) == 1:
        return next(iter(by_way.values()))
    return ", ".join(f"{where} {way}" for way, where in by_way.items())


def _where(harmful: Sequence[ArmPlan], tried: Sequence[float]) -> str:
    """Above a ratio, at every ratio tried, only where rare classes are filled up, or only at a keep rate."""
    whole = [plan for plan in harmful if plan.keep is None]
    ratios = sorted({plan.ratio for plan in whole if plan.ratio is not None and not plan.fills})
    if not whole:
        rates = sorted({plan.keep for plan in harmful if plan.keep is not None}, reverse=True)
        return f"at a keep rate of {', '.join(f'{100 * rate:g}%' for rate in rates)}"
    if not ratios:
        return "where rare classes are filled up"
    if ratios == tried:
        return "at every ratio tried"
    if ratios == tried[-len(ratios) :]:
        return f"above ratio {tried[-len(ratios) - 1]:g}"
    return f"at ratio {', '.join(f'{ratio:g}' for ratio in ratios)}"


def _arm_words(arms: Sequence[Arm], name: str) -> str:
    """The name of an arm within a sentence."""
    words = next(arm.plan.words for arm in arms if arm.plan.name == name)
    return words[0].lower() + words[1:]
