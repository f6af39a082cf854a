"""The box at the top of the page: what the scores and the study mean."""

import streamlit as st

from gan.evaluation.records import interpretation
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.records.study_results import StudyResult
from pages.ui.evaluate import study_panels


def conclusion_box(result: EvaluationResult | None, study: StudyResult | None) -> None:
    """The study's verdict first, then the meaning of the scores."""
    with st.container(border=True, key="conclusion"):
        if study is not None:
            study_panels.study_verdict(study)
        if result is None and study is None:
            st.markdown(
                "**Not scored yet.** Good images can still be all alike, or copies of training images. The losses do "
                "not show it; scores do."
            )
        if result is not None:
            first, *others = interpretation.conclusion(result, study is not None)
            st.markdown(f"{first if study else f'**{first}**'}\n\n{' '.join(others)}")
