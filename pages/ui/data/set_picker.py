"""The choice of the data set to train on; it fills the options that name the set."""

from collections.abc import Callable

import streamlit as st

from gan.config.run_config import DataConfig
from gan.data.catalogue import Entry
from gan.data.training_size import size_reason
from pages.ui import cache_images
from pages.ui.train import form

KEY = "chosen set"


def dataset_picker(choose: Callable[[DataConfig], None]) -> None:
    """A select box of all data sets; `choose` gets the data section of the chosen one."""
    entries = {entry.slug: entry for entry in cache_images.catalogue()}
    current = slug_from_options(
        form.form_value("data.name"), form.form_value("data.flag"), form.form_value("data.path"), entries
    )
    st.session_state[KEY] = current
    st.selectbox(
        "Data set",
        list(entries) if current in entries else [current, *entries],
        key=KEY,
        format_func=lambda slug: _label(slug, entries.get(slug)),
        on_change=_chosen,
        args=(choose,),
        help="Training downloads a set that is not here. Add your own on the Data page.",
    )


def image_size_note() -> None:
    """What the chosen image size means for the images of an added set; after the form's fields."""
    entry = next((entry for entry in cache_images.catalogue() if entry.slug == st.session_state[KEY]), None)
    if entry is not None and entry.sides is not None:
        st.caption(size_reason(entry.sides, form.form_value("data.image_size")))


def choose_dataset(config: DataConfig) -> None:
    """Fill the form with a data set and its image size."""
    form.fill_form(
        {
            "data.name": config.name,
            "data.flag": config.flag,
            "data.path": config.path,
            "data.attributes": config.attributes,
            "data.image_size": config.image_size,
        }
    )


def slug_from_options(name: str, flag: str, path: str, entries: dict[str, Entry]) -> str:
    """The slug of the data set that the options name; its path or name where the catalogue lacks it."""
    for slug, entry in entries.items():
        config = entry.config
        if (
            config.name != name
            or (name == "medmnist" and config.flag != flag)
            or (name == "folder" and config.path != path)
        ):
            continue
        return slug
    return path or name


def _label(slug: str, entry: Entry | None) -> str:
    if entry is None:
        return "Your own images: choose a set" if slug == "folder" else slug
    note = " · not here yet" if entry.problem else "" if entry.ready or entry.local else " · download"
    return entry.title + note


def _chosen(choose: Callable[[DataConfig], None]) -> None:
    slug = st.session_state[KEY]
    for entry in cache_images.catalogue():
        if entry.slug == slug:
            choose(entry.config)
