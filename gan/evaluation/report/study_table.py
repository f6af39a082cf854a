"""The points of a study's charts, and its arms as a table, for pages and reports."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from gan.evaluation.number_format import percent_with_interval, points, points_interval
from gan.evaluation.records.study_results import Arm, Gain, MeanInterval, Regime

PLAIN, WITH_CLASSICAL = "Synthetic images", "Synthetic images and classical augmentation"
BETTER = "Only the better synthetic images"
CONTROLS = "Without synthetic images"
WAYS = {False: PLAIN, True: WITH_CLASSICAL}


@dataclass(frozen=True)
class GainLine:
    """The gains with or without augmentation, each with its index in `amounts`: `by_ratio`, and `apart` for filled-up
    classes."""

    name: str
    by_ratio: list[tuple[int, Gain]]
    apart: list[tuple[int, Gain]]


def amounts(regime: Regime) -> list[str]:
    """The x axis of the gain chart: the ratios in ascending order, then `filled up` where that was run."""
    plans = [arm.plan for arm in _unfiltered(regime)]
    ordered = sorted(plans, key=lambda plan: (plan.fills, plan.ratio or 0))
    return list(dict.fromkeys(plan.amount for plan in ordered))


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


def arms_table(regime: Regime, rarest: str) -> str:
    """The arms as an HTML table, in groups."""
    columns = _head(rarest)
    rows = [f"<tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in columns)}</tr>"]
    for name, arms in groups(regime):
        rows.append(f'<tr class="group"><th colspan="{len(columns)}">{html.escape(name)}</th></tr>')
        for arm in arms:
            cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in _row(arm, rarest))
            rows.append(f"<tr>{cells}</tr>")
    return f'<div class="wide"><table class="arms">{"".join(rows)}</table></div>'


def _head(rarest: str) -> list[str]:
    """The columns of the table."""
    return [
        "Training set",
        "Added",
        "Balanced accuracy",
        "Gain in points (corrected 95%)",
        "AUROC",
        f"Sensitivity, {rarest}",
        f"Specificity, {rarest}",
        f"F1, {rarest}",
    ]


def _row(arm: Arm, rarest: str) -> list[str]:
    """The cells of one arm; the group's heading names what synthetic arms add."""
    return [
        arm.plan.words if arm.gain is None else arm.plan.amount,
        f"{sum(arm.plan.added.values()):,}",
        _percent(arm.balanced),
        _gain_text(arm.gain),
        f"{arm.auroc.mean:.3f}",
        _percent(arm.sensitivity[rarest]),
        _percent(arm.specificity[rarest]),
        f"{arm.rarest_f1.mean:.3f}",
    ]


def _gain_text(gain: Gain | None) -> str:
    """A gain in points with its corrected interval and decision; "" for an arm that is not compared."""
    if gain is None:
        return ""
    decision = ", helps" if gain.helps else ", harms" if gain.harms else ""
    return f"{points(gain.value)} ({points_interval(gain.corrected_low, gain.corrected_high)}){decision}"


def _unfiltered(regime: Regime) -> Sequence[Arm]:
    return [arm for arm in regime.arms if arm.plan.kind == "synthetic" and arm.plan.keep is None]


def _percent(measured: MeanInterval) -> str:
    return percent_with_interval(measured.mean, measured.low, measured.high)
