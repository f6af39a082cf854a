"""The runs of the store as the overview needs them: each with its state and a few words, cheap for hundreds.

Read next: `run_cards.py`.
"""

from collections import Counter
from dataclasses import dataclass

import streamlit as st

from gan import jobs, runs
from gan.runs import Run
from pages.ui import run_cards, run_header, words

FIRST = 12  # cards on one page: three rows at a desk


@dataclass(frozen=True)
class Listed:
    """One run and its state now."""

    run: Run
    state: jobs.State


def everything() -> list[Listed]:
    """All runs, the newest first, damaged ones included."""
    return [Listed(run, jobs.state(run.path)) for run in runs.all_runs()]


def latest(over: list[Listed]) -> None:
    """Runs that are over, the newest first, found by name, data or state, a page of cards at a time."""
    if not over:
        return
    st.subheader("Latest runs", anchor=False)
    shown = chosen(over) if len(over) > FIRST else over
    pages = -(-len(shown) // FIRST)
    if not shown:
        st.caption("No run is like that.")
        return
    place = st.container()
    page = 1
    if pages > 1:
        with st.container(horizontal=True, horizontal_alignment="center"):
            page = st.pagination(pages, key=f"page of {pages}", persist_state="session")
    with place:
        run_cards.grid([(one.run, one.state) for one in shown[(page - 1) * FIRST : page * FIRST]])


def chosen(over: list[Listed]) -> list[Listed]:
    """The runs that the reader asks for."""
    counts = Counter(one.state.name for one in over)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        wanted = st.text_input(
            "Search", placeholder="Name or data", key="search", label_visibility="collapsed", width=320,
            persist_state="session", icon=":material/search:",
        )  # fmt: skip
        state = st.pills(
            "State", sorted(counts), key="state", label_visibility="collapsed", persist_state="session",
            format_func=lambda name: f"{name.capitalize()} {words.number(counts[name])}",
        )  # fmt: skip
    wanted = wanted.strip().lower()
    return [
        one
        for one in over
        if (state is None or one.state.name == state)
        and (not wanted or wanted in f"{one.run.title} {run_header.data_words(one.run)}".lower())
    ]
