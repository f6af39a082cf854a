"""A run's sample pictures over time: the same noise at every snapshot, newest first, large and sharp."""

import html
from pathlib import Path

import streamlit as st

from gan.runs import sample_sheets
from gan.runs.run import Run
from pages.ui import cache, fmt, tiles
from pages.ui.progress.chart_texts import SAMPLES

UNTRAINED = "Before training, the generator draws the same grey for any noise: nothing is wrong."
FEW = 8  # columns below which a sheet, eight rows high, would stand taller than the page


def sample_timeline(run: Run, alive: bool) -> int | None:
    """The sample picture of one moment, with a slider over all, or all as a film; gives the moment that is shown.

    It follows the newest picture until it is moved back.
    """
    with st.container(border=True):
        kept = run.samples()
        if not kept:
            st.subheader("Samples", anchor=False)
            soon = "The first picture appears when the networks are ready: plain grey, before any training."
            st.caption(soon if alive else "The run ended before its first picture.")
            return None
        playing = samples_heading(run, len(kept))
        moments = list(kept)
        key = moment_key(run)
        if st.session_state.get(f"{key} follows", True) or st.session_state.get(key) not in moments:
            st.session_state[key] = moments[-1]
        shown: int = st.session_state[key]
        if playing:
            samples_film(run)
        else:
            draw_sheet(run, kept[shown], f"Generated samples of the run {run.name} {moment_text(shown)}")
        moment_slider(run, moments)
        if shown == 0 and not playing:
            st.caption(UNTRAINED)
        with st.container(key="words-samples"):
            st.markdown(SAMPLES)
        return None if playing else shown


def moment_text(seen: int) -> str:
    """The moment of a sample picture in words: `after 12,000 images`, `before training`."""
    return f"after {fmt.images(seen)}" if seen else "before training"


def samples_heading(run: Run, count: int) -> bool:
    """The heading with the switch for the film, where there is more than one picture; gives whether it is on."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Samples", anchor=False, width="content")
        if count < 2:
            return False
        return st.toggle("Play as a film", key=f"film of {run.name}", width="content")


def moment_slider(run: Run, moments: list[int]) -> None:
    """The choice of a moment; only its name where there is one."""
    key = moment_key(run)
    if len(moments) == 1:
        st.caption(f"{moment_text(moments[0]).capitalize()}.")
        return
    st.select_slider(
        "After",
        moments,
        key=key,
        format_func=fmt.images,
        on_change=_stay_or_follow,
        args=(key, moments[-1]),
        help="Training images seen. At the right end it follows the newest picture. A click on a curve moves it too.",
    )


def samples_film(run: Run) -> None:
    """All sample pictures as a film, from noise to the newest."""
    shown = column_labels(run)
    if has_few_columns(run):
        st.caption(", ".join(label.replace("$", "\\$") for label in shown) + ": a row each.")
    else:
        column_names(run)
    tiles.draw_picture(
        cache.samples_gif(run, gif_layout(run)), f"The samples of the run {run.name} as they grow, a film", "gif"
    )


def has_few_columns(run: Run) -> bool:
    """Whether a run's sheets have so few columns that they would stand taller than the page."""
    return 0 < len(column_labels(run)) < FEW


def gif_layout(run: Run) -> tuple[int, int] | None:
    """Rows and columns of sheets that a film shows with a row for each condition; None for wide ones."""
    if not has_few_columns(run):
        return None
    shown = sample_sheets.read_layout(run)
    return max(1, shown.rows), len(shown.labels)


def moment_key(run: Run) -> str:
    """Where the session keeps the moment whose samples are shown."""
    return f"moment {run.name}"


def choose_moment(run: Run, seen: float) -> None:
    """Show the sample picture nearest to `seen` images; for a click on a curve."""
    moments = list(run.samples())
    if moments:
        key = moment_key(run)
        st.session_state[key] = min(moments, key=lambda moment: abs(moment - seen))
        _stay_or_follow(key, moments[-1])


def _stay_or_follow(key: str, newest: int) -> None:
    st.session_state[f"{key} follows"] = st.session_state[key] == newest


def draw_sheet(run: Run, picture: Path, alt: str) -> None:
    """One sample picture with the names of its columns; of few columns each lies, with its name above it."""
    shown = column_labels(run)
    if has_few_columns(run):
        for label, strip in zip(shown, cache.sheet_strips(picture, len(shown)), strict=True):
            st.caption(label.replace("$", "\\$"))
            tiles.draw_picture(strip, f"{alt}: {label}")
        return
    column_names(run)
    tiles.draw_picture(cache.sample_sheet(picture), alt)


def column_names(run: Run) -> None:
    """The names above the columns of a sheet, as the trainer kept them beside it."""
    shown = [html.escape(label) for label in column_labels(run)]
    st.html('<div class="column-names">' + "".join(f'<span title="{one}">{one}</span>' for one in shown) + "</div>")


def column_labels(run: Run) -> list[str]:
    """What the columns of a run's sheets show; empty where the trainer has not said it yet."""
    return list(sample_sheets.read_layout(run).labels)
