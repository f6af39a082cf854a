"""Runs as cards: live ones large, waiting ones a line, ended ones small with a picture."""

from collections.abc import Mapping

import streamlit as st

from gan import jobs
from gan.access.permissions import Action
from gan.config import settings
from gan.evaluation import job
from gan.io.markdown_text import escape_markdown, escape_message
from gan.jobs import QueueEntry
from gan.monitoring.run_verdict import RunVerdict
from gan.runs.run import Run
from pages.ui import background, cache, fmt, frame, sparkline, tiles
from pages.ui.access.allowed import explained
from pages.ui.frame import errors_shown
from pages.ui.progress import samples
from pages.ui.runs import run_header, run_notes, verdict_badge

COLUMNS = 4


def live_card(run: Run, state: jobs.State) -> None:
    """A live run: picture, state, progress, losses, and the link to its page."""
    with errors_shown(), st.container(border=True, key=f"live-{run.name}"):
        left, right = st.columns([1, 2], gap="medium")
        with left:
            newest_picture(run)
        with right:
            st.markdown(f"### {run_notes.run_title(run)}")
            run_header.info_line(run, state)
            run_header.run_progress(run, state)
            sparkline.loss_sparkline(cache.metrics(run), run.name)
            page_link(run, frame.PROGRESS, "Open")


def study_card(run: Run) -> None:
    """A study that runs: its progress, and the link to its page."""
    with errors_shown(), st.container(border=True, key=f"study-{run.name}"):
        st.markdown(f"#### {run_notes.run_title(run)}: augmentation study")
        background.progress_bar(job.job_folder(run, "study"), "Study")
        page_link(run, frame.EVALUATE, "Open")


def queue_card(entry: QueueEntry) -> None:
    """A job in the queue: its place, the requested device, the run it waits for, and Cancel.

    Of one that the visitor may not see only the place.
    """
    if not jobs.may_see_job(entry.name):
        with st.container(border=True):
            st.caption(f"{jobs.describe_job(entry.name).capitalize()}: number {entry.position} in the queue")
        return
    run, study = Run(settings.store() / jobs.run_name(entry.name)), "/" in entry.name
    with (
        errors_shown(),
        st.container(border=True, key=f"waiting-{entry.name.replace('/', '-')}"),
        st.container(horizontal=True, vertical_alignment="center", gap="small"),
    ):
        device = "the fastest device" if entry.requested_device == "auto" else entry.requested_device
        device = f"{entry.gpus} GPUs" if entry.gpus > 1 and entry.requested_device != "cpu" else device
        with st.container(width="stretch", gap="xxsmall"):
            title = f"{run_notes.run_title(run)}: augmentation study" if study else run_notes.run_title(run)
            page_link(run, frame.PROGRESS, title, icon=":material/hourglass_empty:")
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.caption(_place(entry, device), width="content")
                if entry.blocked_by:
                    _before(entry.blocked_by)
        st.button(
            "Cancel",
            icon=":material/close:",
            key=f"cancel {entry.name}",
            on_click=background.stop_job,
            args=(entry.folder,),
            **explained(Action.STOP_JOB, jobs.job_stop_target(entry.folder)),
        )


def _before(name: str) -> None:
    """The job that another waits for, with a link to its run if the visitor may see it."""
    if jobs.may_see_job(name):
        run = Run(settings.store() / jobs.run_name(name))
        page_link(run, frame.PROGRESS, run_notes.run_title(run), icon=None)
    else:
        st.caption(jobs.describe_job(name), width="content")


def _place(entry: QueueEntry, device: str) -> str:
    """The place of a job in its queue, and Slurm's reason."""
    if entry.engine != "local":
        place = f"Number {entry.position} of this store's jobs in" if entry.position else "In"
        return f"{place} the queue of {jobs.ENGINE_TITLES[entry.engine]}. {entry.reason}"
    place, behind = (
        "Next" if entry.position == 1 else f"Number {entry.position}",
        ", behind" if entry.blocked_by else "",
    )
    return f"{place} in the queue, for {device}{behind}"


def card_grid(runs: list[tuple[Run, jobs.State]], verdicts: Mapping[str, RunVerdict | None]) -> None:
    """Ended runs as cards, four side by side, with the verdicts that are known by the runs' names."""
    for start in range(0, len(runs), COLUMNS):
        for column, (run, state) in zip(st.columns(COLUMNS), runs[start : start + COLUMNS], strict=False):
            with column, errors_shown():
                finished_card(run, state, verdicts.get(run.name))


def finished_card(run: Run, state: jobs.State, verdict: RunVerdict | None) -> None:
    """One ended run: picture, state, size, cause of a failure, verdict, tags, links."""
    with st.container(border=True, key=f"card-{run.name}", gap="xsmall", height="stretch"):
        newest_picture(run)
        with st.container(key=f"title-{run.name}"):
            st.markdown(f"**{run_notes.run_title(run)}**")
        problem = run.config_problem
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            run_header.state_badge(run, state)
            if problem:
                st.badge("read only", color="orange", icon=":material/visibility:")
            if run.created:
                st.caption(fmt.ago(run.created), width="content")
        size = fmt.byte_size(cache.disk_usage(run.path))
        if problem:
            st.caption(f"{escape_message(problem)} · {size}")
        else:
            st.caption(f"{escape_markdown(run_header.data_label(run))} · {trained_length(run, state)} · {size}")
        cause = state.cause if state.is_problem else ""
        if cause or (not problem and run.problem):
            with st.container(key=f"cause-{run.name}"):
                st.caption(escape_message(cause or run.problem))
        if verdict is not None:
            verdict_badge.verdict_on_card(verdict)
        run_notes.run_tags(run)
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"ways-{run.name}"):
            page_link(run, frame.PROGRESS, "Progress", icon=None)
            if not problem and run.newest_snapshot() is not None:
                page_link(run, frame.GALLERY, "Gallery", icon=None)
            run_notes.run_menu(run)


def trained_length(run: Run, state: jobs.State) -> str:
    """`100,000 images` of a finished run, `12,000 of 100,000 images` of one that ended before."""
    total = fmt.images(run.total)
    return total if state.name == "finished" else f"{fmt.number(min(run.seen, run.total))} of {total}"


def newest_picture(run: Run) -> None:
    """The newest sample sheet, or an empty frame of the same shape."""
    kept = run.samples()
    with st.container(key=f"thumbnail-{run.name}"):
        if kept:
            newest = max(kept)
            alt = f"Newest samples of the run {run.title}, after {fmt.images(newest)}"
            columns = len(samples.column_labels(run))
            content = cache.thumbnail(kept[newest], columns) if columns else cache.sample_sheet(kept[newest])
            tiles.draw_picture(content, alt)
        else:
            st.html('<div class="no-picture">no picture yet</div>')


def page_link(run: Run, page: str, label: str, icon: str | None = ":material/arrow_forward:") -> None:
    """A link to a page of the run."""
    st.page_link(page, label=label, icon=icon, query_params={"run": run.name})
