"""The views of the gallery, one tab each; the link names the open one (`&view=Look`)."""

from collections.abc import Callable, Sequence

import streamlit as st

from gan.data.info import DatasetInfo
from gan.export.request import ExportRequest
from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run
from pages.ui import frame
from pages.ui.frame import errors_shown
from pages.ui.gallery import basket, export_form, image_dialog, interpolation_view, look, same_noise, subclass_view


def view_tabs(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """The tabs; only the open one is drawn."""
    views: dict[str, Callable[[], None]] = {
        basket.LOOK: lambda: look.look_view(run, info, request),
        "Compare": lambda: same_noise.comparison_view(run, info, request),
        "Walk": lambda: interpolation_view.interpolation_view(run, info, request),
        "Subclasses": lambda: subclass_view.subclass_view(run, info, request),
        "Basket": lambda: basket.basket_view(run, info),
        basket.DOWNLOAD: lambda: export_form.download_view(run, info, request),
    }
    if not info.subclasses:
        del views["Subclasses"]
    _check_requested_view(list(views))
    for tab, view in zip(st.tabs(list(views), key=basket.VIEW, bind="query-params"), views.values(), strict=True):
        if tab.open:
            with tab:
                st.fragment(_view)(run, info, view)


def _check_requested_view(names: Sequence[str]) -> None:
    """Correct the case of the view in the link; warn where there is no such view."""
    requested = st.query_params.get(basket.VIEW)
    if requested is None or requested in names:
        return
    view = {name.lower(): name for name in names}.get(requested.strip().lower())
    if view is not None:  # through the address: the tabs are bound to it
        st.switch_page(frame.GALLERY, query_params=st.query_params.to_dict() | {basket.VIEW: view})
    st.warning(
        f"The gallery has no view {escape_markdown(requested)}: it has {', '.join(names)}.",
        icon=":material/link_off:",
    )


def _view(run: Run, info: DatasetInfo, view: Callable[[], None]) -> None:
    """One view, and the dialog of an image that was clicked in it."""
    with errors_shown():
        view()
        image_dialog.open_image_dialog(run, info)
