"""The frame around every page: title, icon, navigation, style, and one place that shows our errors."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import streamlit as st

from gan import jobs
from gan.data.sources.scan import scanning_once
from gan.errors import GanError, describe_store_error

TITLE = "GAN workbench"
ICON = Path(__file__).with_name("logo.png")
STYLE = Path(__file__).with_name("style.css")
NOTES = "notes of callbacks"
LOGGER = logging.getLogger(__name__)

OVERVIEW, DATA, TRAIN, PROGRESS, GALLERY, EVALUATE, COMPARE, EXPLANATIONS = (
    f"pages/{name}.py"
    for name in ("overview", "data", "train", "progress", "gallery", "evaluate", "compare", "explanations")
)


def draw_app() -> None:
    """Draw the frame and, inside it, the page that was asked for."""
    # The icon first, and from this machine: with only the pages' symbols a browser fetches its tab icon from afar.
    jobs.ensure_scheduler()
    st.set_page_config(page_title=TITLE, page_icon=str(ICON), layout="wide")
    page = st.navigation(
        [
            st.Page(OVERVIEW, title="Overview", icon=":material/space_dashboard:", default=True),
            st.Page(DATA, title="Data", icon=":material/photo_library:"),
            st.Page(TRAIN, title="Train", icon=":material/model_training:"),
            st.Page(PROGRESS, title="Progress", icon=":material/show_chart:"),
            st.Page(GALLERY, title="Gallery", icon=":material/grid_view:"),
            st.Page(EVALUATE, title="Evaluate", icon=":material/fact_check:"),
            st.Page(COMPARE, title="Compare", icon=":material/compare_arrows:"),
            st.Page(EXPLANATIONS, title="How to read it", icon=":material/school:"),
        ],
        position="top",
    )
    st.set_page_config(page_title=f"{page.title} · {TITLE}", page_icon=str(ICON), layout="wide")
    st.logo(str(ICON), size="large")
    st.html(f"<style>{STYLE.read_text()}</style>")
    page.run()


@contextlib.contextmanager
def errors_shown() -> Iterator[None]:
    """Show an error that is written for the user, or a disk that cannot be used, as a message in the page.

    First come the notes that callbacks left. What is drawn in it walks a folder of images once at most.
    """
    for text, icon, lasting in st.session_state.pop(NOTES, []):
        st.toast(text, icon=icon, duration="infinite" if lasting else "short")
    try:
        with scanning_once():
            yield
    except (GanError, OSError) as error:
        st.error(error_text(error), icon=":material/error:")


def error_text(error: GanError | OSError) -> str:
    """An error in words for the user; that of a file goes to the server's log with its traceback too.

    A GanError's text is the whole of it. An OSError may be our own fault, which only its traceback tells.
    """
    if isinstance(error, GanError):
        return str(error)
    LOGGER.error("A page could not read or write a file.", exc_info=error)
    return describe_store_error(error)


def notify(text: str, icon: str | None = None, *, lasting: bool = False) -> None:
    """Say something from a callback: a note at the next drawing, which stays until it is closed if it is `lasting`.

    What a callback draws itself takes the place of what stands first on the page, such as its style.
    """
    st.session_state.setdefault(NOTES, []).append((text, icon, lasting))


@contextlib.contextmanager
def errors_noted() -> Iterator[None]:
    """As `errors_shown`, for a callback."""
    try:
        yield
    except (GanError, OSError) as error:
        notify(error_text(error), ":material/error:", lasting=True)


def page_title(text: str, about: str = "") -> None:
    """The page's heading with one line of what the page is for."""
    st.title(text, anchor=False)
    if about:
        st.caption(about)


def empty_state(text: str, button: str, page: str, other: Callable[[], None] | None = None) -> None:
    """What a page shows while it has nothing to show: what to do next, the button that does it, and another way."""
    with st.container(border=True, horizontal_alignment="center", key="empty"):
        st.markdown(text, width="content")
        with st.container(horizontal=True, horizontal_alignment="center"):
            if st.button(button, type="primary", icon=":material/arrow_forward:"):
                st.switch_page(page)
            if other is not None:
                other()
