"""The actions on a run's page: stop, resume, clone (also with corrected options), compare, delete."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from gan import jobs
from gan.access.permissions import Action
from gan.config import options
from gan.io.markdown_text import escape_message
from gan.runs import lifecycle
from gan.runs.run import Run
from pages.ui import background, cache, fmt, frame
from pages.ui.access.allowed import explained
from pages.ui.frame import errors_noted, errors_shown


def action_buttons(run: Run, state: jobs.State, readable: bool) -> None:
    """The buttons of a run. A run whose config is not `readable` can only be compared or deleted."""
    with st.container(horizontal=True, gap="small", width="content", key="actions"):
        if readable:
            stop_or_resume(run, state)
            clone = st.button(
                "Clone",
                icon=":material/content_copy:",
                key="clone",
                **explained(Action.START_RUN, help="Open the form with this run's options."),
            )
            if clone:
                st.switch_page(frame.TRAIN, query_params={"clone": run.name})
            if st.button("Compare", icon=":material/compare_arrows:", key="compare", help="Beside other runs."):
                st.switch_page(frame.COMPARE, query_params={"runs": run.name})
        if not state.alive and st.button(
            "Delete", icon=":material/delete:", key="delete", type="tertiary", **explained(Action.DELETE_RUN, run)
        ):
            delete_dialog(run)


def stop_or_resume(run: Run, state: jobs.State) -> None:
    """Stop while the run is alive, Resume where it can go on; neither for a finished run."""
    if state.alive:
        label = "Cancel" if state.name == "queued" else "Stop"
        stopping = state.name == "stopping"
        st.button(
            label,
            icon=":material/stop:",
            key="stop",
            on_click=background.stop_job,
            args=(run.path,),
            **explained(Action.STOP_JOB, run, disabled=stopping),
        )
    elif state.name != "finished":
        kind = "secondary" if advised_options(state) else "primary"
        st.button(
            "Resume",
            icon=":material/play_arrow:",
            key="resume",
            type=kind,  # type: ignore[arg-type]
            on_click=resume,
            args=(run,),
            **explained(Action.CHANGE_RUN, run),
        )


def resume(run: Run) -> None:
    """Put a run back into the queue, and say what happened; for `on_click`."""
    with errors_noted():
        frame.notify(escape_message(lifecycle.resume_run(run)))


def advised_options(state: jobs.State) -> dict[str, Any]:
    """The options that a clone of a failed run should change, by path; unknown ones are left out."""
    known = {option.path for option in options.all_options()}
    return {path: value for path, value in state.advice.items() if path in known}


def clone_button(run: Run, state: jobs.State) -> None:
    """The button that opens the form with the options that the failure advises, where it advises any."""
    advice = advised_options(state)
    if not advice:
        return
    label = f"Clone with {options_text(advice)}"
    if st.button(
        label, icon=":material/content_copy:", type="primary", key="clone with advice", **explained(Action.START_RUN)
    ):
        st.switch_page(frame.TRAIN, query_params={"clone": run.name, "set": options_query(advice)})


def options_text(values: Mapping[str, Any]) -> str:
    """Options as text: `batch size 8`, `learning rate 0.0001 and precision float32`."""
    by_path = {option.path: option for option in options.all_options()}
    said = [
        f"{by_path[path].label[0].lower()}{by_path[path].label[1:]} {options.readable_value(by_path[path], value)}"
        for path, value in values.items()
    ]
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def options_query(values: Mapping[str, Any]) -> list[str]:
    """Options for the `set` parameter of the form's link: `train.batch:8`."""
    return [f"{path}:{options.format_value(value)}" for path, value in values.items()]


@st.dialog("Delete this run?", icon=":material/delete:")
def delete_dialog(run: Run) -> None:
    """The question in a dialog."""
    confirm_deletion(run)


def confirm_deletion(run: Run) -> None:
    """The run with its size on the disk, and the two buttons; an error says why it cannot be deleted."""
    size = fmt.byte_size(jobs.disk_usage(run.path))
    st.markdown(
        f"**{run.name}** takes {size}: its snapshots, samples, curves and exports are removed for good. "
        "Images that were downloaded before stay where they are."
    )
    with errors_shown(), st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it", key="keep"):
            st.rerun()
        if st.button("Delete it", type="primary", key="delete for good"):
            done = lifecycle.delete_run(run)
            cache.clear_disk_space()
            st.session_state.pop("last run", None)
            frame.notify(done)
            st.switch_page(frame.OVERVIEW)
