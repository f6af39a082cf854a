"""The basket: every image of a run that was kept, over all looks, and what was rejected."""

from itertools import groupby

import streamlit as st

from gan.data.info import DatasetInfo
from gan.runs.run import Run
from gan.sampling import marks
from gan.sampling.conditions import Condition
from gan.sampling.marks import KEEP, REJECT
from gan.sampling.provenance import Origin
from pages.ui import fmt
from pages.ui.components.image_grid import Row
from pages.ui.frame import errors_noted
from pages.ui.gallery import export_form, marking

MOST_SHOWN = 400
VIEW, LOOK, DOWNLOAD = "view", "Look", "Download"  # the gallery's tabs, and those where one looks and downloads


def panel(run: Run, info: DatasetInfo) -> None:
    """What was kept, by condition, with the ways to take it out again."""
    kept, gone = marks.basket(run), len(marks.kept(run)) - len(marks.basket(run))
    if not kept:
        st.info(
            "Nothing is kept yet. Point at an image and click ✓, or go to it with the arrow keys and press K. "
            "What is kept stays here over several looks, for everybody who opens this run."
        )
        st.button("Look at images", icon=":material/grid_view:", type="primary", key="to look", on_click=_to_look)
    else:
        images(run, info, kept[-MOST_SHOWN:])
        with st.container(horizontal=True, vertical_alignment="center"):
            shown = f", the last {MOST_SHOWN} of them shown" if len(kept) > MOST_SHOWN else ""
            st.caption(f"{fmt.images(len(kept))} kept{shown}. K, or a click on ✓, takes one out.", width="stretch")
            st.button(
                "Download the basket", icon=":material/folder_zip:", key="download basket", on_click=_to_download,
                type="primary",
            )  # fmt: skip
            with st.popover("Empty the basket", icon=":material/remove_shopping_cart:"):
                st.markdown(f"Take the mark off all {fmt.images(len(kept))}? The images can be made again.")
                st.button("Empty it", key="empty basket", on_click=_clear, args=(run, KEEP), type="primary")
    if gone:
        st.caption(f"{fmt.images(gone)} of snapshots that are no longer here cannot be shown or made again.")
    rejections(run)


def images(run: Run, info: DatasetInfo, kept: list[Origin]) -> None:
    """A row for each condition, in the run's order of conditions."""
    say = marking.wording(info)
    by_name = sorted(kept, key=lambda origin: (_place(origin, info), say(origin.condition)))
    rows, origins = [], []
    for name, group in groupby(by_name, key=lambda origin: say(origin.condition)):
        here = list(group)
        rows.append(Row(name, f"{fmt.number(len(here))} kept", [marking.tile(run, info, origin) for origin in here]))
        origins += here
    marking.grid(run, rows, origins, key=f"basket {run.name}", label="The basket")


def rejections(run: Run) -> None:
    """How many are rejected, and the way to forget it."""
    rejected = len(marks.rejected(run))
    if rejected:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"{fmt.images(rejected)} rejected: left out of every download, another image in the place of each.",
                width="stretch",
            )
            st.button("Forget the rejections", key="forget rejections", on_click=_clear, args=(run, REJECT))


def _to_look() -> None:
    st.session_state[VIEW] = LOOK


def _to_download() -> None:
    st.session_state[export_form.WAY] = export_form.BASKET
    st.session_state[VIEW] = DOWNLOAD


def _clear(run: Run, mark: marks.Mark) -> None:
    with errors_noted():
        marks.clear(run, [origin for origin, there in marks.load(run).items() if there == mark])


def _place(origin: Origin, info: DatasetInfo) -> int:
    return Condition.from_text(origin.condition, info).fixed[0][0] if info.kind == "class" else 0
