"""That a job has ended, on any open page: a toast, and the browser's own notification where it is allowed."""

import logging
from pathlib import Path

import streamlit as st

from gan.errors import GanError
from gan.io.markdown_text import escape_markdown
from gan.jobs import notifications
from gan.jobs.notifications import Ended

EVERY = 5.0  # seconds between two looks; each reads the size of one file
POSITION = "position in ended jobs"  # key of the session state
ICONS = {
    "finished": ":material/check_circle:",
    "failed": ":material/error:",
    "lost": ":material/error:",
    "stopped": ":material/stop_circle:",
}
LOGGER = logging.getLogger(__name__)
SCRIPT = Path(__file__).parent / "components" / "browser_notification.js"


def watch_ends() -> None:
    """Look for ended jobs as long as the page is open."""
    st.fragment(_announce_new, run_every=EVERY)()


def notification_button() -> None:
    """A button that asks the browser whether it may notify; what it answered takes the button's place."""
    _component([], asks=True, key="notify me")


def _announce_new() -> None:
    """A toast for each job that ended since the last look; the first look of a visit only notes where it is."""
    try:
        position, ended = notifications.ends_after(st.session_state.get(POSITION))
    except (GanError, OSError) as error:
        LOGGER.warning("Ended jobs could not be read: %s", error)  # a page without this news is still a page
        return
    st.session_state[POSITION] = position
    for end in ended:
        cause = f" {escape_markdown(end.cause)}" if end.cause else ""
        st.toast(f"{escape_markdown(end.title)}.{cause}", icon=ICONS[end.state], duration="long")
    if ended:
        _component(ended, asks=False, key=f"ended {position}")


def _component(ended: list[Ended], *, asks: bool, key: str) -> None:
    component = st.components.v2.component("browser_notification", js=SCRIPT.read_text(), isolate_styles=False)
    ends = [{"id": f"{end.job} {end.ticket}", "title": end.title, "cause": end.cause} for end in ended]
    component(data={"ended": ends, "asks": asks}, key=key)
