"""A data set that has not been read yet: what it is, and the button that reads it in the background."""

import streamlit as st

from gan import jobs
from gan.data import registry
from gan.data.catalogue import Entry
from pages.ui import background, cache

AT_ONCE = ("digits",)  # sets that are read within a second or two


def prepare_panel(entry: Entry) -> None:
    """Read the set now, or say what is missing."""
    if entry.config.name in AT_ONCE and entry.problem is None:
        with st.spinner(f"Reading {entry.title} …"):
            registry.load_image_set(entry.config)
        done()
        st.rerun()
    with st.container(border=True):
        st.markdown(f"**{entry.title}** has not been read yet.")
        st.markdown(entry.about)
        st.caption(f"Licence: {entry.licence}")
        task = background.task_folder(f"prepare-{entry.slug}")
        if entry.problem is not None:
            st.warning(entry.problem)
        elif jobs.state(task).alive:
            background.watch_task(task, f"Reading {entry.title}", done)
            return
        else:
            where = "reads the files on this machine" if entry.local else "downloads the set and reads it"
            if st.button(
                "Read it" if entry.local else "Download and read it", type="primary", help=f"It {where}, once."
            ):
                background.start_task(task.name)
                st.rerun()
        if task.exists() and entry.problem is None:
            background.watch_task(task, f"Reading {entry.title}", done)


def done() -> None:
    """Show the set at once."""
    cache.clear_catalogue()
