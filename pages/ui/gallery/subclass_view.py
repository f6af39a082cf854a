"""The subclasses within a class that a run was told of: real images of each, and generated ones below them."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan.data.info import DatasetInfo
from gan.export.request import ExportRequest
from gan.runs.run import Run
from gan.sampling.conditions import Condition
from gan.sampling.views import ImageGroup
from pages.ui import cache, cache_torch, fmt, tiles
from pages.ui.tiles import Row

EACH = 12  # images of a subclass in a row


def panel(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """A class, and two rows for each of its subclasses."""
    asked = [position for text, _ in request.items for position, _ in Condition.from_text(text, info).fixed]
    chosen = st.selectbox(
        "Class", range(len(info.names)), asked[0] if asked else 0, key=f"class of subclasses {run.name}",
        format_func=lambda position: info.names[position], width=300,
    )  # fmt: skip
    counts = info.subclasses[chosen]
    if sum(count > 0 for count in counts) < 2:
        st.info(f"{info.names[chosen]} has too few training images to be divided, or they are too much alike.")
        return
    assert request.snapshot is not None
    text = Condition.of_class(chosen).text(info)
    made = cache_torch.subclass_images(run, request.snapshot, text, EACH, request.seed, request.truncation)
    real = cache.subclass_images(run, chosen, EACH)
    shown: list[Row] = []
    for subclass, group in enumerate(made):
        if counts[subclass]:
            note = f"{fmt.number(counts[subclass])} real, {counts[subclass] / sum(counts):.0%}"
            shown += rows(run, f"Kind {subclass + 1}", note, group, None if real is None else real[subclass])
    with st.container(key="subclasses"):
        tiles.draw_rows(shown, one_line=True, tile=64)
    st.caption(
        "Before the training, the training images of each class were divided into groups of alike ones, by where they "
        "are bright and dark, and in what colour. Nobody named them: what a group has in common is for you to see. "
        "Images are made of each as often as there are training images of it."
    )


def rows(run: Run, title: str, note: str, group: ImageGroup, real: NDArray[np.uint8] | None) -> list[Row]:
    """A subclass's real images, where they are known, and below them its generated ones."""
    alt = f"Generated image of {group.label}, run {run.name}"
    if real is None:
        return [Row(title, note, group.images, alt)]
    return [Row(title, note, real, f"Real image of {group.label}"), Row("", "generated", group.images, alt)]
