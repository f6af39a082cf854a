"""The study's numbers in one sentence: it helps, it does not, it harms, or nobody can tell. No torch.

    Helps              the corrected lower end of an arm's gain is above 0
    Harmful            otherwise, where an arm is worse than real images alone and than the matching duplicates
    Cannot tell        otherwise, where the gain of the best arm is known to no better than WIDEST to either side
    No gain found      otherwise

A class with fewer than FEWEST test groups can carry no verdict: a bootstrap of so few knows too little of those that
it never saw. Read next: `study.py`.
"""

from collections.abc import Sequence
from typing import Any

from gan.evaluation.study_results import Arm, Gain, Regime

WIDEST = 0.05
"""Half of a 95 % interval, as a share: a gain of five points is what the better reports of the field claim, so a study
that could have missed it should not say that there is none."""
FEWEST = 10
"""Test groups of a class. With fewer, even a class whose every image moves from wrong to right has a p above 0.001 in
an exact sign test, where the bootstrap is certain."""


def verdict(arms: Sequence[Arm], test: dict[str, Any]) -> tuple[str, str]:
    """The kind ("helps", "harmful", "unclear", "none") and the sentence, from the arms of one regime.

    `test` is that of StudyResult.
    """
    compared = [(arm, arm.gain) for arm in arms if arm.gain is not None]
    tested = f"{test['images']:,} test images" + (f" of {test['groups']:,} groups" if test["grouped"] else "")
    if not compared:
        return "unclear", "Cannot tell: no arm with synthetic images was run."
    grouped: dict[str, int] = test["groups_per_class"]
    scarce = min(grouped, key=lambda name: grouped[name])
    if grouped[scarce] < FEWEST:
        unit = "groups hold" if test["grouped"] else "images are of"
        return "unclear", f"Cannot tell with {tested}: {grouped[scarce]} {unit} {scarce}, and it takes {FEWEST}."
    helping = [(arm, gain) for arm, gain in compared if gain.helps]
    harming = [arm for arm, gain in compared if gain.harms]
    if helping:
        return "helps", _helps(*max(helping, key=lambda one: one[1].corrected_low), arms, len(compared), harming)
    if harming:
        return "harmful", _harmful(harming, arms)
    best, gain = max(compared, key=lambda one: one[1].value)
    lies = f"{phrase(best)} changes balanced accuracy by {_points(gain.value)} points over {_over(arms, gain)}"
    if (gain.high - gain.low) / 2 > WIDEST:
        return "unclear", (
            f"Cannot tell with {tested}: at best, {lies}, but anything from {_points(gain.low)} to "
            f"{_points(gain.high)} is possible (95 %)."
        )
    return "none", (
        f"No gain found: the best of {len(compared)} ways, {lies} (95 % interval {_points(gain.low)} to "
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


def filtering(keep: float, value: float, low: float, high: float) -> str:
    """What keeping only the better share of the synthetic images did to balanced accuracy, with its 95 % interval."""
    numbers = f"{_points(value)} points of balanced accuracy (95 % interval {_points(low)} to {_points(high)})"
    kept = f"keeping the better {keep:.0%} of the synthetic images changes it by"
    if low > 0:
        return f"Filtering pays: {kept} {numbers}."
    if high < 0:
        return f"Filtering costs: {kept} {numbers}."
    return f"No difference by filtering found: {kept} {numbers}."


def phrase(arm: Arm) -> str:
    """What was added, in words for the middle of a sentence."""
    better = "filtered " if arm.filtered else ""
    if arm.kind == "filled":
        return f"filling rare classes up with {better}synthetic images"
    plural = "" if arm.ratio == 1 else "s"
    return f"adding {arm.ratio:g} {better}synthetic image{plural} for each real one"


def _helps(arm: Arm, gain: Gain, arms: Sequence[Arm], compared: int, harming: Sequence[Arm]) -> str:
    most = max(gain.by_class, key=lambda name: gain.by_class[name])
    limit = f", but harmful {_from(harming, arms)}" if harming else ""
    span = f"{_points(gain.corrected_low)} to {_points(gain.corrected_high)}"
    return (
        f"Helps{limit}: {phrase(arm)} raises balanced accuracy by {abs(gain.value) * 100:.1f} points over "
        f"{_over(arms, gain)} (95 % interval {span}, corrected for {compared} comparisons); {most} gains most "
        f"({_points(gain.by_class[most])} points of sensitivity)."
    )


def _harmful(harming: Sequence[Arm], arms: Sequence[Arm]) -> str:
    worst = min(harming, key=lambda arm: arm.balanced.mean)
    assert worst.gain is not None
    against = worst.gain.against["real"]
    return (
        f"Harmful {_from(harming, arms)}: {phrase(worst)} lowers balanced accuracy by {abs(against.mean) * 100:.1f} "
        f"points against real images alone (95 % interval {_points(against.low)} to {_points(against.high)})."
    )


def _from(harming: Sequence[Arm], arms: Sequence[Arm]) -> str:
    """From which ratio on the harm begins: above one that was tried, at all, or only where classes are filled up."""
    by_ratio = [arm for arm in arms if arm.kind == "synthetic"]
    harmful = sorted({arm.ratio for arm in harming if arm.kind == "synthetic" and arm.ratio is not None})
    ratios = sorted({arm.ratio for arm in by_ratio if arm.ratio is not None})
    if not harmful:
        return "where rare classes are filled up"
    if harmful == ratios:
        return "at every ratio tried"
    if harmful == ratios[-len(harmful) :]:
        return f"above ratio {ratios[-len(harmful) - 1]:g}"
    return f"at ratio {', '.join(f'{ratio:g}' for ratio in harmful)}"


def _over(arms: Sequence[Arm], gain: Gain) -> str:
    words = next(arm.words for arm in arms if arm.name == gain.over)
    return words[0].lower() + words[1:]


def _points(share: float) -> str:
    return f"{share * 100:+.1f}".replace("-", "−")
