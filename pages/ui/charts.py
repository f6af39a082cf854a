"""Charts that keep a reader's zoom while they are live: the figure as plain data here, drawn by `chart.js`.

`st.plotly_chart` loses the zoom at every new point, so this is a small component of our own around Plotly.react. What a
chart means is in `explain.py`. Read next: `chart.js`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan.columns import Columns
from pages.ui import palette

POINTS = 2000
HEIGHT = 320
SCRIPT = Path(__file__).with_name("chart.js")

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Line:
    """One curve: which metric, its name in the legend and its colour (a tone of palette.py)."""

    metric: str
    name: str
    tone: str


def curve(rows: Sequence[Mapping[str, Any]], metric: str) -> Curve:
    """The finite points of one metric: thousands of images seen (n,), values (n,)."""
    columns = Columns.of(rows)
    y = columns.column(metric)
    finite = np.isfinite(y)
    return columns.seen[finite] / 1000, y[finite]


def smoothed(values: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """A running average (n,) that remembers `weight` (0 to below 1) of itself at each point; 0 changes nothing.

    The sum over the past is doubled in reach at each turn, which takes a few turns over whole arrays, not one a point.
    """
    if weight <= 0:
        return values
    result, mass = values.copy(), np.ones_like(values)  # the mass keeps the first points from a pull towards zero
    reach, faded = 1, weight
    while reach < len(values) and faded > 1e-12:
        result[reach:] += faded * result[:-reach]
        mass[reach:] += faded * mass[:-reach]
        reach, faded = 2 * reach, faded**2
    return result / mass


def reduced(x: NDArray[np.float64], y: NDArray[np.float64], points: int = POINTS) -> Curve:
    """At most `points` of a curve: the lowest and the highest of each bucket, so that no peak is lost."""
    if len(x) <= points:
        return x, y
    size = -(-len(y) // (points // 2))
    buckets = np.pad(y, (0, -len(y) % size), mode="edge").reshape(-1, size)
    starts = np.arange(len(buckets)) * size
    kept = np.concatenate([starts + buckets.argmin(axis=1), starts + buckets.argmax(axis=1)])
    chosen = np.unique(np.minimum(kept, len(y) - 1))
    return x[chosen], y[chosen]


def figure(
    rows: Sequence[Mapping[str, Any]],
    lines: Sequence[Line],
    *,
    name: str,
    unit: str,
    ideals: Mapping[str, tuple[float, str]],
    smoothing: float = 0.0,
    logarithmic: bool = False,
    limits: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """What `chart.js` draws: curves of one group of metrics over the images seen, with the loss's ideal lines.

    A smoothed curve has the measured one faintly behind it. `ideals` gives a value and its label by metric.
    """
    traces: list[dict[str, Any]] = []
    for line in lines:
        x, y = curve(rows, line.metric)
        hover = f"%{{y:.4g}} {unit}<extra>{line.name}, %{{x:,.4g}} k images</extra>".replace(" <", "<")
        common = {"name": line.name, "tone": line.tone, "legendgroup": line.metric, "hovertemplate": hover}
        if smoothing > 0:
            raw_x, raw_y = reduced(x, y)
            faint = {"faint": True, "showlegend": False, "hovertemplate": None}
            traces.append(common | faint | {"x": raw_x.tolist(), "y": raw_y.tolist()})
        x, y = reduced(x, smoothed(y, smoothing))
        traces.append(common | {"x": x.tolist(), "y": y.tolist()})
    shown = {ideals[line.metric] for line in lines if line.metric in ideals}
    yaxis: dict[str, Any] = {"type": "log"} if logarithmic else {"rangemode": "tozero"}
    if limits is not None:
        yaxis = {"range": list(limits)}
    return {
        "name": name,
        "alt": f"Curves of {', '.join(line.name for line in lines)} over {len(rows)} points.",
        "traces": traces,
        "ideals": [{"value": value, "label": label} for value, label in sorted(shown)],
        "layout": {
            "xaxis": {"title": {"text": "thousand images seen", "standoff": 8, "font": {"size": 12}}},
            "yaxis": yaxis | {"title": {"text": unit, "standoff": 8, "font": {"size": 12}}},
            "hovermode": "closest",
        },
        "height": HEIGHT,
    }


def bars(counts: Mapping[str, Mapping[str, int]], tones: Mapping[str, str], name: str) -> dict[str, Any]:
    """What `chart.js` draws for counts such as `{"train": {"cat": 12}}`: one stacked bar for each name."""
    names = list(next(iter(counts.values())))
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": part,
            "tone": tones[part],
            "y": names,
            "x": [counted[one] for one in names],
            "hovertemplate": "%{x:,} images<extra>%{y}, " + part + "</extra>",
        }
        for part, counted in counts.items()
        if any(counted.values())
    ]
    return {
        "name": name,
        "alt": f"Images of each of {len(names)} names, by split.",
        "traces": traces,
        "ideals": [],
        "layout": {
            "barmode": "stack",
            "xaxis": {"title": {"text": "images", "standoff": 8, "font": {"size": 12}}},
            "legend": {"traceorder": "normal"},
            "yaxis": {"autorange": "reversed", "type": "category", "automargin": True},
        },
        "height": max(180, 90 + 24 * len(names)),
    }


def draw(figure: dict[str, Any], key: str) -> None:
    """Put a figure on the page; the same `key` over reruns keeps the reader's zoom."""
    component = st.components.v2.component("live_chart", js=SCRIPT.read_text(), isolate_styles=False)
    with st.container(key=f"chart-{key}"):
        component(data=figure | {"revision": key, "palette": palette.TONES}, key=key)
