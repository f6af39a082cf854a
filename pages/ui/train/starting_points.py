"""Starting points of the form: the recipe fitted to the chosen images, and the presets."""

import streamlit as st

from gan.config import presets as named
from gan.config.presets import PRESETS
from gan.config.run_config import DataConfig, RunConfig
from gan.data import registry
from gan.errors import ConfigError
from gan.training import recommend
from pages.ui import cache, fmt, frame
from pages.ui.data import set_picker
from pages.ui.train import form

OF_SET = {"digits": "digits-quick", "mnist": "mnist", "celeba": "celeba-64"}  # a set's own preset; else own-images


def fitted_recipe() -> None:
    """The recipe for the chosen images with its reason and any advice against training."""
    chosen = chosen_set()
    if chosen is None:
        return
    images = cache.image_set(chosen)
    with st.container(border=True, key="fitted"):
        st.markdown(":material/auto_awesome: **Fitted to your images**")
        if images is None:
            unread_images(chosen)
            return
        advised = recommend.recommend(chosen, images, form.form_value("job.device"))
        st.caption(fmt.escape_markdown(advised.why))
        if advised.advice:
            st.warning(fmt.escape_markdown(advised.advice), icon=":material/pan_tool:")
        used = form.form_config() == advised.config
        st.button(
            "In use" if used else "Use it", key="use fitted", type="secondary" if used or advised.advice else "primary",
            disabled=used, icon=":material/check:" if used else None, on_click=fill_from_preset, args=(named.AUTO,),
            help="Fill the form with the recipe that suits this many images of this kind on this machine.",
        )  # fmt: skip


def unread_images(chosen: DataConfig) -> None:
    """That the recipe needs the images to be read, with the button that leads there."""
    if registry.problem(chosen) is not None:  # a problem beside the form says so
        st.caption("The recipe is known once the images are here.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("The recipe follows from the images, which have not been read yet.", width="stretch")
        if st.button("Read them", icon=":material/photo_library:", key="read chosen set"):
            st.switch_page(frame.DATA, query_params={"data": chosen.slug})


def chosen_set() -> DataConfig | None:
    """The data section of the form; None while it names no set or an option is invalid."""
    try:
        chosen = form.form_config().data
    except ConfigError:
        return None
    return None if chosen.name == "folder" and not chosen.path else chosen


def preset_cards() -> None:
    """A card for each preset."""
    with st.container(key="presets"):
        columns = st.columns(len(PRESETS), gap="small")
    for column, (name, preset) in zip(columns, PRESETS.items(), strict=True):
        with column, st.container(border=True, key=f"preset-{name}", height="stretch"):
            st.markdown(f"**{preset.title}**")
            st.caption(preset.why)
            used = is_in_use(preset.config)
            st.button(
                "In use" if used else "Use", key=f"use {name}", on_click=fill_from_preset, args=(name,),
                width="stretch", icon=":material/check:" if used else None,
                help=f"Fill the form with the preset {name}.",
            )  # fmt: skip


def is_in_use(config: RunConfig) -> bool:
    """Whether the form equals a preset, apart from which own set is chosen and its size."""
    of_set = ("data.flag", "data.path", *(["data.image_size"] if config.data.name == "folder" else []))
    mine = {path: value for path, value in config.flat().items() if path not in of_set}
    return all(form.form_value(path) == value for path, value in mine.items())


def fill_from_preset(name: str) -> None:
    """Fill the form from a preset, or with `auto` from the recipe; for `on_click`. Raises ConfigError."""
    if name == named.AUTO:
        chosen = chosen_set()
        images = None if chosen is None else cache.image_set(chosen)
        if chosen is not None and images is not None:
            form.fill_form(recommend.recommend(chosen, images, form.form_value("job.device")).config.flat())
        return
    form.fill_form(named.find_preset(name).config.flat())
    added = [entry for entry in cache.catalogue() if entry.config.name == "folder"]
    if name == "own-images" and added:
        set_picker.choose_dataset(added[0].config)
