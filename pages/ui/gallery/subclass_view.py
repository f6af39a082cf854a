"""The subclasses of a class: real images of each, and generated ones below them."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan.data.info import DatasetInfo
from gan.export.request import ExportRequest
from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run
from gan.sampling.conditions import Condition
from gan.sampling.views import ImageGroup
from pages.ui import cache, cache_torch, fmt, tiles
from pages.ui.tiles import Row

IMAGES = 12  # of a subclass, in a row


def subclass_view(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """A class, and two rows for each of its subclasses."""
    requested = [position for text, _ in request.items for position, _ in Condition.from_text(text, info).fixed]
    chosen = st.selectbox(
        "Class", range(len(info.names)), requested[0] if requested else 0, key=f"subclasses of {run.name}",
        format_func=lambda position: info.names[position], width=300,
    )  # fmt: skip
    counts = info.subclasses[chosen]
    if sum(count > 0 for count in counts) < 2:
        st.info(f"{escape_markdown(info.names[chosen])} has too few training images to divide, or they are too alike.")
        return
    assert request.snapshot is not None
    text = Condition.of_class(chosen).text(info)
    synthetic = cache_torch.subclass_images(run, request.snapshot, text, IMAGES, request.seed, request.truncation)
    real = cache.subclass_images(run, chosen, IMAGES)
    rows: list[Row] = []
    for subclass, group in enumerate(synthetic):
        if counts[subclass]:
            note = f"{fmt.number(counts[subclass])} real, {counts[subclass] / sum(counts):.0%}"
            rows += _subclass_rows(
                run, f"Subclass {subclass + 1}", note, group, None if real is None else real[subclass]
            )
    with st.container(key="subclasses"):
        tiles.draw_rows(rows, one_line=True, tile=64)
    st.caption(
        "Subclasses are k-means clusters of a class's training images, by brightness and colour in coarse thumbnails, "
        "computed before the training. They have no names: look for what a row has in common. Generated images take "
        "each subclass as often as the training images do."
    )


def _subclass_rows(run: Run, title: str, note: str, group: ImageGroup, real: NDArray[np.uint8] | None) -> list[Row]:
    """Real images of a subclass, where the data set is on this machine, and below them generated ones."""
    alt = f"Generated image of {group.label}, run {run.name}"
    if real is None:
        return [Row(title, note, group.images, alt)]
    return [Row(title, note, real, f"Real image of {group.label}"), Row("", "generated", group.images, alt)]
