"""A run's sample pictures over time: the same noise at every snapshot, newest first, large and sharp."""

import html
from pathlib import Path

import streamlit as st

from gan.files import read_json
from gan.runs import Run
from pages.ui import cached, pictures, words
from pages.ui.explain import SAMPLES

FEW = 8  # columns below which a sheet, eight rows high, would stand taller than the page


def timeline(run: Run, alive: bool) -> None:
    """The sample picture of one moment, with a slider over all moments; it follows the newest until moved back."""
    with st.container(border=True):
        st.subheader("Samples", anchor=False)
        kept = run.samples()
        if not kept:
            soon = "The first picture appears when the networks are ready: noise, before any training."
            st.caption(soon if alive else "The run ended before its first picture.")
            return
        moments = list(kept)
        key = f"moment {run.name}"
        if st.session_state.get(f"{key} follows", True) or st.session_state.get(key) not in moments:
            st.session_state[key] = moments[-1]
        shown = st.session_state[key]
        sheet(run, kept[shown], f"Generated samples of the run {run.name} after {words.images(shown)}")
        if len(moments) > 1:
            st.select_slider(
                "After",
                moments,
                key=key,
                format_func=words.images,
                on_change=_stay_or_follow,
                args=(key, moments[-1]),
                help="Training images seen. At the right end it follows the newest picture.",
            )
        else:
            st.caption(f"After {words.images(shown)}.")
        with st.container(key="words-samples"):
            st.markdown(SAMPLES)


def _stay_or_follow(key: str, newest: int) -> None:
    st.session_state[f"{key} follows"] = st.session_state[key] == newest


def sheet(run: Run, picture: Path, alt: str) -> None:
    """One sample picture with the names of its columns; of few columns each lies, with its name above it."""
    shown = labels(run)
    if 0 < len(shown) < FEW:
        for label, strip in zip(shown, cached.strips(picture, len(shown)), strict=True):
            st.caption(label.replace("$", "\\$"))
            pictures.whole(strip, f"{alt}: {label}")
        return
    names(run)
    pictures.whole(picture.read_bytes(), alt)


def names(run: Run) -> None:
    """The names above the columns of a sheet, as the trainer kept them beside it."""
    shown = [html.escape(label) for label in labels(run)]
    st.html('<div class="column-names">' + "".join(f'<span title="{one}">{one}</span>' for one in shown) + "</div>")


def labels(run: Run) -> list[str]:
    """What the columns of a run's sheets show; empty where the trainer has not said it yet."""
    kept = read_json(run.path / "samples" / "columns.json") or {}
    return [str(label) for label in kept.get("labels", [])]
