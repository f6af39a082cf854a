"""The controls of the gallery: the snapshot, and folded the seed, truncation, keep rate and how many to show."""

from dataclasses import dataclass

import streamlit as st

from gan.data.info import DatasetInfo
from gan.evaluation.records.best_snapshot import best_of_several
from gan.io.markdown_text import escape_markdown
from gan.monitoring.run_verdict import judged_snapshot
from gan.runs.run import Run
from pages.ui import fmt
from pages.ui.evaluate import study_panels

SEED, TRUNCATION, KEEP_RATE, PAGE = "gallery seed", "gallery truncation", "gallery keep rate", "gallery page"
SHOWN = {"class": "each", "attributes": "count"}  # by kind of the data set, as one combination leaves room for more
"""Keys of the session state."""
MAX_SEED = 2**31 - 1
TRUNCATIONS = (0.3, 1.0)
KEEP_RATES = (5, 100)  # per cent
MAX_SHOWN, MAX_PAGES = 400, 10_000
SHOWN_AT_FIRST = {"class": 8, "attributes": 24}


@dataclass(frozen=True)
class Sampling:
    """The chosen values; `keep_rate` from 0.05 to 1, `shown` images of each condition at a time."""

    snapshot: int
    seed: int
    truncation: float
    keep_rate: float
    shown: int


def sampling_controls(run: Run, info: DatasetInfo) -> Sampling:
    """The widgets; at first the snapshot that the verdict is on."""
    snapshot = _snapshot(run)
    shown_key = SHOWN[info.kind]
    for key, default in ((SEED, 0), (TRUNCATION, 1.0), (KEEP_RATE, 100), (shown_key, SHOWN_AT_FIRST[info.kind])):
        st.session_state.setdefault(key, default)
    with st.expander("Seed, truncation, selection", icon=":material/tune:"):
        seed = st.number_input(
            "Seed", 0, MAX_SEED, key=SEED, persist_state="session",
            help="Another seed gives other images; the same seed gives the same.",
        )  # fmt: skip
        truncation = st.slider(
            "Truncation", *TRUNCATIONS, step=0.05, key=TRUNCATION, persist_state="session",
            help="Below 1, extreme noise is sampled again: images become more typical and less varied.",
        )  # fmt: skip
        keep_rate = st.slider(
            "Keep the best", *KEEP_RATES, step=5, format="%d%%", key=KEEP_RATE, persist_state="session",
            help="Keeps the images of each condition that a classifier trained on real images is sure of, and that "
            "look typical. The others are dimmed here and replaced in a download. The augmentation study measures "
            "whether it pays.",
        )  # fmt: skip
        finding = study_panels.keep_rate_finding(run)
        if finding:
            st.caption(escape_markdown(finding))
        shown = st.number_input(
            "Images shown of each", 1, MAX_SHOWN, key=shown_key, persist_state="session",
            help="How many to look at. How many to download is chosen under Download.",
        )  # fmt: skip
    return Sampling(snapshot, int(seed), float(truncation), keep_rate / 100, int(shown))


def open_page(page: int) -> None:
    """Show this page of the images at the next run of the script."""
    st.session_state[PAGE] = page
    st.session_state.pop(page_key(), None)


def first_page() -> int:
    """The page at which the buttons begin: that of the link, else 1."""
    return int(st.session_state.get(PAGE, 1))


def page_key() -> str:
    """The key of the page buttons; another first page makes other buttons, as they have no value but their own."""
    return f"{PAGE} from {first_page()}"


def snapshot_key(run: Run) -> str:
    """The key of the chosen snapshot in the session state."""
    return f"snapshot {run.name}"


def _snapshot(run: Run) -> int:
    snapshots, best, key = run.snapshots()[::-1], best_of_several(run), snapshot_key(run)
    if st.session_state.get(key) not in snapshots:
        judged = judged_snapshot(run)
        st.session_state[key] = snapshots[0] if judged is None else judged
    return int(
        st.selectbox(
            "Snapshot", snapshots, key=key,
            format_func=lambda seen: f"after {fmt.images(seen)}" + (", best" if seen == best else ""),
            help="The generator at that point of the training, newest first. The best has the lowest kernel distance "
            "to held-out real images among the scored snapshots.",
        )
    )  # fmt: skip
