"""Evaluate a run (`?run=NAME&snapshot=S`): what its images are worth, and whether they may be shared.

`&reading=ID` opens a blind reading instead.
"""

from pathlib import Path

import streamlit as st

from gan.runs.run import Run
from pages.ui.evaluate import conclusion, copies, evaluation_jobs, head, reader, score_panels, study_panels
from pages.ui.frame import errors_shown
from pages.ui.runs import run_header

STYLE = Path(__file__).parent / "ui" / "evaluate" / "evaluation.css"


def page() -> None:
    """The page for the run that the link names."""
    run = run_header.run_picker("Evaluate")
    if run is not None:
        st.html(f"<style>{STYLE.read_text()}</style>")
        run_header.while_run_exists(run, lambda: of_run(run))


def of_run(run: Run) -> None:
    """What to conclude, what can be started, and all that was found."""
    if run_header.has_no_snapshot(run):
        return
    if "reading" in st.query_params:
        reader.reading(run, st.query_params["reading"])
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        snapshot = head.snapshot_choice(run)
        result = head.result_of(run, snapshot)
        if result is not None:
            head.report_button(run, snapshot)
    conclusion.panel(result, study_panels.of(run, snapshot))
    evaluation_jobs.panel(run, snapshot)
    scores, study, near_copies, blind = st.tabs(["Scores", "Does it help?", "Copies", "Blind reader"])
    with scores, errors_shown():
        score_panels.panel(run, result)
    with study, errors_shown():
        study_panels.panel(run, snapshot)
    with near_copies, errors_shown():
        evaluation_jobs.membership(run, snapshot)
        copies.membership(run, snapshot)
        copies.panel(run, result)
    with blind, errors_shown():
        reader.panel(run, snapshot)


with errors_shown():
    page()
