"""The basket: the images of a run that were marked keep, and the number of rejected ones."""

from itertools import groupby

import streamlit as st

from gan.access.permissions import Action
from gan.data.info import DatasetInfo
from gan.runs.run import Run
from gan.sampling import marks
from gan.sampling.conditions import Condition
from gan.sampling.marks import KEEP, REJECT
from gan.sampling.provenance import Origin
from pages.ui import fmt
from pages.ui.access.allowed import explained
from pages.ui.components.image_grid import Row
from pages.ui.frame import errors_noted
from pages.ui.gallery import export_form, marking

MAX_IMAGES = 400
VIEW, LOOK, DOWNLOAD = "view", "Look", "Download"  # key of the gallery's tabs, and two of them


def basket_view(run: Run, info: DatasetInfo) -> None:
    """The kept images by condition, with download and removal."""
    kept, unavailable = marks.basket(run), len(marks.kept(run)) - len(marks.basket(run))
    if not kept:
        st.info(
            "The basket is empty. Point at an image and click ✓, or move to it with the arrow keys and press K. "
            "Everybody who opens this run sees the same basket."
        )
        st.button("Look at images", icon=":material/grid_view:", type="primary", key="to look", on_click=_open_look)
    else:
        _kept_images(run, info, kept[-MAX_IMAGES:])
        with st.container(horizontal=True, vertical_alignment="center"):
            shown = f", the last {MAX_IMAGES} shown" if len(kept) > MAX_IMAGES else ""
            st.caption(f"{fmt.images(len(kept))} kept{shown}. K, or a click on ✓, removes one.", width="stretch")
            st.button(
                "Download the basket", icon=":material/folder_zip:", key="download basket", on_click=_open_download,
                type="primary",
            )  # fmt: skip
            with st.popover("Empty the basket", icon=":material/remove_shopping_cart:"):
                st.markdown(f"Remove all {fmt.images(len(kept))} from the basket? They can be made again.")
                st.button(
                    "Empty it",
                    key="empty basket",
                    on_click=_clear,
                    args=(run, KEEP),
                    type="primary",
                    **explained(Action.MARK_IMAGES, run),
                )
    if unavailable:
        st.caption(f"{fmt.images(unavailable)} of deleted snapshots can no longer be shown or made.")
    _rejected_images(run)


def _kept_images(run: Run, info: DatasetInfo, kept: list[Origin]) -> None:
    """A row for each condition, in the run's order."""
    wording = marking.condition_wording(info)
    by_name = sorted(kept, key=lambda origin: (_class_position(origin, info), wording(origin.condition)))
    rows, origins = [], []
    for name, group in groupby(by_name, key=lambda origin: wording(origin.condition)):
        images = list(group)
        tiles = [marking.image_tile(run, info, origin) for origin in images]
        rows.append(Row(name, f"{fmt.number(len(images))} kept", tiles))
        origins += images
    marking.marked_grid(run, rows, origins, key=f"basket {run.name}", label="The basket")


def _rejected_images(run: Run) -> None:
    """The number of rejected images, and the button that clears the marks."""
    rejected = len(marks.rejected(run))
    if rejected:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"{fmt.images(rejected)} rejected: every download replaces them by others.",
                width="stretch",
            )
            st.button(
                "Clear the rejections",
                key="forget rejections",
                on_click=_clear,
                args=(run, REJECT),
                **explained(Action.MARK_IMAGES, run),
            )


def _open_look() -> None:
    st.session_state[VIEW] = LOOK


def _open_download() -> None:
    st.session_state[export_form.WAY] = export_form.BASKET
    st.session_state[VIEW] = DOWNLOAD


def _clear(run: Run, mark: marks.Mark) -> None:
    with errors_noted():
        marks.clear(run, [origin for origin, other in marks.load(run).items() if other == mark])


def _class_position(origin: Origin, info: DatasetInfo) -> int:
    return Condition.from_text(origin.condition, info).fixed[0][0] if info.kind == "class" else 0
