"""The head of the Evaluate page: the snapshot and its report."""

import streamlit as st

from gan import jobs
from gan.access.permissions import Action
from gan.data.set_access import set_target
from gan.errors import RunError
from gan.evaluation.records import results
from gan.evaluation.records.best_snapshot import best_of_several
from gan.evaluation.records.results import EvaluationResult
from gan.io.markdown_text import escape_markdown
from gan.monitoring.run_verdict import judged_snapshot
from gan.runs.run import Run
from pages.ui import cache, fmt
from pages.ui.access.allowed import explained


def snapshot_choice(run: Run) -> int:
    """The snapshot of the link, else the one that the verdict is on."""
    snapshots = run.snapshots()[::-1]
    scored, best = {result.snapshot for result in results.list_results(run)}, best_of_several(run)
    requested, key = st.query_params.get("snapshot", ""), f"evaluated snapshot {run.name}"
    if requested and (not requested.isdigit() or int(requested) not in snapshots):
        st.warning(
            f"The run {run.name} has no snapshot {escape_markdown(requested)}: the link may be old.",
            icon=":material/link_off:",
        )
    chosen = int(requested) if requested.isdigit() and int(requested) in snapshots else judged_snapshot(run)
    chosen = snapshots[0] if chosen is None else chosen
    st.session_state[key] = chosen

    def label(seen: int) -> str:
        mark = ", best" if seen == best else ", scored" if seen in scored else ""
        return f"after {fmt.images(seen)}{mark}"

    st.selectbox("Snapshot", snapshots, format_func=label, key=key, on_change=_put_in_link, args=(key,), width=360)
    return chosen


def report_button(run: Run, snapshot: int) -> None:
    """Download everything on the page as one HTML file, built on click."""

    def build() -> bytes:
        from gan.evaluation.report import document  # here: it imports torch

        verdict = cache.run_verdict(run, jobs.state(run.path), snapshot)
        return document.build_report(run, snapshot, verdict).encode()

    st.download_button(
        "Report",
        build,
        f"{run.name}-{snapshot}-evaluation.html",
        "text/html",
        icon=":material/description:",
        key="report",
        on_click="ignore",
        **explained(
            Action.SEE_REAL_IMAGES,
            set_target(run.config.data),
            help="Everything on this page with methods, limits and a model card, as one HTML file that opens offline.",
        ),
    )


def result_or_none(run: Run, snapshot: int) -> EvaluationResult | None:
    """The scores on the validation split; None without any."""
    try:
        return results.load_result(run, snapshot)
    except RunError:
        return None


def _put_in_link(key: str) -> None:
    st.query_params["snapshot"] = str(st.session_state[key])
