"""The head of the Evaluate page: which snapshot, and all that was found about it in one file."""

import streamlit as st

from gan.errors import RunError
from gan.evaluation.records import results
from gan.evaluation.records.results import EvaluationResult
from gan.runs.run import Run
from pages.ui import fmt


def snapshot_choice(run: Run) -> int:
    """The snapshot of the link, else the best one, else the newest; those with scores say so."""
    there = run.snapshots()[::-1]
    scored, best = {result.snapshot for result in results.list_results(run)}, results.best_snapshot(run)
    wanted, key = st.query_params.get("snapshot", ""), f"evaluated snapshot {run.name}"
    if wanted and (not wanted.isdigit() or int(wanted) not in there):
        st.warning(f"The run {run.name} has no snapshot {wanted}: the link may be old.", icon=":material/link_off:")
    chosen = int(wanted) if wanted.isdigit() and int(wanted) in there else best or there[0]
    st.session_state[key] = chosen

    def label(seen: int) -> str:
        mark = ", best" if seen == best else ", scored" if seen in scored else ""
        return f"after {fmt.images(seen)}{mark}"

    st.selectbox("Snapshot", there, format_func=label, key=key, on_change=_follow_choice, args=(key,), width=360)
    return chosen


def report_button(run: Run, snapshot: int) -> None:
    """All of it in one file, made when it is asked for."""

    def made() -> bytes:
        from gan.evaluation.report import document  # here: it imports torch

        return document.build_report(run, snapshot).encode()

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


def result_of(run: Run, snapshot: int) -> EvaluationResult | None:
    """The scores on the validation split; None where there are none yet."""
    try:
        return results.load_result(run, snapshot)
    except RunError:
        return None


def _follow_choice(key: str) -> None:
    st.query_params["snapshot"] = str(st.session_state[key])
