"""Jobs on a page: progress with the time left, and a button that stops. A job goes on when its page is closed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gan import jobs
from gan.access.permissions import Action
from gan.config import settings
from gan.io.markdown_text import escape_markdown, escape_message
from gan.jobs.status import read_status
from pages.ui import fmt, frame
from pages.ui.access.allowed import explained
from pages.ui.frame import errors_noted, errors_shown
from pages.ui.job_texts import wait_text
from pages.ui.release import release_button

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

EVERY = 1.0  # seconds between redraws
DELAY = 0.5  # seconds


def task_folder(name: str) -> Path:
    """The folder of a task that belongs to no run."""
    return settings.tasks() / name


def start_task(name: str) -> None:
    """Start a task that belongs to no run; its name says what it does (`gan/jobs/kinds.py`)."""
    jobs.start_task(task_folder(name))


def stop_job(job: Path) -> None:
    """Stop a job, or take it out of the queue, and say what happened; for `on_click`.

    A callback runs before the page is drawn. A click that is handled where its button is drawn would be lost when a
    live page is redrawn before it gets there.
    """
    with errors_noted():
        frame.notify(jobs.stop(job))


def watch_task(task: Path, label: str, ended: Callable[[], None]) -> None:
    """Show the progress of a job until it ends; then call `ended` and rerun the page. A failed job shows its cause."""
    alive = jobs.state(task).alive
    st.fragment(_draw, run_every=EVERY if alive else None)(task, label, ended, alive)


def _draw(task: Path, label: str, ended: Callable[[], None], was_alive: bool) -> None:
    with errors_shown():
        state = jobs.state(task)
        if state.alive:
            progress_bar(task, label)
            st.button(
                "Stop",
                icon=":material/stop:",
                key=f"stop {task.name}",
                on_click=stop_job,
                args=(task,),
                **explained(Action.STOP_JOB, jobs.job_stop_target(task)),
            )
        elif was_alive:
            ended()
            st.rerun()
        elif state.is_problem:
            st.error(escape_message(state.cause) or f"{label} ended without a message.")
            release_button(task, state)


def progress_bar(task: Path, label: str) -> None:
    """The progress bar of a job, with its phase and the time left, or its place in the queue."""
    state = jobs.state(task)
    if state.name == "queued":
        st.progress(0.0, text=waiting_text(label, state))
        return
    status = read_status(task)
    done, total = float(status.get("done", 0)), float(status.get("total", 0))
    phase = escape_markdown(str(status.get("phase", "starting")))
    parts = [label] if label.lower().startswith(phase.lower()) else [label, phase]  # not "Checking · checking"
    seconds = status.get("seconds_left")
    if seconds is not None:
        parts.append(f"{fmt.duration(seconds)} left")
    st.progress(min(done / total, 1.0) if total else 0.0, text=" · ".join(parts))


def waiting_text(label: str, state: jobs.State) -> str:
    """The place of a job in the queue, and the job before it."""
    return f"{label} waits: {wait_text(state)}"


def delayed_bar(slot: "DeltaGenerator", label: str) -> Callable[[float], None]:
    """A progress bar for work of some seconds that the page itself does: a function that takes the share done, 0 to 1.

    It draws into `slot` with the time left, only once the work has taken half a second, and clears it at the end.
    """
    began = time.monotonic()

    def show(done: float) -> None:
        elapsed = time.monotonic() - began
        if done >= 1:
            slot.empty()
        elif elapsed > DELAY:
            left = f" · {fmt.duration(elapsed * (1 - done) / done)} left" if done > 0 else ""
            slot.progress(done, text=f"{label}{left}")

    return show
