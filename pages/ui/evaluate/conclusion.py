"""The top of the page: the verdict on the snapshot and, folded, what the scores and the study mean in full."""

import streamlit as st

from gan import jobs
from gan.evaluation.records import interpretation
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.records.study_results import StudyResult
from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run
from pages.ui import cache
from pages.ui.evaluate import study_panels
from pages.ui.runs import verdict_badge


def conclusion_box(run: Run, snapshot: int, result: EvaluationResult | None, study: StudyResult | None) -> None:
    """The verdict without a button, since the cards below start everything; then the sentences behind it."""
    verdict_badge.verdict_banner(cache.run_verdict(run, jobs.state(run.path), snapshot), button=False)
    if result is None and study is None:
        return
    with st.expander("What the numbers mean"):
        if study is not None:
            study_panels.study_verdict(study)
        if result is not None:
            counts = cache.dataset_info(run).training_counts()
            for sentence in interpretation.conclusion(result, counts, study is not None):
                st.markdown(escape_markdown(sentence))
