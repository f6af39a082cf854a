"""Data: look at a set (`?data=SLUG`), read one that is not here yet, add one's own images."""

import streamlit as st

from gan.data import catalogue
from gan.data.catalogue import Entry
from pages.ui import cache, frame
from pages.ui.data import dataset_view, prepare, upload
from pages.ui.frame import errors_shown

KEY = "looked at set"


def page() -> None:
    """The two halves of the page: looking and adding."""
    frame.page_title("Data", "What there is to learn from, and a place for your own images.")
    if upload.UPLOAD in st.query_params:
        st.session_state.setdefault(upload.TAB, upload.ADD)
    look, add = st.tabs([upload.LOOK, upload.ADD], key=upload.TAB, on_change="rerun")
    with look, errors_shown():
        entry = dataset_choice()
        image_set = cache.image_set(entry.config) if entry.problem is None else None
        if image_set is None:
            prepare.prepare_panel(entry)
        else:
            dataset_view.dataset_panel(entry, image_set)
    with add, errors_shown():
        upload.upload_panel()


def dataset_choice() -> Entry:
    """The set that the link names, the digits by default; raises DataError where it names none."""
    entries = {entry.slug: entry for entry in cache.catalogue()}
    wanted = st.query_params.get("data") or st.session_state.get("last set") or next(iter(entries))
    st.session_state[KEY] = wanted
    options = list(entries) if wanted in entries else [wanted, *entries]
    st.selectbox(
        "Data set",
        options,
        key=KEY,
        format_func=lambda slug: entries[slug].title if slug in entries else slug,
        on_change=_follow_choice,
    )
    entry = entries.get(wanted) or catalogue.find_entry(wanted)
    st.query_params["data"] = st.session_state["last set"] = entry.slug
    return entry


def _follow_choice() -> None:
    st.query_params["data"] = st.session_state[KEY]


with errors_shown():
    page()
