"""Evaluate a run (`?run=NAME&snapshot=S`): quality, use and privacy of its images.

`&reading=ID` opens a blind reading instead.
"""

from functools import partial
from pathlib import Path

import streamlit as st

from gan.evaluation.report import study_style
from gan.runs.run import Run
from pages.ui.evaluate import conclusion, copies, evaluation_jobs, head, reader, score_panels, study_panels
from pages.ui.frame import EVALUATE, errors_shown
from pages.ui.how_to_read import how_to_read_link
from pages.ui.runs import run_header

STYLE = Path(__file__).parent / "ui" / "evaluate" / "evaluation.css"


def evaluation(run: Run) -> None:
    """Conclusion, evaluations to start, and all results."""
    st.html(f"<style>{STYLE.read_text()}{study_style.STYLE}</style>")
    if run_header.has_no_snapshot(run):
        return
    if "reading" in st.query_params:
        reader.reading_view(run, st.query_params["reading"])
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        snapshot = head.snapshot_choice(run)
        result = head.result_or_none(run, snapshot)
        if result is not None:
            head.report_button(run, snapshot)
    conclusion.conclusion_box(run, snapshot, result, study_panels.study_or_none(run, snapshot))
    evaluation_jobs.job_cards(run, snapshot)
    scores, study, near_copies, blind = st.tabs(["Scores", "Does it help?", "Copies", "Blind reader"])
    with scores, errors_shown():
        how_to_read_link("scores")
        score_panels.scores_panel(run, result)
    with study, errors_shown():
        how_to_read_link("study")
        study_panels.study_panel(run, snapshot)
    with near_copies, errors_shown():
        how_to_read_link("copies")
        evaluation_jobs.membership_card(run, snapshot)
        copies.membership_panel(run, snapshot)
        copies.near_copies_panel(run, result)
    with blind, errors_shown():
        reader.readings_panel(run, snapshot)


with errors_shown():
    run = run_header.run_picker(EVALUATE)
    if run is not None:
        run_header.while_run_exists(run, partial(evaluation, run))
