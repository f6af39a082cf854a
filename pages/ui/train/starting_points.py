"""Starting points of the form: the recipe fitted to the chosen images, and the presets of the chosen set.

A chosen set fills the form with its recipe, or with its preset until its images have been read. What the user changed
by hand stays.
"""

from collections.abc import Collection

import streamlit as st

from gan import jobs
from gan.config import options
from gan.config import presets as named
from gan.config.presets import PRESETS, Preset
from gan.config.run_config import DataConfig, RunConfig
from gan.data import registry
from gan.data.catalogue import Entry
from gan.errors import ConfigError
from gan.io.markdown_text import escape_markdown
from gan.training import recommend
from gan.training.recommend import Recommendation
from pages.ui import background, cache_images
from pages.ui.data import prepare, set_picker
from pages.ui.frame import errors_noted, errors_shown
from pages.ui.train import form, proposed_parent

OF_SET = {"digits": "digits-quick", "mnist": "mnist", "celeba": "celeba-64"}  # a set's own preset; else own-images
FILLED = "values of the starting point"  # key of the session state
AWAITED = "set whose recipe is awaited"  # likewise: until its images have been read
LENGTH = ("train.kimg", "train.snapshot_kimg")  # chosen beside the recipe: `lengths.py`


def start_from_set(data: DataConfig) -> None:
    """Fill the form for a set: with the fitted recipe, or with the set's preset until its images have been read."""
    fill_from_preset(OF_SET.get(data.name, "own-images"))
    set_picker.choose_dataset(data)
    _remember()
    st.session_state[AWAITED] = data.slug
    use_awaited_recipe()


def use_awaited_recipe() -> None:
    """Fill in the recipe of the chosen set once its images have been read, unless the form was changed meanwhile."""
    chosen = chosen_set()
    if chosen is None or st.session_state.get(AWAITED) != chosen.slug or not is_untouched():
        return
    if registry.problem(chosen) is None and registry.cached_at_any_size(chosen) is not None:
        del st.session_state[AWAITED]
        fill_from_preset(named.AUTO)


def is_untouched() -> bool:
    """Whether the form is as a starting point filled it."""
    return bool(st.session_state.get(FILLED) == st.session_state[form.VALUES])


def _remember() -> None:
    st.session_state[FILLED] = dict(st.session_state[form.VALUES])


def recommendation() -> Recommendation | None:
    """The recipe for the chosen set, and its unlabelled images where the form asks for them; None before its images
    have been read. Raises RunError for an unknown device."""
    chosen = chosen_set()
    images = None if chosen is None or registry.problem(chosen) else registry.cached_at_any_size(chosen)
    if chosen is None or images is None:
        return None
    entry = next((entry for entry in cache_images.catalogue() if entry.slug == chosen.slug), None)
    sides = None if entry is None else entry.sides
    config = form.form_config()
    chosen = chosen.model_copy(update={"pseudo_labels": config.data.pseudo_labels})
    return recommend.recommend(chosen, images, config.job, sides)


def starting_point_cards() -> None:
    """A card for the recipe fitted to the chosen images, and one for each preset of the chosen kind of set."""
    chosen, kind = chosen_set(), form.form_value("data.name")
    shown = {name: preset for name, preset in PRESETS.items() if preset.config.data.name == kind}
    widths = [2] * (chosen is not None) + [1] * len(shown)
    if not widths:
        return
    with st.container(key="presets"):
        columns = iter(st.columns(widths, gap="small"))
    if chosen is not None:
        with next(columns), errors_shown():
            fitted_recipe(chosen)
    for column, (name, preset) in zip(columns, shown.items(), strict=True):
        with column:
            preset_card(name, preset)


def fitted_recipe(chosen: DataConfig) -> None:
    """The recipe for the chosen images with its reason; advice against training is one of the problems."""
    advised = recommendation()
    with st.container(border=True, key="fitted", height="stretch"):
        st.markdown(":material/auto_awesome: **Fitted to your images**")
        if advised is None:
            unread_images(chosen)
            return
        st.caption(escape_markdown(advised.why))
        config, proposal = form.form_config(), None
        if same_but(config, advised.config, (*LENGTH, *proposed_parent.OPTIONS)):
            proposal = proposed_parent.find_proposal(advised.config)
        used = same_but(config, advised.config, LENGTH) or (
            proposal is not None
            and same_but(config, options.replace_options(advised.config, dict(proposal.options)), LENGTH)
        )
        st.button(
            "In use" if used else "Use it", key="use fitted", type="secondary" if used or advised.advice else "primary",
            disabled=used, icon=":material/check:" if used else None, on_click=fill_from_preset, args=(named.AUTO,),
            help="The form holds this recipe." if used else
            "Fill the form with the recipe that suits this many images of this kind on this machine.",
        )  # fmt: skip
        if proposal is not None:
            proposed_parent.proposed_start(advised.config, proposal)


def same_but(first: RunConfig, second: RunConfig, ignored: Collection[str]) -> bool:
    """Whether two configs differ at most in options of these paths."""
    ours, theirs = first.flat(), second.flat()
    return all(ours[path] == theirs[path] for path in ours if path not in ignored)


def unread_images(chosen: DataConfig) -> None:
    """Those that take a second are read; for others, that the recipe needs them, with the button, or its progress."""
    entry = next((entry for entry in cache_images.catalogue() if entry.slug == chosen.slug), None)
    if entry is None or entry.problem is not None:  # a problem beside the form says so
        st.caption("The recipe is known once the images are here.")
        return
    with errors_shown():
        prepare.read_instant(entry)
    task = background.task_folder(prepare.task_name(entry))
    if task.exists():
        background.watch_task(task, f"Reading {escape_markdown(entry.title)}", cache_images.clear_catalogue)
        if jobs.state(task).alive:
            return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("The recipe follows from the images, which have not been read yet.", width="stretch")
        st.button(
            "Read them" if entry.local else "Download and read them", icon=":material/photo_library:",
            key="read chosen set", on_click=_read, args=(entry,),
        )  # fmt: skip


def _read(entry: Entry) -> None:
    with errors_noted():
        background.start_task(prepare.task_name(entry))


def chosen_set() -> DataConfig | None:
    """The data section of the form; None while it names no set or an option is invalid."""
    try:
        chosen = form.form_config().data
    except ConfigError:
        return None
    return None if chosen.name == "folder" and not chosen.path else chosen


def preset_card(name: str, preset: Preset) -> None:
    """A preset with the button that fills the form with it."""
    with st.container(border=True, key=f"preset-{name}", height="stretch"):
        st.markdown(f"**{preset.title}**")
        st.caption(preset.why)
        used = is_in_use(preset.config)
        st.button(
            "In use" if used else "Use", key=f"use {name}", on_click=fill_from_preset, args=(name,),
            width="stretch", disabled=used, icon=":material/check:" if used else None,
            help="The form holds this preset." if used else f"Fill the form with the preset {name}.",
        )  # fmt: skip


def is_in_use(config: RunConfig) -> bool:
    """Whether the form equals a preset, apart from which own set is chosen and its size."""
    of_set = ("data.flag", "data.path", *(["data.image_size"] if config.data.name == "folder" else []))
    mine = {path: value for path, value in config.flat().items() if path not in of_set}
    return all(form.form_value(path) == value for path, value in mine.items())


def fill_from_preset(name: str) -> None:
    """Fill the form from a preset, or with `auto` from the recipe; for `on_click`. Raises ConfigError.

    The preset of one's own images keeps the chosen set, or takes the first one.
    """
    if name == named.AUTO:
        advised = recommendation()
        if advised is not None:
            form.fill_form(advised.config.flat())
    elif name == "own-images":
        chosen = form.form_config().data if form.VALUES in st.session_state else None
        form.fill_form(named.find_preset(name).config.flat())
        added = [entry.config for entry in cache_images.catalogue() if entry.config.name == "folder"]
        if chosen is not None and chosen.name == "folder" and chosen.path:
            set_picker.choose_dataset(chosen)
        elif added:
            set_picker.choose_dataset(added[0])
    else:
        form.fill_form(named.find_preset(name).config.flat())
    _remember()
