"""Releasing a job that another machine holds and nobody can tell to work: a user who has looked confirms it."""

from pathlib import Path

import streamlit as st

from gan import jobs
from gan.access.permissions import Action
from gan.io.markdown_text import escape_markdown
from pages.ui import frame
from pages.ui.access.allowed import explained
from pages.ui.frame import errors_noted


def release_button(folder: Path, state: jobs.State) -> None:
    """The button for a job whose state is unknown; nothing for any other, and where no machine is named."""
    host = jobs.find_holding_host(folder) if state.name == "unknown" else ""
    if host and st.button(
        "Release",
        icon=":material/lock_open:",
        key=f"release {jobs.job_name(folder)}",
        **explained(Action.RELEASE_JOB),
    ):
        release_dialog(folder, host)


@st.dialog("Release this job?", icon=":material/lock_open:")
def release_dialog(folder: Path, host: str) -> None:
    """The question in a dialog."""
    st.markdown(
        f"It was started on **{escape_markdown(host)}**, which does not answer. Look there first: if it still "
        "works, it ends within seconds and saves nothing more. What it has saved is kept."
    )
    if st.button(
        "Nothing works on it any more", type="primary", key="confirm release", on_click=_release, args=(folder, host)
    ):
        st.rerun()  # closes the dialog


def _release(folder: Path, host: str) -> None:
    with errors_noted():
        frame.notify(jobs.release(folder, host))
