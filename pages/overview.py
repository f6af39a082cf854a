"""Overview: what runs now, what waits, the devices and the disk, and the latest runs with a picture each."""

import streamlit as st

from gan import jobs
from pages.ui import frame
from pages.ui.data import upload
from pages.ui.frame import errors_shown
from pages.ui.runs import device_list, run_cards, run_list, run_notes
from pages.ui.runs.run_list import Listed

EVERY = 2.0  # seconds between looks, while something runs or waits
EVERY_QUIETLY = 10.0  # and while nothing does: somebody else may start something


def page() -> None:
    """The page: its upper half is live."""
    frame.page_title("Overview")
    found = run_list.list_runs()
    if not found:
        frame.empty_state(
            "Nothing has been trained here yet. The digits need no download and take two minutes.",
            "Train a first run",
            frame.TRAIN,
            lambda: upload.upload_button(upload.ADD, "secondary"),
        )
        device_list.device_cards(across=device_list.ACROSS)
        return
    alive = [one.run.name for one in found if one.state.alive]
    st.fragment(live_part, run_every=EVERY if alive else EVERY_QUIETLY)(alive)
    run_list.latest_runs([one for one in found if not one.state.alive])
    run_notes.open_requested_dialog()


def live_part(were_alive: list[str]) -> None:
    """What runs and waits, and the devices."""
    with errors_shown():
        jobs.ensure_scheduler()
        found = run_list.list_runs()
        alive = [one for one in found if one.state.alive]
        if {one.run.name for one in alive} != set(were_alive):
            st.rerun()  # a run began or ended: the list below changes too
        if not alive:
            device_list.device_cards([idle_card], device_list.ACROSS)
            return
        left, right = st.columns([5, 2], gap="large")
        with left:
            running_and_waiting(alive)
        with right:
            device_list.device_cards()


def running_and_waiting(alive: list[Listed]) -> None:
    """What runs, and what waits for it."""
    running = [one for one in alive if one.state.name != "queued"]
    if running:
        st.subheader("Running now", anchor=False)
    for one in running:
        run_cards.live_card(one.run, one.state)
    waiting = jobs.queue()
    if waiting:
        st.subheader("Waiting", anchor=False)
    for entry in waiting:
        run_cards.queue_card(entry)


def idle_card() -> None:
    """That it is quiet, and the way to the next run; a card among those of the devices."""
    st.markdown("**Nothing is running**")
    st.caption("A new run starts at once.")
    if st.button("Train", type="primary", icon=":material/model_training:"):
        st.switch_page(frame.TRAIN)


with errors_shown():
    page()
