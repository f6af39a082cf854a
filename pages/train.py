"""Train: preset, data set, the few options that matter, what stands against it, Start.

Links: `?preset=NAME`, `?data=SLUG` (a set of the Data page), `?clone=RUN` (a run's own options).
Read next: `ui/form.py`, `ui/set_picker.py`, `ui/before_start.py`.
"""

import streamlit as st

from gan import presets, runs
from gan.data import catalogue
from gan.errors import ConfigError
from gan.presets import PRESETS
from pages.ui import before_start, cached, form, frame, set_picker
from pages.ui.frame import told

FROM_LINK = "form was filled from"
STARTS = {"digits": "digits-quick", "mnist": "mnist", "celeba": "celeba-64"}  # a set's own preset; else own-images


def page() -> None:
    """The page; a link's wish fills the form once, so that it does not undo what is typed afterwards."""
    frame.title(
        "Train", "Choose a starting point, change what you like, and start: training goes on without this page."
    )
    if form.VALUES not in st.session_state:
        form.fill(PRESETS["digits-quick"].config.flat())
    follow_link()
    left, right = st.columns([3, 2], gap="large")
    with left:
        preset_cards()
        set_picker.picker()
        form.common()
        with st.expander("Advanced", icon=":material/tune:"):
            form.advanced()
    with right, told():
        try:
            config = form.config()
        except ConfigError as error:
            st.error(str(error), icon=":material/error:")
            return
        before_start.panel(config)


def follow_link() -> None:
    """Fill the form from the link, once; raises RunError, ConfigError or DataError where it names nothing we have."""
    link = st.query_params.to_dict()
    wish = {name: link[name] for name in ("clone", "preset", "data") if name in link}
    if not wish or st.session_state.get(FROM_LINK) == wish:
        return
    if "clone" in wish:
        form.fill(runs.find(wish["clone"]).config.flat())
    if "preset" in wish:
        use_preset(wish["preset"])
    if "data" in wish:
        config = catalogue.find(wish["data"]).config
        form.fill(PRESETS[STARTS.get(config.name, "own-images")].config.flat())
        set_picker.choose(config)
    st.session_state[FROM_LINK] = wish


def preset_cards() -> None:
    """The named starting points, each with one line of why."""
    columns = st.columns(len(PRESETS), gap="small")
    for column, (name, preset) in zip(columns, PRESETS.items(), strict=True):
        with column, st.container(border=True, key=f"preset-{name}", height="stretch"):
            st.markdown(f"**{preset.title}**")
            st.caption(preset.why)
            st.button(
                "Use", key=f"use {name}", on_click=use_preset, args=(name,), width="stretch",
                help=f"Fill the form with the preset {name}.",
            )  # fmt: skip


def use_preset(name: str) -> None:
    """Fill the form from a preset; raises ConfigError where there is none of that name."""
    form.fill(presets.preset(name).config.flat())
    added = [entry for entry in cached.catalogue() if entry.config.name == "folder"]
    if name == "own-images" and added:
        set_picker.choose(added[0].config)


with told():
    page()
