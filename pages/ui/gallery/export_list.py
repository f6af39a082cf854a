"""The exports of a run: progress and Stop while they run, then the download; a stopped export can be resumed."""

import streamlit as st

from gan import jobs
from gan.access.permissions import Action
from gan.export import exports
from gan.export.exports import Export
from gan.export.request import ExportRequest
from gan.io.markdown_text import escape_markdown, escape_message
from gan.runs.run import Run
from pages.ui import background, fmt, routes
from pages.ui.access.allowed import explained
from pages.ui.frame import errors_noted, errors_shown
from pages.ui.release import release_button

EVERY = 1.0
MAX_EXPORTS = 12
MAX_CONDITIONS = 6  # named in a description


def export_list(run: Run) -> None:
    """The newest exports, refreshed while export is running."""
    newest = exports.list_exports(run)[:MAX_EXPORTS]
    if newest:
        st.header("Exports of this run", anchor=False)
        working = any(export.state.alive for export in newest)
        st.fragment(_exports, run_every=EVERY if working else None)(run, working)


def _exports(run: Run, was_working: bool) -> None:
    """The exports of a run, newest first."""
    with errors_shown():
        newest = exports.list_exports(run)[:MAX_EXPORTS]
        if was_working and not any(export.state.alive for export in newest):
            st.rerun()
        for export in newest:
            with st.container(border=True), errors_shown():  # one that cannot be read hides no other
                _export(run, export)


def _export(run: Run, export: Export) -> None:
    state, request = export.state, export.request
    left, right = st.columns([3, 1], vertical_alignment="center")
    with left:
        result = export.result
        st.markdown(f"**{fmt.images(request.count if result is None else result.count)}**")
        st.caption(_description(request))
    with right:
        _action(run, export)
    if state.alive:
        background.progress_bar(export.folder, "Making images")
    elif state.is_problem:
        st.error(escape_message(state.cause) or "It ended without an error message.")
        release_button(export.folder, state)
    elif state.name == "stopped":
        st.caption(
            "Stopped. Resuming makes only what is missing. Where images that it would hold were rejected since, it "
            "starts anew."
        )
    for notice in result.notices if result is not None else ():
        st.warning(escape_markdown(notice))


def _action(run: Run, export: Export) -> None:
    """The button that stops, downloads or resumes it."""
    state, file = export.state, export.file
    if state.alive:
        st.button(
            "Stop", icon=":material/stop:", key=f"stop {export.id}", width="stretch", on_click=background.stop_job,
            args=(export.folder,), **explained(Action.STOP_JOB, jobs.job_stop_target(export.folder)),
        )  # fmt: skip
    elif file is not None:
        needed = Action.EXPORT_NEAR_COPIES if export.request.with_near_copies else Action.DOWNLOAD
        st.link_button(
            f"Download, {fmt.byte_size(file.stat().st_size)}", routes.export_link(run.name, export.id),
            icon=":material/download:", type="primary", width="stretch", **explained(needed, run),
        )  # fmt: skip
    else:
        st.button(
            "Resume", icon=":material/play_arrow:", key=f"resume {export.id}", width="stretch", on_click=_resume,
            args=(run, export), **explained(Action.EXPORT, run),
        )  # fmt: skip


def _resume(run: Run, export: Export) -> None:
    with errors_noted():
        exports.resume_export(run, export.id)


def _description(request: ExportRequest) -> str:
    """The request in export line."""
    items = ", ".join(f"{count} × {text}" for text, count in request.items[:MAX_CONDITIONS])
    more = f" and {len(request.items) - MAX_CONDITIONS} more" if len(request.items) > MAX_CONDITIONS else ""
    parts = [f"{items}{more}"]
    if request.basket:
        parts = [f"from the basket: {items}{more}"]
    else:
        parts.append(f"seed {request.seed}")
    if request.snapshot is not None:
        parts.append(f"snapshot {fmt.images(request.snapshot)}")
    if request.truncation < 1:
        parts.append(f"truncation {request.truncation:g}")
    if request.keep_rate < 1:
        parts.append(f"the best {request.keep_rate:.0%}")
    parts.append("near copies left in" if request.with_near_copies else "without near copies")
    return " · ".join(parts)
