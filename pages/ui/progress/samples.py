"""The sample sheets of a run over time: the same noise at each."""

import html
from pathlib import Path

import streamlit as st

from gan.io.markdown_text import escape_markdown
from gan.runs import sample_sheets
from gan.runs.run import Run
from pages.ui import cache, fmt, tiles
from pages.ui.how_to_read import how_to_read
from pages.ui.progress.chart_texts import SAMPLES

UNTRAINED = (
    "Before training, the generator draws the same grey for any noise: nothing is wrong. The first pictures follow "
    "after 1,000, 2,000, 4,000 and 8,000 images."
)
NAMED = 2  # attributes above a column where it has more than three
FEW = 8  # columns; a sheet of eight rows with fewer would be taller than the page


def sample_timeline(run: Run, alive: bool) -> int | None:
    """One sample sheet with a slider over all, or all as a film; gives the images seen at the visible sheet.

    The slider follows the newest sheet until it is moved back. None while there is no sheet or the film plays.
    """
    with st.container(border=True):
        kept = run.samples()
        if not kept:
            st.header("Samples", anchor=False)
            soon = "The first picture appears when the networks are ready: plain grey, before any training."
            st.caption(soon if alive else "The run ended before its first picture.")
            return None
        playing = samples_heading(run, len(kept))
        moments = list(kept)
        key = moment_key(run)
        if st.session_state.get(f"{key} follows", True) or st.session_state.get(key) not in moments:
            st.session_state[key] = moments[-1]
        moment: int = st.session_state[key]
        if playing:
            samples_film(run)
        else:
            draw_sheet(run, kept[moment], f"Generated samples of the run {run.name} {moment_text(moment)}")
        moment_slider(run, moments)
        if moment == 0 and not playing:
            st.caption(UNTRAINED)
        return None if playing else moment


def moment_text(seen: int) -> str:
    """When a sheet was sampled: `after 12,000 images`, `before training`."""
    return f"after {fmt.images(seen)}" if seen else "before training"


def samples_heading(run: Run, count: int) -> bool:
    """The heading with the explanation and, where there are two sheets or more, the switch for the film.

    Gives whether the film plays.
    """
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Samples", anchor=False, width="content")
        playing = count >= 2 and st.toggle("Play as a film", key=f"film of {run.name}", width="content")
        with how_to_read("samples"):
            st.markdown(SAMPLES)
    return playing


def moment_slider(run: Run, moments: list[int]) -> None:
    """The slider over all sheets; only a caption where there is one."""
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
    """All sample sheets as a GIF."""
    labels = column_labels(run)
    if has_few_columns(run):
        st.caption(f"{escape_markdown(', '.join(labels))}: a row each.")
    else:
        column_names(run)
    tiles.draw_picture(
        cache.samples_gif(run, gif_layout(run)), f"The samples of the run {run.name} as they grow, a film", "gif"
    )


def has_few_columns(run: Run) -> bool:
    """Whether the sheets have so few columns that they would be taller than the page."""
    return 0 < len(column_labels(run)) < FEW


def gif_layout(run: Run) -> tuple[int, int] | None:
    """Rows and columns of sheets that the film transposes, a row for each condition; None for wide sheets."""
    if not has_few_columns(run):
        return None
    layout = sample_sheets.read_layout(run)
    return max(1, layout.rows), len(layout.labels)


def moment_key(run: Run) -> str:
    """The key of the session state for the images seen at the visible sheet."""
    return f"moment {run.name}"


def choose_moment(run: Run, seen: float) -> None:
    """Show the sheet nearest to `seen` images; for a click on a curve."""
    moments = list(run.samples())
    if moments:
        key = moment_key(run)
        st.session_state[key] = min(moments, key=lambda moment: abs(moment - seen))
        _stay_or_follow(key, moments[-1])


def _stay_or_follow(key: str, newest: int) -> None:
    st.session_state[f"{key} follows"] = st.session_state[key] == newest


def draw_sheet(run: Run, picture: Path, alt: str) -> None:
    """One sample sheet with the names of its columns; of few columns each is drawn as a row."""
    labels = column_labels(run)
    if has_few_columns(run):
        for label, strip in zip(labels, cache.sheet_strips(picture, len(labels)), strict=True):
            st.caption(escape_markdown(label))
            tiles.draw_picture(strip, f"{alt}: {label}")
        return
    column_names(run)
    tiles.draw_picture(cache.sample_sheet(picture), alt)


def column_names(run: Run) -> None:
    """The names above the columns of the sheets."""
    names = shown = column_labels(run)
    if cache.has_attributes(run):
        names = [fmt.attribute_label(name) for name in names]
        shown = [shortened(name) for name in names]
    spans = [
        f'<span title="{html.escape(name)}">{html.escape(short)}</span>'
        for name, short in zip(names, shown, strict=True)
    ]
    st.html(f'<div class="column-names">{"".join(spans)}</div>')


def column_labels(run: Run) -> list[str]:
    """The conditions of the columns; empty before the trainer has written them."""
    return list(sample_sheets.read_layout(run).labels)


def shortened(label: str) -> str:
    """The attributes of a column as there is room for above it: `Bald, Male and 12 more`."""
    names = label.split(", ")
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more" if len(names) > NAMED + 1 else label
