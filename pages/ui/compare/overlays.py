"""What the comparison of runs shows: options that differ, curves over each other, samples and scores side by side."""

from collections.abc import Iterator, Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gan.monitoring import run_differences
from gan.runs.metrics import D_G_Z1, D_X, LOSS_D, LOSS_G, METRICS
from gan.runs.run import Run
from pages.ui import cache, fmt, frame
from pages.ui.components import live_chart
from pages.ui.progress import samples as sheets
from pages.ui.runs import run_header

MOST = 6  # runs at once: as many as there are tones that everybody can tell apart
SWITCHED = {"true": "on", "false": "off"}  # as the form has it
COMPARED = (LOSS_D, LOSS_G, D_X, D_G_Z1)


def run_label(run: Run) -> str:
    """What a run is called in a chart or a table."""
    return fmt.run_label(run.name, run.title)


def comparison_table(names: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[str]], key: str) -> None:
    """A table of words with a name before each row."""
    with st.container(key=f"comparison-{key}"):
        st.table(pd.DataFrame(cells, index=list(names), columns=list(columns)))


def column_pairs(count: int) -> Iterator[DeltaGenerator]:
    """Places in pairs, a row each, so that on a phone they come in their order."""
    for first in range(0, count, 2):
        yield from st.columns(2, gap="medium")[: count - first]


def options_that_differ(runs: Sequence[Run]) -> None:
    """Only the options in which the runs differ."""
    st.subheader("What differs", anchor=False)
    readable = [run for run in runs if run_header.config_error(run) is None]
    found = run_differences.option_differences(readable)
    if not found:
        st.caption("No option differs." if len(readable) > 1 else "There is only one run whose options can be read.")
        return
    names = [f"{one.label} ({one.unit})" if one.unit else one.label for one in found]
    values = [[SWITCHED.get(value, value.replace("$", "\\$")) or "—" for value in one.values] for one in found]
    comparison_table(names, [run_label(run) for run in readable], values, "options")


def compared_curves(runs: Sequence[Run]) -> None:
    """The curves of all runs over each other, a chart for each metric."""
    st.subheader("Curves", anchor=False)
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
    rows = {run_label(run): cache.metrics(run) for run in runs}
    for metric, column in zip(COMPARED, column_pairs(len(COMPARED)), strict=True):
        with column, st.container(border=True):
            st.markdown(f"**{METRICS[metric].label}**")
            name = f"comparison-{metric}"
            drawn = live_chart.overlay_figure(
                rows, metric, name=name, unit="", axis=str(axis), smoothing=float(smoothing)
            )
            live_chart.draw_chart(drawn, key=f"{name}-{axis}")
    if len({run.config.loss.name for run in runs if run_header.config_error(run) is None}) > 1:
        st.caption("These runs minimise different losses: their losses cannot be compared, their images can.")


def compared_samples(runs: Sequence[Run]) -> None:
    """The sample pictures of all runs at one moment: the nearest that each has."""
    st.subheader("Samples", anchor=False)
    kept = {run.name: run.samples() for run in runs}
    moments = sorted({seen for there in kept.values() for seen in there})
    if not moments:
        st.caption("None of these runs has a picture yet.")
        return
    wanted = moments[-1]
    if len(moments) > 1:
        if st.session_state.get("compared moment") not in moments:
            st.session_state["compared moment"] = moments[-1]
        wanted = st.select_slider(
            "After", moments, key="compared moment", format_func=fmt.images,
            help="Of each run the picture nearest to this moment.",
        )  # fmt: skip
    for run, column in zip(runs, column_pairs(len(runs)), strict=True):
        with column, st.container(border=True):
            title = run_label(run).replace("$", "\\$")
            st.page_link(frame.PROGRESS, label=f"**{title}**", query_params={"run": run.name})
            there = kept[run.name]
            if not there:
                st.caption("No picture yet.")
                continue
            nearest = min(there, key=lambda seen: abs(seen - wanted))
            sheets.draw_sheet(
                run, there[nearest], f"Generated samples of the run {run.name} {sheets.moment_text(nearest)}"
            )
            st.caption(f"{sheets.moment_text(nearest).capitalize()}.")


def compared_scores(runs: Sequence[Run]) -> None:
    """The scores of those that were evaluated, of each its best snapshot."""
    st.subheader("Scores", anchor=False)
    found = [(run, run_differences.compared_evaluation(run)) for run in runs]
    compared = [(run, one) for run, one in found if one is not None]
    if not compared:
        st.caption("None of these runs was evaluated yet. The Evaluate page measures a snapshot in a few minutes.")
        return
    rows = run_differences.score_rows([one for _, one in compared])
    columns = [f"{run_label(run)}, after {fmt.images(one.snapshot)}" for run, one in compared]
    comparison_table([label for label, _ in rows], columns, [values for _, values in rows], "scores")
    missing = ", ".join(fmt.escape_markdown(run_label(run)) for run, one in found if one is None)
    left_out = f" Not evaluated yet: {missing}." if missing else ""
    st.caption(f"On the validation split. Scores on different data sets cannot be compared.{left_out}")
