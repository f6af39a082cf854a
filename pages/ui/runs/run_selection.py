"""What can be done with the runs that are selected in the table: open, compare, tag, archive, delete."""

from collections.abc import Callable, Sequence

import streamlit as st

from gan import jobs
from gan.access.permissions import Action
from gan.errors import GanError
from gan.evaluation import job
from gan.io.markdown_text import escape_markdown
from gan.runs import lifecycle, notes
from gan.runs.run import Run, find_run
from pages.ui import cache, fmt, frame
from pages.ui.access.allowed import explained
from pages.ui.compare.chosen_runs import MAX_RUNS
from pages.ui.frame import errors_noted, errors_shown
from pages.ui.runs.run_list import Listed

CHANGED = "runs changed"  # key of the session state: the whole page is to be drawn again
DELETED = "runs to delete"  # key of the session state: their names, for the dialog
NAMED = 12  # runs that the question names
TAG_FIELDS = 460  # px: the buttons beside the tags, where the open list of tags does not cover them


def actions(selected: Sequence[Listed], *, in_archive: bool) -> None:
    """The buttons; a grey one says what it takes."""
    runs = [entry.run for entry in selected]
    names = [run.name for run in runs]
    none = "" if runs else "Select runs by the boxes at their left first."
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="selected-runs"):
        one = none or ("" if len(runs) == 1 else "Select one run alone to open it.")
        if st.button("Open", icon=":material/show_chart:", key="open selected", disabled=bool(one), help=one or None):
            st.switch_page(frame.PROGRESS, query_params={"run": names[0]})
        few = none or _too_many(len(runs))
        if st.button(
            "Compare", icon=":material/compare_arrows:", key="compare selected", disabled=bool(few), help=few or None,
        ):  # fmt: skip
            st.switch_page(frame.COMPARE, query_params={"runs": ",".join(names)})
        with st.popover(
            "Tag",
            icon=":material/label:",
            **explained(Action.CHANGE_RUN, disabled=not runs, help=none or None),
        ):
            _tag_fields(selected)
        label, icon = ("Take out", ":material/unarchive:") if in_archive else ("Archive", ":material/archive:")
        st.button(
            label, icon=icon, key="archive selected", on_click=_archive, args=(runs, not in_archive),
            **explained(
                Action.CHANGE_RUN,
                disabled=not runs,
                help=none or ("Back into the list." if in_archive else "Keep them, but do not list them."),
            ),
        )  # fmt: skip
        st.button(
            "Delete", icon=":material/delete:", key="delete selected",
            on_click=_request_deletion, args=(names,),
            **explained(Action.DELETE_RUN, disabled=not runs, help=none or None),
        )  # fmt: skip
        if runs:
            st.caption(f"{fmt.number(len(runs))} selected", width="content")


def _too_many(count: int) -> str:
    return f"A comparison shows up to {MAX_RUNS} runs; {count} are selected." if count > MAX_RUNS else ""


def _tag_fields(selected: Sequence[Listed]) -> None:
    """Tags to add to the selected runs, or to remove from them."""
    known = sorted({tag for entry in selected for tag in entry.about.tags}, key=str.lower)
    runs = [entry.run for entry in selected]
    with st.container(horizontal=True, vertical_alignment="bottom", width=TAG_FIELDS):
        tags = st.multiselect(
            "Tags", known, key="tags of selected", accept_new_options=True, max_selections=notes.MAX_TAGS,
            placeholder="Choose, or type a new one",
        )  # fmt: skip
        st.button(
            "Add", key="add tags", type="primary", disabled=not tags, on_click=_change_tags, args=(runs, tags, [])
        )
        st.button("Remove", key="remove tags", disabled=not tags, on_click=_change_tags, args=(runs, [], tags))


def _change_tags(runs: Sequence[Run], added: Sequence[str], removed: Sequence[str]) -> None:
    written, unwanted = notes.split_tags(",".join(added)), notes.split_tags(",".join(removed))
    _for_each(runs, lambda run: notes.change_tags(run.path, written, unwanted), "Tags changed for", ":material/label:")


def _archive(runs: Sequence[Run], archived: bool) -> None:
    done = "Archived" if archived else "Back in the list:"
    _for_each(runs, lambda run: notes.update_about(run.path, archived=archived), done, ":material/archive:")


def _for_each(runs: Sequence[Run], change: Callable[[Run], object], done: str, icon: str) -> None:
    """Change every run, and say how many were changed and why the others were not."""
    count = 0
    for run in runs:
        with errors_noted():
            change(run)
            count += 1
    if count:
        frame.notify(f"{done} {fmt.number(count)} run{'s' * (count > 1)}.", icon)
    st.session_state[CHANGED] = True


def _request_deletion(names: Sequence[str]) -> None:
    st.session_state[DELETED] = list(names)
    st.session_state[CHANGED] = True


def rerun_after_change() -> None:
    """Draw the whole page again after an action; for the table, which is drawn by itself."""
    if st.session_state.pop(CHANGED, False):
        st.rerun()


def open_requested_dialog() -> None:
    """The question before a deletion, where one was asked for."""
    names = st.session_state.pop(DELETED, None)
    if names:
        deletion_dialog(names)


@st.dialog("Delete these runs?", icon=":material/delete:")
def deletion_dialog(names: Sequence[str]) -> None:
    """The question in a dialog."""
    confirm_deletion(names)


def confirm_deletion(names: Sequence[str]) -> None:
    """The runs with their size on the disk, and the two buttons; runs with a job at work are named and stay."""
    with errors_shown():
        runs = [find_run(name) for name in names]
        busy = [run for run in runs if _is_at_work(run)]
        idle = [run for run in runs if run not in busy]
        if busy:
            st.warning(f"{_titles(busy)}: at work. Stop it first, or it stays.", icon=":material/play_circle:")
        if idle:
            size = fmt.byte_size(sum(cache.disk_usage(run.path) for run in idle))
            st.markdown(
                f"{_titles(idle)}: {size}. Snapshots, samples, curves, scores and exports are removed for good. Images "
                "that were downloaded before stay where they are."
            )
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Keep them", key="keep selected"):
                st.rerun()
            label = f"Delete {fmt.number(len(idle))} run{'s' * (len(idle) != 1)}"
            if st.button(label, type="primary", key="delete selected for good", disabled=not idle):
                _delete(idle)
                st.rerun()


def _titles(runs: Sequence[Run]) -> str:
    """The titles of some runs in Markdown, the first of many."""
    listed = ", ".join(f"**{escape_markdown(run.title)}**" for run in runs[:NAMED])
    return f"{listed} and {fmt.number(len(runs) - NAMED)} more" if len(runs) > NAMED else listed


def _is_at_work(run: Run) -> bool:
    """Whether the run or an evaluation of it works or waits."""
    states = [jobs.state(run.path), *(job.job_state(run, kind) for kind in job.KINDS)]
    return any(state is not None and state.may_work for state in states)


def _delete(runs: Sequence[Run]) -> None:
    """Delete the runs; those that cannot be deleted stay, each with its reason."""
    deleted = 0
    for run in runs:
        try:
            lifecycle.delete_run(run)
            deleted += 1
        except (GanError, OSError) as error:
            frame.notify(frame.error_text(error), ":material/error:", lasting=True)
    cache.clear_disk_space()
    st.session_state.pop("last run", None)
    if deleted:
        frame.notify(f"{fmt.number(deleted)} run{'s were' if deleted > 1 else ' was'} deleted.", ":material/delete:")
