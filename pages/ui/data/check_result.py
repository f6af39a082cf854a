"""Step 2 of adding images: the proposals to choose from, or what was found and whether to keep the set."""

from pathlib import Path

import streamlit as st

from gan import jobs
from gan.data import catalogue
from gan.data.ingest import accepted_sets, staging, upload_check
from gan.data.ingest.checks.report import CheckReport
from gan.data.ingest.labels.reading import Reading
from gan.data.ingest.labels.reading_text import describe_reading
from gan.data.set_notes import MAX_TITLE
from gan.io.atomic import file_version
from gan.io.markdown_text import escape_markdown
from pages.ui import background, cache_images, fmt, frame
from pages.ui.components import live_chart
from pages.ui.data import dataset_view, file_preview, findings, label_by_hand, prepare
from pages.ui.data.proposal_cards import proposal_cards
from pages.ui.data.reading_editor import names_encoding_field, reading_editor
from pages.ui.data.steps import LOOK, TAB, UPLOAD
from pages.ui.frame import errors_noted

MOST_BARS = 24


def check_result(report: CheckReport) -> None:
    """What was found, what would be done about it, and whether to keep the set; or the proposals to choose from."""
    assert report.staged is not None, "an upload has a folder"
    if report.asks:
        others = [finding for finding in report.problems if finding.key != "choose-reading"]
        proposal_cards(report, report.staged, change_reading)
        reading_editor(report, report.staged, change_reading)
        findings.findings_panel(others)
        names_encoding_field(report.staged, change_names)
        discard_button(report.staged)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state = f"{fmt.images(report.images)} can be used" if report.ok else "The images cannot be used yet"
        st.header(state, anchor=False, width="stretch")
        key = f"name of upload {report.staged.name}"
        st.text_input("Name", staging.upload_title(report.staged), key=key, max_chars=MAX_TITLE, width=280)
        st.button(
            "Keep it", type="primary", icon=":material/check:", key="accept set", disabled=not report.ok,
            help=None if report.ok else "See below what keeps the images from being used.",
            on_click=accept, args=(report, key),
        )  # fmt: skip
        discard_button(report.staged)
    findings.findings_panel(report.errors)
    if label_by_hand.needs_labels(report):
        label_by_hand.labelling_panel(report.staged)
        reading_editor(report, report.staged, change_reading, folded=label_by_hand.has_begun(report.staged))
        names_encoding_field(report.staged, change_names)
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        reading_sentences(report)
        if report.plan is not None:
            version = file_version(report.staged / "plan.json")
            file_preview.file_preview_panel(report.plan, f"incoming {report.staged.name} {version}")
    with right:
        findings.findings_panel([finding for finding in report.problems if finding.level != "error"])
        if not report.problems:
            st.success("No problem was found.")
        if report.counts:
            st.header("Balance", anchor=False)
            balance(report)
        dataset_view.pixel_summary(report.sizes, report.modes)
    if label_by_hand.has_labels(report.staged):
        label_by_hand.labelling_panel(report.staged)
    reading_editor(report, report.staged, change_reading)
    names_encoding_field(report.staged, change_names)


def reading_sentences(report: CheckReport) -> None:
    """How the files are read, as sentences."""
    if report.reading is not None:
        st.header("How the files are read", anchor=False)
        st.markdown(escape_markdown(" ".join(describe_reading(report.reading))))


def balance(report: CheckReport) -> None:
    """A bar for each of the first classes or attributes."""
    names = list(next(iter(report.counts.values())))
    counts = {split: {name: counted[name] for name in names[:MOST_BARS]} for split, counted in report.counts.items()}
    live_chart.draw_chart(
        live_chart.bar_figure(counts, dataset_view.TONES, f"{report.name}-counts"), key="counts-of-report"
    )
    if len(names) > MOST_BARS:
        st.caption(f"The first {MOST_BARS} of {len(names):,}.")


def discard_button(folder: Path) -> None:
    """The way back to the form; removes the upload."""
    st.button("Discard", icon=":material/delete:", key="reject set", on_click=discard, args=(folder,))


def change_reading(folder: Path, reading: Reading) -> None:
    """Check an upload again, read in this way; for `on_click`."""
    with errors_noted():
        upload_check.change_reading(folder, reading)
        jobs.start_task(folder)


def check_again(folder: Path) -> None:
    """Repeat a check that was stopped; for `on_click`."""
    with errors_noted():
        jobs.start_task(folder)


def change_names(folder: Path, names_encoding: str) -> None:
    """Unpack and check an upload again, with its names read in this encoding; for `on_click`."""
    with errors_noted():
        upload_check.change_names_encoding(folder, names_encoding)
        jobs.start_task(folder)


def accept(report: CheckReport, name_key: str) -> None:
    """Keep the set under the name in a text field, have it read, and show it; for `on_click`."""
    with errors_noted():
        title = str(st.session_state[name_key])
        name = accepted_sets.accept(report, title)
        del st.query_params[UPLOAD]
        cache_images.clear_catalogue()
        entry = catalogue.find_entry(f"folder-{name}")
        background.start_task(prepare.task_name(entry))
        st.session_state["last set"] = st.query_params["data"] = entry.slug
        st.session_state[TAB] = LOOK
        frame.notify(f"{escape_markdown(entry.title)} was added.", ":material/check:")


def discard(folder: Path) -> None:
    """Remove the upload, and go back to the form; for `on_click`."""
    with errors_noted():
        staging.discard(folder)
        del st.query_params[UPLOAD]
