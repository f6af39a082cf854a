"""Progress of one run (`?run=NAME`): state, how it does in words, samples, live curves and what they mean, the log."""

import streamlit as st

from gan import jobs
from gan.monitoring.diagnosis import diagnose
from gan.runs import events
from gan.runs.metrics import D_VAL
from gan.runs.run import Run
from pages.ui import cache
from pages.ui.frame import errors_shown
from pages.ui.progress import curves, downloads, health, samples
from pages.ui.runs import run_header

EVERY = 2.0  # seconds between looks at a run that lives
LOG_LINES = 200
SOON = {
    "queued": "It starts by itself when its turn comes. You may close this page.",
    "running": "The first picture and points appear as soon as the images are read and the networks ready.",
    "stopping": "It is being stopped before its first picture.",
}


def live_part(run: Run, drawn: tuple[str, bool]) -> None:
    """All that changes from look to look, every two seconds; the whole page where the head has to change too."""
    with errors_shown():
        jobs.ensure_scheduler()
        state = jobs.state(run.path)
        if head_key(run, state) != drawn:
            st.rerun()
        run_header.while_run_exists(run, lambda: run_panels(run, state))


def head_key(run: Run, state: jobs.State) -> tuple[str, bool]:
    """What the head of the page depends on."""
    return state.name, bool(run.snapshots())


def run_panels(run: Run, state: jobs.State) -> None:
    """How far the run is and how it does, samples, curves and log; all but its health without the run's config."""
    run_header.run_progress(run, state)
    run_header.run_end(run, state)
    rows = cache.metrics(run)
    if not (rows or run.samples()):
        if state.alive:
            st.caption(SOON[state.name])
        log_expander(run)
        return
    known = health.observe(run, state, rows)
    warned: dict[str, int] = {}
    if known is not None:
        found = diagnose(known)
        health.diagnosis_panel(run, found, state)
        warned = health.warning_markers(known, found)
    happened = events.run_events(run, warned)
    left, right = st.columns(2, gap="medium")
    with left:
        moment = samples.sample_timeline(run, state.alive)
        log_expander(run)
    with right:
        losses = st.container()
        view = curves.curve_controls()
    with losses:
        curves.curve_card(run, rows, curves.find_group("losses"), view, happened, moment)
    others = ["answers", *(["held-out"] if D_VAL in rows.names else []), "speed"]
    with st.container(key="other-charts"):
        columns = st.columns(len(others), gap="medium")
    for column, key in zip(columns, others, strict=True):
        with column:
            curves.curve_card(run, rows, curves.find_group(key), view, happened, moment)


def log_expander(run: Run) -> None:
    """The last lines that the trainer printed."""
    with st.expander("Log", icon=":material/notes:"):
        lines = jobs.log_tail(run.path, LOG_LINES) or "Nothing yet."
        st.code(lines, language=None, wrap_lines=True, height=300)


def page() -> None:
    """The page for the run that the link names."""
    run = run_header.run_picker("Progress")
    if run is None:
        return
    state = jobs.state(run.path)
    # Outside what is drawn every two seconds: a click on a button there can meet a drawing, and be lost.
    run_header.while_run_exists(run, lambda: run_header.run_head(run, state))
    st.fragment(live_part, run_every=EVERY if state.alive else None)(run, head_key(run, state))
    run_header.while_run_exists(run, lambda: downloads.downloads_panel(run))


with errors_shown():
    page()
