"""Start an evaluation, and show its progress or how it ended."""

import streamlit as st

from gan import jobs
from gan.access.permissions import Action
from gan.evaluation import job
from gan.evaluation.job import Request
from gan.io.markdown_text import escape_message
from gan.runs.run import Run
from pages.ui import background
from pages.ui.access.allowed import explained
from pages.ui.frame import errors_noted
from pages.ui.release import release_button


def begin_evaluation(run: Run, request: Request) -> None:
    """Start an evaluation in the background; for `on_click`."""
    with errors_noted():
        job.start_evaluation(run, request)


def progress_or_end(run: Run, kind: str, label: str) -> bool:
    """Show progress and Stop, or how the last one ended where it did not finish; gives whether it runs."""
    state, folder = job.job_state(run, kind), job.job_folder(run, kind)
    if state is None:
        return False
    if state.alive:
        background.progress_bar(folder, label)
    elif state.is_problem:
        st.error(escape_message(state.cause) or f"{label} ended without an error message.", icon=":material/error:")
        last = jobs.log_tail(folder, 4)
        if last and state.kind in ("bug", "exit"):
            st.code(last, language=None, wrap_lines=True)
        release_button(folder, state)
    elif state.name == "stopped":
        st.caption("Stopped. Starting it again continues.")
    if state.alive:
        st.button(
            "Cancel" if state.name == "queued" else "Stop",
            icon=":material/stop:",
            key=f"stop {kind}",
            on_click=background.stop_job,
            args=(folder,),
            **explained(Action.STOP_JOB, jobs.job_stop_target(folder), disabled=state.name == "stopping"),
        )
    return state.alive
