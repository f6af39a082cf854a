"""The generator itself as a download, written in the background."""

import streamlit as st

from gan import jobs
from gan.access.permissions import Action
from gan.export import generator_files
from gan.export.generator_files import GeneratorFile
from gan.io.markdown_text import escape_message
from gan.runs.run import Run
from pages.ui import background, fmt, routes
from pages.ui.access.allowed import explained
from pages.ui.frame import errors_noted, errors_shown

FORMATS = {
    "torch": "PyTorch, one file for torch.export.load",
    "onnx": "ONNX, for ONNX Runtime",
    "safetensors": "safetensors, with the network as Python code",
}
EVERY = 1.0


def generator_panel(run: Run, snapshot: int) -> None:
    """The form, folded, and the generators of the run that were written."""
    with st.expander("The generator itself", icon=":material/memory:"):
        _form(run, snapshot)
    written = generator_files.list_generator_files(run)
    if written:
        working = any(generator.state.alive for generator in written)
        st.fragment(_generators, run_every=EVERY if working else None)(run, working)


def _form(run: Run, snapshot: int) -> None:
    st.caption(
        "The network that makes the images, without its discriminator, with a model card and an example that runs "
        "without this program. Nothing filters what others make with it: no near copies are left out."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        format = st.selectbox(
            "Format of the generator", list(FORMATS), format_func=FORMATS.__getitem__, key="generator format",
            persist_state="session", width=360,
        )  # fmt: skip
        st.button(
            "Make a ZIP of the generator", icon=":material/memory:", key="make generator", on_click=_begin,
            args=(run, format, snapshot), **explained(Action.EXPORT_MODEL, run),
        )  # fmt: skip


def _begin(run: Run, format: str, snapshot: int) -> None:
    with errors_noted():
        generator_files.begin_generator_file(run, format, snapshot)


def _generators(run: Run, was_working: bool) -> None:
    with errors_shown():
        written = generator_files.list_generator_files(run)
        if was_working and not any(generator.state.alive for generator in written):
            st.rerun()
        for generator in written:
            with st.container(border=True), errors_shown():  # one that cannot be read hides no other
                _generator(run, generator)


def _generator(run: Run, generator: GeneratorFile) -> None:
    state, file = generator.state, generator.file
    left, right = st.columns([3, 1], vertical_alignment="center")
    with left:
        st.markdown(f"**{FORMATS[generator.format]}**")
        st.caption(f"snapshot {fmt.images(generator.request.snapshot)}")
    with right:
        if state.alive:
            st.button(
                "Stop", icon=":material/stop:", key=f"stop generator {generator.format}", width="stretch",
                on_click=background.stop_job, args=(generator.folder,),
                **explained(Action.STOP_JOB, jobs.job_stop_target(generator.folder)),
            )  # fmt: skip
        elif file is not None:
            st.link_button(
                f"Download, {fmt.byte_size(file.stat().st_size)}", routes.generator_link(run.name, generator.format),
                icon=":material/download:", width="stretch", **explained(Action.EXPORT_MODEL, run),
            )  # fmt: skip
    if state.alive:
        background.progress_bar(generator.folder, "Writing the generator")
    elif state.is_problem:
        st.error(escape_message(state.cause) or "It ended without an error message.")
