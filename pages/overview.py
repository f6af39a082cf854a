"""Overview: what runs now, what waits, the devices, and the latest runs with a picture each.

Read next: `ui/run_cards.py`.
"""

import streamlit as st

from gan import jobs, runs
from gan.runs import Run
from pages.ui import devices, frame, run_cards, run_header
from pages.ui.frame import told

EVERY = 2.0
FIRST = 12


def page() -> None:
    """The page: live while something runs or waits, still when nothing does."""
    frame.title("Overview")
    found = runs.all_runs()
    there = [run for run in found if run_header.readable(run)]
    broken = [run for run in found if not run_header.readable(run)]
    if not there and not broken:
        frame.empty(
            "Nothing has been trained here yet. The digits need no download and take two minutes.",
            "Train a first run",
            frame.TRAIN,
        )
        devices.panel()
        return
    working = any(jobs.state(run.path).alive for run in there)
    st.fragment(now, run_every=EVERY if working else None)(working)
    latest(there)
    for run in broken:
        with told():
            run.config  # noqa: B018 - says in words why the folder cannot be read


def now(was_working: bool) -> None:
    """What runs and waits, and the devices."""
    with told():
        alive = [(run, state) for run in runs.all_runs() if (state := jobs.state(run.path)).alive]
        alive = [(run, state) for run, state in alive if run_header.readable(run)]
        if was_working and not alive:
            st.rerun()
        left, right = st.columns([5, 2], gap="large")
        with left:
            running = [(run, state) for run, state in alive if state.name != "queued"]
            waiting = sorted(((s.place or 0, run, s) for run, s in alive if s.name == "queued"), key=lambda one: one[0])
            st.subheader("Running now", anchor=False)
            for run, state in running:
                run_cards.live(run, state)
            if not running:
                st.caption("Nothing is running.")
                if st.button("Train", type="primary", icon=":material/model_training:"):
                    st.switch_page(frame.TRAIN)
            if waiting:
                st.subheader("Waiting", anchor=False)
            for _, run, state in waiting:
                run_cards.waiting(run, state)
        with right:
            devices.panel()


def latest(there: list[Run]) -> None:
    """Runs that are over, newest first, found by name or data."""
    over = [run for run in there if not jobs.state(run.path).alive]
    if not over:
        return
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.subheader("Latest runs", anchor=False)
    if len(over) > FIRST:
        wanted = right.text_input(
            "Search", placeholder="name or data", key="search", label_visibility="collapsed"
        ).lower()
        over = [run for run in over if wanted in f"{run.title} {run_header.data_words(run)}".lower()]
    shown = over if st.session_state.get("all runs") else over[:FIRST]
    run_cards.grid(shown)
    if len(over) > len(shown):
        st.button(f"Show all {len(over)}", key="all runs button", on_click=_show_all)


def _show_all() -> None:
    st.session_state["all runs"] = True


with told():
    page()
