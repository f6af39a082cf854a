"""The subclasses of a class: generated images of each above real ones, or more of one, which can be downloaded."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from gan.data.info import DatasetInfo
from gan.export.request import ExportRequest
from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run
from gan.sampling import conditions
from gan.sampling.conditions import Condition
from pages.ui import cache_images, cache_torch, fmt
from pages.ui.gallery import look, marking

IMAGES = 8  # of each subclass, in a row


def subclass_view(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """A class, and its subclasses or one of them."""
    requested = [position for text, _ in request.items for position, _ in Condition.from_text(text, info).fixed]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        position = st.selectbox(
            "Class", range(len(info.names)), requested[0] if requested else 0, key=f"subclasses of {run.name}",
            format_func=lambda position: info.names[position], width=300, persist_state="session",
        )  # fmt: skip
        parts = conditions.subclass_conditions(Condition.of_class(position), info)
        if len(parts) < 2:
            name = escape_markdown(info.names[position])
            st.info(f"{name} has too few training images to divide, or they are too alike.")
            return
        chosen = st.segmented_control(
            "More of one", [part.subclass for part in parts], key=_key(run, position), persist_state="session",
            format_func=lambda subclass: f"{subclass + 1}",
        )  # fmt: skip
    if chosen is None:
        _every_subclass(run, info, request, parts)
    else:
        text = Condition.of_class(position, chosen).text(info)
        look.look_view(run, info, replace(request, items=((text, request.items[0][1] if request.items else 24),)))
    st.caption(
        "Subclasses are k-means clusters of a class's training images, by brightness and colour in coarse thumbnails, "
        "computed before the training. They have no names: look for what a row has in common. Download takes them as "
        "often as the training images do, equally, or the one chosen here."
    )


def chosen_subclass(run: Run, info: DatasetInfo) -> str | None:
    """The subclass that is chosen in this view, as the text of its condition; None for none."""
    position: int | None = st.session_state.get(f"subclasses of {run.name}")
    if position is None or st.session_state.get(_key(run, position)) is None:
        return None
    return Condition.of_class(position, st.session_state[_key(run, position)]).text(info)


def _key(run: Run, position: int) -> str:
    return f"subclass of {run.name} {position}"


def _every_subclass(run: Run, info: DatasetInfo, request: ExportRequest, parts: Sequence[Condition]) -> None:
    """A row of generated images of each subclass, and one of real images below it."""
    texts = [part.text(info) for part in parts]
    shown = replace(request, items=tuple((text, IMAGES) for text in texts))
    position = parts[0].fixed[0][0]
    learned = [info.subclasses[position][part.subclass] for part in parts if part.subclass is not None]
    real = cache_images.real_examples(run, texts, IMAGES, 0)
    notes = [
        f"{_counted(part.matching_images(info), count)}, {count / sum(learned):.0%}"
        for part, count in zip(parts, learned, strict=True)
    ]
    with st.container(key="subclasses"):
        marking.marked_groups(
            run, info, cache_torch.first_images(run, shown, IMAGES, 0), key=f"subclasses {run.name}",
            label="Generated images of each subclass",
            titles=[(f"Subclass {text.rpartition(' ')[2]}", note) for text, note in zip(texts, notes, strict=True)],
            real=[("real", images) for images in real or ()],
        )  # fmt: skip


def _counted(labelled: int, learned: int) -> str:
    """The real images of a subclass, and apart from them those whose class was inferred."""
    inferred = learned - labelled
    return f"{fmt.number(labelled)} real" + (f" + {fmt.number(inferred)} inferred" if inferred > 0 else "")
