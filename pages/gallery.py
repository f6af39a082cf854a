"""Gallery of a run (`?run=NAME`): choose conditions, look at what the generator makes of them, take images home."""

import streamlit as st

from gan.export.request import ExportRequest
from gan.runs.run import Run
from pages.ui import cache
from pages.ui.frame import errors_shown
from pages.ui.gallery import class_picker, controls, views
from pages.ui.runs import run_header


def page() -> None:
    """The page for the run that the link names."""
    run = run_header.run_picker("Gallery")
    if run is not None:
        run_header.while_run_exists(run, lambda: choose_and_show(run))


def choose_and_show(run: Run) -> None:
    """The controls at the left, the images and the download at the right."""
    if run_header.has_no_snapshot(run):
        return
    info = cache.dataset_info(run)
    left, right = st.columns([1, 3], gap="large")
    with left, errors_shown():
        draw = controls.controls(run)
        items = class_picker.picker(run, info)
    with right, errors_shown():
        request = ExportRequest(items, draw.snapshot, draw.seed, draw.truncation, keep_rate=draw.keep_rate)
        views.tabs(run, info, request)


with errors_shown():
    page()
