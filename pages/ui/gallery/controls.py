"""How images are drawn in the gallery: snapshot, seed, truncation, and the share that is kept."""

from dataclasses import dataclass

import streamlit as st

from gan.evaluation.records import results
from gan.runs.run import Run
from pages.ui import fmt
from pages.ui.evaluate import study_panels


@dataclass(frozen=True)
class Draw:
    """How the noise is drawn, from which snapshot's generator, and the share of the images that is kept."""

    snapshot: int
    seed: int
    truncation: float
    keep_rate: float


def controls(run: Run) -> Draw:
    """Snapshot, seed and truncation."""
    moments, best = run.snapshots()[::-1], results.best_snapshot(run)
    snapshot = st.selectbox(
        "Snapshot", moments, moments.index(best) if best in moments else 0, key=f"snapshot {run.name}",
        format_func=lambda seen: f"after {fmt.images(seen)}" + (", best" if seen == best else ""),
        help="The state of the generator at that moment of the training; the newest first. The best is the one whose "
        "images are nearest to held-out real ones by kernel distance, among the snapshots that were evaluated.",
    )  # fmt: skip
    with st.container(key="noise"):
        left, right = st.columns(2)
    seed = left.number_input(
        "Seed", 0, 2**31 - 1, 0, key="gallery seed", persist_state="session",
        help="Another seed gives other images; the same seed always the same.",
    )  # fmt: skip
    truncation = right.slider(
        "Truncation", 0.3, 1.0, 1.0, 0.05, key="gallery truncation", persist_state="session",
        help="Below 1, noise far from the middle is drawn again: images become more typical and less varied.",
    )  # fmt: skip
    keep_rate = st.slider(
        "Keep the best", 5, 100, 100, 5, "%d%%", key="gallery keep rate", persist_state="session",
        help="Of the images of each condition, keeps those that a classifier trained on the real images is sure of, "
        "and that look like real ones of their kind. What is left out is dimmed here, and replaced by another image in "
        "a download. Fewer images of more certain kind: whether it pays, the augmentation study tells.",
    )  # fmt: skip
    found = study_panels.keep_rate_line(run)
    if found:
        st.caption(found)
    return Draw(int(snapshot), int(seed), float(truncation), keep_rate / 100)
