"""The study's numbers in one sentence: it helps, it does not, it harms, or nobody can tell. No torch.

    Helps              the corrected lower end of an arm's gain is above 0
    Harmful            otherwise, where an arm is worse than every control that is trained as it is (`arms.py`)
    Cannot tell        otherwise, where the gain of the best arm is known to no better than WIDEST to either side
    No gain found      otherwise

A class with fewer than FEWEST test groups can carry no verdict: a bootstrap of so few knows too little of those that
it never saw.
"""

from collections.abc import Sequence
from typing import Any

from gan.evaluation.records.study_results import Arm, Filtering, Gain, KeepRate, Regime
from gan.evaluation.study.arms import AUGMENTED, ArmPlan

WIDEST = 0.05
"""Half of a 95% interval, as a share: a gain of five points is what the better reports of the field claim, so a study
that could have missed it should not say that there is none."""
FEWEST = 10
"""Test groups of a class. With fewer, even a class whose every image moves from wrong to right has a p above 0.001 in
an exact sign test, where the bootstrap is certain."""


def verdict(arms: Sequence[Arm], test: dict[str, Any]) -> tuple[str, str]:
    """The kind ("helps", "harmful", "unclear", "none") and the sentence, from the arms of one regime.

    `test` is that of StudyResult.
    """
    compared = [(arm, arm.gain) for arm in arms if arm.gain is not None]
    tested, too_few = _tested(test), _too_few(test)
    if too_few:
        return "unclear", f"Cannot tell with {too_few}."
    helping = [(arm, gain) for arm, gain in compared if gain.helps]
    harming = [(arm, gain) for arm, gain in compared if gain.harms]
    if helping:
        best_of_all = max(helping, key=lambda one: one[1].corrected_low)
        return "helps", _helps(*best_of_all, arms, len(compared), [arm for arm, _ in harming])
    if harming:
        return "harmful", _harmful(harming, arms, len(compared))
    best, gain = max(compared, key=lambda one: one[1].value)
    lies = f"{phrase(best)} changes balanced accuracy by {_points(gain.value)} points over {_words(arms, gain.over)}"
    if (gain.high - gain.low) / 2 > WIDEST:
        return "unclear", (
            f"Cannot tell with {tested}: at best, {lies}, but anything from {_points(gain.low)} to "
            f"{_points(gain.high)} is possible (95%)."
        )
    return "none", (
        f"No gain found: the best of {len(compared)} ways, {lies} (95% interval {_points(gain.low)} to "
        f"{_points(gain.high)}; {tested})."
    )


def together(regimes: Sequence[Regime]) -> tuple[str, str]:
    """The kind and the sentence of a study: of all training images, and of fewer where those say more."""
    first = regimes[0]
    others = [one for one in regimes[1:] if one.verdict_kind == "helps" and first.verdict_kind != "helps"]
    if not others:
        return first.verdict_kind, first.verdict
    low = others[-1]
    only = f"With only {sum(low.real.values()):,} real images ({low.share:.0%}) it {low.verdict[0].lower()}"
    return first.verdict_kind, f"{first.verdict} {only}{low.verdict[1:]}"


def filtering(ratio: float, rates: list[KeepRate], test: dict[str, Any]) -> Filtering:
    """Which keep rate pays, from the differences from keeping all at this ratio; `test` is that of StudyResult."""
    too_few = _too_few(test)
    if too_few:
        return Filtering(ratio, rates, None, "unclear", f"Keep rate: cannot tell with {too_few}.")
    paying, costing = [one for one in rates if one.low > 0], [one for one in rates if one.high < 0]
    if paying:
        best = max(paying, key=lambda one: one.value)
        words = f"keeping the better {100 * best.keep:g}% pays. Against keeping all, it {_changes(best, ratio, rates)}."
        return Filtering(ratio, rates, best.keep, "pays", f"Keep rate: {words}")
    if costing:
        worst = min(costing, key=lambda one: one.value)
        words = f"keep all. Keeping only the better {100 * worst.keep:g}% {_changes(worst, ratio, rates)}."
        return Filtering(ratio, rates, None, "costs", f"Keep rate: {words}")
    best = max(rates, key=lambda one: one.value)
    at_best = f"At best, keeping the better {100 * best.keep:g}% {_changes(best, ratio, rates)}."
    if (best.high - best.low) / 2 > WIDEST:
        words = f"cannot tell whether keeping fewer differs from keeping all. {at_best}"
        return Filtering(ratio, rates, None, "unclear", f"Keep rate: {words}")
    words = f"no difference found between keeping all and keeping fewer. {at_best}"
    return Filtering(ratio, rates, None, "none", f"Keep rate: {words}")


def _changes(rate: KeepRate, ratio: float, rates: list[KeepRate]) -> str:
    corrected = f", corrected for {len(rates)} rates" if len(rates) > 1 else ""
    return (
        f"changes balanced accuracy by {_points(rate.value)} points (95% interval {_points(rate.low)} to "
        f"{_points(rate.high)}{corrected}) with {_for_each_real(ratio)}"
    )


def phrase(arm: Arm) -> str:
    """What was added, in words for the middle of a sentence."""
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
    """The test images, and which class has too few groups of them to carry a verdict; "" where each has enough."""
    grouped: dict[str, int] = test["groups_per_class"]
    scarce = min(grouped, key=lambda name: grouped[name])
    if grouped[scarce] >= FEWEST:
        return ""
    unit = "groups hold" if test["grouped"] else "images are of"
    return f"{_tested(test)}: {grouped[scarce]} {unit} {scarce}, and it takes {FEWEST}"


def _helps(arm: Arm, gain: Gain, arms: Sequence[Arm], compared: int, harming: Sequence[Arm]) -> str:
    most = max(gain.by_class, key=lambda name: gain.by_class[name])
    limit = f", but harmful {_from(harming, arms)}" if harming else ""
    span = f"{_points(gain.corrected_low)} to {_points(gain.corrected_high)}"
    return (
        f"Helps{limit}: {phrase(arm)} raises balanced accuracy by {abs(gain.value) * 100:.1f} points over "
        f"{_words(arms, gain.over)} (95% interval {span}, corrected for {compared} comparisons); in these "
        f"test images {most} gains most ({_points(gain.by_class[most])} points of sensitivity, not tested)."
    )


def _harmful(harming: Sequence[tuple[Arm, Gain]], arms: Sequence[Arm], compared: int) -> str:
    worst, gain = min(harming, key=lambda one: one[1].harm.mean)
    span = f"{_points(gain.harm.low)} to {_points(gain.harm.high)}"
    return (
        f"Harmful {_from([arm for arm, _ in harming], arms)}: {phrase(worst)} lowers balanced accuracy by "
        f"{abs(gain.harm.mean) * 100:.1f} points against {_words(arms, gain.harm_over)} (95% interval {span}, "
        f"corrected for {compared} comparisons)."
    )


def _from(harming: Sequence[Arm], arms: Sequence[Arm]) -> str:
    """From which ratio on the harm begins, for each way of training: the same for both, or the one and the other."""
    plans = [arm.plan for arm in arms if arm.plan.kind == "synthetic" and not arm.plan.fills]
    ratios = sorted({plan.ratio for plan in plans if plan.ratio is not None})
    found = {}
    for augmented, way in ((False, "without classical augmentation"), (True, AUGMENTED)):
        of_way = [arm.plan for arm in harming if arm.plan.augmented == augmented]
        if of_way:
            found[way] = _where(of_way, ratios)
    if len(found) == 2 and len(set(found.values())) == 1:
        return next(iter(found.values()))
    return ", ".join(f"{where} {way}" for way, where in found.items())


def _where(harmful: Sequence[ArmPlan], tried: Sequence[float]) -> str:
    """Above a ratio that was tried, at all, only where classes are filled up, or only at a keep rate."""
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


def _words(arms: Sequence[Arm], name: str) -> str:
    words = next(arm.plan.words for arm in arms if arm.plan.name == name)
    return words[0].lower() + words[1:]


def _points(share: float) -> str:
    return f"{share * 100:+.1f}".replace("-", "−")
