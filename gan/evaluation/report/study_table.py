"""The points of a study's charts, and its arms as tables, for pages and reports."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from gan.evaluation.number_format import percent, percent_with_interval, points, points_interval
from gan.evaluation.records.intervals import MeanInterval, score_with_interval
from gan.evaluation.records.study_results import (
    Arm,
    ExploratoryGain,
    Regime,
    StudyResult,
    gain_over,
    ranked_attributes,
)
from gan.evaluation.study.study_options import PRIMARY_METRICS, metric_name

PLAIN, WITH_CLASSICAL = "Synthetic images", "Synthetic images and classical augmentation"
BETTER = "Only the better synthetic images"
CONTROLS = "Without synthetic images"
WAYS = {False: PLAIN, True: WITH_CLASSICAL}


@dataclass(frozen=True)
class GainLine:
    """The exploratory gains with or without augmentation, each with its index in `amounts`: `by_ratio`, and `apart` for
    filled-up classes."""

    name: str
    by_ratio: list[tuple[int, ExploratoryGain]]
    apart: list[tuple[int, ExploratoryGain]]


def amounts(regime: Regime) -> list[str]:
    """The x axis of the gain chart: the ratios in ascending order, then `filled up` where that was run, then the amount
    of the confirmed arm where it is filtered."""
    plans = [arm.plan for arm in _unfiltered(regime)]
    ordered = sorted(plans, key=lambda plan: (plan.fills, plan.ratio or 0))
    return list(dict.fromkeys([*(plan.amount for plan in ordered), regime.tested_arm(regime.gain.arm).plan.amount]))


def confirmed_position(regime: Regime) -> int:
    """The index in `amounts` of the arm whose gain was confirmed."""
    return amounts(regime).index(regime.tested_arm(regime.gain.arm).plan.amount)


def gain_lines(regime: Regime) -> list[GainLine]:
    """The gains at each amount, without and with classical augmentation."""
    places = {amount: place for place, amount in enumerate(amounts(regime))}
    drawn = []
    for augmented, name in WAYS.items():
        of_way = [arm for arm in _unfiltered(regime) if arm.plan.augmented == augmented]
        placed = sorted(
            ((places[arm.plan.amount], arm.plan.fills, arm.gain) for arm in of_way if arm.gain is not None),
            key=lambda item: item[0],
        )
        by_ratio, apart = ([(at, gain) for at, fills, gain in placed if fills == filled] for filled in (False, True))
        if placed:
            drawn.append(GainLine(name, by_ratio, apart))
    return drawn


def dodge(place: int, line: int, of: int) -> float:
    """The x position of a point, so that the intervals of `of` lines at one place do not overlap."""
    return place + 0.12 * (line - (of - 1) / 2)


def groups(regime: Regime) -> list[tuple[str, list[Arm]]]:
    """The arms in named groups."""
    named = [
        (CONTROLS, [arm for arm in regime.arms if arm.gain is None]),
        *((name, [arm for arm in _unfiltered(regime) if arm.plan.augmented == way]) for way, name in WAYS.items()),
        (BETTER, [arm for arm in regime.arms if arm.plan.keep is not None and not arm.plan.augmented]),
        (
            f"{BETTER}, and classical augmentation",
            [arm for arm in regime.arms if arm.plan.keep is not None and arm.plan.augmented],
        ),
    ]
    return [(name, arms) for name, arms in named if arms]


def tested_table(study: StudyResult, regime: Regime) -> str:
    """The confirmed arm and its controls on test images as an HTML table."""
    rows = []
    for arm in regime.tested:
        cells = [arm.plan.words, *_cells(arm, study, regime, gain_over(regime, arm.plan.name))]
        rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
    head = ["Training set", *_head(study, regime, "Gain of the confirmed set over this one, points (95%, corrected)")]
    return _table("arms tested", head, rows)


def arms_table(study: StudyResult, regime: Regime) -> str:
    """All arms on validation images as an HTML table, in groups; the groups' headings name what synthetic arms add."""
    head = ["Training set", *_head(study, regime, "Gain over the strongest control, points (95%, not corrected)")]
    rows = []
    for name, arms in groups(regime):
        rows.append(f'<th colspan="{len(head)}">{html.escape(name)}</th>')
        for arm in arms:
            gain = f"{points(arm.gain.value)} ({points_interval(arm.gain.low, arm.gain.high)})" if arm.gain else ""
            cells = [arm.plan.words if arm.gain is None else arm.plan.amount, *_cells(arm, study, regime, gain)]
            rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
    return _table("arms", head, rows)


def attributes_table(regime: Regime) -> str:
    """The tested arms by attribute, the rarest first, as an HTML table; "" for a set of classes."""
    head, rows = ["Training set", "AUROC", "Average precision", "Sensitivity", "Specificity"], []
    for name in ranked_attributes(regime):
        of_all = f"{name}: {regime.real[name]:,} of {regime.images:,} training images"
        rows.append(f'<th colspan="{len(head)}">{html.escape(of_all)}</th>')
        for arm in regime.tested:
            cells = [
                arm.plan.words,
                score_with_interval(arm.aurocs[name], "auroc"),
                score_with_interval(arm.average_precisions[name], "average_precision"),
                _percent(arm.sensitivity[name]),
                _percent(arm.specificity[name]),
            ]
            rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
    return _table("arms attributes", head, rows) if rows else ""


def _table(style: str, head: Sequence[str], rows: Sequence[str]) -> str:
    top = f"<tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in head)}</tr>"
    group = '<tr class="group">'
    body = "".join(f"{group if row.startswith('<th') else '<tr>'}{row}</tr>" for row in rows)
    return f'<div class="wide"><table class="{style}">{top}{body}</table></div>'


def _head(study: StudyResult, regime: Regime, gain: str) -> list[str]:
    """The columns after the first."""
    others = [metric_name(key, len(regime.attributes)) for key in PRIMARY_METRICS if key != study.primary]
    return [
        "Added",
        _capitalised(study.metric(regime)),
        gain,
        *map(_capitalised, others),
        "Balanced accuracy at one half" if regime.attributes else "Balanced accuracy, argmax",
        f"Sensitivity, {regime.rarest}",
        f"Specificity, {regime.rarest}",
        f"Sensitivity at specificity {study.specificity:.0%}, {regime.rarest}",
        f"F1, {regime.rarest}",
        "Brier score",
        "ECE",
    ]


def _cells(arm: Arm, study: StudyResult, regime: Regime, gain: str) -> list[str]:
    """The cells of one arm, below `_head`."""
    return [
        f"{sum(arm.plan.added.values()):,}",
        score_with_interval(arm.primary(study.primary), study.primary),
        gain,
        *(score_with_interval(arm.primary(key), key) for key in PRIMARY_METRICS if key != study.primary),
        percent(arm.argmax),
        _percent(arm.sensitivity[regime.rarest]),
        _percent(arm.specificity[regime.rarest]),
        percent(arm.sensitivity_at),
        f"{arm.rarest_f1:.3f}",
        f"{arm.brier:.3f}",
        f"{arm.ece:.3f}",
    ]


def _capitalised(name: str) -> str:
    return name[0].upper() + name[1:]


def _unfiltered(regime: Regime) -> Sequence[Arm]:
    return [arm for arm in regime.arms if arm.plan.kind == "synthetic" and arm.plan.keep is None]


def _percent(measured: MeanInterval) -> str:
    return percent_with_interval(measured.mean, measured.low, measured.high)
