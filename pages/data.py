"""Data: look at a data set (`?data=SLUG`), read one in, or add one's own images (`?upload=ID`)."""

import streamlit as st

from gan.data import catalogue
from gan.data.catalogue import Entry
from pages.ui import cache_images, frame
from pages.ui.data import dataset_view, prepare, upload
from pages.ui.data.steps import ADD, LOOK, TAB, UPLOAD
from pages.ui.frame import errors_shown

KEY = "data set"  # of the select box


def page() -> None:
    """A tab for looking and a tab for adding."""
    frame.page_title("Data", "Images to train on, and a place for your own.")
    if UPLOAD in st.query_params:
        st.session_state.setdefault(TAB, ADD)
    look, add = st.tabs([LOOK, ADD], key=TAB, on_change="rerun")
    with look, errors_shown():
        entry = dataset_choice()
        image_set = cache_images.image_set(entry.config) if entry.problem is None else None
        if image_set is None:
            prepare.prepare_panel(entry)
        else:
            dataset_view.dataset_panel(entry, image_set)
    with add, errors_shown():
        upload.upload_panel()


def dataset_choice() -> Entry:
    """The data set of the link, the digits by default; raises DataError where there is none of that name."""
    entries = {entry.slug: entry for entry in cache_images.catalogue()}
    named = st.query_params.get("data") or st.session_state.get("last set") or next(iter(entries))
    slug = catalogue.slug_of(named, entries)
    st.session_state[KEY] = slug
    options = list(entries) if slug in entries else [slug, *entries]
    st.selectbox(
        "Data set",
        options,
        key=KEY,
        format_func=lambda name: entries[name].title if name in entries else name,
        on_change=_follow_choice,
    )
    entry = entries.get(slug) or catalogue.find_entry(slug)
    st.query_params["data"] = st.session_state["last set"] = entry.slug
    return entry


def _follow_choice() -> None:
    st.query_params["data"] = st.session_state[KEY]


with errors_shown():
    page()
