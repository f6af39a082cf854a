"""Adding one's own images: upload, look at the report of the check, keep. Nothing is used before "Keep it".

The check is a background task. The link names the upload (`?upload=ID`), so that a visitor can leave and come back.
"""

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Literal

import streamlit as st

from gan import jobs
from gan.config import settings
from gan.data import set_notes
from gan.data.ingest import staging, upload_check
from gan.data.ingest.files.archive import SUFFIXES
from gan.data.ingest.files.file_kinds import IMAGE_SUFFIXES, TABLE_SUFFIXES
from gan.data.set_notes import MAX_TITLE
from gan.errors import DataError
from gan.io.markdown_text import escape_markdown
from pages.ui import background, frame
from pages.ui.data.check_result import change_names, check_again, check_result, discard
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
UNNAMED = "My images"
ROOM = 5  # characters for a number behind a proposed name
REFUSED = "refused archive"  # key of the session state: the uploader's identifier of a file, and why it was refused


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
        folder, report = staging.upload_folder(identifier), upload_check.load_pending(identifier)
    except DataError:
        del st.query_params[UPLOAD]
        raise
    if report is None or jobs.state(folder).alive:
        check_progress(folder)
    else:
        current_step(2)
        check_result(report)


def upload_form() -> None:
    """Step 1: where the images are, and the uploads that wait already. An archive is checked as soon as it is here."""
    current_step(1)
    left, right = st.columns([3, 2], gap="large")
    with right:
        st.markdown(LAYOUT)
    with left:
        ways = [ARCHIVE, FILES] + ([PATH] if settings.browsable_paths() else [])
        way = str(st.segmented_control("Where are the images?", ways, default=ARCHIVE, key="set way", required=True))
        {ARCHIVE: archive_field, FILES: files_field, PATH: folder_field}[way]()
        waiting_uploads()


def check_staged(stage: Callable[[], Path]) -> None:
    """Store the images, start their check, and go to its progress."""
    with st.spinner("Storing the images …"):
        folder = stage()
    jobs.start_task(folder)
    st.query_params[UPLOAD] = folder.name
    st.rerun()


def check_button(stage: Callable[[], Path] | None, missing: str) -> None:
    """The button that starts the check; grey with the reason `missing` while there is nothing to check."""
    if st.button(
        "Check the images", type="primary", disabled=stage is None, icon=":material/fact_check:", key="check set",
        help=missing if stage is None else None,
    ):  # fmt: skip
        assert stage is not None, "a disabled button is not clicked"
        check_staged(stage)
    if stage is None:
        st.caption(missing)


def waiting_uploads() -> None:
    """A button for each upload that is being checked or waits for its decision."""
    waiting = staging.waiting()
    if not waiting:
        return
    st.caption("Uploads that were not kept yet")
    with st.container(horizontal=True):
        for identifier, name in waiting.items():
            st.button(
                escape_markdown(name), icon=":material/pending_actions:", key=f"upload {identifier}",
                on_click=_open, args=(identifier,),
            )  # fmt: skip


def archive_field() -> None:
    """An archive from the browser, which is checked at once. One that is refused is not stored again at each rerun."""
    kinds = [suffix.removeprefix(".") for suffix in SUFFIXES]
    file = st.file_uploader("Drop a ZIP, tar, npz or Parquet file", type=kinds, key="set zip")
    size_note()
    if file is None:
        return
    refused = st.session_state.get(REFUSED, ("", ""))
    if refused[0] == file.file_id:
        st.error(refused[1], icon=":material/error:")
        return
    title = set_notes.free_title(title_of_file(file.name))
    try:
        check_staged(lambda: staging.stage_archive(title, file))
    except DataError as error:
        st.session_state[REFUSED] = (file.file_id, frame.error_text(error))
        raise


def title_of_file(name: str) -> str:
    """The proposed name of a set: that of its file without the ending, or the last folder of a path."""
    stem = PurePath(name).name
    suffix = next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if stem.lower().endswith(suffix)), "")
    words = stem[: len(stem) - len(suffix)].strip(" ._-")
    return words[: MAX_TITLE - ROOM].strip() or UNNAMED


def files_field() -> None:
    """Single files from the browser, with their labels."""
    kinds = [suffix.removeprefix(".") for suffix in (*IMAGE_SUFFIXES, *TABLE_SUFFIXES)]
    files = st.file_uploader(
        f"Images and their tables, at most {MOST_FILES} files", type=kinds, accept_multiple_files=True, key="set files"
    )
    size_note()
    if len(files) > MOST_FILES:
        check_button(None, f"These are {len(files):,} files. Make a ZIP of them, and choose “{ARCHIVE}” above.")
        return
    title = set_notes.free_title(UNNAMED)
    stored = [(file.name, file) for file in files]
    check_button((lambda: staging.stage_files(title, stored)) if files else None, "Choose the files first.")


def size_note() -> None:
    """How much a browser may send, and what to do with more."""
    limit = min(int(st.get_option("server.maxUploadSize")), settings.upload_limit() // 1_000_000)
    folders = settings.browsable_paths()
    other = "choose a folder on the server" if folders else "have the administrator allow folders there (GAN_PATHS)"
    st.caption(
        f"Up to {limit:,} MB. For more, add them on the server by `{settings.PROGRAM} data add NAME PATH`, {other}, or "
        "save the images smaller."
    )


def folder_field() -> None:
    """A folder on the server that the administrator allows."""
    allowed = ", ".join(str(path) for path in settings.browsable_paths())
    path = st.text_input("Folder", key="set path", help=f"At or below {allowed}.", placeholder=allowed).strip()
    title = set_notes.free_title(title_of_file(path))
    if st.button("Check the images", type="primary", icon=":material/fact_check:", key="check set"):
        if not path:
            raise DataError(f"Write the folder first. It lies at or below {allowed}.")
        check_staged(lambda: staging.stage_folder(title, Path(path)))


def check_progress(folder: Path) -> None:
    """Step 2 while the check waits or works; where it failed or was stopped, why and the way back."""
    current_step(2)
    background.watch_task(folder, "Checking the images", lambda: None)
    if jobs.state(folder).alive:
        st.caption("You may leave this page: the upload is listed here until you decide.")
        return
    if jobs.state(folder).name == "stopped":
        st.caption("The check was stopped.")
        if upload_check.can_be_checked(folder):
            st.button("Check again", icon=":material/refresh:", key="check again", on_click=check_again, args=(folder,))
    else:
        names_encoding_field(folder, change_names)
    st.button("Start again", icon=":material/arrow_back:", key="reject set", on_click=discard, args=(folder,))


def _open(identifier: str) -> None:
    st.query_params[UPLOAD] = identifier
