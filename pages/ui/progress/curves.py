"""The cards of a run's curves: chart, and the words that let a reader judge it without knowing GANs."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from gan.monitoring.equilibrium import EquilibriumValues, equilibrium_values
from gan.runs.events import Event
from gan.runs.metrics_table import MetricsTable
from gan.runs.run import Run
from pages.ui import fmt, frame
from pages.ui.components import live_chart
from pages.ui.progress import samples
from pages.ui.progress.chart_texts import GROUPS, Group
from pages.ui.runs import run_header


@dataclass(frozen=True)
class View:
    """How the reader wants the curves."""

    smoothing: float
    logarithmic: bool


def curve_controls() -> View:
    """Smoothing and the axis of the losses, for all charts of the page."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        smoothing = st.slider(
            "Smoothing", 0.0, 0.99, 0.6, 0.01, key="smoothing", persist_state="session", width=260,
            help="How much of the past each point keeps. The measured curve stays faintly behind.",
        )  # fmt: skip
        logarithmic = st.toggle("Logarithmic losses", key="logarithmic", persist_state="session")
    return View(float(smoothing), logarithmic)


def curve_card(
    run: Run, rows: MetricsTable, group: Group, view: View, happened: Sequence[Event], moment: int | None
) -> None:
    """One chart with what it is, how a good run looks and how a bad one does.

    `happened` are the run's events, `moment` the images seen at the sample picture that is shown; a click on a point
    chooses another.
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
            figure |= {"marks": live_chart.event_marks(happened), "moment": None if moment is None else moment / 1000}
            live_chart.draw_chart(
                figure, key=f"{run.name}-{group.key}", chosen=lambda place: samples.choose_moment(run, place * 1000)
            )
            if len(rows) > live_chart.POINTS:
                st.caption(f"Shown: the peaks of {fmt.number(len(rows))} points in {fmt.number(live_chart.POINTS)}.")
        chart_explanation(group)


def chart_title(group: Group) -> None:
    """A chart's heading, with the way to its explanation."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(group.title, anchor=False, width="content")
        st.page_link(
            frame.EXPLANATIONS,
            label="How to read it",
            icon=":material/school:",
            query_params={"about": group.key},
            width="content",
        )


def equilibrium_lines(run: Run) -> EquilibriumValues:
    """The ideal lines of the run's loss by metric; none where its config cannot be read."""
    return equilibrium_values(run.config.loss) if run_header.config_error(run) is None else {}


def chart_explanation(group: Group) -> None:
    """The words of one chart."""
    with st.container(key=f"words-{group.key}", gap="xsmall"):
        st.markdown(group.what)
        st.markdown(f":green[**A good run.**] {group.good}")
        st.markdown(":orange[**Going wrong.**]\n\n" + "\n".join(f"- {sign}" for sign in group.bad))


def find_group(key: str) -> Group:
    """The group of that key."""
    return next(group for group in GROUPS if group.key == key)
