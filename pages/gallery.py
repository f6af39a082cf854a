"""Gallery of a run (`?run=NAME`): choose conditions, look at what the generator makes of them, take a batch home.

Read next: `ui/condition_picker.py`, `ui/export_panel.py`, `gan/sample.py`.
"""

from dataclasses import dataclass

import streamlit as st

from gan import conditions
from gan.export import ExportRequest
from gan.facts import DataFacts
from gan.runs import Run
from pages.ui import cached, condition_picker, export_panel, frame, pictures, run_header, words
from pages.ui.frame import told

MOST_SHOWN = 400  # images in one view: about a second of work on two CPU cores


@dataclass(frozen=True)
class Draw:
    """How the noise is drawn, and from which snapshot's generator."""

    snapshot: int
    seed: int
    truncation: float


def page() -> None:
    """The page for the run that the link names."""
    run = run_header.run_picker("Gallery")
    if run is not None:
        run_header.while_there(run, lambda: choose_and_show(run))


def choose_and_show(run: Run) -> None:
    """The controls at the left, the images and the download at the right."""
    problem = run_header.unreadable(run)
    if problem is not None or not run.snapshots():
        st.info(problem or "This run has no snapshot yet: its first appears after a part of the training.")
        if st.button("Look at its progress", type="primary", icon=":material/show_chart:"):
            st.switch_page(frame.PROGRESS, query_params={"run": run.name})
        return
    facts = cached.facts(run)
    left, right = st.columns([1, 3], gap="large")
    with left, told():
        draw = controls(run)
        items = condition_picker.picker(run, facts)
    with right, told():
        look, take = st.tabs(["Look", "Download"])
        request = ExportRequest(items, draw.snapshot, draw.seed, draw.truncation)
        with look, told():
            show(run, facts, request)
        with take, told():
            export_panel.panel(run, facts, request)


def controls(run: Run) -> Draw:
    """Snapshot, seed and truncation."""
    moments = run.snapshots()[::-1]
    snapshot = st.selectbox(
        "Snapshot", moments, format_func=lambda seen: f"after {words.images(seen)}", key=f"snapshot {run.name}",
        help="The state of the generator at that moment of the training; the newest first.",
    )  # fmt: skip
    left, right = st.columns(2)
    seed = left.number_input(
        "Seed", 0, 2**31 - 1, 0, key="gallery seed", persist_state="session",
        help="Another seed gives other images; the same seed always the same.",
    )  # fmt: skip
    truncation = right.slider(
        "Truncation", 0.3, 1.0, 1.0, 0.05, key="gallery truncation", persist_state="session",
        help="Below 1, noise far from the middle is drawn again: images become more typical and less varied.",
    )  # fmt: skip
    return Draw(int(snapshot), int(seed), float(truncation))


def show(run: Run, facts: DataFacts, request: ExportRequest) -> None:
    """The images at once, a row for each condition."""
    if not request.items:
        st.info("Choose at least one condition at the left.")
        return
    if request.count > MOST_SHOWN:
        st.info(
            f"{words.images(request.count)} are too many to look at: up to {MOST_SHOWN}. Download makes any number."
        )
        return
    assert request.snapshot is not None
    sampler = cached.sampler(run.path, request.snapshot)
    rows, start = [], 0
    for text, count in request.items:
        asked = conditions.parse(text, facts)
        # The positions go on over the conditions, as in an export: what is seen here is what the ZIP holds.
        drawn = asked.draw(facts, count, request.seed)
        made = sampler.generate(drawn, request.seed, start, request.truncation)
        real = asked.agreeing(facts)
        alt = f"Generated image of {asked.label}, run {run.name}, seed {request.seed}"
        rows.append(pictures.Row(asked.label, f"{words.number(real)} real", made, alt))
        start += count
    with st.container(key="generated"):
        pictures.rows(rows)
    st.caption(
        f"{words.images(request.count)} at the set's own size, {facts.native_size} px, enlarged. "
        "Synthetic: not for clinical use."
    )


with told():
    page()
