"""The sample sheets of the compared runs after equally many images seen."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import streamlit as st

from gan.io.markdown_text import escape_markdown
from gan.runs import sample_sheets
from gan.runs.run import Run
from pages.ui import fmt, frame
from pages.ui.compare.curves import column_pairs
from pages.ui.progress import samples

MOMENT = "compared moment"  # key of the session state
NEAR = 0.05
"""Difference in images seen, as a share, up to which two sheets are of the same moment."""


def compared_samples(runs: Sequence[Run], labels: Mapping[str, str], hidden: Collection[str]) -> None:
    """The sheet of each run that is not hidden nearest to a number of images seen, by default one that all reached."""
    st.header("Samples", anchor=False)
    drawn = [run for run in runs if run.name not in hidden]
    sheets = {run.name: run.samples() for run in drawn}
    moments = sorted({seen for run_sheets in sheets.values() for seen in run_sheets})
    if not moments:
        st.caption("None of these runs has a picture yet.")
        return
    wanted = moments[-1]
    if len(moments) > 1:
        if st.session_state.get(MOMENT) not in moments:
            st.session_state[MOMENT] = common_moment(sheets, moments)
        wanted = st.select_slider(
            "After", moments, key=MOMENT, format_func=fmt.images,
            help="Each run shows its sheet nearest to it. It starts at the last moment that all runs reached.",
        )  # fmt: skip
    for run, column in zip(drawn, column_pairs(len(drawn)), strict=True):
        with column, st.container(border=True):
            _run_sheet(run, escape_markdown(labels[run.name]), sheets[run.name], wanted)


def common_moment(sheets: Mapping[str, Mapping[int, Path]], moments: Sequence[int]) -> int:
    """The last of the moments that every run with sheets has reached."""
    reached = min(max(run_sheets) for run_sheets in sheets.values() if run_sheets)
    return max(seen for seen in moments if seen <= reached)


def _run_sheet(run: Run, title: str, sheets: Mapping[int, Path], wanted: int) -> None:
    """The run's sheet nearest to the wanted moment; says so where it is of another."""
    st.page_link(frame.PROGRESS, label=f"**{title}**", query_params={"run": run.name})
    if not sheets:
        st.caption("No picture yet.")
        return
    nearest = sample_sheets.nearest_sheet(sheets, wanted)
    moment = samples.moment_text(nearest)
    samples.draw_sheet(run, sheets[nearest], f"Generated samples of the run {run.name} {moment}")
    elsewhere = abs(nearest - wanted) > NEAR * max(wanted, nearest)
    other = f", its nearest to {fmt.images(wanted)}" if elsewhere else ""
    st.caption(f"{moment.capitalize()}{other}.")
