"""Evaluate a run (`?run=NAME&snapshot=S`): what its images are worth, and whether they may be shared.

`&reading=ID` opens a blind reading instead.

Read next: `ui/evaluation_jobs.py`, `ui/evaluation_scores.py`, `gan/evaluation/results.py`.
"""

from pathlib import Path

import streamlit as st

from gan.errors import RunError
from gan.evaluation import explained, results
from gan.evaluation.results import Result
from gan.evaluation.study_results import StudyResult
from gan.runs import Run
from pages.ui import (
    evaluation_copies,
    evaluation_jobs,
    evaluation_reader,
    evaluation_scores,
    evaluation_study,
    run_header,
    words,
)
from pages.ui.frame import told

STYLE = Path(__file__).parent / "ui" / "evaluation.css"


def page() -> None:
    """The page for the run that the link names."""
    run = run_header.run_picker("Evaluate")
    if run is not None:
        st.html(f"<style>{STYLE.read_text()}</style>")
        run_header.while_there(run, lambda: of_run(run))


def of_run(run: Run) -> None:
    """What to conclude, what can be started, and all that was found."""
    if run_header.without_snapshot(run):
        return
    if "reading" in st.query_params:
        evaluation_reader.reading(run, st.query_params["reading"])
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        snapshot = snapshot_choice(run)
        result = result_of(run, snapshot)
        if result is not None:
            report_button(run, snapshot)
    conclude(result, evaluation_study.of(run, snapshot))
    evaluation_jobs.panel(run, snapshot)
    scores, study, copies, blind = st.tabs(["Scores", "Does it help?", "Copies", "Blind reader"])
    with scores, told():
        if result is not None:
            evaluation_scores.cards(result)
            st.subheader("Over the training", anchor=False)
        evaluation_scores.over_time(run)
        if result is not None:
            st.subheader("By condition", anchor=False)
            evaluation_scores.by_condition(result)
    with study, told():
        evaluation_study.panel(run, snapshot)
    with copies, told():
        evaluation_jobs.membership(run, snapshot)
        evaluation_copies.membership(run, snapshot)
        if result is not None:
            evaluation_copies.panel(run, result)
        else:
            st.caption("Scores look for near copies too: start them above.")
    with blind, told():
        evaluation_reader.panel(run, snapshot)


def snapshot_choice(run: Run) -> int:
    """The snapshot of the link, else the best one, else the newest; those with scores say so."""
    there = run.snapshots()[::-1]
    scored, best = {result.snapshot for result in results.listing(run)}, results.best_snapshot(run)
    wanted, key = st.query_params.get("snapshot", ""), f"evaluated snapshot {run.name}"
    if wanted and (not wanted.isdigit() or int(wanted) not in there):
        st.warning(f"The run {run.name} has no snapshot {wanted}: the link may be old.", icon=":material/link_off:")
    chosen = int(wanted) if wanted.isdigit() and int(wanted) in there else best or there[0]
    st.session_state[key] = chosen

    def label(seen: int) -> str:
        mark = ", best" if seen == best else ", scored" if seen in scored else ""
        return f"after {words.images(seen)}{mark}"

    st.selectbox("Snapshot", there, format_func=label, key=key, on_change=_follow_choice, args=(key,), width=360)
    return chosen


def report_button(run: Run, snapshot: int) -> None:
    """All of it in one file, made when it is asked for."""

    def made() -> bytes:
        from gan.evaluation import report  # here: it imports torch

        return report.build(run, snapshot).encode()

    st.download_button(
        "Report",
        made,
        f"{run.name}-{snapshot}-evaluation.html",
        "text/html",
        icon=":material/description:",
        key="report",
        on_click="ignore",
        help="Everything on this page, with methods, limits and a model card, as one HTML file that opens offline.",
    )


def _follow_choice(key: str) -> None:
    st.query_params["snapshot"] = str(st.session_state[key])


def result_of(run: Run, snapshot: int) -> Result | None:
    """The scores on the validation split; None where there are none yet."""
    try:
        return results.load(run, snapshot)
    except RunError:
        return None


def conclude(result: Result | None, study: StudyResult | None) -> None:
    """What the numbers mean for the reader's images: the study's verdict first, where there is one."""
    with st.container(border=True, key="conclusion"):
        if study is not None:
            evaluation_study.headline(study)
        if result is None and study is None:
            st.markdown(
                "**Not scored yet.** Good pictures can still be all alike, or copies of the training images, and the "
                "losses do not tell. Scores do."
            )
        if result is not None:
            first, *others = explained.conclusion(result, study is not None)
            st.markdown(f"{first if study else f'**{first}**'}\n\n{' '.join(others)}")


with told():
    page()
