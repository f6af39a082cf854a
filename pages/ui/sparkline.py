"""The losses of a run as a sparkline for its card, an SVG.

`st.metric(chart_data=...)` draws a single series on its own scale; here two share one.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from gan.io.png import data_uri
from gan.monitoring import curve_points
from gan.runs.metrics import LOSS_D, LOSS_G, METRICS
from pages.ui import palette

LINES = (
    (LOSS_D, palette.ON_ANY_GROUND["blue"]),
    (LOSS_G, palette.ON_ANY_GROUND["orange"]),
)
POINTS = 120
WIDTH, HEIGHT = 300, 48  # SVG units, stretched to the card


def loss_sparkline(rows: Sequence[Mapping[str, Any]], name: str) -> None:
    """Both losses on one scale from 0; nothing before the second point."""
    curves = [(METRICS[metric].label, colour, *curve_points.finite_points(rows, metric)) for metric, colour in LINES]
    if min(len(x) for _, _, x, _ in curves) < 2:
        return
    highest = (
        max(float(np.quantile(y, 0.98)) for *_, y in curves) or 1.0
    )  # not the maximum: an early peak would flatten the rest
    lines = ((colour, curve_points.reduce_points(x, curve_points.smooth(y, 0.6), POINTS)) for _, colour, x, y in curves)
    paths = "".join(
        f'<polyline points="{svg_points(*line, highest)}" fill="none" '
        f'stroke="{colour}" stroke-width="1.5" vector-effect="non-scaling-stroke" />'
        for colour, line in lines
    )
    last = ", ".join(f"{label} {y[-1]:.2f}" for label, _, _, y in curves)
    legend = "".join(
        f'<span style="color:{colour}">■</span> {label} {y[-1]:.2f}&ensp;' for label, colour, _, y in curves
    )
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'preserveAspectRatio="none">{paths}</svg>'
    )
    source = data_uri(drawing.encode(), "svg+xml")  # an <img>: Streamlit strips inline SVG from HTML
    alt = f"Losses of the run {html.escape(name)}: {last}"
    st.html(f'<img class="sparkline" src="{source}" alt="{alt}"><div class="quiet">{legend}</div>')


def svg_points(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], highest: float) -> str:
    """The points of an SVG polyline for a curve x (n,), y (n,); values above `highest` are clipped."""
    across = (x - x[0]) / max(float(x[-1] - x[0]), 1e-9) * WIDTH
    up = HEIGHT - 1 - np.clip(y / highest, 0, 1) * (HEIGHT - 2)
    return " ".join(f"{left:.1f},{top:.1f}" for left, top in zip(across, up, strict=True))
