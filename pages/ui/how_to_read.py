"""The way to an explanation: a button that opens it in place, and the link to its recorded runs on "How to read it"."""

import contextlib
from collections.abc import Iterator

import streamlit as st

from pages.ui import frame

WIDTH = 440
"""Of an opened explanation, in pixels: about 65 letters a line."""


@contextlib.contextmanager
def how_to_read(about: str) -> Iterator[None]:
    """A button that opens what the block writes, followed by the link to the lesson `about` in recorded runs."""
    with (
        st.popover("How to read it", icon=":material/school:", type="tertiary", width="content"),
        st.container(key=f"words-{about}", gap="xsmall", width=WIDTH),
    ):
        yield
        how_to_read_link(about, "See it in recorded runs")


def how_to_read_link(about: str, label: str = "How to read it") -> None:
    """The link to the lesson `about`."""
    st.page_link(
        frame.EXPLANATIONS, label=label, icon=":material/school:", query_params={"about": about}, width="content"
    )
