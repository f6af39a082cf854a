"""Progress of one run (`?run=NAME`): state, samples, live curves and what they mean, the log.

Read next: `ui/run_header.py`, `ui/curves.py`, `ui/samples.py`.
"""

import streamlit as st

from gan import jobs
from gan.runs import Run
from pages.ui import cached, curves, run_header, samples
from pages.ui.frame import told

EVERY = 2.0  # seconds between looks at a run that lives


def live(run: Run, was_alive: bool) -> None:
    """All that changes while a run lives; drawn anew every two seconds, and a last time, whole, when it has ended."""
    with told():
        state = jobs.state(run.path)
        if was_alive and not state.alive:
            st.rerun()
        run_header.head(run, state)
        rows = cached.metrics(run)
        left, right = st.columns(2, gap="medium")
        with left:
            samples.timeline(run)
            log(run)
        with right:
            losses = st.container()
            view = curves.controls()
        with losses:
            curves.card_of(run, rows, "losses", view)
        left, right = st.columns(2, gap="medium")
        with left:
            curves.card_of(run, rows, "answers", view)
        with right:
            curves.card_of(run, rows, "speed", view)


def log(run: Run) -> None:
    """The last lines that the trainer printed."""
    with st.expander("Log", icon=":material/notes:", expanded=not jobs.state(run.path).alive and not run.samples()):
        st.code(jobs.log_tail(run.path, 20) or "Nothing yet.", language=None, wrap_lines=True, height=240)


def page() -> None:
    """The page for the run that the link names."""
    run = run_header.run_picker("Progress")
    if run is None:
        return
    alive = jobs.state(run.path).alive
    st.fragment(live, run_every=EVERY if alive else None)(run, alive)


with told():
    page()
