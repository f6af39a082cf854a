"""A sweep in the comparison: one row a run, and the mean over seeds."""

from collections.abc import Sequence

import streamlit as st

from gan.config import settings
from gan.io.markdown_text import escape_markdown
from gan.monitoring.score_table import DIFFERENT
from gan.monitoring.sweep_table import SweepTable, sweep_table
from gan.runs import sweeps
from gan.runs.run import Run
from pages.ui import link_echo
from pages.ui.compare import chosen_runs
from pages.ui.compare.tables import SWITCH_LABELS, comparison_table

NONE = ""


def sweep_choice(runs: Sequence[Run]) -> list[Run]:
    """Those of all `runs` that are of the sweep in the link, and a field to choose another; nothing without a sweep."""
    known = sweeps.list_sweeps(runs)
    if not known and "sweep" not in st.query_params:
        return []
    requested = st.query_params.get("sweep", NONE)
    if requested and requested not in known:
        st.warning(f"There is no sweep {escape_markdown(requested)}.", icon=":material/link_off:")
        requested = NONE
    st.session_state["compared sweep"] = requested
    st.selectbox(
        "Sweep",
        [NONE, *known],
        key="compared sweep",
        format_func=lambda name: name or "None",
        on_change=_follow_choice,
        help=f"Runs that were started together, as with `{settings.PROGRAM} sweep` or repeated with several seeds.",
    )
    return known.get(requested, [])


def _follow_choice() -> None:
    """Follow the choice of a sweep; the runs beside each other are then its first."""
    chosen = dict.fromkeys(chosen_runs.PARAMETERS, "") | {chosen_runs.SWEEP: st.session_state["compared sweep"]}
    link_echo.change(chosen_runs.LINK, chosen_runs.PARAMETERS, **chosen)


def sweep_tables(runs: list[Run]) -> None:
    """One row a run, and below it one row for the runs that differ by their seed only."""
    table = sweep_table(runs)
    st.header("Runs of the sweep", anchor=False)
    comparison_table(
        [row.run for row in table.rows],
        [*table.options, "State", "Done", *table.scores],
        [[*_values(row.values), row.state, f"{row.share:.0%}", *_scores(row.scores)] for row in table.rows],
        "sweep",
    )
    if not table.scores:
        st.caption("None of these runs was evaluated yet. The Evaluate page measures a snapshot in a few minutes.")
    elif table.groups:
        seed_means(table)
    if table.unreadable:
        st.caption(f"Cannot be read: {escape_markdown(', '.join(table.unreadable))}.")


def seed_means(table: SweepTable) -> None:
    """The mean and standard deviation over seeds."""
    st.markdown("**Mean ± standard deviation over seeds**")
    names = [", ".join(_texts(group.values)) or "All runs" for group in table.groups]
    rows = [[str(group.scored), *_scores(group.scores)] for group in table.groups]
    comparison_table(names, ["Runs with scores", *table.scores], rows, "seeds")
    if table.group_options:
        st.caption(f"Rows: {escape_markdown(', '.join(table.group_options))}.")
    which = (
        "best snapshot" if table.of_best else "best snapshot, or of the newest scored one where that has no full scores"
    )
    st.caption(f"On the validation split, of each run's {which}. The deviation is that of the sample (n - 1).")
    if not all(group.comparable for group in table.groups):
        st.caption(f"No mean where scores are not comparable: {DIFFERENT}.")


def _values(values: tuple[str, ...]) -> list[str]:
    return [escape_markdown(text) for text in _texts(values)]


def _texts(values: tuple[str, ...]) -> list[str]:
    return [SWITCH_LABELS.get(value, value) or "—" for value in values]


def _scores(values: tuple[str, ...]) -> list[str]:
    return [value or "—" for value in values]
