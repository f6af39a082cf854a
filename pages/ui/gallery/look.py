"""Generated images, a row for each chosen condition, above real ones of it; images below the keep rate are dimmed."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan.data.info import DatasetInfo
from gan.evaluation import training_images
from gan.evaluation.job import Request
from gan.export.request import ExportRequest
from gan.io.markdown_text import escape_message
from gan.runs.run import Run
from gan.sampling.conditions import Condition
from gan.sampling.provenance import Origin
from gan.sampling.views import ImageGroup
from pages.ui import cache_images, cache_torch, fmt, preparation, tiles
from pages.ui.gallery import controls, link, marking, same_noise

MAX_IMAGES = 400  # about a second on two CPU cores
MAX_REAL = 24  # of a condition
MAX_PAGES = 50
REAL = "gallery real"  # key of the session state


def look_view(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """A row of generated images for each condition, and one of real images."""
    if not request.items:
        st.info("Choose at least one condition.")
        return
    if request.count > MAX_IMAGES:
        st.info(
            f"{fmt.images(request.count)} are too many to show at once: choose up to {MAX_IMAGES}. Download takes any "
            "number."
        )
        return
    count = request.items[0][1]
    page = int(st.session_state.get(controls.page_key(), controls.first_page()))
    groups = cache_torch.first_images(run, replace(request, keep_rate=1.0), count, (page - 1) * count)
    dropped = _dropped_images(run, groups, request.keep_rate) if request.keep_rate < 1 else frozenset()
    titles = [(same_noise.condition_label(group.label, info), "synthetic") for group in groups]
    with st.container(key="generated"):
        marking.marked_groups(
            run, info, groups, key=f"look {run.name}", label="Generated images", titles=titles, dropped=dropped,
            real=_real_images(run, info, request, count, page),
        )  # fmt: skip
    _page_buttons(page)
    if st.session_state[REAL] and cache_images.training_images(run) is None:
        _no_real_images(run)
    st.caption(
        f"Images {(page - 1) * count + 1:,} to {page * count:,}{' of each' if len(titles) > 1 else ''}, "
        f"{info.native_size} px{_enlarged(info.native_size)}. A download begins with image 1. Click an image to "
        "open it; K keeps it, R rejects it, S saves it, the arrow keys move on. Synthetic: not for clinical use."
    )


def _page_buttons(page: int) -> None:
    """The switch of the real images, and the pages of the synthetic ones."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.toggle("Real images below", key=REAL, persist_state="session")
        st.pagination(
            max(MAX_PAGES, page), default=controls.first_page(), max_visible_pages=5, key=controls.page_key(),
            persist_state="session",
        )  # fmt: skip
    link.write_number(link.PAGE, page, 1)


def _real_images(
    run: Run, info: DatasetInfo, request: ExportRequest, count: int, page: int
) -> list[tuple[str, NDArray[np.uint8]]]:
    """Real images of each condition with a note; none where they are not wanted or not here."""
    if not st.session_state.setdefault(REAL, True):
        return []
    shown = min(count, MAX_REAL)
    real = cache_images.real_examples(run, [text for text, _ in request.items], shown, (page - 1) * shown)
    if real is None:
        return []
    counts = [Condition.from_text(text, info).matching_images(info) for text, _ in request.items]
    return [(f"real, of {fmt.number(count)}", images) for count, images in zip(counts, real, strict=True)]


def _no_real_images(run: Run) -> None:
    """Why there are no real images, and the button that reads them where that helps."""
    problem = training_images.viewing_problem(run)
    if problem is not None:
        st.caption(f"No real images. {escape_message(problem)}")
        return
    preparation.preparation_panel(
        run, Request("calibration"), "Reading the training images", training_images.not_read_yet(run), "Read them"
    )


def _enlarged(side: int) -> str:
    shown = tiles.shown_side(side, tiles.TILE)
    return ", enlarged" if shown > side else ", reduced" if shown < side else ""


def _dropped_images(run: Run, groups: Sequence[ImageGroup], keep_rate: float) -> frozenset[Origin]:
    """The images below the keep rate; where the selector is not trained yet, none, and the button that trains it."""
    problem = training_images.training_images_problem(run)
    if problem is not None:
        st.warning(escape_message(problem), icon=":material/filter_alt_off:")
        return frozenset()
    dropped = cache_torch.images_below_keep_rate(run, groups, keep_rate)
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
