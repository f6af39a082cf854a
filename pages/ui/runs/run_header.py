"""The head of every page of a run: the choice of run, title and tabs; state, progress and actions.

The link names the run (`?run=NAME`), so that a page can be sent to a colleague.
"""

from collections.abc import Callable, Mapping

import streamlit as st

from gan import jobs
from gan.errors import RunError
from gan.io.markdown_text import escape_markdown, escape_message
from gan.runs import parents
from gan.runs.run import Run, all_runs, find_run
from pages.ui import cache, fmt, frame
from pages.ui.frame import errors_shown
from pages.ui.job_texts import job_text, wait_text
from pages.ui.release import release_button
from pages.ui.runs import run_actions, run_notes, verdict_badge

LAST_LINES = 8  # of the log, under the cause of a failure
BADGES = {
    "queued": ("gray", ":material/hourglass_empty:"),
    "running": ("blue", ":material/play_circle:"),
    "stopping": ("orange", ":material/pause_circle:"),
    "stopped": ("gray", ":material/stop_circle:"),
    "finished": ("gray", ":material/check_circle:"),
    "failed": ("red", ":material/error:"),
    "lost": ("red", ":material/link_off:"),
    "unknown": ("orange", ":material/question_mark:"),
    "unreadable": ("orange", ":material/lock:"),
}


def run_picker(page: str) -> Run | None:
    """The head of a run's page: the way back with the choice of run, the run's title, and the tabs of its pages.

    `page` is the page itself, such as `frame.PROGRESS`. The run is that of the link, else the last one visited, else
    the newest. None where the store is empty or the link names no run; the page then says what to do.
    """
    heading, _ = frame.RUN_PAGES[page]
    titles = {run.name: run.title for run in all_runs()}
    names = list(titles)
    wanted = st.query_params.get("run")
    if not names and wanted is None:
        frame.page_title(heading)
        frame.empty_state(
            "There is no run yet. Train one: the digits take a few minutes.", "Train a first run", frame.TRAIN
        )
        return None
    last = st.session_state.get("last run")
    chosen = wanted or (last if last in names else names[0])
    _breadcrumb(chosen, titles)
    try:
        run = find_run(chosen)
    except RunError as error:
        frame.page_title(heading)
        run_missing(frame.error_text(error))
        return None
    st.query_params["run"] = st.session_state["last run"] = run.name
    frame.name_tab(f"{run.title} · {heading}")
    frame.page_title(escape_markdown(run.title))
    _run_tabs(run, page)
    return run


def _breadcrumb(chosen: str, titles: Mapping[str, str]) -> None:
    """The link to the overview, and the run, which is a list of all runs."""
    options = list(titles) if chosen in titles else [chosen, *titles]
    st.session_state["picked run"] = chosen
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="breadcrumb"):
        st.page_link(frame.OVERVIEW, label="Overview", icon=":material/arrow_back:", width="content")
        st.caption("/", width="content")
        st.selectbox(
            "Run", options, key="picked run", on_change=_follow_choice, label_visibility="collapsed",
            format_func=lambda name: fmt.run_label(name, titles.get(name, name)),
        )  # fmt: skip


def _run_tabs(run: Run, page: str) -> None:
    """Links to the pages of the run, in one line; that of `page` is marked."""
    with st.container(horizontal=True, gap="small", key="run-tabs"):
        for other, (title, icon) in frame.RUN_PAGES.items():
            with st.container(width="content", key="current-tab" if other == page else f"tab-{title.lower()}"):
                st.page_link(other, label=title, icon=icon, query_params={"run": run.name}, width="content")


def _follow_choice() -> None:
    st.query_params["run"] = st.session_state["picked run"]


def run_missing(text: str) -> None:
    """A message that a run does not exist, with the way back to the overview."""
    with st.container(border=True, horizontal_alignment="center", key="empty"):
        st.markdown(text, width="content")
        if st.button("To the overview", type="primary", icon=":material/arrow_back:", key="to overview"):
            st.session_state.pop("last run", None)
            st.switch_page(frame.OVERVIEW)


def while_run_exists(run: Run, draw: Callable[[], None]) -> None:
    """Call `draw`; where the run's folder is removed meanwhile, say so instead."""
    try:
        if run.path.is_dir():
            draw()
            return
    except (FileNotFoundError, RunError):
        if run.path.is_dir():
            raise
    run_missing(f"The run {run.name} is gone: it was deleted or moved away.")


def state_badge(run: Run, state: jobs.State) -> None:
    """The state as a coloured badge."""
    color, icon = BADGES[state.name]
    with st.container(key=f"state-{run.name}", width="content"):
        st.badge(state.name.capitalize(), color=color, icon=icon)  # type: ignore[arg-type]


def info_line(run: Run, state: jobs.State) -> None:
    """State, data, main options, device and age in one line."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        state_badge(run, state)
        st.caption(escape_markdown(info_text(run, state)), width="content")


def info_text(run: Run, state: jobs.State, *, size: bool = False) -> str:
    """Data, main options, device and age; with `size` also the size on the disk."""
    parts = []
    if not run.config_problem:
        config = run.config
        parts += [
            data_label(run),
            f"{config.data.image_size} px",
            f"batch {config.train.batch}",
            f"learning rate {config.optim.lr:g}",
        ]
    if state.engine != "local":
        parts.append(" ".join(filter(None, [jobs.ENGINE_TITLES[state.engine], state.node])))
    if state.device and state.name != "queued":
        parts.append(f"on {state.device}")
    if run.created:
        parts.append(f"made {fmt.ago(run.created)}")
    if size:
        parts.append(f"{fmt.byte_size(cache.disk_usage(run.path))} on disk")
    return " · ".join(parts)


def data_label(run: Run) -> str:
    """The short name of the run's data set; empty where its config cannot be read."""
    if run.config_problem:
        return ""
    data = run.config.data
    if data.name == "medmnist":
        return data.flag
    return data.path.rstrip("/").rpartition("/")[2] or data.name if data.name == "folder" else data.name


def run_progress(run: Run, state: jobs.State) -> None:
    """The progress bar with rate and time left, or the place in the queue; nothing for a finished run."""
    if state.name == "queued" and state.engine != "local":
        st.progress(0.0, text=f"Waiting: {wait_text(state)}")
        return
    if state.name == "queued":
        place = "next" if state.position == 1 else f"number {state.position}"
        behind = f", behind {job_text(state.blocked_by)}" if state.blocked_by else ""
        st.progress(0.0, text=f"Waiting for a device ({state.device}): {place} in the queue{behind}")
        return
    if not state.alive and state.name == "finished":
        return
    status = run.status()
    done = float(status.get("done", 0))
    total = float(status.get("total", 0)) or (float(run.total) if not run.config_problem else 0.0)
    phase = str(status.get("phase", "starting" if state.alive else "never started"))
    training = f"{fmt.number(min(done, total))} of {fmt.images(total)}"
    parts = [training if phase == "training" else escape_markdown(phase.capitalize())]
    rate, seconds = status.get("images_per_second"), status.get("seconds_left")
    if state.alive and rate:
        parts.append(f"{rate:,.0f} images/s")
    if state.alive and seconds is not None:
        parts.append(f"{fmt.duration(float(seconds))} left")
    st.progress(min(done / total, 1.0) if total else 0.0, text=" · ".join(parts))
    if state.alive and state.cause:
        st.caption(escape_message(state.cause))


def run_head(run: Run, state: jobs.State) -> None:
    """State and options of the run, its actions and notes."""
    problem = run.config_problem
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch", gap="xsmall", key="run-info"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                state_badge(run, state)
                if not problem and run.newest_snapshot() is not None:
                    verdict_badge.verdict_badge(cache.run_verdict(run, state))
                run_notes.run_tags(run)
            st.caption(escape_markdown(info_text(run, state, size=True)))
        run_notes.sharing_button(run)
        run_notes.describe_button(run)
        run_actions.action_buttons(run, state, not problem)
    with errors_shown():
        for ancestor in parents.lineage(run):
            st.caption(escape_markdown(ancestor.sentence()))
        if inferred := cache.pseudo_labelled(run):
            st.caption(escape_markdown(inferred))
    run_notes.notes_expander(run)
    if problem:
        st.warning(f"{escape_message(problem)} This page shows only its files.", icon=":material/visibility:")


def run_end(run: Run, state: jobs.State) -> None:
    """Why a run stopped or failed, the clone that avoids it, and the last lines of the log."""
    if state.name == "stopped":
        saved = "Stopped, and saved. Resume goes on exactly where it stopped."
        st.info(escape_message(state.cause) or saved, icon=":material/stop_circle:")
    if state.name == "finished" and state.cause:
        st.info(escape_message(state.cause), icon=":material/flag:")
    if not state.is_problem:
        return
    unknown = "The training process ended without a message; its log may say why."
    st.error(escape_message(state.cause) or unknown, icon=":material/error:")
    release_button(run.path, state)
    if not run.config_problem:
        run_actions.clone_button(run, state)
    last = jobs.log_tail(run.path, LAST_LINES)
    if last:
        st.caption("The last lines of its log")
        with st.container(key="last-lines"):
            st.code(last, language=None, wrap_lines=True)


def has_no_snapshot(run: Run) -> bool:
    """Whether the run has no snapshot yet; if so, draws a message with the link to its progress."""
    problem = run.config_problem
    if not problem and run.newest_snapshot() is not None:
        return False
    st.info(escape_message(problem) or "This run has no snapshot yet: its first appears after a part of the training.")
    if st.button("Look at its progress", type="primary", icon=":material/show_chart:"):
        st.switch_page(frame.PROGRESS, query_params={"run": run.name})
    return True
