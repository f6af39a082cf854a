"""The verdicts on the compared runs beside each other."""

from collections.abc import Mapping, Sequence

import streamlit as st

from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run
from pages.ui.runs.known_verdicts import known_verdicts, read_later
from pages.ui.runs.run_list import Listed, current_state
from pages.ui.runs.verdict_badge import verdict_badge


def compared_verdicts(runs: Sequence[Run], labels: Mapping[str, str]) -> None:
    """Each run with the badge of its verdict; hovering shows what it is made of."""
    verdicts, unknown = known_verdicts([Listed(run, current_state(run)) for run in runs])
    with st.container(horizontal=True, gap="medium", key="verdicts"):
        for run in runs:
            verdict = verdicts.get(run.name)
            with st.container(horizontal=True, gap="xsmall", width="content", vertical_alignment="center"):
                st.markdown(escape_markdown(labels[run.name]), width="content")
                if verdict is not None:
                    verdict_badge(verdict)
    with st.container():  # with or without content, or all that follows would be mounted anew
        read_later(unknown)
