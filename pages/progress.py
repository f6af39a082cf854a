"""Progress of one run (`?run=NAME`): state, diagnosis, samples, live curves and log."""

import streamlit as st

from gan import jobs
from gan.runs import events
from gan.runs.run import Run
from pages.ui import cache
from pages.ui.frame import PROGRESS, errors_shown
from pages.ui.notifications import notification_button
from pages.ui.progress import curves, downloads, health, samples, scores
from pages.ui.runs import run_header

EVERY = 2.0  # seconds between redraws while the run is alive
LOG_LINES = 200
BEFORE_FIRST_POINT = {
    "queued": "It starts by itself when its turn comes. You may close this page.",
    "running": "The first picture and points appear once the images are read and the networks are built.",
    "stopping": "It is being stopped before its first picture.",
}


def page() -> None:
    """The panels of the run in the link."""
    run = run_header.run_picker(PROGRESS)
    if run is None:
        return
    state = jobs.state(run.path)
    # Buttons and downloads stay outside the live part: a redraw under the pointer loses the click.
    run_header.while_run_exists(run, lambda: run_header.run_head(run, state))
    if state.alive:
        notification_button()
    st.fragment(live_part, run_every=EVERY if state.alive else None)(run, head_key(run, state))
    run_header.while_run_exists(run, lambda: downloads.downloads_panel(run))


def live_part(run: Run, drawn_head: tuple[str, bool]) -> None:
    """The panels that change while the run is alive; reruns the whole page when the head is out of date."""
    with errors_shown():
        jobs.ensure_scheduler()
        state = jobs.state(run.path)
        if head_key(run, state) != drawn_head:
            st.rerun()
        run_header.while_run_exists(run, lambda: run_panels(run, state))


def head_key(run: Run, state: jobs.State) -> tuple[str, bool]:
    """What the buttons in the head depend on: the state, and whether there is a snapshot."""
    return state.name, bool(run.snapshots())


def run_panels(run: Run, state: jobs.State) -> None:
    """Progress, diagnosis, samples, curves and log; only the diagnosis needs a readable config."""
    run_header.run_progress(run, state)
    run_header.run_end(run, state)
    rows = cache.metrics(run)
    if not (rows or run.samples()):
        if state.alive:
            st.caption(BEFORE_FIRST_POINT[state.name])
        log_expander(run)
        return
    warning_onsets = health.diagnosis_panel(run, state, rows)
    markers = events.run_events(run, warning_onsets)
    left, right = st.columns(2, gap="medium")
    with left:
        moment = samples.sample_timeline(run, state.alive)
        log_expander(run)
    with right:
        view = curves.loss_chart(run, rows, markers, moment)
    scores.scores_card(run, state)
    curves.other_charts(run, rows, view, markers, moment)


def log_expander(run: Run) -> None:
    """The last lines that the trainer printed."""
    with st.expander("Log", icon=":material/notes:"):
        lines = jobs.log_tail(run.path, LOG_LINES) or "Nothing yet."
        st.code(lines, language=None, wrap_lines=True, height=300)


with errors_shown():
    page()
