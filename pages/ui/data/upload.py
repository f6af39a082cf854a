"""Adding one's own images: upload, look at the report of the check, accept. Nothing is used before "Accept".

The check is a background task. The link names the upload (`?upload=ID`), so that a visitor can leave and come back.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import streamlit as st

from gan import jobs
from gan.config import settings
from gan.data.ingest import staging
from gan.data.ingest.checks.report import CheckReport
from gan.errors import DataError
from pages.ui import background, cache, fmt, frame
from pages.ui.components import live_chart
from pages.ui.data import dataset_view, file_preview
from pages.ui.frame import errors_noted

UPLOAD = "upload"  # the parameter of the link
TAB, LOOK, ADD = "data tab", "Look at a set", "Add your own images"  # the tabs of the Data page
STEPS = ("Choose the images", "Check how they are understood", "Accept, and train")
ZIP, FILES, PATH = "A ZIP file", "Image files", "A folder on the server"
LAYOUT = """**How to lay them out.** A folder for each class, with or without `train`, `val` and `test` above them; or
any images with a `labels.csv`: a column `file`, then either one column `class` or columns of 0 and 1, and if you have
them `split` and `group` (the patient or slide of an image: a group stays in one split). PNG, JPEG, BMP and TIFF, of any
size."""

Stage = Callable[[str], Path]
"""Stores what the visitor chose under the name of the set; gives the folder of the upload."""


def upload_button(label: str, kind: Literal["primary", "secondary"]) -> None:
    """The way here from another page."""
    if st.button(label, type=kind, icon=":material/add_photo_alternate:", key="to add images"):
        st.session_state[TAB] = ADD
        st.switch_page(frame.DATA)


def upload_panel() -> None:
    """The step at which the link's upload is: the form, the progress of the check, or its report."""
    identifier = st.query_params.get(UPLOAD)
    if identifier is None:
        upload_form()
        return
    try:
        folder, report = staging.upload_folder(identifier), staging.load_pending(identifier)
    except DataError:
        del st.query_params[UPLOAD]
        raise
    if report is None or jobs.state(folder).alive:
        check_progress(folder)
    else:
        report_with_decision(report)


def upload_form() -> None:
    """Step 1: a name, where the images are, and the uploads that wait already."""
    current_step(1)
    left, right = st.columns([3, 2], gap="large")
    with right:
        st.markdown(LAYOUT)
    with left:
        name = st.text_input("Name of the set", key="set name", placeholder="such as blood-cells").strip()
        ways = [ZIP, FILES] + ([PATH] if settings.browsable_paths() else [])
        way = st.segmented_control("Where are the images?", ways, default=ZIP, key="set way", required=True)
        stage = {ZIP: zip_field, FILES: files_field, PATH: folder_field}[str(way)]()
        ready = bool(name) and stage is not None
        if st.button(
            "Check the images", type="primary", disabled=not ready, icon=":material/fact_check:", key="check set"
        ):
            assert stage is not None
            with st.spinner("Storing the images …"):
                folder = stage(name)
            jobs.start_task(folder)
            st.query_params[UPLOAD] = folder.name
            st.rerun()
        waiting_uploads()


def waiting_uploads() -> None:
    """A button for each upload that is being checked or waits for its decision."""
    waiting = staging.waiting()
    if not waiting:
        return
    st.caption("Uploads that were not accepted yet")
    with st.container(horizontal=True):
        for identifier, name in waiting.items():
            st.button(
                fmt.escape_markdown(name), icon=":material/pending_actions:", key=f"upload {identifier}",
                on_click=_open, args=(identifier,),
            )  # fmt: skip


def zip_field() -> Stage | None:
    """A ZIP from the browser."""
    file = st.file_uploader("ZIP file", type="zip", key="set zip")
    return None if file is None else lambda name: staging.stage_archive(name, file)


def files_field() -> Stage | None:
    """Single files from the browser, with their labels."""
    suffixes = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "csv"]
    files = st.file_uploader("Images, and labels.csv", type=suffixes, accept_multiple_files=True, key="set files")
    if not files:
        return None
    return lambda name: staging.stage_files(name, [(file.name, file) for file in files])


def folder_field() -> Stage | None:
    """A folder on the server that the administrator allows."""
    allowed = ", ".join(str(path) for path in settings.browsable_paths())
    path = st.text_input("Folder", key="set path", help=f"At or below {allowed}.", placeholder=allowed).strip()
    return (lambda name: staging.stage_folder(name, Path(path))) if path else None


def check_progress(folder: Path) -> None:
    """Step 2 while the check waits or works; where it failed or was stopped, why and the way back."""
    current_step(2)
    background.watch_task(folder, "Checking the images", lambda: None)
    if jobs.state(folder).alive:
        st.caption("You may leave this page: the upload is listed here until you decide.")
        return
    if jobs.state(folder).name == "stopped":
        st.caption("The check was stopped.")
    st.button("Start again", icon=":material/arrow_back:", key="reject set", on_click=discard, args=(folder,))


def report_with_decision(report: CheckReport) -> None:
    """Step 2: what was found, what would be done about it, and whether to keep the set."""
    current_step(2)
    assert report.staged is not None, "an upload has a folder"
    st.subheader(f"{report.name}: {fmt.images(report.images)} can be used", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        for finding in report.problems:
            dataset_view.finding_box(finding)
        if not report.problems:
            st.success("No problem was found.")
        with st.container(horizontal=True):
            st.button(
                "Accept", type="primary", icon=":material/check:", key="accept set", disabled=not report.ok,
                on_click=accept, args=(report,),
            )  # fmt: skip
            st.button("Discard", icon=":material/delete:", key="reject set", on_click=discard, args=(report.staged,))
        if report.plan is not None:
            st.subheader("How the files were understood", anchor=False)
            file_preview.file_preview_panel(report.plan, f"incoming {report.staged.name}")
    with right:
        if report.counts:
            st.subheader("Balance", anchor=False)
            live_chart.draw_chart(
                live_chart.bar_figure(report.counts, dataset_view.TONES, f"{report.name}-counts"),
                key="counts-of-report",
            )
        dataset_view.pixel_summary(report.sizes, report.modes)


def current_step(current: int) -> None:
    """The three steps in a line, the current one in bold."""
    steps = (f"{number}  {step}" for number, step in enumerate(STEPS, 1))
    st.caption(" → ".join(f"**{step}**" if number == current else step for number, step in enumerate(steps, 1)))


def accept(report: CheckReport) -> None:
    """Keep the set, and show it where it is read and trained on; for `on_click`."""
    with errors_noted():
        staging.accept(report)
        del st.query_params[UPLOAD]
        cache.clear_catalogue()
        st.session_state["last set"] = st.query_params["data"] = f"folder-{report.name}"
        st.session_state[TAB] = LOOK
        frame.notify(f"{report.name} was added. Read it, and train on it.", ":material/check:")


def discard(folder: Path) -> None:
    """Remove the upload, and go back to the form; for `on_click`."""
    with errors_noted():
        staging.discard(folder)
        del st.query_params[UPLOAD]


def _open(identifier: str) -> None:
    st.query_params[UPLOAD] = identifier
