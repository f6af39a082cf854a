"""The charts of a run's metrics, each with an explanation for readers who do not know GANs."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from gan.monitoring import curve_points
from gan.monitoring.equilibrium import EquilibriumValues, equilibrium_values
from gan.runs.events import Event
from gan.runs.metrics import D_VAL
from gan.runs.metrics_table import MetricsTable
from gan.runs.run import Run
from pages.ui import fmt
from pages.ui.components import live_chart
from pages.ui.how_to_read import how_to_read
from pages.ui.progress import samples
from pages.ui.progress.chart_texts import GROUPS, Group


@dataclass(frozen=True)
class View:
    """How the charts are drawn: smoothing from 0 to below 1, and a logarithmic axis of the losses."""

    smoothing: float
    logarithmic: bool


def loss_chart(run: Run, rows: MetricsTable, markers: Sequence[Event], moment: int | None) -> View:
    """The chart of the losses with the controls of all charts below it; gives what they are set to."""
    chart = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        smoothing = st.slider(
            "Smoothing", 0.0, 0.99, 0.6, 0.01, key="smoothing", persist_state="session", width=260,
            help="How much of the past each point keeps. The measured curve stays faintly behind.",
        )  # fmt: skip
        logarithmic = st.toggle("Logarithmic losses", key="logarithmic", persist_state="session")
    view = View(float(smoothing), logarithmic)
    with chart:
        curve_card(run, rows, find_group("losses"), view, markers, moment)
    return view


def other_charts(run: Run, rows: MetricsTable, view: View, markers: Sequence[Event], moment: int | None) -> None:
    """The other charts side by side; that of held-out images only where the run has a validation split."""
    keys = ["answers", *(["held-out"] if D_VAL in rows.names else []), "speed"]
    with st.container(key="other-charts"):
        columns = st.columns(len(keys), gap="medium")
    for column, key in zip(columns, keys, strict=True):
        with column:
            curve_card(run, rows, find_group(key), view, markers, moment)


def curve_card(
    run: Run, rows: MetricsTable, group: Group, view: View, markers: Sequence[Event], moment: int | None
) -> None:
    """One chart with its explanation behind a button.

    `markers` are the run's events on the x axis. `moment` is the images seen at the sample sheet on display; a click on
    a point chooses another.
    """
    with st.container(border=True, height="stretch"):
        chart_title(group)
        if not rows:
            st.caption("No point yet: the first appears after a few seconds of training.")
        else:
            figure = live_chart.curves_figure(
                rows,
                group.lines,
                name=f"{run.name}-{group.key}",
                unit=group.unit,
                ideals=equilibrium_lines(run),
                smoothing=view.smoothing,
                logarithmic=view.logarithmic and group.may_be_logarithmic,
                limits=group.limits,
            )
            figure |= {"marks": live_chart.event_marks(markers), "moment": None if moment is None else moment / 1000}
            live_chart.draw_chart(
                figure, key=f"{run.name}-{group.key}", chosen=lambda x: samples.choose_moment(run, x * 1000)
            )
            if len(rows) > curve_points.POINTS:
                st.caption(f"Minima and maxima of {fmt.number(len(rows))} points.")


def chart_title(group: Group) -> None:
    """The heading of a chart, and its explanation behind a button."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(group.title, anchor=False, width="content")
        with how_to_read(group.key):
            chart_explanation(group)


def equilibrium_lines(run: Run) -> EquilibriumValues:
    """The equilibrium of the run's loss by metric; empty where the config cannot be read."""
    return equilibrium_values(run.config.loss) if not run.config_problem else {}


def chart_explanation(group: Group) -> None:
    """What the chart shows, how good and bad runs look in it, and its formula."""
    st.markdown(group.what)
    st.markdown(f":green[**A good run.**] {group.good}")
    st.markdown(":orange[**Going wrong.**]\n\n" + "\n".join(f"- {sign}" for sign in group.bad))
    if group.formula:
        st.caption(group.formula)


def find_group(key: str) -> Group:
    """The chart with the key of `chart_texts.GROUPS`."""
    return next(group for group in GROUPS if group.key == key)
