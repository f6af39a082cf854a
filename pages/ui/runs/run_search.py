"""The search fields above the runs, which stand in the link: `?view=table&data=mnist&state=finished`.

A link that names nothing shows what this session chose last.
"""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from pages.ui import fmt
from pages.ui.runs.run_list import SORTS, Filter, Listed

PREFIX = "list "  # of the keys of the fields
CHOSEN = "chosen list"  # key of the session state: the parameters of the link that were chosen last
CARDS, TABLE = "cards", "table"
VIEWS = {CARDS: ":material/grid_view: Cards", TABLE: ":material/table_rows: Table"}
COLUMNS = f"{PREFIX}columns"
NEWEST = next(iter(SORTS))
SWITCH = "1"  # the archive's parameter where it is on
NAMES = ("view", "text", "data", "state", "tag", "sort", "archived", "columns")


def restore_from_link() -> None:
    """Set the fields to what the link names, else to what was chosen last in this session."""
    link = {name: st.query_params[name] for name in NAMES if name in st.query_params}
    chosen: dict[str, str] = link or st.session_state.get(CHOSEN, {})
    st.session_state[CHOSEN] = chosen
    st.query_params.update(chosen)
    view, sort, columns = chosen.get("view"), chosen.get("sort"), chosen.get("columns")
    values = {
        "view": view if view in VIEWS else CARDS,
        "text": chosen.get("text", ""),
        "data": chosen.get("data"),
        "state": chosen.get("state"),
        "tag": chosen.get("tag"),
        "sort": sort if sort in SORTS else NEWEST,
        "archived": chosen.get("archived") == SWITCH,
        "columns": columns.split(",") if columns else [],
    }
    for name, value in values.items():
        st.session_state[PREFIX + name] = value


def follow() -> None:
    """Write the fields into the link; for `on_change`."""
    fields = {name: st.session_state.get(PREFIX + name) for name in NAMES}
    fields["view"] = None if fields["view"] == CARDS else fields["view"]
    fields["sort"] = None if fields["sort"] == NEWEST else fields["sort"]
    fields["archived"] = SWITCH if fields["archived"] else None
    fields["columns"] = ",".join(fields["columns"] or [])
    chosen = {name: str(value) for name, value in fields.items() if value}
    st.session_state[CHOSEN] = chosen
    for name in NAMES:
        st.query_params.pop(name, None)
    st.query_params.update(chosen)


def clear_search() -> None:
    """Clear all fields but the view and its columns; for `on_click`."""
    for name in set(NAMES) - {"view", "columns"}:
        st.session_state.pop(PREFIX + name, None)
    follow()


def view_switch() -> str:
    """The choice between cards and a table."""
    view = st.segmented_control(
        "View", list(VIEWS), key=f"{PREFIX}view", format_func=VIEWS.__getitem__, label_visibility="collapsed",
        required=True, on_change=follow,
    )  # fmt: skip
    return str(view)


def search_fields(runs: Sequence[Listed], archived: int, *, order: bool) -> Filter:
    """The search fields, as a filter; with the `order` of cards, and the archive where there are `archived` runs."""
    tags = Counter(tag for entry in runs for tag in entry.about.tags)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="find-runs"):
        text = st.text_input(
            "Search", placeholder="Title, data, tag or note", key=f"{PREFIX}text", label_visibility="collapsed",
            width=260, icon=":material/search:", on_change=follow,
        )  # fmt: skip
        data = _choice("data", "Any data", Counter(entry.data for entry in runs if entry.data))
        state = _choice("state", "Any state", Counter(entry.state.name for entry in runs))
        tag = _choice("tag", "Any tag", tags) if tags or st.session_state[f"{PREFIX}tag"] else None
        sort = NEWEST
        if order:
            sort = st.selectbox(
                "Order", list(SORTS), key=f"{PREFIX}sort", label_visibility="collapsed", width=150, on_change=follow,
            )  # fmt: skip
        in_archive = bool(archived) and st.toggle(
            f"Archive ({archived:,})", key=f"{PREFIX}archived", on_change=follow,
            help="Show the runs that were archived instead.",
        )  # fmt: skip
    return Filter(text, data, state, tag, sort, in_archive)


def _choice(name: str, anything: str, counts: Counter[str]) -> str | None:
    """A choice among the values of the runs, each with its count, and that of the link, though no run may have it."""
    wanted = st.session_state[PREFIX + name]
    choices = {*counts, *([wanted] if wanted else [])}
    chosen: str | None = st.selectbox(
        name.capitalize(), sorted(choices, key=str.lower), index=None, placeholder=anything, key=f"{PREFIX}{name}",
        label_visibility="collapsed", width=170, on_change=follow,
        format_func=lambda value: f"{value.capitalize() if name == 'state' else value} ({fmt.number(counts[value])})",
    )  # fmt: skip
    return chosen


def no_match(query: Filter) -> None:
    """That no run matches, with the button that clears the search."""
    if query == Filter():
        st.caption("All runs are in the archive.")
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.caption("No run matches.", width="stretch")
        st.button("Show all runs", icon=":material/filter_alt_off:", on_click=clear_search)
