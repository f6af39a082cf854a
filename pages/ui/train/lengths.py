"""How long to train: a quick look, the recommended length or a night, each with its time on this machine."""

import streamlit as st

from gan import jobs
from gan.config.run_config import RunConfig
from gan.errors import GanError
from gan.io.markdown_text import escape_message
from gan.training import measured_speed, recommend
from gan.training.estimate import MEASURED_BY, Speed
from gan.training.recommend import Length
from pages.ui import fmt
from pages.ui.frame import error_text, errors_noted
from pages.ui.train import form

TITLES = {"quick": "Quick look", "recommended": "Recommended", "night": "Overnight"}
LONG_SECONDS = 4 * 3600
"""A longest run of less is not called overnight: ten times the recommended length may take minutes."""
KEY = "length to choose"
FAILED = ":material/speed: The time could not be measured:"
EVERY = 1.0  # seconds between looks at a measurement


def length_choice(config: RunConfig, recommended: RunConfig, speed: Speed | None) -> None:
    """The three lengths, once the speed of this machine for `config` is known; until then its measurement."""
    if speed is None or speed.measured_by == "shared-steps":
        measure_speed(config)
    if speed is None:
        return
    choices = {length.key: length for length in recommend.lengths(recommended, speed.images_per_second)}
    chosen = next((key for key, length in choices.items() if length.kimg == config.train.kimg), None)
    st.session_state[KEY] = chosen
    st.segmented_control(
        "How long to train",
        list(choices),
        key=KEY,
        format_func=lambda key: length_text(choices[key]),
        on_change=_choose,
        args=(choices,),
        help="A quick look shows whether it learns at all. The recommended length follows from the number of images. "
        "The longest fits into a night, and has at most ten times as many.",
    )
    st.caption(f"{speed_text(speed)} Any other length: see Length below.")


def length_text(length: Length) -> str:
    """`Recommended · 53 min`."""
    title = TITLES[length.key] if length.key != "night" or length.seconds >= LONG_SECONDS else "Longest"
    return f"{title} · {fmt.duration(length.seconds)}"


def speed_text(speed: Speed) -> str:
    """How fast this machine trains such a run, and how that is known."""
    return f"{fmt.images(speed.images_per_second)} a second, {MEASURED_BY[speed.measured_by]}."


def measure_speed(config: RunConfig) -> None:
    """Have the speed measured in the background where it can be, and draw the page again when it is."""
    folder = measured_speed.timing_folder(config)
    if folder is None:
        return
    ended = jobs.state(folder).name in ("stopped", "lost") and measured_speed.load_speed(config) is None
    if not folder.exists() or ended or measured_speed.is_outdated(config):
        try:
            measured_speed.start_timing(config)
        except (GanError, OSError) as error:  # as in a store that cannot be written
            st.caption(f"{FAILED} {error_text(error)}")
            return
    alive = folder.exists() and jobs.state(folder).alive
    st.fragment(_watch, run_every=EVERY if alive else None)(config, alive)


def _watch(config: RunConfig, was_alive: bool) -> None:
    folder = measured_speed.timing_folder(config)
    state = jobs.state(folder) if folder is not None and folder.exists() else None
    if state is not None and state.alive:
        if measured_speed.load_speed(config) is None:
            st.caption(":material/speed: Measuring how fast this machine trains such a run: a few seconds.")
    elif was_alive:
        st.rerun()
    elif state is None:
        st.caption(":material/speed: The time is measured once the GPU is free.")
    elif state.is_problem:
        st.caption(f"{FAILED} {escape_message(state.cause)}")


def _choose(choices: dict[str, Length]) -> None:
    length = choices.get(st.session_state[KEY] or "")
    if length is not None:
        with errors_noted():
            form.fill_form({"train.kimg": length.kimg, "train.snapshot_kimg": length.snapshot_kimg})
