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
from gan.data.ingest.files.archive import SUFFIXES
from gan.data.ingest.files.file_kinds import IMAGE_SUFFIXES, TABLE_SUFFIXES
from gan.errors import DataError
from pages.ui import background, fmt, frame
from pages.ui.data.check_result import check_again, check_result, discard, read_names
from pages.ui.data.reading_editor import names_encoding_field
from pages.ui.data.steps import ADD, TAB, UPLOAD, current_step

ARCHIVE, FILES, PATH = "An archive", "Image files", "A folder on the server"
MOST_FILES = 300
"""Files that a browser sends one by one without trouble."""
LAYOUT = """**Send them as they are.** Class folders of any depth, or images with any table that names them: CSV, Excel,
JSON lines, Parquet. Splits, patients and known public sets are recognised. You see how the files are read, and can
change it, before anything is kept.

PNG, JPEG, TIFF, DICOM, WEBP, GIF, BMP, JPEG 2000 and PGM of 8 or 16 bits and any size. Of DICOM files only the
pixels are kept."""

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
        current_step(2)
        check_result(report)


def upload_form() -> None:
    """Step 1: a name, where the images are, and the uploads that wait already."""
    current_step(1)
    left, right = st.columns([3, 2], gap="large")
    with right:
        st.markdown(LAYOUT)
    with left:
        name = st.text_input("Name of the set", key="set name", placeholder="such as blood-cells").strip()
        ways = [ARCHIVE, FILES] + ([PATH] if settings.browsable_paths() else [])
        way = st.segmented_control("Where are the images?", ways, default=ARCHIVE, key="set way", required=True)
        stage = {ARCHIVE: archive_field, FILES: files_field, PATH: folder_field}[str(way)]()
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


def archive_field() -> Stage | None:
    """An archive from the browser."""
    kinds = [suffix.removeprefix(".") for suffix in SUFFIXES]
    file = st.file_uploader("ZIP, tar, npz or Parquet file", type=kinds, key="set zip")
    size_note()
    return None if file is None else lambda name: staging.stage_archive(name, file)


def files_field() -> Stage | None:
    """Single files from the browser, with their labels."""
    kinds = [suffix.removeprefix(".") for suffix in (*IMAGE_SUFFIXES, *TABLE_SUFFIXES)]
    files = st.file_uploader(
        f"Images and their tables, at most {MOST_FILES} files", type=kinds, accept_multiple_files=True, key="set files"
    )
    size_note()
    if not files:
        return None
    if len(files) > MOST_FILES:
        st.warning(f"These are {len(files):,} files. Make a ZIP of them, and choose “{ARCHIVE}” above.")
        return None
    return lambda name: staging.stage_files(name, [(file.name, file) for file in files])


def size_note() -> None:
    """How much a browser may send, and what to do with more."""
    limit = min(int(st.get_option("server.maxUploadSize")), settings.upload_limit() // 1_000_000)
    other = "choose a folder on the server" if settings.browsable_paths() else "have the administrator set GAN_PATHS"
    st.caption(
        f"Up to {limit:,} MB. For more, {other}, or add them there by `{settings.PROGRAM} data add NAME PATH`, or save "
        "the images smaller."
    )


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
        if staging.can_be_checked(folder):
            st.button("Check again", icon=":material/refresh:", key="check again", on_click=check_again, args=(folder,))
    else:
        names_encoding_field(folder, read_names)
    st.button("Start again", icon=":material/arrow_back:", key="reject set", on_click=discard, args=(folder,))


def _open(identifier: str) -> None:
    st.query_params[UPLOAD] = identifier
