"""A study in words for the terminal, and the numbers that reports and pages share. No torch."""

from gan.evaluation.number_format import points, points_interval
from gan.evaluation.records.intervals import score_with_interval
from gan.evaluation.records.study_results import Arm, Regime, StudyResult, ranked_attributes
from gan.evaluation.records.subgroup_results import subgroup_lines


def study_text(study: StudyResult) -> str:
    """Verdicts and arms for a terminal."""
    images, groups = study.test["images"], study.test["groups"]
    on = f"{images:,} real test images" + (f" of {groups:,} groups" if study.test["grouped"] else "")
    on += f" in {study.folds} folds" if study.folds > 1 else ""
    lines = [f"{study.run} after {study.snapshot:,} images: {study.seeds} seeds, tested on {on}", f"  {study.verdict}"]
    for regime in study.regimes:
        lines += ["", *_regime_lines(study, regime)]
    lines += [f"  Not run at {left.share:.0%}: {left.arms}. {left.why}" for left in study.left]
    return "\n".join([*lines, *(f"  Note: {notice}" for notice in study.notices)])


def _regime_lines(study: StudyResult, regime: Regime) -> list[str]:
    metric, validation = study.metric(regime), f"{study.validation:,}"
    return [
        f"  {regime.images:,} real training images ({regime.share:.0%}): {regime.verdict}",
        f"    Confirmed on the test images{metric:>53}   gain of the chosen arm over this one",
        *(_tested_line(arm, regime, study.primary) for arm in regime.tested),
        *_attribute_lines(regime),
        *([f"    {own_test_sentence(regime)}"] if regime.own_test else []),
        f"    Exploratory, on {validation} validation images{metric:>{56 - len(validation)}}"
        "   gain over the strongest control, not corrected",
        *(_line(arm, study.primary) for arm in regime.arms),
        *([f"  {without_copies_sentence(regime)}"] if regime.without_copies else []),
        *(["", f"    {regime.external.verdict}"] if regime.external is not None else []),
        *subgroup_lines(regime.subgroups, study.primary),
        f"  {regime.filtering.words}",
    ]


def without_copies_sentence(regime: Regime) -> str:
    """The verdict without near copies of training images; "" where the test images hold none."""
    return f"Without test images that are near copies of training images: {regime.without_copies}" * bool(
        regime.without_copies
    )


def own_test_sentence(regime: Regime) -> str:
    """The result on the set's own test split alone; "" where all test images are of it."""
    own = regime.own_test
    if own is None:
        return ""
    return (
        f"On the {own.images:,} images of the set's own test split alone, exploratory: {points(own.gain.mean)} points "
        f"over the strongest control (95% interval {points_interval(own.gain.low, own.gain.high)}, not corrected)."
    )


def _line(arm: Arm, metric: str) -> str:
    gain = arm.gain
    gain_text = f"{points(gain.value)} ({points_interval(gain.low, gain.high)})" if gain else ""
    return f"    {arm.plan.words:<64} {_score_text(arm, metric):<27} {gain_text}".rstrip()


def _tested_line(arm: Arm, regime: Regime, metric: str) -> str:
    return f"    {arm.plan.words:<64} {_score_text(arm, metric):<27} {gain_over(regime, arm.plan.name)}".rstrip()


def _attribute_lines(regime: Regime) -> list[str]:
    """AUROC and average precision of each attribute, the rarest first; nothing for classes."""
    return [
        f"    {name + ', ' + arm.plan.words:<64} {score_with_interval(arm.aurocs[name], 'auroc'):>24}    "
        f"average precision {score_with_interval(arm.average_precisions[name], 'average_precision')}"
        for name in ranked_attributes(regime)
        for arm in regime.tested
    ]


def gain_over(regime: Regime, name: str) -> str:
    """The corrected gain of the chosen arm over a tested control in points, `+3.0 (+1.0 to +5.0), helps`; "" for the
    chosen arm itself."""
    gain = regime.gain
    if name == gain.over:
        decision = ", helps" if gain.helps else ""
        return f"{points(gain.value)} ({points_interval(gain.corrected_low, gain.corrected_high)}){decision}"
    if name == gain.harm_over:
        decision = ", harms" if gain.harms else ""
        return f"{points(gain.harm.mean)} ({points_interval(gain.harm.low, gain.harm.high)}){decision}"
    return ""


def _score_text(arm: Arm, metric: str) -> str:
    return f"{score_with_interval(arm.primary(metric), metric):>24}"
