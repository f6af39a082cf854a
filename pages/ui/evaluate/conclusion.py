"""What the numbers mean for the reader's images, in a box at the top."""

import streamlit as st

from gan.evaluation.records import interpretation
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.records.study_results import StudyResult
from pages.ui.evaluate import study_panels


def panel(result: EvaluationResult | None, study: StudyResult | None) -> None:
    """What the numbers mean for the reader's images: the study's verdict first, where there is one."""
    with st.container(border=True, key="conclusion"):
        if study is not None:
            study_panels.headline(study)
        if result is None and study is None:
            st.markdown(
                "**Not scored yet.** Good pictures can still be all alike, or copies of the training images, and the "
                "losses do not tell. Scores do."
            )
        if result is not None:
            first, *others = interpretation.conclusion(result, study is not None)
            st.markdown(f"{first if study else f'**{first}**'}\n\n{' '.join(others)}")
