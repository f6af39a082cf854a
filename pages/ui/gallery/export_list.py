"""The exports of a run: progress with the time left and Stop, then a link to the file; a stopped one can go on.

All of it is read from the run's folder, so that leaving the page loses nothing.
"""

import streamlit as st

from gan.export import exports
from gan.export.exports import Export
from gan.export.request import ExportRequest
from gan.runs.run import Run
from pages.ui import background, fmt, routes
from pages.ui.frame import errors_noted, errors_shown

EVERY = 1.0
SHOWN = 12
NAMED = 6  # conditions of an export that are named


def panel(run: Run) -> None:
    """The exports there are, live while one is being made."""
    there = exports.list_exports(run)
    if there:
        st.subheader("Exports of this run", anchor=False)
        working = any(one.state.alive for one in there[:SHOWN])
        st.fragment(listing, run_every=EVERY if working else None)(run, working)


def listing(run: Run, was_working: bool) -> None:
    """The exports of a run, the newest first, with progress or a link to the file."""
    with errors_shown():
        there = exports.list_exports(run)[:SHOWN]
        if was_working and not any(one.state.alive for one in there):
            st.rerun()
        for one in there:
            with st.container(border=True):
                entry(run, one)


def entry(run: Run, one: Export) -> None:
    """One export."""
    state, request = one.state, one.request
    left, right = st.columns([3, 1], vertical_alignment="center")
    with left:
        made = one.result
        st.markdown(f"**{fmt.images(request.count if made is None else made.count)}**")
        st.caption(described(request))
    with right:
        action(run, one)
    if state.alive:
        background.progress_bar(one.folder, "Making images")
    elif state.name in ("failed", "lost"):
        st.error(state.cause or "It ended without a word.")
    elif state.name == "stopped":
        st.caption("Stopped before it was whole. Going on makes only what is still missing.")
    for notice in made.notices if made is not None else ():
        st.warning(notice)


def action(run: Run, one: Export) -> None:
    """Stop it, take it, or go on with it."""
    state, file = one.state, one.file
    if state.alive:
        st.button(
            "Stop", icon=":material/stop:", key=f"stop {one.id}", width="stretch", on_click=background.stop_job,
            args=(one.folder,),
        )  # fmt: skip
    elif file is not None:
        st.link_button(
            f"Download, {fmt.byte_size(file.stat().st_size)}", routes.export_link(run.name, one.id),
            icon=":material/download:", type="primary", width="stretch",
        )  # fmt: skip
    else:
        st.button(
            "Go on", icon=":material/play_arrow:", key=f"resume {one.id}", width="stretch", on_click=_resume,
            args=(run, one),
        )  # fmt: skip


def _resume(run: Run, one: Export) -> None:
    with errors_noted():
        exports.resume_export(run, one.id)


def described(request: ExportRequest) -> str:
    """What was asked for, in one line."""
    asked = ", ".join(f"{count} × {text}" for text, count in request.items[:NAMED])
    more = f" and {len(request.items) - NAMED} more" if len(request.items) > NAMED else ""
    parts = [f"{asked}{more}"]
    if request.basket:
        parts = [f"from the basket: {asked}{more}"]
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
