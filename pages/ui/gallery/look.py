"""Generated images, a row for each chosen condition; images below the keep rate are dimmed."""

from dataclasses import replace

import streamlit as st

from gan.data.info import DatasetInfo
from gan.evaluation import training_images
from gan.evaluation.job import Request
from gan.export.request import ExportRequest
from gan.runs.run import Run
from gan.sampling.conditions import Condition
from gan.sampling.provenance import Origin
from pages.ui import cache_torch, fmt, preparation, tiles
from pages.ui.gallery import marking, same_noise

MAX_IMAGES = 400  # about a second on two CPU cores


def look_view(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """A row of images for each condition."""
    if not request.items:
        st.info("Choose at least one condition.")
        return
    if request.count > MAX_IMAGES:
        st.info(
            f"{fmt.images(request.count)} are too many to show: choose up to {MAX_IMAGES}. Download takes any number."
        )
        return
    groups = cache_torch.requested_images(run, replace(request, keep_rate=1.0))
    dropped = _dropped_images(run, request) if request.keep_rate < 1 else frozenset()
    titles = [
        (
            same_noise.condition_label(group.label, info),
            f"{fmt.number(Condition.from_text(text, info).matching_images(info))} real",
        )
        for group, (text, _) in zip(groups, request.items, strict=True)
    ]
    with st.container(key="generated"):
        marking.marked_groups(
            run, info, groups, key=f"look {run.name}", label="Generated images", titles=titles, dropped=dropped
        )
    st.caption(
        f"{fmt.images(request.count)} of {info.native_size} px{_enlarged(info.native_size)}. Click one to open it; "
        "K keeps it, R rejects it, the arrow keys move on. Synthetic: not for clinical use."
    )


def _enlarged(side: int) -> str:
    shown = tiles.shown_side(side, tiles.TILE)
    return ", enlarged" if shown > side else ", reduced" if shown < side else ""


def _dropped_images(run: Run, request: ExportRequest) -> frozenset[Origin]:
    """The images below the keep rate; where the selector is not trained yet, none, and the button that trains it."""
    problem = training_images.training_images_problem(run)
    if problem is not None:
        st.warning(problem, icon=":material/filter_alt_off:")
        return frozenset()
    dropped = cache_torch.images_below_keep_rate(run, request)
    if dropped is None:
        preparation.preparation_panel(
            run,
            Request("selector"),
            "Training the classifier that selects images",
            "To keep the best, a classifier first trains on the real images: once for a data set, a minute or more. "
            "You may leave this page.",
            "Train it",
        )
        return frozenset()
    return dropped
