"""Whether a run's images help, in a line for its card: the study's verdict, else the newest score, else nothing."""

import streamlit as st

from gan.evaluation.records import results, study_results
from gan.runs.run import Run
from pages.ui.verdict import verdict_markdown


def verdict_line(run: Run) -> str:
    """The line, in Markdown; empty for a run that was not evaluated."""
    studies = study_results.list_studies(run)
    if studies:
        return verdict_markdown(studies[-1].verdict_kind, studies[-1].verdict)
    scores = results.list_results(run)
    if not scores:
        return ""
    newest = scores[-1]
    return (
        f"A classifier trained on its images: {newest.cas_balanced:.1%} balanced accuracy, "
        f"on real ones {newest.real_accuracy_balanced:.1%}; guessing reaches {newest.chance:.0%}."
    )


def verdict_caption(run: Run) -> None:
    """The line as a caption."""
    said = verdict_line(run)
    if said:
        with st.container(key=f"verdict-{run.name}"):
            st.caption(said)
