"""Gallery of a run (`?run=NAME`): choose conditions, look at generated images, download them."""

from functools import partial

import streamlit as st

from gan import jobs
from gan.export.request import ExportRequest
from gan.runs.run import Run
from pages.ui import cache
from pages.ui.frame import GALLERY, errors_shown
from pages.ui.gallery import basket, class_picker, controls, link, views
from pages.ui.runs import run_header, verdict_badge


def gallery(run: Run) -> None:
    """Controls at the left, the views at the right."""
    if run_header.has_no_snapshot(run):
        return
    info = cache.dataset_info(run)
    link.restore_choices(run, info)
    with st.container(key="gallery"):
        left, right = st.columns([1, 3], gap="large")
    with left, errors_shown():
        conditions = class_picker.condition_picker(run, info)
        with st.container(key="sampling"):
            sampling = controls.sampling_controls(run, info)
        link.write_choices(run, info, sampling, conditions)
    with right, errors_shown():
        verdict = cache.run_verdict(run, jobs.state(run.path), sampling.snapshot)
        if verdict.level == "bad":
            verdict_badge.verdict_banner(verdict)
        elif (
            st.session_state.get(basket.VIEW) or st.query_params.get(basket.VIEW)
        ) != basket.DOWNLOAD:  # it has a banner
            verdict_badge.verdict_badge(verdict)
        request = ExportRequest(
            tuple((condition, sampling.shown) for condition in conditions),
            sampling.snapshot,
            sampling.seed,
            sampling.truncation,
            start=None,
            keep_rate=sampling.keep_rate,
        )
        views.view_tabs(run, info, request)


with errors_shown():
    run = run_header.run_picker(GALLERY)
    if run is not None:
        run_header.while_run_exists(run, partial(gallery, run))
