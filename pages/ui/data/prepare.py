"""A data set that has not been read yet: its description, and the button that reads it in a background job."""

import streamlit as st

from gan import jobs
from gan.data import registry
from gan.data.catalogue import Entry
from gan.io.markdown_text import escape_markdown, escape_message
from pages.ui import background, cache_images

INSTANT = ("digits",)  # read within a second or two, by the page itself


def prepare_panel(entry: Entry) -> None:
    """The description of the set, why it cannot be read, or the button and the progress of the job."""
    read_instant(entry)
    with st.container(border=True):
        task = background.task_folder(task_name(entry))
        alive = jobs.state(task).alive
        state = "is being read." if alive else "has not been read yet."
        st.markdown(f"**{escape_markdown(entry.title)}** {state}")
        if entry.about:
            st.markdown(escape_markdown(entry.about))
        st.caption(f"Licence: {escape_markdown(entry.licence)}")
        if entry.problem is not None:
            st.warning(escape_message(entry.problem))
        elif alive:
            background.watch_task(task, f"Reading {escape_markdown(entry.title)}", _forget)
            return
        else:
            where = "reads the files on this machine" if entry.local else "downloads the set and reads it"
            if st.button(
                "Read it" if entry.local else "Download and read it", type="primary", help=f"It {where}, once."
            ):
                background.start_task(task.name)
                st.rerun()
        if task.exists() and entry.problem is None:
            background.watch_task(task, f"Reading {escape_markdown(entry.title)}", _forget)


def read_instant(entry: Entry) -> None:
    """Read a set that takes a second or two, and draw the page anew; nothing for others. Raises DataError, OSError."""
    if entry.config.name in INSTANT and entry.problem is None:
        with st.spinner(f"Reading {entry.title} …"):
            registry.load_image_set(entry.config)
        _forget()
        st.rerun()


def task_name(entry: Entry) -> str:
    """The task that reads a set."""
    return f"prepare-{entry.slug}"


def _forget() -> None:
    """Look for data sets again, so that the new one is listed at once."""
    cache_images.clear_catalogue()
