"""Background work of the pages, such as reading a data set: started here, shown while it runs, found again later.

A task is a folder with the same files as a run, so that leaving the page loses nothing.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from gan import jobs
from gan.config import settings
from gan.jobs.status import read_status
from pages.ui import fmt, frame
from pages.ui.frame import errors_noted, errors_shown

EVERY = 1.0


def task_folder(name: str) -> Path:
    """Where the task of that name keeps its files."""
    return settings.tasks() / name


def start_task(name: str) -> None:
    """Start the task of that name, which says what it does (`gan/jobs/kinds.py`)."""
    jobs.start_task(task_folder(name))


def stop_job(job: Path) -> None:
    """Stop what works in a folder, or take it out of the queue, and say what happened.

    For `on_click`, which comes before anything is drawn: a click that is looked at where its button is drawn is lost
    when the drawing is cut short before it gets there, as happens on pages that draw themselves anew.
    """
    with errors_noted():
        frame.notify(jobs.stop(job))


def watch_task(task: Path, label: str, ended: Callable[[], None]) -> None:
    """Show a task's progress until it has ended; then call `ended` and draw the page anew."""
    alive = jobs.state(task).alive
    st.fragment(_look, run_every=EVERY if alive else None)(task, label, ended, alive)


def _look(task: Path, label: str, ended: Callable[[], None], was_alive: bool) -> None:
    with errors_shown():
        state = jobs.state(task)
        if state.alive:
            progress_bar(task, label)
            st.button("Stop", icon=":material/stop:", key=f"stop {task.name}", on_click=stop_job, args=(task,))
        elif was_alive:
            ended()
            st.rerun()
        elif state.name in ("failed", "lost"):
            st.error(state.cause or f"{label} ended without a word.")


def progress_bar(task: Path, label: str) -> None:
    """The progress bar of a task, with its phase and the time left, or its place while it waits for others."""
    state = jobs.state(task)
    if state.name == "queued":
        st.progress(0.0, text=waiting_text(label, state))
        return
    status = read_status(task)
    done, total = float(status.get("done", 0)), float(status.get("total", 0))
    parts = [label, str(status.get("phase", "starting"))]
    seconds = status.get("seconds_left")
    if seconds is not None:
        parts.append(f"{fmt.duration(seconds)} left")
    st.progress(min(done / total, 1.0) if total else 0.0, text=" · ".join(parts))


def waiting_text(label: str, state: jobs.State) -> str:
    """That a job waits: its place in the queue, and for whom."""
    behind = f", behind {jobs.describe_job(state.blocked_by)}" if state.blocked_by else ""
    return f"{label} waits: number {state.position} in the queue{behind}"
