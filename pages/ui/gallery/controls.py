"""The sampling controls of the gallery: snapshot, seed, truncation and keep rate."""

from dataclasses import dataclass

import streamlit as st

from gan.evaluation.records import results
from gan.runs.run import Run
from pages.ui import fmt
from pages.ui.evaluate import study_panels


@dataclass(frozen=True)
class Sampling:
    """The chosen values; `keep_rate` from 0.05 to 1."""

    snapshot: int
    seed: int
    truncation: float
    keep_rate: float


def sampling_controls(run: Run) -> Sampling:
    """The widgets; at first the best scored snapshot, else the newest."""
    snapshots, best = run.snapshots()[::-1], results.best_snapshot(run)
    snapshot = st.selectbox(
        "Snapshot", snapshots, snapshots.index(best) if best in snapshots else 0, key=f"snapshot {run.name}",
        format_func=lambda seen: f"after {fmt.images(seen)}" + (", best" if seen == best else ""),
        help="The generator at that point of the training, newest first. The best has the lowest kernel distance to "
        "held-out real images among the scored snapshots.",
    )  # fmt: skip
    with st.container(key="noise"):
        left, right = st.columns(2)
    seed = left.number_input(
        "Seed", 0, 2**31 - 1, 0, key="gallery seed", persist_state="session",
        help="Another seed gives other images; the same seed gives the same.",
    )  # fmt: skip
    truncation = right.slider(
        "Truncation", 0.3, 1.0, 1.0, 0.05, key="gallery truncation", persist_state="session",
        help="Below 1, extreme noise is sampled again: images become more typical and less varied.",
    )  # fmt: skip
    keep_rate = st.slider(
        "Keep the best", 5, 100, 100, 5, "%d%%", key="gallery keep rate", persist_state="session",
        help="Keeps the images of each condition that a classifier trained on real images is sure of, and that look "
        "typical. The others are dimmed here and replaced in a download. The augmentation study measures whether it "
        "pays.",
    )  # fmt: skip
    finding = study_panels.keep_rate_finding(run)
    if finding:
        st.caption(finding)
    return Sampling(int(snapshot), int(seed), float(truncation), keep_rate / 100)
