"""The runs of the store as the overview needs them: listed, searched, sorted, and shown a page of cards at a time.

Cheap for hundreds: a run's pictures, scores and sizes are looked up only for the cards that are shown.
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

FIRST = 12  # cards on one page: three rows at a desk
FEW = 4  # runs that nobody needs to search
PREFIX = "list "  # of the keys of what is searched for


@dataclass(frozen=True)
class Listed:
    """One run and its state now."""

    run: Run
    state: jobs.State

    @cached_property
    def about(self) -> About:
        """Title, tags and notes, read once."""
        return self.run.about

    @cached_property
    def data(self) -> str:
        """The data set in a word."""
        return run_header.data_label(self.run)

    @property
    def title(self) -> str:
        """What people call it."""
        return self.about.title or self.run.name

    @property
    def searched(self) -> str:
        """All the words that a search looks at."""
        return " ".join([self.run.name, self.title, self.data, *self.about.tags, self.about.notes]).lower()


SORTS: dict[str, Callable[[list[Listed]], list[Listed]]] = {
    "Newest first": lambda found: found,  # as `runs.all_runs` gives them
    "Oldest first": lambda found: found[::-1],
    "By title": lambda found: sorted(found, key=lambda one: one.title.lower()),
    "By data": lambda found: sorted(found, key=lambda one: one.data),
}


@dataclass(frozen=True)
class Wish:
    """What a reader asks for; None or empty: anything."""

    text: str = ""
    data: str | None = None
    state: str | None = None
    tag: str | None = None
    sort: str = "Newest first"
    archived: bool = False


def list_runs() -> list[Listed]:
    """All runs, the newest first, damaged ones included."""
    return [Listed(run, jobs.state(run.path)) for run in all_runs()]


def matching_runs(found: Sequence[Listed], wish: Wish) -> list[Listed]:
    """The runs that a wish asks for, in its order; every word of its text has to be somewhere in the run's."""
    parts = wish.text.lower().split()
    kept = [
        one
        for one in found
        if one.about.archived == wish.archived
        and wish.state in (None, one.state.name)
        and (wish.tag is None or wish.tag in one.about.tags)
        and (wish.data is None or wish.data == one.data)
        and (not parts or all(part in one.searched for part in parts))
    ]
    return SORTS[wish.sort](kept)


def latest_runs(over: list[Listed]) -> None:
    """Runs that are over, a page of cards at a time, with what finds one among many above them."""
    if not over:
        return
    st.subheader("Latest runs", anchor=False)
    archived = sum(one.about.archived for one in over)
    wish = search_fields(over, archived) if len(over) > FEW or archived else Wish()
    shown = matching_runs(over, wish)
    if not shown:
        no_match(wish)
        return
    pages = -(-len(shown) // FIRST)
    place = st.container()
    page = 1
    if pages > 1:
        with st.container(horizontal=True, horizontal_alignment="center"):
            page = st.pagination(pages, key=f"page of {pages}", persist_state="session")
    with place:
        run_cards.card_grid([(one.run, one.state) for one in shown[(page - 1) * FIRST : page * FIRST]])


def search_fields(over: list[Listed], archived: int) -> Wish:
    """The fields above the cards."""
    tags = Counter(tag for one in over for tag in one.about.tags)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="find-runs"):
        text = st.text_input(
            "Search", placeholder="Title, data, tag or note", key=f"{PREFIX}text", label_visibility="collapsed",
            width=260, persist_state="session", icon=":material/search:",
        )  # fmt: skip
        data = filter_field("data", "Any data", Counter(one.data for one in over if one.data))
        state = filter_field("state", "Any state", Counter(one.state.name for one in over))
        tag = filter_field("tag", "Any tag", tags) if tags else None
        sort = st.selectbox(
            "Order", list(SORTS), key=f"{PREFIX}sort", label_visibility="collapsed", width=150,
            persist_state="session",
        )  # fmt: skip
        in_archive = bool(archived) and st.toggle(
            f"Archive ({archived:,})", key=f"{PREFIX}archived", persist_state="session",
            help="Show the runs that were archived instead.",
        )  # fmt: skip
    return Wish(text, data, state, tag, sort, in_archive)


def filter_field(name: str, anything: str, counts: Counter[str]) -> str | None:
    """One of what the runs have, each with how many have it."""
    return st.selectbox(
        name.capitalize(), sorted(counts, key=str.lower), index=None, placeholder=anything, key=f"{PREFIX}{name}",
        label_visibility="collapsed", width=170, persist_state="session",
        format_func=lambda one: f"{one} ({fmt.number(counts[one])})",
    )  # fmt: skip


def no_match(wish: Wish) -> None:
    """That no run is as asked for, with the way back to all."""
    if wish == Wish():
        st.caption("All runs are in the archive.")
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.caption("No run is like that.", width="stretch")
        st.button("Show all runs", icon=":material/filter_alt_off:", on_click=clear_filter)


def clear_filter() -> None:
    """Ask for anything again; for `on_click`."""
    blank: dict[str, Any] = {field.name: field.default for field in fields(Wish)}
    for name, value in blank.items():
        st.session_state[PREFIX + name] = value
