"""Change how an upload is read, field by field, with the outcome beside it; then check it again.

The fields are those of a Reading. They start from the reading that was asked for or found, and forget their values
when that changes.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from gan.cli.reading_options import reading_options
from gan.config import settings
from gan.data.ingest import upload_check
from gan.data.ingest.checks.report import CheckReport
from gan.data.ingest.files.member_names import ENCODINGS
from gan.data.ingest.labels.reading import Reading
from gan.data.ingest.outcome import Outcome
from gan.errors import DataError
from pages.ui import cache_images
from pages.ui.data.class_fields import class_fields
from pages.ui.data.label_fields import Form, label_fields
from pages.ui.data.outcome_view import outcome_panel
from pages.ui.data.pixel_fields import pixel_fields
from pages.ui.data.split_fields import split_fields
from pages.ui.frame import error_text

Choose = Callable[[Path, Reading], None]
"""Checks an upload again, read in this way."""


def reading_editor(report: CheckReport, folder: Path, choose: Choose, *, folded: bool = False) -> None:
    """The fields, the outcome, the command and the button, behind an expander.

    It is open where the images cannot be used as they are read, until it shall be `folded`.
    """
    refused = any(finding.key == "synthetic-images" for finding in report.errors)
    if refused or not cache_images.upload_listing(folder).images:
        return
    opened = f"editor was opened {folder.name}"
    editor = st.expander(
        "Change how they are read", icon=":material/tune:", on_change="rerun",
        expanded=bool(report.errors) and not (report.asks or folded),
        key=f"{'folded ' * folded}editor {folder.name}",
    )  # fmt: skip
    if not editor.open and not st.session_state.get(opened):
        return  # nothing is computed for those who do not look
    st.session_state[opened] = True  # from now on the fields are drawn, or their values would be forgotten
    with editor:
        form = _form(report, folder)
        left, right = st.columns([3, 2], gap="large")
        with left:
            reading, outcome, error = _fields(form, report)
        with right:
            if error:
                st.error(error)
            if reading is not None and outcome is not None:
                outcome_panel(folder, reading, outcome)
            asked = report.reading or upload_check.requested_reading(folder)
            blocked = reading is None or outcome is None or reading == asked
            st.button(
                "Check again with these changes", key="check again", type="primary", icon=":material/fact_check:",
                disabled=blocked, on_click=choose, args=(folder, reading),
            )  # fmt: skip
            if reading is not None:
                st.caption("The same on the command line:")
                words = reading_options(reading, report.proposals)
                command = f"{settings.PROGRAM} data add {report.name} PATH {words}".strip()
                st.code(command, language="bash", wrap_lines=True)


def names_encoding_field(folder: Path, choose: Callable[[Path, str], None]) -> None:
    """Choose the encoding of the names in a ZIP, where its archive is kept for that."""
    if not upload_check.keeps_archive(folder):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        encoding = st.selectbox(
            "Names in the archive look wrong? Read them as", list(ENCODINGS), format_func=ENCODINGS.__getitem__,
            index=None, key=f"names encoding {folder.name}", placeholder="choose an encoding", width=340,
        )  # fmt: skip
        st.button(
            "Read the names again",
            key="read names",
            disabled=encoding is None,
            on_click=choose,
            args=(folder, encoding),
        )


def _form(report: CheckReport, folder: Path) -> Form:
    """The form, which starts from the chosen reading or proposal."""
    current = report.reading or upload_check.requested_reading(folder)
    starts = ([current] if current else []) + [
        proposal.reading for proposal in report.proposals if proposal.reading != current
    ]
    titles = {proposal.reading.model_dump_json(): proposal.title for proposal in report.proposals}
    position = 0
    if len(starts) > 1:
        position = st.selectbox(
            "Start from", range(len(starts)), key=f"start {folder.name}",
            format_func=lambda number: titles.get(starts[number].model_dump_json(), "how they are read now"),
        )  # fmt: skip
    base = starts[position] if starts else Reading()
    tables = [reading.table for reading in (base, *starts) if reading.table is not None]
    return Form(folder, cache_images.upload_listing(folder), base, tables[0] if tables else None)


def _fields(form: Form, report: CheckReport) -> tuple[Reading | None, Outcome | None, str]:
    """The reading and its outcome, or the error that it gives, in Markdown."""
    labels, splits, classes, pixels = st.tabs(["Labels", "Groups and splits", "Classes", "Pixels"])
    with labels:
        reading = label_fields(form)
    if reading is None:
        return None, None, ""
    try:
        unchanged = reading.model_copy(update={"drop": (), "rename": {}, "leave_out": form.base.leave_out})
        before = cache_images.reading_outcome(form.folder, unchanged)
    except DataError as error:
        return reading, None, error_text(error)
    with splits:
        reading = split_fields(form, reading, len(before.names))
    with classes:
        reading = class_fields(form, reading, before)
    try:
        outcome = cache_images.reading_outcome(form.folder, reading)
    except DataError as error:
        return reading, None, error_text(error)
    with pixels:
        reading = pixel_fields(form, reading, outcome, report.window)
    return reading, outcome, ""
