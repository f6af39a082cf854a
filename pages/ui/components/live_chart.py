"""Live charts that keep the zoom: figures as plain data, which `live_chart.js` draws with Plotly.react.

`st.plotly_chart` loses the zoom at every new point.
"""

import base64
import html
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan.monitoring.curve_points import finite_points, reduce_points, smooth
from gan.runs.events import Event
from pages.ui import palette

AXES = {"seen": "thousand images seen", "seconds": "minutes of training"}
SOLID = 3  # curves of several runs that are drawn without dashes
HEIGHT = 320
SCRIPT = Path(__file__).with_name("live_chart.js")


@dataclass(frozen=True)
class Line:
    """One curve: metric, name in the legend, and colour (a tone of palette.py)."""

    metric: str
    name: str
    tone: str


def curves_figure(
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
    """What `live_chart.js` draws: curves of some metrics over the images seen, with dashed lines at the equilibrium.

    A smoothed curve has the measured one faintly behind it. `ideals` gives a value and its label by metric.
    """
    traces = [
        trace
        for line in lines
        for trace in curve_traces(rows, line.metric, line.name, line.tone, unit, smoothing=smoothing)
    ]
    shown = {ideals[line.metric] for line in lines if line.metric in ideals}
    yaxis: dict[str, Any] = {"type": "log"} if logarithmic else {"rangemode": "tozero"}
    if limits is not None:
        yaxis = {"range": list(limits)}
    return {
        "name": name,
        "alt": f"Curves of {', '.join(line.name for line in lines)} over {len(rows)} points.",
        "traces": traces,
        "ideals": [{"value": value, "label": label} for value, label in sorted(shown)],
        "layout": _axes(AXES["seen"], yaxis, unit),
        "height": HEIGHT,
    }


def overlay_figure(
    runs: Mapping[str, Sequence[Mapping[str, Any]]],
    metric: str,
    *,
    name: str,
    unit: str,
    axis: str,
    smoothing: float,
    hidden: Collection[str] = (),
    logarithmic: bool = False,
    limits: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """One metric of up to six runs, by label, in one chart; those that are `hidden` leave the others their tones.

    From the fourth on the lines are dashed, because some of the six tones are close. `limits` are of the y axis.
    """
    tones = list(palette.TONES["light"])
    traces = [
        trace | ({"dash": "dash"} if number >= SOLID else {})
        for number, ((label, rows), tone) in enumerate(zip(runs.items(), tones, strict=False))
        if label not in hidden
        for trace in curve_traces(rows, metric, label, tone, unit, axis=axis, smoothing=smoothing)
    ]
    yaxis: dict[str, Any] = {"type": "log"} if logarithmic else {}
    if limits is not None:
        yaxis["range"] = [math.log10(end) for end in limits] if logarithmic else list(limits)
    return {
        "name": name,
        "alt": f"{metric} of the runs {', '.join(label for label in runs if label not in hidden)}.",
        "traces": traces,
        "ideals": [],
        "layout": _axes(AXES[axis], yaxis, unit),
        "height": HEIGHT,
    }


def curve_traces(
    rows: Sequence[Mapping[str, Any]],
    metric: str,
    label: str,
    tone: str,
    unit: str,
    *,
    axis: str = "seen",
    smoothing: float = 0.0,
) -> list[dict[str, Any]]:
    """The traces of one curve: where it is smoothed, the measured curve lies faintly behind it."""
    x, y = finite_points(rows, metric, axis)
    where = "%{x:,.4g} k images" if axis == "seen" else "%{x:.3g} min"
    hover = f"%{{y:.4g}} {unit}<extra>{plain_text(label)}, {where}</extra>".replace(" <", "<")
    common = {"name": plain_text(label), "tone": tone, "legendgroup": f"{label} {metric}", "hovertemplate": hover}
    traces = []
    if smoothing > 0:
        raw_x, raw_y = reduce_points(x, y)
        faint = {"faint": True, "showlegend": False, "hovertemplate": None}
        traces.append(common | faint | {"x": pack_floats(raw_x), "y": pack_floats(raw_y)})
    x, y = reduce_points(x, smooth(y, smoothing))
    return [*traces, common | {"x": pack_floats(x), "y": pack_floats(y)}]


def plain_text(text: str) -> str:
    """A text that plotly shows as it is, where it reads HTML and, for what is under the pointer, templates."""
    return html.escape(text).replace("%{", "&#37;{")


def pack_floats(values: NDArray[np.float64]) -> str:
    """Numbers (n,) as base64 of float32, little-endian, which `live_chart.js` unpacks.

    As JSON they took three times the bytes, and a third of the time of a live refresh.
    """
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def _axes(x_title: str, yaxis: dict[str, Any], unit: str) -> dict[str, Any]:
    words = {"standoff": 8, "font": {"size": 12}}
    return {
        "xaxis": {"title": {"text": x_title} | words},
        "yaxis": yaxis | {"title": {"text": unit} | words},
        "hovermode": "closest",
    }


def bar_figure(counts: Mapping[str, Mapping[str, int]], tones: Mapping[str, str], name: str) -> dict[str, Any]:
    """What `live_chart.js` draws for counts such as `{"train": {"cat": 12}}`: a stacked bar for each name."""
    names = list(next(iter(counts.values())))
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": part,
            "tone": tones[part],
            "y": [plain_text(label) for label in names],
            "x": [counted[label] for label in names],
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
            "xaxis": {"title": {"text": "images", "standoff": 8, "font": {"size": 12}}, "tickformat": ","},
            "legend": {"traceorder": "normal"},
            "yaxis": {"autorange": "reversed", "type": "category", "automargin": True},
        },
        "height": max(180, 90 + 24 * len(names)),
    }


def draw_chart(figure: dict[str, Any], key: str, chosen: Callable[[float], None] | None = None) -> None:
    """Draw a figure; the same `key` over reruns keeps the zoom.

    `figure` may have `marks` (from `event_marks`) and a `moment` on the x axis. `chosen` is called with the x of a
    point that is clicked.
    """
    component = st.components.v2.component("live_chart", js=SCRIPT.read_text(), isolate_styles=False)
    data = figure | {"revision": key, "palette": palette.TONES, "clickable": chosen is not None}
    with st.container(key=f"chart-{key}"):
        component(data=data, key=key, on_moment_change=partial(_clicked, key, chosen))


def _clicked(key: str, chosen: Callable[[float], None] | None) -> None:
    x = st.session_state[key]["moment"]
    if chosen is not None and isinstance(x, int | float):
        chosen(float(x))


def event_marks(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Events of a run as markers on the x axis, in thousands of images seen."""
    return [{"x": event.seen / 1000, "kind": event.kind, "text": plain_text(event.text)} for event in events]
