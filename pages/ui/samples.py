"""A run's sample pictures over time: the same noise at every snapshot, newest first, large and sharp."""

import html

import streamlit as st

from gan.files import read_json
from gan.runs import Run
from pages.ui import words
from pages.ui.explain import SAMPLES


def timeline(run: Run) -> None:
    """The sample picture of one moment, with a slider over all moments; it follows the newest until moved back."""
    with st.container(border=True):
        st.subheader("Samples", anchor=False)
        pictures = run.samples()
        if not pictures:
            st.caption("The first picture appears when the networks are ready: noise, before any training.")
            return
        moments = list(pictures)
        key = f"moment {run.name}"
        if st.session_state.get(f"{key} follows", True) or st.session_state.get(key) not in moments:
            st.session_state[key] = moments[-1]
        shown = st.session_state[key]
        names(run)
        st.image(
            pictures[shown].read_bytes(),
            width="stretch",
            alt=f"Generated samples of the run {run.name} after {words.images(shown)}",
        )
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


def names(run: Run) -> None:
    """The names above the columns of a sheet, as the trainer kept them beside it."""
    kept = read_json(run.path / "samples" / "columns.json") or {}
    labels = [html.escape(str(label)) for label in kept.get("labels", [])]
    st.html('<div class="column-names">' + "".join(f'<span title="{one}">{one}</span>' for one in labels) + "</div>")
