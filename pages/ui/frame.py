"""The frame of every page: title, icon, navigation, style, and the one place that shows errors."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import streamlit as st

from gan import jobs
from gan.access.identity import Role, acting_as
from gan.access.sign_in_settings import sign_in
from gan.config import settings
from gan.data.sources.scan import scanning_once
from gan.errors import GanError, describe_store_error
from gan.io.markdown_text import escape_message
from pages.ui import notifications
from pages.ui.access import allowed
from pages.ui.access.session_identity import session_identity

TITLE = "GAN workbench"
PURPOSE = (
    f"{TITLE}: train a conditional GAN on a few labelled images, watch it learn, find out whether its synthetic images "
    "help, and download them."
)
ICON = Path(__file__).with_name("logo.png")
STYLE = Path(__file__).with_name("style.css")
NOTES = "notes"  # key of the session state: toasts to show at the next rerun
VISIT = "visit"  # key of the session state: the page that is shown, and how many were shown before
LOGGER = logging.getLogger(__name__)

OVERVIEW, DATA, TRAIN, PROGRESS, GALLERY, EVALUATE, COMPARE, EXPLANATIONS, SYSTEM, ACCOUNT, AUDIT = (
    f"pages/{name}.py"
    for name in (
        *("overview", "data", "train", "progress", "gallery", "evaluate", "compare", "explanations", "system"),
        *("account", "audit"),
    )
)

RUN_PAGES = {
    PROGRESS: ("Progress", ":material/show_chart:"),
    GALLERY: ("Gallery", ":material/grid_view:"),
    EVALUATE: ("Evaluate", ":material/fact_check:"),
}
"""Title and icon of the pages of a run, which are tabs below its title and not in the navigation."""


def draw_app() -> None:
    """Draw the navigation and the requested page, as the person at the browser."""
    identity = session_identity()
    if identity.role is Role.NOBODY:
        st.info("Your session has ended. Reload the page to sign in again.")
        st.stop()
    with acting_as(identity):
        _draw_page()


def _draw_page() -> None:
    jobs.ensure_scheduler()
    # Before st.navigation: without an icon of ours the browser fetches one from another server.
    st.set_page_config(page_title=TITLE, page_icon=str(ICON), layout="wide")
    page = st.navigation(
        [
            st.Page(OVERVIEW, title="Overview", icon=":material/space_dashboard:", default=True),
            st.Page(DATA, title="Data", icon=":material/photo_library:", visibility=_listed(DATA)),
            st.Page(TRAIN, title="Train", icon=":material/model_training:", visibility=_listed(TRAIN)),
            *(st.Page(path, title=title, icon=icon, visibility="hidden") for path, (title, icon) in RUN_PAGES.items()),
            st.Page(COMPARE, title="Compare", icon=":material/compare_arrows:"),
            st.Page(EXPLANATIONS, title="How to read it", icon=":material/school:"),
            st.Page(SYSTEM, title="System", icon=":material/stethoscope:", visibility=_listed(SYSTEM)),
            *([st.Page(ACCOUNT, title="Account", icon=":material/account_circle:")] if sign_in() != "none" else []),
            st.Page(
                AUDIT,
                title="Audit",
                icon=":material/policy:",
                visibility="hidden" if sign_in() == "none" else _listed(AUDIT),
            ),
        ],
        position="top",
    )
    shown, before = st.session_state.get(VISIT, (None, 0))
    if page.url_path != shown:
        st.session_state[VISIT] = (page.url_path, before + 1)
    name_tab(page.title)
    st.logo(str(ICON), size="large")
    st.html(f"<style>{STYLE.read_text()}</style>")
    decision = allowed.may_open(f"pages/{page.url_path or 'overview'}.py")
    if decision:
        page.run()
    else:
        page_title(page.title)
        st.info(escape_message(decision.reason), icon=":material/lock:")
    notifications.watch_ends()


def _listed(page: str) -> Literal["visible", "hidden"]:
    """Whether a page is in the navigation: not for those who may not open it."""
    return "visible" if allowed.may_open(page) else "hidden"


def visit_number() -> int:
    """A number that stays while a page is drawn again, and is another one after another page was shown."""
    number: int = st.session_state.get(VISIT, ("", 0))[1]
    return number


def name_tab(text: str) -> None:
    """Name the browser's tab; the product's name follows."""
    st.set_page_config(page_title=f"{text} · {TITLE}", page_icon=str(ICON), layout="wide")


@contextlib.contextmanager
def errors_shown() -> Iterator[None]:
    """Show a GanError or OSError of the block as a message in the page, after the notes left by callbacks.

    Within the block a folder of images is scanned once at most.
    """
    for text, icon, lasting in st.session_state.pop(NOTES, []):
        st.toast(text, icon=icon, duration="infinite" if lasting else "short")
    try:
        with scanning_once():
            yield
    except (GanError, OSError) as error:
        st.error(error_text(error), icon=":material/error:")


def error_text(error: GanError | OSError) -> str:
    """The message of an error for the user as Markdown, without the path of the store.

    An OSError is also logged with its traceback, as it may be a bug.
    """
    if isinstance(error, GanError):
        return escape_message(settings.below_store(str(error)))
    LOGGER.error("A page could not read or write a file.", exc_info=error)
    return escape_message(settings.below_store(describe_store_error(error)))


def notify(text: str, icon: str | None = None, *, lasting: bool = False) -> None:
    """Show a toast (Markdown) at the next rerun; a `lasting` one stays until it is closed.

    For callbacks: what they draw themselves would replace the first elements of the page.
    """
    st.session_state.setdefault(NOTES, []).append((text, icon, lasting))


@contextlib.contextmanager
def errors_noted() -> Iterator[None]:
    """As `errors_shown`, for callbacks: the message is a toast at the next rerun."""
    try:
        yield
    except (GanError, OSError) as error:
        notify(error_text(error), ":material/error:", lasting=True)


def page_title(text: str, about: str = "") -> None:
    """The heading of the page (Markdown), with one line on what it is for."""
    st.title(text, anchor=False)
    if about:
        st.caption(about)


def empty_state(text: str, button: str, page: str, other: Callable[[], None] | None = None) -> None:
    """A box for a page without content: what to do next, the button that leads there, and other buttons."""
    with st.container(border=True, horizontal_alignment="center", key="empty"):
        st.markdown(text, width="content")
        with st.container(horizontal=True, horizontal_alignment="center"):
            if st.button(button, type="primary", icon=":material/arrow_forward:"):
                st.switch_page(page)
            if other is not None:
                other()
