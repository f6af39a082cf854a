"""The runs of the overview: the ended ones as cards, or all of them as a table.

Pictures, sizes and verdicts of cards are read only for the visible page, so that hundreds of runs stay fast.
"""

from collections.abc import Sequence

import streamlit as st

from pages.ui.runs import known_verdicts, run_cards, run_search, run_table
from pages.ui.runs.run_list import Filter, Listed, matching_runs

PAGE = 12  # cards
FEW = 4  # runs that need no search


def listed_runs(runs: list[Listed]) -> None:
    """The heading with the choice of view, the search fields, and the runs that match."""
    run_search.restore_from_link()
    ended = [entry for entry in runs if not entry.state.alive]
    if not ended and st.session_state[f"{run_search.PREFIX}view"] == run_search.CARDS:
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        heading = st.container(width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            columns = st.container(width="content")
            view = run_search.view_switch()
    heading.header("Latest runs" if view == run_search.CARDS else "All runs", anchor=False)
    found = ended if view == run_search.CARDS else runs
    archived = sum(entry.about.archived for entry in found)
    query = Filter()
    if len(found) > FEW or archived or query_in_link():
        query = run_search.search_fields(found, archived, order=view == run_search.CARDS)
    matching = matching_runs(found, query)
    if not matching:
        run_search.no_match(query)
    elif view == run_search.TABLE:
        rows = run_table.matching_rows(matching, query)
        with columns:
            run_table.column_choice(rows)
        run_table.table_view(rows, query)
    else:
        card_pages(matching)


def query_in_link() -> bool:
    """Whether the link searches for something."""
    return any(name in st.query_params for name in ("text", "data", "state", "tag"))


def card_pages(runs: Sequence[Listed]) -> None:
    """A page of cards, and the choice of another page below it."""
    pages = -(-len(runs) // PAGE)
    cards = st.container()
    page = 1
    if pages > 1:
        with st.container(horizontal=True, horizontal_alignment="center"):
            page = st.pagination(pages, key=f"page of {pages}", persist_state="session")
    shown = runs[(page - 1) * PAGE : page * PAGE]
    verdicts, unknown = known_verdicts.known_verdicts(shown)
    with cards:
        run_cards.card_grid([(entry.run, entry.state) for entry in shown], verdicts)
    known_verdicts.read_later(unknown)
