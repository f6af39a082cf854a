"""The curves of the compared runs over each other."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gan.io.markdown_text import escape_markdown
from gan.monitoring import curve_points
from gan.runs.metrics import D_G_Z1, D_X, LOSS_D, LOSS_G, METRICS
from gan.runs.metrics_table import MetricsTable
from gan.runs.run import Run
from pages.ui import cache
from pages.ui.components import live_chart

COMPARED = (LOSS_D, LOSS_G, D_X, D_G_Z1)


def column_pairs(count: int) -> Iterator[DeltaGenerator]:
    """`count` columns in rows of two, which keep their order on a phone."""
    for first in range(0, count, 2):
        yield from st.columns(2, gap="medium")[: count - first]


def compared_curves(runs: Sequence[Run], labels: Mapping[str, str], hidden: Collection[str]) -> None:
    """A chart for each metric with the curves of the runs that are not hidden."""
    st.header("Curves", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        axis = st.segmented_control(
            "Over",
            list(live_chart.AXES),
            default="seen",
            format_func=lambda key: {"seen": "Images seen", "seconds": "Time"}[key],
            key="compared over",
            required=True,
        )
        smoothing = st.slider("Smoothing", 0.0, 0.99, 0.6, 0.01, key="smoothing", persist_state="session", width=260)
        logarithmic = st.toggle("Logarithmic", key="compared logarithmic")
        everything = st.toggle(
            "All values", key="compared all values", help="Rare peaks are cut off otherwise, as they flatten the rest."
        )
    rows = {labels[run.name]: cache.metrics(run) for run in runs}
    left_out = {labels[run.name] for run in runs if run.name in hidden}
    for metric, column in zip(COMPARED, column_pairs(len(COMPARED)), strict=True):
        with column, st.container(border=True):
            st.markdown(f"**{METRICS[metric].label}**")
            curves = _drawn_curves(rows, left_out, metric, str(axis), float(smoothing))
            positive = all((y > 0).all() for y in curves.values())
            limits = None if everything else curve_points.robust_limits(list(curves.values()))
            name = f"comparison-{metric}"
            figure = live_chart.overlay_figure(
                rows, metric, name=name, unit="", axis=str(axis), smoothing=float(smoothing), hidden=left_out,
                logarithmic=logarithmic and positive, limits=limits,
            )  # fmt: skip
            live_chart.draw_chart(figure, key=f"{name}-{axis}-{logarithmic}-{everything}")
            _chart_caption(curves, limits, unsuitable=logarithmic and not positive)
    if len({run.config.loss.name for run in runs if not run.config_problem}) > 1:
        st.caption("The losses of these runs are different functions: compare their images instead.")


def _drawn_curves(
    rows: dict[str, MetricsTable], hidden: Collection[str], metric: str, axis: str, smoothing: float
) -> dict[str, curve_points.Values]:
    """The smoothed values of one metric by label, of the runs that are drawn and have some."""
    curves = {
        label: curve_points.smooth(curve_points.finite_points(points, metric, axis)[1], smoothing)
        for label, points in rows.items()
        if label not in hidden
    }
    return {label: y for label, y in curves.items() if len(y)}


def _chart_caption(
    curves: dict[str, curve_points.Values], limits: tuple[float, float] | None, *, unsuitable: bool
) -> None:
    """Which curves leave the chart, and why it is not logarithmic."""
    if limits is not None:
        cut = [label for label, y in curves.items() if y.min() < limits[0] or y.max() > limits[1]]
        if cut:
            st.caption(f"Cut off above or below: {escape_markdown(', '.join(cut))}. “All values” shows the whole.")
    if unsuitable:
        st.caption("Not logarithmic: some values are 0 or below.")
