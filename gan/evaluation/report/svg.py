"""Line charts with intervals as inline SVG, without scripts."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 34, 46
TONES = ("#0072B2", "#D55E00", "#009E73", "#B4578B", "#B97F00", "#2E8BC0")
"""From Okabe and Ito (2008), distinguishable with any colour vision."""
TICKS = 5
LETTER_WIDTH = 6
"""Approximate width of a legend's letter in pixels."""


@dataclass(frozen=True)
class Point:
    """A value at x with its interval."""

    x: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Series:
    """A line through `points`, with its name in the legend; points in `apart` are not connected.

    With `marked` each point has a dot and its interval; a curve of hundreds of points has neither.
    """

    name: str
    points: Sequence[Point]
    apart: Sequence[Point] = ()
    marked: bool = True


def chart(
    series: Sequence[Series],
    *,
    title: str,
    x: str,
    y: str,
    line: tuple[float, str] | None = None,
    percent: bool = False,
    places: Sequence[str] = (),
    legend: bool = True,
) -> str:
    """The chart as an `<svg>` element, of at least one point.

    `line` is a dashed level with its label; `percent` labels shares in percent. The axes include all points, intervals
    and the level. With `places`, the x axis has these names at 0, 1, 2, ... Without a `legend` the document has one.
    """
    points = [point for each in series for point in (*each.points, *each.apart)]
    xs = [point.x for point in points]
    ys = [value for point in points for value in (point.value, point.low, point.high)] + ([line[0]] if line else [])
    across, up = _axis(min(xs), max(xs), LEFT, WIDTH - RIGHT), _axis(min(ys), max(ys), HEIGHT - BOTTOM, TOP)
    named = [(tick, _tick_label(tick, False)) for tick in across.ticks()]
    if places:
        across, named = Axis(-0.5, len(places) - 0.5, 1, LEFT, WIDTH - RIGHT), list(enumerate(places))
    parts = [_grid(up, percent), _names(across, named), _labels(x, y)]
    if line is not None:
        height = up.at(line[0])
        parts.append(
            f'<path d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}" class="level"/>'
            f'<text x="{WIDTH - RIGHT}" y="{height - 5:.1f}" text-anchor="end">{html.escape(line[1])}</text>'
        )
    left = LEFT
    for number, one in enumerate(series):
        parts.append(_series(one, TONES[number % len(TONES)], across, up))
        if legend:
            parts.append(_legend(one.name, TONES[number % len(TONES)], left))
        left += 34 + LETTER_WIDTH * len(one.name)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title, quote=True)}">'
        f"{''.join(parts)}</svg>"
    )


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high`, drawn from pixel `start` to `end`, with a tick every `step`."""

    low: float
    high: float
    step: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        return [self.low + number * self.step for number in range(round((self.high - self.low) / self.step) + 1)]


def _axis(low: float, high: float, start: float, end: float) -> Axis:
    """An axis with round ticks that includes `low` and `high`."""
    span = (high - low) or abs(high) or 1.0
    raw = span / TICKS
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    return Axis(first * step, max(last, first + 1) * step, step, start, end)


def _grid(up: Axis, percent: bool) -> str:
    return "".join(
        f'<path d="M{LEFT} {up.at(tick):.1f}H{WIDTH - RIGHT}" class="grid"/>'
        f'<text x="{LEFT - 8}" y="{up.at(tick) + 4:.1f}" text-anchor="end">{_tick_label(tick, percent)}</text>'
        for tick in up.ticks()
    )


def _names(across: Axis, named: Sequence[tuple[float, str]]) -> str:
    return "".join(
        f'<text x="{across.at(at):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{html.escape(name)}</text>'
        for at, name in named
    )


def _labels(x: str, y: str) -> str:
    middle = (TOP + HEIGHT - BOTTOM) / 2
    return (
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{html.escape(x)}</text>'
        f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{html.escape(y)}</text>'
    )


def _series(one: Series, tone: str, across: Axis, up: Axis) -> str:
    line = " ".join(f"{across.at(p.x):.1f},{up.at(p.value):.1f}" for p in one.points)
    dots = (*one.points, *one.apart) if one.marked else ()
    points = "".join(_point(p, tone, across, up) for p in dots)
    return f'<g stroke="{tone}" fill="none" stroke-width="1.75"><polyline points="{line}"/>{points}</g>'


def _point(one: Point, tone: str, across: Axis, up: Axis) -> str:
    x, y, low, high = across.at(one.x), up.at(one.value), up.at(one.low), up.at(one.high)
    return (
        f'<path d="M{x:.1f} {low:.1f}V{high:.1f}M{x - 4:.1f} {low:.1f}h8M{x - 4:.1f} {high:.1f}h8"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{tone}"/>'
    )


def _legend(name: str, tone: str, x: float) -> str:
    return f'<circle cx="{x + 5}" cy="14" r="5" fill="{tone}"/><text x="{x + 15}" y="18">{html.escape(name)}</text>'


def _tick_label(value: float, percent: bool) -> str:
    value = 0.0 if abs(value) < 1e-12 else value
    return f"{100 * value:.3g}%" if percent else f"{value:,.4g}"
