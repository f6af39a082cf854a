"""What can be done with the chosen conditions, a tab each; the link names the open one."""

from collections.abc import Callable, Sequence

import streamlit as st

from gan.data.info import DatasetInfo
from gan.export.request import ExportRequest
from gan.runs.run import Run
from pages.ui import fmt, frame
from pages.ui.frame import errors_shown
from pages.ui.gallery import basket, export_form, image_dialog, interpolation_view, look, same_noise, subclass_view


def tabs(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """What can be done with the choice, one at a time."""
    drawn: dict[str, Callable[[], None]] = {
        basket.LOOK: lambda: look.panel(run, info, request),
        "Compare": lambda: same_noise.panel(run, info, request),
        "Walk": lambda: interpolation_view.panel(run, info, request),
        "Subclasses": lambda: subclass_view.panel(run, info, request),
        "Basket": lambda: basket.panel(run, info),
        basket.DOWNLOAD: lambda: export_form.panel(run, info, request),
    }
    if not info.subclasses:
        del drawn["Subclasses"]
    understood(list(drawn))
    for tab, draw in zip(st.tabs(list(drawn), key=basket.VIEW, bind="query-params"), drawn.values(), strict=True):
        if tab.open:
            with tab:
                st.fragment(shown)(run, info, draw)


def understood(names: Sequence[str]) -> None:
    """Take the view that the link names, in whatever case; say it where there is none of that name."""
    asked = st.query_params.get(basket.VIEW)
    if asked is None or asked in names:
        return
    found = {name.lower(): name for name in names}.get(asked.strip().lower())
    if found is not None:  # by the address, as the tabs read it and keep it
        st.switch_page(frame.GALLERY, query_params=st.query_params.to_dict() | {basket.VIEW: found})
    st.warning(
        f"The gallery has no view {fmt.escape_markdown(asked)}: it has {', '.join(names)}.", icon=":material/link_off:"
    )


def shown(run: Run, info: DatasetInfo, draw: Callable[[], None]) -> None:
    """One view, and the large image where one was clicked in it."""
    with errors_shown():
        draw()
        image_dialog.where_opened(run, info)
