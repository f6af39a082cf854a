"""The tables of a comparison: the options that differ, and the scores."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from gan.evaluation import job
from gan.evaluation.job import Request
from gan.evaluation.records.best_snapshot import best_score, best_text
from gan.evaluation.records.results import EvaluationResult
from gan.io.markdown_text import escape_markdown
from gan.monitoring import run_differences, score_table
from gan.monitoring.score_table import Cell
from gan.runs.run import Run
from pages.ui import background, cache, fmt, frame
from pages.ui.evaluate.job_progress import begin_evaluation

SWITCH_LABELS = {"true": "on", "false": "off"}


def comparison_table(names: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[str]], key: str) -> None:
    """A table with named rows; the cells are Markdown, the names of rows and columns are shown as they are."""
    index, heads = ([escape_markdown(name) for name in part] for part in (names, columns))
    with st.container(key=f"comparison-{key}"):
        st.table(pd.DataFrame(cells, index=index, columns=heads))


def options_that_differ(runs: Sequence[Run], labels: Mapping[str, str]) -> None:
    """A table of the options in which the runs differ."""
    st.header("What differs", anchor=False)
    readable = [run for run in runs if not run.config_problem]
    differences = run_differences.option_differences(readable)
    if not differences:
        st.caption("No option differs." if len(readable) > 1 else "Only one of these runs has readable options.")
        return
    names = [f"{option.label} ({option.unit})" if option.unit else option.label for option in differences]
    values = [
        [SWITCH_LABELS.get(value, escape_markdown(value)) or "—" for value in option.values] for option in differences
    ]
    comparison_table(names, [labels[run.name] for run in readable], values, "options")


def compared_scores(runs: Sequence[Run], labels: Mapping[str, str], baseline: int | None) -> None:
    """A table of the scores of each run's best snapshot, and a button to score those that have none."""
    st.header("Scores", anchor=False)
    evaluations = [score_table.compared_evaluation(run) for run in runs]
    if any(result is not None for result in evaluations):
        rows = score_table.score_rows(evaluations, baseline)
        columns = [
            f"{labels[run.name]}, after {fmt.images(result.snapshot)}" if result is not None else labels[run.name]
            for run, result in zip(runs, evaluations, strict=True)
        ]
        cells = [[_cell_markdown(cell) for cell in row.cells] for row in rows]
        comparison_table([row.score.name for row in rows], columns, cells, "scores")
        _scores_caption(evaluations)
    for run, result in zip(runs, evaluations, strict=True):
        best = best_score(run)
        if best is not None and (result is None or best.snapshot != result.snapshot):
            st.caption(f"Best snapshot of {escape_markdown(labels[run.name])}: {best_text(run)}.")
        if result is None:
            _without_scores(run, escape_markdown(labels[run.name]))


def _cell_markdown(cell: Cell) -> str:
    if not cell.text:
        return "—"
    parts = [f"**{cell.text}** best" if cell.best else cell.text, cell.delta]
    return ", ".join(part for part in parts if part)


def _scores_caption(evaluations: Sequence[EvaluationResult | None]) -> None:
    text = f"On the validation split, in {score_table.features_text(evaluations)}, with 95% intervals."
    if score_table.comparable(evaluations):
        text = f"{text} Where the intervals of two runs overlap, the order may be chance."
    elif score_table.incomparable(evaluations):
        text = f"{text} None is marked as best, and none has a difference: {score_table.DIFFERENT}."
    st.caption(text)


def _without_scores(run: Run, title: str) -> None:
    """That a run has no scores, with the button that scores its newest snapshot, or the progress of that."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        state = job.job_state(run, "scores")
        if state is not None and state.alive:
            background.progress_bar(job.job_folder(run, "scores"), f"Scoring {title}")
            return
        if run.newest_snapshot() is None:
            st.caption(f"{title} has no snapshot to score.")
            return
        st.caption(f"{title} has no full scores.", width="content")
        seconds = cache.evaluation_seconds(run)
        st.button(
            "Score it" if seconds is None else f"Score it, about {fmt.duration(seconds)}",
            icon=":material/speed:", key=f"score {run.name}", on_click=begin_evaluation,
            args=(run, Request("scores")),
        )  # fmt: skip
        st.page_link(frame.EVALUATE, label="Evaluate", query_params={"run": run.name})
