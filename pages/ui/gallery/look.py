"""The images of the chosen conditions at once, a row for each; what a keep rate leaves out is dimmed."""

from dataclasses import replace

import streamlit as st

from gan.data.info import DatasetInfo
from gan.evaluation import training_images
from gan.evaluation.job import Request
from gan.export.request import ExportRequest
from gan.runs.run import Run
from gan.sampling.conditions import Condition
from gan.sampling.provenance import Origin
from pages.ui import cache_torch, fmt, preparation
from pages.ui.gallery import marking, same_noise

MOST_SHOWN = 400  # images in one view: about a second of work on two CPU cores


def panel(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """The images at once, a row for each condition."""
    if not request.items:
        st.info("Choose at least one condition.")
        return
    if request.count > MOST_SHOWN:
        st.info(f"{fmt.images(request.count)} are too many to look at: up to {MOST_SHOWN}. Download makes any number.")
        return
    made = cache_torch.requested_images(run, replace(request, keep_rate=1.0))
    dropped = left_out(run, request) if request.keep_rate < 1 else frozenset()
    titles = [
        (
            same_noise.titled(group.label, info),
            f"{fmt.number(Condition.from_text(text, info).matching_images(info))} real",
        )
        for group, (text, _) in zip(made, request.items, strict=True)
    ]
    with st.container(key="generated"):
        marking.groups(
            run, info, made, key=f"look {run.name}", label="Generated images", titles=titles, dropped=dropped
        )
    st.caption(
        f"{fmt.images(request.count)} at the set's own size, {info.native_size} px, enlarged. Click one to see it "
        "large; K keeps and R rejects it, the arrow keys go on. Synthetic: not for clinical use."
    )


def left_out(run: Run, request: ExportRequest) -> frozenset[Origin]:
    """The images that the keep rate leaves out; none, and the way to know, where no task has learnt the real ones."""
    wrong = training_images.training_images_problem(run)
    if wrong is not None:
        st.warning(wrong, icon=":material/filter_alt_off:")
        return frozenset()
    dropped = cache_torch.rejected_images(run, request)
    if dropped is None:
        preparation.preparation_panel(
            run,
            Request("selector"),
            "Learning what the real images look like",
            "To keep the best, a classifier first learns from the real images: once for a data set, a minute or more. "
            "You may leave this page.",
            "Learn from the real images",
        )
        return frozenset()
    return dropped
