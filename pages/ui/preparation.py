"""Work that a page needs once, such as a calibration: a button that starts it as a task, and its progress."""

import streamlit as st

from gan.access.permissions import Action
from gan.evaluation import job
from gan.evaluation.job import Request
from gan.io.markdown_text import escape_message
from gan.runs.run import Run
from pages.ui import background
from pages.ui.access.allowed import explained
from pages.ui.evaluate.job_progress import begin_evaluation


def preparation_panel(run: Run, request: Request, label: str, about: str, button: str) -> None:
    """The progress of the preparation as `label`; when it is not at work, `about` and the button that starts it."""
    folder, state = job.job_folder(run, request.kind), job.job_state(run, request.kind)
    if state is not None:
        background.watch_task(folder, label, lambda: None)
        if state.alive:
            return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            button, icon=":material/play_arrow:", key=f"start {request.kind}",
            on_click=begin_evaluation, args=(run, request), **explained(Action.EVALUATE, run),
        )  # fmt: skip
        st.caption(escape_message(about), width="stretch")
