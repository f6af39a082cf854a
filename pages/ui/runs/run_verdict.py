"""Whether a run's images help, for its card: the verdict of the newest study, else the newest scores."""

import streamlit as st

from gan.evaluation.number_format import percent
from gan.evaluation.records import results, study_results
from gan.runs.run import Run
from pages.ui.verdict import verdict_markdown


def verdict_line(run: Run) -> str:
    """One line of Markdown; empty for a run that was not evaluated."""
    studies = study_results.list_studies(run)
    if studies:
        return verdict_markdown(studies[-1].verdict_kind, studies[-1].verdict)
    scores = results.list_results(run)
    if not scores:
        return ""
    newest = scores[-1]
    return (
        f"A classifier trained on its images: {percent(newest.cas_balanced)} balanced accuracy, "
        f"on real ones {percent(newest.real_accuracy_balanced)}; guessing reaches {percent(newest.chance, 0)}."
    )


def verdict_caption(run: Run) -> None:
    """The line as a caption; nothing for a run that was not evaluated."""
    line = verdict_line(run)
    if line:
        with st.container(key=f"verdict-{run.name}"):
            st.caption(line)
