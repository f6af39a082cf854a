"""System: what this installation can do, for whoever looks after it; the lines of `python -m gan doctor`."""

import streamlit as st

from gan import jobs
from gan.jobs import doctor
from pages.ui import background, frame
from pages.ui.frame import errors_noted, errors_shown

ICONS = {"ok": ":material/check_circle:", "warning": ":material/info:", "problem": ":material/error:"}


def page() -> None:
    """A button that checks, and the lines of the last check."""
    frame.page_title("System", "Whether the store, the devices and the engines work here. For administrators.")
    folder = background.task_folder(doctor.TASK)
    alive = jobs.state(folder).alive
    st.button(
        "Check this installation",
        icon=":material/stethoscope:",
        key="examine",
        on_click=_examine,
        disabled=alive,
    )
    if folder.is_dir():
        background.watch_task(folder, "Checking", lambda: None)
    checks = doctor.saved_checks(folder)
    if not checks and not alive:
        st.caption("Nothing has been checked yet. It takes a few seconds.")
    for check in checks:
        text = f"**{check.name}**: {check.found}"
        {"ok": st.success, "warning": st.warning, "problem": st.error}[check.level](
            f"{text}. {check.advice}" if check.advice else text, icon=ICONS[check.level]
        )


def _examine() -> None:
    with errors_noted():
        background.start_task(doctor.TASK)


with errors_shown():
    page()
