"""Gallery of a run (`?run=NAME`): choose conditions, look at generated images, download them."""

from functools import partial

import streamlit as st

from gan.export.request import ExportRequest
from gan.runs.run import Run
from pages.ui import cache
from pages.ui.frame import errors_shown
from pages.ui.gallery import class_picker, controls, views
from pages.ui.runs import run_header


def gallery(run: Run) -> None:
    """Controls at the left, the views at the right."""
    if run_header.has_no_snapshot(run):
        return
    info = cache.dataset_info(run)
    left, right = st.columns([1, 3], gap="large")
    with left, errors_shown():
        sampling = controls.sampling_controls(run)
        items = class_picker.condition_picker(run, info)
    with right, errors_shown():
        request = ExportRequest(
            items, sampling.snapshot, sampling.seed, sampling.truncation, keep_rate=sampling.keep_rate
        )
        views.view_tabs(run, info, request)


with errors_shown():
    run = run_header.run_picker("Gallery")
    if run is not None:
        run_header.while_run_exists(run, partial(gallery, run))
