"""Gallery of a run (`?run=NAME`): choose conditions, look at what the generator makes of them, take images home.

Read next: `ui/condition_picker.py`, `ui/marking.py`, `ui/export_panel.py`, `gan/looks.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from gan.conditions import Condition
from gan.evaluation import results
from gan.export import ExportRequest
from gan.facts import DataFacts
from gan.provenance import Origin
from gan.runs import Run
from pages.ui import (
    basket,
    cached,
    cached_models,
    condition_picker,
    evaluation_study,
    export_panel,
    frame,
    kinds_view,
    large_view,
    marking,
    run_header,
    same_noise,
    waiting,
    walk_view,
    words,
)
from pages.ui.frame import told

MOST_SHOWN = 400  # images in one view: about a second of work on two CPU cores


@dataclass(frozen=True)
class Draw:
    """How the noise is drawn, from which snapshot's generator, and the share of the images that is kept."""

    snapshot: int
    seed: int
    truncation: float
    keep_rate: float


def page() -> None:
    """The page for the run that the link names."""
    run = run_header.run_picker("Gallery")
    if run is not None:
        run_header.while_there(run, lambda: choose_and_show(run))


def choose_and_show(run: Run) -> None:
    """The controls at the left, the images and the download at the right."""
    if run_header.without_snapshot(run):
        return
    facts = cached.facts(run)
    left, right = st.columns([1, 3], gap="large")
    with left, told():
        draw = controls(run)
        items = condition_picker.picker(run, facts)
    with right, told():
        request = ExportRequest(items, draw.snapshot, draw.seed, draw.truncation, keep_rate=draw.keep_rate)
        views(run, facts, request)


def views(run: Run, facts: DataFacts, request: ExportRequest) -> None:
    """What can be done with the choice, one at a time; the link says which."""
    drawn: dict[str, Callable[[], None]] = {
        basket.LOOK: lambda: look(run, facts, request),
        "Compare": lambda: same_noise.panel(run, facts, request),
        "Walk": lambda: walk_view.panel(run, facts, request),
        "Kinds": lambda: kinds_view.panel(run, facts, request),
        "Basket": lambda: basket.panel(run, facts),
        basket.DOWNLOAD: lambda: export_panel.panel(run, facts, request),
    }
    if not facts.kinds:
        del drawn["Kinds"]
    understood(list(drawn))
    for tab, draw in zip(st.tabs(list(drawn), key=basket.VIEW, bind="query-params"), drawn.values(), strict=True):
        if tab.open:
            with tab:
                st.fragment(shown)(run, facts, draw)


def understood(names: Sequence[str]) -> None:
    """Take the view that the link names, in whatever case; say it where there is none of that name."""
    asked = st.query_params.get(basket.VIEW)
    if asked is None or asked in names:
        return
    found = {name.lower(): name for name in names}.get(asked.strip().lower())
    if found is not None:  # by the address, as the tabs read it and keep it
        st.switch_page(frame.GALLERY, query_params=st.query_params.to_dict() | {basket.VIEW: found})
    st.warning(f"The gallery has no view {words.plain(asked)}: it has {', '.join(names)}.", icon=":material/link_off:")


def shown(run: Run, facts: DataFacts, draw: Callable[[], None]) -> None:
    """One view, and the large image where one was clicked in it."""
    with told():
        draw()
        large_view.where_opened(run, facts)


def controls(run: Run) -> Draw:
    """Snapshot, seed and truncation."""
    moments, best = run.snapshots()[::-1], results.best_snapshot(run)
    snapshot = st.selectbox(
        "Snapshot", moments, moments.index(best) if best in moments else 0, key=f"snapshot {run.name}",
        format_func=lambda seen: f"after {words.images(seen)}" + (", best" if seen == best else ""),
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
    found = evaluation_study.keep_rate_line(run)
    if found:
        st.caption(found)
    return Draw(int(snapshot), int(seed), float(truncation), keep_rate / 100)


def look(run: Run, facts: DataFacts, request: ExportRequest) -> None:
    """The images at once, a row for each condition."""
    if not request.items:
        st.info("Choose at least one condition.")
        return
    if request.count > MOST_SHOWN:
        st.info(
            f"{words.images(request.count)} are too many to look at: up to {MOST_SHOWN}. Download makes any number."
        )
        return
    made = cached_models.look(run, replace(request, keep_rate=1.0))
    dropped: frozenset[Origin] = frozenset()
    if request.keep_rate < 1:
        dropped = cached_models.dropped(
            run, request, waiting.bar(st.empty(), "Learning what the real images look like")
        )
    titles = [
        (
            same_noise.titled(group.label, facts),
            f"{words.number(Condition.from_text(text, facts).agreeing(facts))} real",
        )
        for group, (text, _) in zip(made, request.items, strict=True)
    ]
    with st.container(key="generated"):
        marking.groups(
            run, facts, made, key=f"look {run.name}", label="Generated images", titles=titles, dropped=dropped
        )
    st.caption(
        f"{words.images(request.count)} at the set's own size, {facts.native_size} px, enlarged. Click one to see it "
        "large; K keeps and R rejects it, the arrow keys go on. Synthetic: not for clinical use."
    )


with told():
    page()
