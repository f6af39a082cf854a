"""The verdicts on the compared runs beside each other."""

from collections.abc import Sequence

import streamlit as st

from gan import jobs
from gan.runs.run import Run
from pages.ui import cache, fmt
from pages.ui.compare.chosen_runs import run_label
from pages.ui.runs.verdict_badge import verdict_badge


def compared_verdicts(runs: Sequence[Run]) -> None:
    """Each run with the badge of its verdict; hovering shows what it is made of."""
    with st.container(horizontal=True, gap="medium", key="verdicts"):
        for run in runs:
            with st.container(horizontal=True, gap="xsmall", width="content", vertical_alignment="center"):
                st.markdown(fmt.escape_markdown(run_label(run)), width="content")
                verdict_badge(cache.run_verdict(run, jobs.state(run.path)))
