"""Overview: running and waiting jobs, devices and disk, and the latest runs as cards."""

from collections.abc import Callable

import streamlit as st

from gan import jobs
from gan.jobs import QueueEntry
from gan.runs.run import Run
from pages.ui import frame
from pages.ui.data import upload
from pages.ui.data.steps import ADD
from pages.ui.frame import errors_shown
from pages.ui.runs import device_list, listed_runs, run_cards, run_list, run_notes, run_selection
from pages.ui.runs.run_list import Listed

EVERY = 2.0  # seconds between redraws while something runs or waits
EVERY_WHEN_IDLE = 10.0  # somebody else may start something


def page() -> None:
    """The live part, then the runs that have ended."""
    frame.page_title("Overview", frame.PURPOSE)
    runs = run_list.list_runs()
    if not runs:
        first_steps()
        return
    alive = [entry for entry in runs if entry.state.alive]
    studies = run_list.running_studies(runs)
    working = job_names(alive, studies)
    st.fragment(live_part, run_every=EVERY if working else EVERY_WHEN_IDLE)(
        working, run_list.first_these((runs, studies), runs_and_studies)
    )
    listed_runs.listed_runs(runs)
    run_notes.open_requested_dialog()
    run_selection.open_requested_dialog()


def first_steps() -> None:
    """What to do while the store is empty."""
    frame.empty_state(
        "Nothing has been trained here yet. The digits need no download and take a few minutes.",
        "Train a first run",
        frame.TRAIN,
        lambda: upload.upload_button(ADD, "secondary"),
    )
    device_list.device_cards(across=device_list.ACROSS)


def runs_and_studies() -> tuple[list[Listed], list[Run]]:
    """All runs, and those of which a study works."""
    runs = run_list.list_runs()
    return runs, run_list.running_studies(runs)


def live_part(drawn: set[str], current: Callable[[], tuple[list[Listed], list[Run]]]) -> None:
    """Running and waiting jobs beside the devices; reruns the whole page when a run or study began or ended.

    `drawn` has the names of the jobs that worked or waited when the page was drawn.
    """
    with errors_shown():
        jobs.ensure_scheduler()
        runs, studies = current()
        alive = [entry for entry in runs if entry.state.alive]
        if job_names(alive, studies) != drawn:
            st.rerun()
        queue = jobs.queue()
        if not (alive or studies or queue):
            device_list.device_cards([idle_card], device_list.ACROSS)
            return
        left, right = st.columns([5, 2], gap="large")
        with left:
            running, requeued = run_list.running_and_requeued(alive, queue)
            running_jobs(running, studies)
            waiting_jobs(requeued, queue)
        with right:
            device_list.device_cards()


def job_names(alive: list[Listed], studies: list[Run]) -> set[str]:
    """The names of live runs and of running studies."""
    return {entry.run.name for entry in alive} | {f"{run.name}/study" for run in studies}


def running_jobs(running: list[Listed], studies: list[Run]) -> None:
    """A card for each run that trains and for each study that runs."""
    if running or studies:
        st.header("Running now", anchor=False)
    for entry in running:
        run_cards.live_card(entry.run, entry.state)
    for run in studies:
        run_cards.study_card(run)


def waiting_jobs(requeued: list[Listed], queue: list[QueueEntry]) -> None:
    """A card for each job in the queue, and for each run that Slurm put back into its own."""
    if requeued or queue:
        st.header("Waiting", anchor=False)
    for entry in requeued:
        run_cards.live_card(entry.run, entry.state)
    for queued in queue:
        run_cards.queue_card(queued)


def idle_card() -> None:
    """That no run trains, what a new one would wait for, and the button that leads to it."""
    st.markdown("**No run is training**")
    holders = device_list.waits_for("auto", 1)
    st.caption(f"A new run waits for {holders}." if holders else "A new run starts at once.")
    if st.button("Train", type="primary", icon=":material/model_training:"):
        st.switch_page(frame.TRAIN)


with errors_shown():
    page()
