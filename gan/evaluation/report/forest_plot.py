"""A study's forest plot as HTML for pages and reports: names wrap and numbers stay text at any width. No torch.

Pages allow no SVG in HTML. Marks lie by percent in a box as wide as there is room, so that nothing shrinks on a phone.
"""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from gan.evaluation.records.intervals import MeanInterval
from gan.evaluation.report.forest import ForestGroup, ForestRow
from gan.evaluation.study.verdict import MAX_EXCLUDED

MARGIN = 0.08
"""Room beside the outermost mark, as a share of the width between them."""
TICKS = 4


@dataclass(frozen=True)
class Axis:
    """The differences from `low` to `high`, with a tick every `step`; shares."""

    low: float
    high: float
    step: float

    def percent(self, value: float) -> str:
        """Where a value lies across the width, `37.50%`; a value outside lies on the edge."""
        across = (value - self.low) / (self.high - self.low)
        return f"{100 * min(1.0, max(0.0, across)):.2f}%"

    def ticks(self) -> list[float]:
        """The round values within the axis."""
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        return [number * self.step for number in range(first, last + 1)]


def forest_plot(groups: Sequence[ForestGroup], metric: str) -> str:
    """The rows below one another over one axis, as HTML, drawn by `study_style.py`.

    Lines at no gain and at the stated gain. Wide intervals of exploratory rows are cut, with an arrow.
    """
    axis = make_axis(groups)
    parts = []
    for group in groups:
        rows = "".join(_row(row, axis) for row in group.rows)
        parts.append(f'<div class="{group.kind}"><div class="heading">{html.escape(group.heading)}</div>{rows}</div>')
    ticks = "".join(f'<span style="left:{axis.percent(tick)}">{points_tick(tick)}</span>' for tick in axis.ticks())
    key = (
        f"Points of {metric}; right of the solid line is a gain. Dashed: {100 * MAX_EXCLUDED:g} points, which a study "
        "has to exclude before it says that there is no gain."
    )
    return (
        f'<div class="forest">{"".join(parts)}<div class="row axis"><div></div><div class="track">{ticks}</div>'
        f'<div></div></div><div class="key">{html.escape(key)}</div></div>'
    )


def make_axis(groups: Sequence[ForestGroup]) -> Axis:
    """An axis with all values, the confirmed intervals, no gain and the stated gain."""
    shown = [0.0, MAX_EXCLUDED]
    for group in groups:
        for row in group.rows:
            shown += _ends(row.difference) if group.kind == "confirmed" else [row.difference.mean]
    low, high = min(shown), max(shown)
    room = MARGIN * (high - low)
    raw = (high - low) / TICKS
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw)
    return Axis(low - room, high + room, step)


def points_tick(value: float) -> str:
    """`+5` or `−2.5`, in points."""
    text = f"{100 * value:+.3g}".replace("-", "−")
    return "0" if abs(value) < 1e-9 else text


def _ends(difference: MeanInterval) -> list[float]:
    return [difference.mean, difference.low, difference.high]


def _row(row: ForestRow, axis: Axis) -> str:
    found = row.difference
    low, high = max(found.low, axis.low), min(found.high, axis.high)
    left, right = float(axis.percent(low)[:-1]), float(axis.percent(high)[:-1])
    marks = [
        f'<i class="zero" style="left:{axis.percent(0.0)}"></i>',
        f'<i class="stated" style="left:{axis.percent(MAX_EXCLUDED)}"></i>',
        f'<i class="whisker" style="left:{left:.2f}%;width:{max(0.0, right - left):.2f}%"></i>',
        '<i class="cut low"></i>' if found.low < axis.low else "",
        '<i class="cut high"></i>' if found.high > axis.high else "",
        f'<i class="point" style="left:{axis.percent(found.mean)}"></i>',
    ]
    return (
        f'<div class="row{" bold" if row.is_bold else ""}"><div class="name">{html.escape(row.name)}</div>'
        f'<div class="track">{"".join(marks)}</div><div class="number">{row.text}</div></div>'
    )
