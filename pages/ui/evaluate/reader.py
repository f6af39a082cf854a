"""The blind reader study: start a reading, its images one at a time, and the results.

An open reading (`&reading=ID` in the link) takes the whole page.
"""

import secrets
import time

import streamlit as st

from gan.access.permissions import Action
from gan.data.set_access import set_target
from gan.errors import DataError
from gan.evaluation import reader_study
from gan.evaluation.reader_study import Reading
from gan.evaluation.training_images import viewable_training_images
from gan.io.markdown_text import escape_markdown
from gan.io.png import data_uri, encode_png
from gan.runs.run import Run
from pages.ui import cache_torch, fmt
from pages.ui.access.allowed import explained
from pages.ui.frame import errors_noted

ANSWERS = (
    ("Real, plausible", True, True, "1"),
    ("Real, not plausible", True, False, "2"),
    ("Synthetic, plausible", False, True, "3"),
    ("Synthetic, not plausible", False, False, "4"),
)
"""The answers: label, real, plausible, key."""


def readings_panel(run: Run, snapshot: int) -> None:
    """Start a reading, and all readings of the run."""
    st.markdown(
        "An expert sees real validation images and generated ones of the same conditions in random order, and judges "
        "for each whether it is real and whether it is plausible. About five seconds an image; every answer is saved."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input("Reader", key="reader name", placeholder="name or initials", max_chars=80, width=240)
        st.number_input("Images", reader_study.FEWEST, reader_study.MOST, 40, 2, key="reader count", width=140)
        st.button(
            "Start a reading",
            type="primary",
            icon=":material/visibility:",
            key="begin reading",
            on_click=_begin,
            args=(run, snapshot),
            **explained(Action.SEE_REAL_IMAGES, set_target(run.config.data)),
        )
    for reading in reader_study.list_readings(run):
        _reading(run, reading)


def _begin(run: Run, snapshot: int) -> None:
    """Start with the current values of the form, which may be newer than the drawn page."""
    name, count = st.session_state["reader name"], int(st.session_state["reader count"])
    with errors_noted():
        images = viewable_training_images(run)
        if images is None:
            raise DataError("The data set is not read on this machine: score the snapshot first.")
        reading = reader_study.begin_reading(
            run, images, cache_torch.sampler(run, snapshot), name, count, secrets.randbelow(2**31)
        )
        _open(reading.id)


def _open(identifier: str) -> None:
    st.query_params["reading"] = identifier


def _reading(run: Run, reading: Reading) -> None:
    """One reading: its result, or the button that resumes it."""
    with st.container(border=True):
        st.markdown(
            f"**{escape_markdown(reading.reader)}**, {fmt.ago(reading.began)}, "
            f"snapshot after {fmt.images(reading.snapshot)}: {len(reading.answers)} of {reading.count} answered"
        )
        summary = reading.summary()
        if reading.finished and summary is not None:
            st.markdown(escape_markdown(summary.sentence()))
            st.caption(
                f"Generated images taken for real: {summary.synthetic_called_real}; "
                f"plausible: {summary.synthetic_plausible}. "
                f"Real images taken for real: {summary.real_called_real}; plausible: {summary.real_plausible}."
            )
        elif not reading.finished:
            st.button(
                "Resume",
                icon=":material/play_arrow:",
                key=f"go on {reading.id}",
                on_click=_open,
                args=(reading.id,),
                **explained(Action.SEE_REAL_IMAGES, set_target(run.config.data)),
            )


def reading_view(run: Run, identifier: str) -> None:
    """One image and the four answers; after the last one the result."""
    if identifier not in (
        reading.id for reading in reader_study.list_readings(run)
    ):  # an old link, or another run was chosen
        st.error(f"The run {run.name} has no reading {escape_markdown(identifier)}.", icon=":material/error:")
        st.button("Back to the evaluation", icon=":material/arrow_back:", type="primary", on_click=_leave)
        return
    reading = reader_study.load_reading(run, identifier)
    number = len(reading.answers)
    st.progress(
        number / reading.count,
        text=f"Image {min(number + 1, reading.count)} of {reading.count}, reader {escape_markdown(reading.reader)}",
    )
    if reading.finished:
        _reading(run, reading)
        st.button("Back to the evaluation", icon=":material/arrow_back:", type="primary", on_click=_leave)
        return
    images = viewable_training_images(run)
    if images is None:
        raise DataError("The data set is no longer read on this machine: score a snapshot first.")
    image = reader_study.reading_image(reading, number, images, cache_torch.sampler(run, reading.snapshot))
    with st.container(key="reader-image"):
        blind = data_uri(encode_png(image, {}))  # no mark: it would tell the reader what to find out
        st.html(f'<img class="sharp" alt="Image {number + 1}" src="{blind}">')
    began = time.monotonic()
    left, right = st.columns(2)
    for position, (label, real, plausible, key) in enumerate(ANSWERS):
        (left if position < 2 else right).button(
            label,
            key=f"answer {key}",
            shortcut=key,
            width="stretch",
            on_click=_answer,
            args=(run, identifier, number, real, plausible, began),
        )
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button(
            "Undo the last answer", key="take back", type="tertiary", icon=":material/undo:", shortcut="Backspace",
            disabled=not reading.answers, on_click=_take_back, args=(run, identifier),
        )  # fmt: skip
        st.button("Leave; answers are saved", key="leave", type="tertiary", icon=":material/close:", on_click=_leave)


def _answer(run: Run, identifier: str, number: int, real: bool, plausible: bool, began: float) -> None:
    with errors_noted():
        reader_study.record_answer(run, identifier, number, real, plausible, time.monotonic() - began)


def _take_back(run: Run, identifier: str) -> None:
    with errors_noted():
        reader_study.undo_answer(run, identifier)


def _leave() -> None:
    st.query_params.pop("reading", None)
