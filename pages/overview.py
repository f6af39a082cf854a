"""Overview: running and waiting jobs, devices and disk, and the latest runs as cards."""

import streamlit as st

from gan import jobs
from gan.jobs import QueueEntry
from pages.ui import frame
from pages.ui.data import upload
from pages.ui.data.steps import ADD
from pages.ui.frame import errors_shown
from pages.ui.runs import device_list, run_cards, run_list, run_notes
from pages.ui.runs.run_list import Listed

EVERY = 2.0  # seconds between redraws while something runs or waits
EVERY_WHEN_IDLE = 10.0  # somebody else may start something


def page() -> None:
    """The live part, then the runs that have ended."""
    frame.page_title("Overview")
    runs = run_list.list_runs()
    if not runs:
        first_steps()
        return
    alive = [entry.run.name for entry in runs if entry.state.alive]
    st.fragment(live_part, run_every=EVERY if alive else EVERY_WHEN_IDLE)(alive)
    run_list.latest_runs([entry for entry in runs if not entry.state.alive])
    run_notes.open_requested_dialog()


def first_steps() -> None:
    """What to do while the store is empty."""
    frame.empty_state(
        "Nothing has been trained here yet. The digits need no download and take two minutes.",
        "Train a first run",
        frame.TRAIN,
        lambda: upload.upload_button(ADD, "secondary"),
    )
    device_list.device_cards(across=device_list.ACROSS)


def live_part(drawn_alive: list[str]) -> None:
    """Running and waiting jobs beside the devices; reruns the whole page when a run began or ended."""
    with errors_shown():
        jobs.ensure_scheduler()
        alive = [entry for entry in run_list.list_runs() if entry.state.alive]
        if {entry.run.name for entry in alive} != set(drawn_alive):
            st.rerun()
        if not alive:
            device_list.device_cards([idle_card], device_list.ACROSS)
            return
        left, right = st.columns([5, 2], gap="large")
        with left:
            queue = jobs.queue()
            waiting = {entry.name for entry in queue}
            running_runs([entry for entry in alive if entry.run.name not in waiting])
            waiting_jobs(queue)
        with right:
            device_list.device_cards()


def running_runs(running: list[Listed]) -> None:
    """A card for each run that trains, or goes on after it went back into Slurm's queue."""
    if running:
        st.subheader("Running now", anchor=False)
    for entry in running:
        run_cards.live_card(entry.run, entry.state)


def waiting_jobs(queue: list[QueueEntry]) -> None:
    """A card for each job in the queue."""
    if queue:
        st.subheader("Waiting", anchor=False)
    for entry in queue:
        run_cards.queue_card(entry)


def idle_card() -> None:
    """That no run trains, what a new one would wait for, and the button that leads to it."""
    st.markdown("**No run is training**")
    holders = device_list.waits_for("auto", 1)
    st.caption(f"A new run waits for {holders}." if holders else "A new run starts at once.")
    if st.button("Train", type="primary", icon=":material/model_training:"):
        st.switch_page(frame.TRAIN)


with errors_shown():
    page()
