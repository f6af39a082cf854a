"""A miniature of a run's losses for its card: two lines without axes, enough to see that something moves.

Drawn as SVG, so that a page of several live runs stays light. The whole curves are in `curves.py`.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from gan.runs.metrics import LOSS_D, LOSS_G, METRICS
from pages.ui import palette
from pages.ui.components import live_chart
from pages.ui.tiles import data_uri

LINES = (
    (LOSS_D, palette.ON_ANY_GROUND["blue"]),
    (LOSS_G, palette.ON_ANY_GROUND["orange"]),
)
POINTS = 120
WIDTH, HEIGHT = 300, 48  # of the drawing's own units; it is stretched to its card


def loss_sparkline(rows: Sequence[Mapping[str, Any]], name: str) -> None:
    """The losses so far, on one scale from 0; nothing before the second point."""
    drawn = [(METRICS[metric].label, colour, *live_chart.finite_points(rows, metric)) for metric, colour in LINES]
    if min(len(x) for _, _, x, _ in drawn) < 2:
        return
    highest = max(float(np.quantile(y, 0.98)) for *_, y in drawn) or 1.0  # one early peak does not flatten the rest
    lines = ((colour, live_chart.reduce_points(x, live_chart.smooth(y, 0.6), POINTS)) for _, colour, x, y in drawn)
    paths = "".join(
        f'<polyline points="{svg_points(*line, highest)}" fill="none" '
        f'stroke="{colour}" stroke-width="1.5" vector-effect="non-scaling-stroke" />'
        for colour, line in lines
    )
    last = ", ".join(f"{label} {y[-1]:.2f}" for label, _, _, y in drawn)
    legend = "".join(
        f'<span style="color:{colour}">■</span> {label} {y[-1]:.2f}&ensp;' for label, colour, _, y in drawn
    )
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'preserveAspectRatio="none">{paths}</svg>'
    )
    source = data_uri(drawing.encode(), "svg+xml")  # an <img>: Streamlit strips inline SVG from HTML
    alt = f"Losses of the run {html.escape(name)}: {last}"
    st.html(f'<img class="sparkline" src="{source}" alt="{alt}"><div class="quiet">{legend}</div>')


def svg_points(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], highest: float) -> str:
    """A curve (n,), (n,) as the corners of an SVG line; what is above `highest` is cut."""
    across = (x - x[0]) / max(float(x[-1] - x[0]), 1e-9) * WIDTH
    up = HEIGHT - 1 - np.clip(y / highest, 0, 1) * (HEIGHT - 2)
    return " ".join(f"{left:.1f},{top:.1f}" for left, top in zip(across, up, strict=True))
