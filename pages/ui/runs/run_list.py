"""The list of runs on the overview: search, sorting and pages of cards.

Pictures, scores and sizes are read only for the visible cards, so that hundreds of runs stay fast.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import streamlit as st

from gan import jobs
from gan.runs.notes import About
from gan.runs.run import Run, all_runs
from pages.ui import fmt
from pages.ui.runs import run_cards, run_header

PAGE = 12  # cards
FEW = 4  # runs that need no search
PREFIX = "list "  # of the keys of the search fields


@dataclass(frozen=True)
class Listed:
    """A run and its current state."""

    run: Run
    state: jobs.State

    @cached_property
    def about(self) -> About:
        """Title, tags and notes, read once."""
        return self.run.about

    @cached_property
    def data(self) -> str:
        """The short name of the data set."""
        return run_header.data_label(self.run)

    @property
    def title(self) -> str:
        """The title, else the name."""
        return self.about.title or self.run.name

    @property
    def searched(self) -> str:
        """The text that is searched, in lower case."""
        return " ".join([self.run.name, self.title, self.data, *self.about.tags, self.about.notes]).lower()


SORTS: dict[str, Callable[[list[Listed]], list[Listed]]] = {
    "Newest first": lambda runs: runs,  # the order of `all_runs`
    "Oldest first": lambda runs: runs[::-1],
    "By title": lambda runs: sorted(runs, key=lambda entry: entry.title.lower()),
    "By data": lambda runs: sorted(runs, key=lambda entry: entry.data),
}


@dataclass(frozen=True)
class Filter:
    """The search; None or empty means any."""

    text: str = ""
    data: str | None = None
    state: str | None = None
    tag: str | None = None
    sort: str = "Newest first"
    archived: bool = False


def list_runs() -> list[Listed]:
    """All runs with their states, the newest first, damaged ones included."""
    return [Listed(run, jobs.state(run.path)) for run in all_runs()]


def matching_runs(runs: Sequence[Listed], query: Filter) -> list[Listed]:
    """The runs that match the query, in its order; every word of its text must occur in the run's."""
    parts = query.text.lower().split()
    kept = [
        entry
        for entry in runs
        if entry.about.archived == query.archived
        and query.state in (None, entry.state.name)
        and (query.tag is None or query.tag in entry.about.tags)
        and (query.data is None or query.data == entry.data)
        and (not parts or all(part in entry.searched for part in parts))
    ]
    return SORTS[query.sort](kept)


def latest_runs(ended: list[Listed]) -> None:
    """The ended runs, a page of cards at a time, below the search fields."""
    if not ended:
        return
    st.subheader("Latest runs", anchor=False)
    archived = sum(entry.about.archived for entry in ended)
    query = search_fields(ended, archived) if len(ended) > FEW or archived else Filter()
    shown = matching_runs(ended, query)
    if not shown:
        no_match(query)
        return
    pages = -(-len(shown) // PAGE)
    cards = st.container()
    page = 1
    if pages > 1:
        with st.container(horizontal=True, horizontal_alignment="center"):
            page = st.pagination(pages, key=f"page of {pages}", persist_state="session")
    with cards:
        run_cards.card_grid([(entry.run, entry.state) for entry in shown[(page - 1) * PAGE : page * PAGE]])


def search_fields(ended: list[Listed], archived: int) -> Filter:
    """The search fields above the cards, as a filter."""
    tags = Counter(tag for entry in ended for tag in entry.about.tags)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="find-runs"):
        text = st.text_input(
            "Search", placeholder="Title, data, tag or note", key=f"{PREFIX}text", label_visibility="collapsed",
            width=260, persist_state="session", icon=":material/search:",
        )  # fmt: skip
        data = filter_field("data", "Any data", Counter(entry.data for entry in ended if entry.data))
        state = filter_field("state", "Any state", Counter(entry.state.name for entry in ended))
        tag = filter_field("tag", "Any tag", tags) if tags else None
        sort = st.selectbox(
            "Order", list(SORTS), key=f"{PREFIX}sort", label_visibility="collapsed", width=150,
            persist_state="session",
        )  # fmt: skip
        in_archive = bool(archived) and st.toggle(
            f"Archive ({archived:,})", key=f"{PREFIX}archived", persist_state="session",
            help="Show the runs that were archived instead.",
        )  # fmt: skip
    return Filter(text, data, state, tag, sort, in_archive)


def filter_field(name: str, anything: str, counts: Counter[str]) -> str | None:
    """A choice among the values of the runs, each with its count."""
    return st.selectbox(
        name.capitalize(), sorted(counts, key=str.lower), index=None, placeholder=anything, key=f"{PREFIX}{name}",
        label_visibility="collapsed", width=170, persist_state="session",
        format_func=lambda value: f"{value} ({fmt.number(counts[value])})",
    )  # fmt: skip


def no_match(query: Filter) -> None:
    """That no run matches, with the button that clears the filter."""
    if query == Filter():
        st.caption("All runs are in the archive.")
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.caption("No run matches.", width="stretch")
        st.button("Show all runs", icon=":material/filter_alt_off:", on_click=clear_filter)


def clear_filter() -> None:
    """Clear all search fields; for `on_click`."""
    blank: dict[str, Any] = {field.name: field.default for field in fields(Filter)}
    for name, value in blank.items():
        st.session_state[PREFIX + name] = value
