"""The panels of the comparison: differing options, curves over each other, samples and scores side by side."""

from collections.abc import Iterator, Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gan.monitoring import run_differences
from gan.runs.metrics import D_G_Z1, D_X, LOSS_D, LOSS_G, METRICS
from gan.runs.run import Run
from pages.ui import cache, fmt, frame
from pages.ui.components import live_chart
from pages.ui.progress import samples
from pages.ui.runs import run_header

MAX_RUNS = 6  # one for each tone of the palette
SWITCH_LABELS = {"true": "on", "false": "off"}
COMPARED = (LOSS_D, LOSS_G, D_X, D_G_Z1)


def run_label(run: Run) -> str:
    """The label of a run in charts and tables."""
    return fmt.run_label(run.name, run.title)


def comparison_table(names: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[str]], key: str) -> None:
    """A table of text with named rows."""
    with st.container(key=f"comparison-{key}"):
        st.table(pd.DataFrame(cells, index=list(names), columns=list(columns)))


def column_pairs(count: int) -> Iterator[DeltaGenerator]:
    """`count` columns in rows of two, which keep their order on a phone."""
    for first in range(0, count, 2):
        yield from st.columns(2, gap="medium")[: count - first]


def options_that_differ(runs: Sequence[Run]) -> None:
    """A table of the options in which the runs differ."""
    st.subheader("What differs", anchor=False)
    readable = [run for run in runs if run_header.config_error(run) is None]
    differences = run_differences.option_differences(readable)
    if not differences:
        st.caption("No option differs." if len(readable) > 1 else "Only one of these runs has readable options.")
        return
    names = [f"{option.label} ({option.unit})" if option.unit else option.label for option in differences]
    values = [
        [SWITCH_LABELS.get(value, value.replace("$", "\\$")) or "—" for value in option.values]
        for option in differences
    ]
    comparison_table(names, [run_label(run) for run in readable], values, "options")


def compared_curves(runs: Sequence[Run]) -> None:
    """A chart for each metric with the curves of all runs."""
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
            figure = live_chart.overlay_figure(
                rows, metric, name=name, unit="", axis=str(axis), smoothing=float(smoothing)
            )
            live_chart.draw_chart(figure, key=f"{name}-{axis}")
    if len({run.config.loss.name for run in runs if run_header.config_error(run) is None}) > 1:
        st.caption("The losses of these runs are different functions: compare their images instead.")


def compared_samples(runs: Sequence[Run]) -> None:
    """The sample sheets of all runs nearest to one number of images seen."""
    st.subheader("Samples", anchor=False)
    sheets_by_run = {run.name: run.samples() for run in runs}
    moments = sorted({seen for run_sheets in sheets_by_run.values() for seen in run_sheets})
    if not moments:
        st.caption("None of these runs has a picture yet.")
        return
    wanted = moments[-1]
    if len(moments) > 1:
        if st.session_state.get("compared moment") not in moments:
            st.session_state["compared moment"] = moments[-1]
        wanted = st.select_slider(
            "After", moments, key="compared moment", format_func=fmt.images,
            help="Each run shows its nearest sample sheet.",
        )  # fmt: skip
    for run, column in zip(runs, column_pairs(len(runs)), strict=True):
        with column, st.container(border=True):
            title = run_label(run).replace("$", "\\$")
            st.page_link(frame.PROGRESS, label=f"**{title}**", query_params={"run": run.name})
            run_sheets = sheets_by_run[run.name]
            if not run_sheets:
                st.caption("No picture yet.")
                continue
            nearest = min(run_sheets, key=lambda seen: abs(seen - wanted))
            samples.draw_sheet(
                run, run_sheets[nearest], f"Generated samples of the run {run.name} {samples.moment_text(nearest)}"
            )
            st.caption(f"{samples.moment_text(nearest).capitalize()}.")


def compared_scores(runs: Sequence[Run]) -> None:
    """A table of the scores of each run's best snapshot."""
    st.subheader("Scores", anchor=False)
    evaluations = [(run, run_differences.compared_evaluation(run)) for run in runs]
    scored = [(run, result) for run, result in evaluations if result is not None]
    if not scored:
        st.caption("None of these runs was evaluated yet. The Evaluate page measures a snapshot in a few minutes.")
        return
    rows = run_differences.score_rows([result for _, result in scored])
    columns = [f"{run_label(run)}, after {fmt.images(result.snapshot)}" for run, result in scored]
    comparison_table([label for label, _ in rows], columns, [values for _, values in rows], "scores")
    missing = ", ".join(fmt.escape_markdown(run_label(run)) for run, result in evaluations if result is None)
    left_out = f" Not evaluated yet: {missing}." if missing else ""
    st.caption(f"On the validation split. Scores on different data sets cannot be compared.{left_out}")
