"""Runs as cards: large while they live, small with a picture when they are over."""

import streamlit as st

from gan import jobs
from gan.runs import Run
from pages.ui import frame, run_header, words

COLUMNS = 4


def live(run: Run, state: jobs.State) -> None:
    """A run that works now: picture, state, progress, and the way to its page."""
    with st.container(border=True, key=f"live-{run.name}"):
        left, right = st.columns([1, 2], gap="medium")
        with left:
            picture(run)
        with right:
            st.markdown(f"#### {run.title}")
            run_header.facts_line(run, state)
            run_header.progress(run, state)
            opening(run, frame.PROGRESS, "Open")


def waiting(run: Run, state: jobs.State) -> None:
    """A run in the queue."""
    with st.container(border=True):
        left, right = st.columns([4, 1], vertical_alignment="center")
        with left:
            st.markdown(f"**{run.title}**")
            run_header.progress(run, state)
        with right:
            opening(run, frame.PROGRESS, "Open")


def grid(shown: list[Run]) -> None:
    """Runs that are over, as cards side by side."""
    for start in range(0, len(shown), COLUMNS):
        for column, run in zip(st.columns(COLUMNS), shown[start : start + COLUMNS], strict=False):
            with column:
                small(run)


def small(run: Run) -> None:
    """One run that is over."""
    state = jobs.state(run.path)
    with st.container(border=True, key=f"card-{run.name}", gap="xsmall"):
        picture(run)
        st.markdown(f"**{run.title}**")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            run_header.badge(run, state)
            st.caption(words.ago(run.created), width="content")
        st.caption(f"{run_header.data_words(run)} · {words.images(run.total)}")
        with st.container(horizontal=True, gap="small"):
            opening(run, frame.PROGRESS, "Progress")
            if run.snapshots():
                opening(run, frame.GALLERY, "Gallery")


def picture(run: Run) -> None:
    """The newest sample, or an empty frame of the same shape."""
    pictures = run.samples()
    with st.container(key=f"thumbnail-{run.name}"):
        if pictures:
            newest = max(pictures)
            alt = f"Newest samples of the run {run.name}, after {words.images(newest)}"
            st.image(pictures[newest].read_bytes(), width="stretch", alt=alt)
        else:
            st.html('<div class="no-picture">no picture yet</div>')


def opening(run: Run, page: str, label: str) -> None:
    """A link to a page of the run."""
    st.page_link(page, label=label, icon=":material/arrow_forward:", query_params={"run": run.name})
