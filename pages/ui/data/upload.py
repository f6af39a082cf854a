"""Adding one's own images, step by step: choose, look at the report, accept. Nothing is used before "Accept"."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from gan.config import settings
from gan.data.ingest import staging
from gan.data.ingest.report import CheckReport
from gan.errors import DataError
from gan.io.progress import Progress
from pages.ui import cache, fmt, frame
from pages.ui.components import live_chart
from pages.ui.data import dataset_view, file_preview
from pages.ui.frame import errors_noted

REPORT = "set that waits"
TAB, LOOK, ADD = "data tab", "Look at a set", "Add your own images"  # the tabs of the Data page
STEPS = ("Choose the images", "Look at what was understood", "Accept, and train")
ZIP, FILES, PATH = "A ZIP file", "Image files", "A folder on the server"
LAYOUT = """**How to lay them out.** A folder for each class, with or without `train`, `val` and `test` above them; or
any images with a `labels.csv`: a column `file`, then either one column `class` or columns of 0 and 1, and if you have
them `split` and `group` (the patient or slide of an image: a group stays in one split). PNG, JPEG, BMP and TIFF, of any
size."""

Intake = Callable[[str, Progress], CheckReport]


def button(label: str, kind: Literal["primary", "secondary"]) -> None:
    """The way here from another page."""
    if st.button(label, type=kind, icon=":material/add_photo_alternate:", key="to add images"):
        st.session_state[TAB] = ADD
        st.switch_page(frame.DATA)


def panel() -> None:
    """The steps in order."""
    waiting = st.session_state.get(REPORT)
    if waiting is None:
        choose()
        return
    try:
        report = staging.load_pending(waiting)
    except DataError:
        del st.session_state[REPORT]
        raise
    judge(report)


def choose() -> None:
    """Step 1: a name, and where the images are. Nothing is kept of them before they are accepted."""
    steps(1)
    left, right = st.columns([3, 2], gap="large")
    with right:
        st.markdown(LAYOUT)
    with left:
        name = st.text_input("Name of the set", key="set name", placeholder="such as blood-cells").strip()
        ways = [ZIP, FILES] + ([PATH] if settings.browsable_paths() else [])
        way = st.segmented_control("Where are the images?", ways, default=ZIP, key="set way", required=True)
        take = {ZIP: from_zip, FILES: from_files, PATH: from_path}[str(way)]()
        ready = bool(name) and take is not None
        if st.button("Check the images", type="primary", disabled=not ready, icon=":material/fact_check:"):
            assert take is not None
            bar = st.progress(0.0, text="Reading …")
            try:
                report = take(name, lambda phase, done: show_progress(bar, phase, done))
            finally:
                bar.empty()
            assert report.staged is not None, "what comes from a page waits to be accepted"
            st.session_state[REPORT] = report.staged.name
            st.rerun()


def show_progress(bar: Any, phase: str, done: float) -> None:
    """One step of the reading, in the page's bar."""
    bar.progress(min(done, 1.0), text=phase)


def from_zip() -> Intake | None:
    """A ZIP from the browser."""
    file = st.file_uploader("ZIP file", type="zip", key="set zip")
    return None if file is None else lambda name, progress: staging.add_zip(name, file, progress)


def from_files() -> Intake | None:
    """Single files from the browser, with their labels."""
    kinds = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "csv"]
    files = st.file_uploader("Images, and labels.csv", type=kinds, accept_multiple_files=True, key="set files")
    labels = [file for file in files if file.name.lower().endswith(".csv")]
    images = [(file.name, file) for file in files if file not in labels]
    if not images:
        return None
    return lambda name, progress: staging.add_files(name, images, labels[0] if labels else None, progress)


def from_path() -> Intake | None:
    """A folder that the administrator allows."""
    allowed = ", ".join(str(path) for path in settings.browsable_paths())
    path = st.text_input("Folder", key="set path", help=f"At or below {allowed}.", placeholder=allowed).strip()
    return (lambda name, progress: staging.add_path(name, Path(path), progress)) if path else None


def judge(report: CheckReport) -> None:
    """Step 2: what was found and what would be done with it, and whether to keep it."""
    steps(2)
    st.subheader(f"{report.name}: {fmt.images(report.images)} can be used", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        for finding in report.problems:
            dataset_view.finding_shown(finding)
        if not report.problems:
            st.success("Nothing stands against this set.")
        with st.container(horizontal=True):
            st.button(
                "Accept", type="primary", icon=":material/check:", key="accept set", disabled=not report.ok,
                on_click=keep, args=(report,),
            )  # fmt: skip
            st.button("Throw away", icon=":material/delete:", key="reject set", on_click=throw_away, args=(report,))
        if report.plan is not None:
            st.subheader("How the files were understood", anchor=False)
            assert report.staged is not None, "what comes from a page waits to be accepted"
            file_preview.panel(report.plan, f"incoming {report.staged.name}")
    with right:
        if report.counts:
            st.subheader("Balance", anchor=False)
            live_chart.draw(
                live_chart.bars(report.counts, dataset_view.TONES, f"{report.name}-counts"), key="counts-of-report"
            )
        dataset_view.pixels(report.sizes, report.modes)


def steps(current: int) -> None:
    """Where one is: choosing, checking, or done."""
    said = [
        f"**{number}  {step}**" if number == current else f"{number}  {step}" for number, step in enumerate(STEPS, 1)
    ]
    st.caption(" → ".join(said))


def keep(report: CheckReport) -> None:
    """Accept the set, and go on to where it is read, looked at and trained on; for `on_click`."""
    with errors_noted():
        staging.accept(report)
        del st.session_state[REPORT]
        cache.forget_catalogue()
        st.session_state["last set"] = st.query_params["data"] = f"folder-{report.name}"
        st.session_state[TAB] = LOOK
        frame.note(f"{report.name} was added. Read it, and train on it.", ":material/check:")


def throw_away(report: CheckReport) -> None:
    """Back to step 1."""
    staging.discard(report)
    del st.session_state[REPORT]
