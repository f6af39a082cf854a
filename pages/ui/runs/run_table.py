"""All runs as a table: sortable columns, a choice of columns in the link, and actions on the selected runs."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from gan.config.options import Option, readable_value
from gan.evaluation.records.interpretation import Score
from gan.monitoring import run_table, score_table
from gan.monitoring.run_table import RunRecords
from pages.ui.frame import errors_shown
from pages.ui.runs import known_verdicts, run_list, run_search, run_selection
from pages.ui.runs.known_verdicts import Verdicts
from pages.ui.runs.run_list import Filter, Listed

EVERY = 10.0  # seconds between redraws while a listed run is alive
ROW, MOST = 35, 640  # px: of a row, and of the table, which scrolls below that
DATA_WIDTH, VERDICT_WIDTH = 130, 170  # px
STANDARD_OPTIONS = 4  # options that differ and are shown unless columns are chosen
VERDICT = "verdict"
STANDARD = ("title", "state", "data", "done", VERDICT)
STANDARD_SCORES = ("obedience_balanced", "cas_balanced", "kid")
STANDARD_END = ("seconds", "created", "tags")
INTERVAL = " interval"  # end of the key of a score's interval
HEADS = {"cas_balanced": "CAS", "real_accuracy_balanced": "Real-trained", "diversity": "Diversity"}
"""Headings of scores that have a longer name."""


@dataclass(frozen=True)
class Column:
    """A column: its key in the link, its heading, how it looks, and its value for a run."""

    key: str
    head: str
    look: Any  # a `st.column_config` column
    value: Callable[[Listed, RunRecords], Any]


Rows = tuple[list[Listed], list[RunRecords]]


def matching_rows(runs: Sequence[Listed], query: Filter) -> Rows:
    """The runs that match, with what their files say."""
    matching = run_list.matching_runs(runs, query)
    return matching, [run_table.run_records(entry.run) for entry in matching]


def table_view(rows: Rows, query: Filter) -> None:
    """The table of the runs that match, drawn again while one of them is alive."""
    alive = any(entry.state.alive for entry in rows[0])
    current = run_list.first_these(rows, lambda: matching_rows(run_list.list_runs(), query))
    st.fragment(_table, run_every=EVERY if alive else None)(query, current)


def _table(query: Filter, current_rows: Callable[[], Rows]) -> None:
    with errors_shown():
        run_selection.rerun_after_change()
        runs, records = rows = current_rows()
        verdicts: Verdicts = {}
        columns = {column.key: column for column in all_columns(rows, verdicts)}
        actions = st.container()
        chosen = [key for key in st.session_state[run_search.COLUMNS] if key in columns] or standard_columns(columns)
        unknown: list[Listed] = []
        if VERDICT in chosen:
            known, unknown = known_verdicts.known_verdicts(runs, records)
            verdicts.update(known)
        selected = draw_table(runs, records, [columns[key] for key in chosen])
        with actions:
            run_selection.actions(selected, in_archive=query.archived)
        known_verdicts.read_later(unknown)


def draw_table(runs: Sequence[Listed], records: Sequence[RunRecords], columns: Sequence[Column]) -> list[Listed]:
    """The table; gives the runs whose boxes are checked."""
    frame = pd.DataFrame(
        {
            column.key: [column.value(entry, record) for entry, record in zip(runs, records, strict=True)]
            for column in columns
        }
    )
    event: Any = st.dataframe(
        frame,
        hide_index=True,
        column_config={column.key: column.look for column in columns},
        key=selection_key(runs),
        on_select="rerun",
        selection_mode="multi-row",
        height=min(ROW * (len(runs) + 1) + 3, MOST),
        placeholder="—",
        alt=f"{len(runs):,} runs with {', '.join(column.head for column in columns)}",
    )
    return [runs[position] for position in event.selection.rows if position < len(runs)]


def selection_key(runs: Sequence[Listed]) -> str:
    """The key of the table's selection, which counts rows: other runs in the table begin another selection."""
    return f"run table {hash(tuple(entry.run.name for entry in runs))}"


def column_choice(rows: Rows) -> None:
    """The choice of the columns that these runs can have, in the link."""
    columns = {column.key: column for column in all_columns(rows, {})}
    chosen = [key for key in st.session_state[run_search.COLUMNS] if key in columns] or standard_columns(columns)
    st.session_state[run_search.COLUMNS] = chosen
    with st.popover("Columns", icon=":material/view_column:"):
        st.multiselect(
            "Columns", list(columns), key=run_search.COLUMNS, format_func=lambda key: columns[key].head,
            on_change=run_search.follow, help="In this order. Clear all for the standard columns.",
        )  # fmt: skip


def standard_columns(columns: Mapping[str, Column]) -> list[str]:
    """The keys of the columns that are shown unless others are chosen."""
    options = [key for key in columns if "." in key][:STANDARD_OPTIONS]
    scores = [key for score in STANDARD_SCORES for key in (score, score + INTERVAL) if key in columns]
    return [*STANDARD, *options, *scores, *(key for key in STANDARD_END if key in columns)]


def all_columns(rows: Rows, verdicts: Verdicts) -> list[Column]:
    """Every column that these runs can have: options that differ, and the tags, sweeps and scores that one of them has.

    `verdicts` are looked up when the table is drawn.
    """
    runs, records = rows
    unused = {"tags"} if not any(entry.about.tags for entry in runs) else set()
    unused |= {"sweep"} if not any(entry.about.sweep for entry in runs) else set()
    about = [column for column in _run_columns(verdicts) if column.key not in unused]
    scores = [column for score in score_table.COLUMNS for column in _score_columns(score, records)]
    options = [_option_column(option, records) for option in run_table.differing_options(records)]
    return [*about, *options, *scores]


def _run_columns(verdicts: Verdicts) -> list[Column]:
    config = st.column_config

    def verdict(entry: Listed, _: RunRecords) -> str | None:
        found = verdicts.get(entry.run.name)
        return None if found is None else found.label

    return [
        Column("title", "Run", config.TextColumn("Run", pinned=True, width="medium"), lambda entry, _: entry.title),
        Column("state", "State", config.TextColumn("State"), lambda entry, _: entry.state.name.capitalize()),
        Column("data", "Data", config.TextColumn("Data", width=DATA_WIDTH), lambda entry, _: entry.data),
        Column(
            "done",
            "Done",
            config.ProgressColumn("Done", min_value=0, max_value=100, format="%d%%", width="small"),
            lambda _, record: None if record.share is None else math.floor(100 * record.share),
        ),
        Column(
            VERDICT,
            "Verdict",
            config.TextColumn("Verdict", width=VERDICT_WIDTH, help="Are the images worth using?"),
            verdict,
        ),
        Column(
            "seen",
            "Images seen",
            config.NumberColumn("Images seen", format="localized"),
            lambda _, record: record.seen,
        ),
        Column(
            "seconds",
            "Training (min)",
            config.NumberColumn("Training (min)", format="%.1f", help="Time spent on training, over all resumptions."),
            lambda _, record: None if record.seconds is None else record.seconds / 60,
        ),
        Column(
            "created",
            "Made",
            config.DatetimeColumn("Made", format="D MMM YYYY, HH:mm"),
            lambda entry, _: datetime.fromtimestamp(entry.about.created) if entry.about.created else None,
        ),
        Column("tags", "Tags", config.TextColumn("Tags"), lambda entry, _: ", ".join(entry.about.tags)),
        Column("sweep", "Sweep", config.TextColumn("Sweep"), lambda entry, _: entry.about.sweep),
        Column("name", "Name", config.TextColumn("Name", help="Of the folder and in links."), lambda e, _: e.run.name),
    ]


def _option_column(option: Option, records: Sequence[RunRecords]) -> Column:
    head = f"{option.label} ({option.unit})" if option.unit else option.label
    look: Any = st.column_config.TextColumn(head, help=option.help)
    if option.value_type is bool:
        look = st.column_config.CheckboxColumn(head, help=option.help)
    elif option.value_type in (int, float):
        values = [run_table.option_value(option, record.options) for record in records]
        # Separated thousands, as elsewhere, but not in a seed; and that format would round a learning rate to 0.
        whole = all(float(value).is_integer() for value in values if value is not None)
        form = "%d" if option.names else "localized" if whole else "%g"
        look = st.column_config.NumberColumn(head, help=option.help, format=form)

    def value(_: Listed, record: RunRecords) -> Any:
        found = run_table.option_value(option, record.options)
        return readable_value(option, found) if isinstance(found, tuple) else found

    return Column(option.path, head, look, value)


def _score_columns(score: Score, records: Sequence[RunRecords]) -> list[Column]:
    """The value, which can be sorted, and its interval; each only where a run has it."""
    measured = [score_table.measurement(score, record.result) for record in records]
    name, share = HEADS.get(score.key, score.name), score.scale == "share"
    about = score.says if name == score.name else f"{score.name}. {score.says}"
    look = st.column_config.NumberColumn(name, help=about, format="%.1f%%" if share else "%.3g")
    head = f"{name}, 95%"

    def value(_: Listed, record: RunRecords) -> float | None:
        found = score_table.measurement(score, record.result)
        return None if found is None else found.value * (100 if share else 1)

    def interval(_: Listed, record: RunRecords) -> str:
        found = score_table.measurement(score, record.result)
        return "" if found is None else score_table.interval_text(score, found.interval)

    columns = [
        Column(score.key, name, look, value),
        Column(score.key + INTERVAL, head, st.column_config.TextColumn(head, help="95% interval."), interval),
    ]
    if all(found is None for found in measured):
        return []
    return columns if any(found is not None and found.interval for found in measured) else columns[:1]
