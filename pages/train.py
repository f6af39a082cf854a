"""Train: preset, data set, the few options that matter, what stands against it, Start.

Links: `?preset=NAME` (`auto` too), `?data=SLUG` (a set of the Data page), `?clone=RUN` (a run's own options), and with
any of them `&set=train.batch:8`, as often as needed, for options that differ.
"""

from typing import Any

import streamlit as st

from gan.config import options
from gan.config.presets import PRESETS
from gan.config.run_config import RunConfig
from gan.data import catalogue
from gan.errors import ConfigError, GanError
from gan.runs.run import find_run
from pages.ui import frame
from pages.ui.data import set_picker
from pages.ui.frame import errors_shown
from pages.ui.runs import run_notes
from pages.ui.train import before_start, form, starting_points
from pages.ui.train import config_diff as differences

FROM_LINK = "form was filled from"
WRONG_LINK = "why the link was not followed"


def page() -> None:
    """The page; a link's wish fills the form once, so that it does not undo what is typed afterwards."""
    frame.page_title(
        "Train", "Choose a starting point, change what you like, and start: training goes on without this page."
    )
    if form.VALUES not in st.session_state:
        form.fill_form(PRESETS["digits-quick"].config.flat())
    follow_link()
    set_picker.dataset_picker()
    starts, changed = st.container(), st.container()
    left, right = st.columns([3, 2], gap="large")
    with left:
        form.common_fields()
        with st.expander("Advanced", icon=":material/tune:"):
            form.advanced_fields()
    with starts:  # drawn after the form: each says whether it is what the form holds now
        with errors_shown():
            starting_points.fitted_recipe()
        starting_points.preset_cards()
    with right, errors_shown():
        try:
            config = form.form_config()
        except ConfigError as error:
            st.error(str(error), icon=":material/error:")
            return
        before_start.start_panel(config)
    with changed, errors_shown():
        changes_from_clone(config)


def follow_link() -> None:
    """Fill the form from the link, once; where it names nothing we have, say so, and leave the form as it is."""
    link = st.query_params
    wish: dict[str, Any] = {name: link[name] for name in ("clone", "preset", "data") if name in link}
    wish |= {"set": link.get_all("set")} if "set" in link else {}
    if wish and st.session_state.get(FROM_LINK) != wish:
        st.session_state[FROM_LINK], st.session_state[WRONG_LINK] = wish, ""
        try:
            fill_from_link(wish)
        except GanError as error:
            st.session_state[WRONG_LINK] = str(error)
    if wish and st.session_state[WRONG_LINK]:
        st.error(st.session_state[WRONG_LINK], icon=":material/link_off:")


def fill_from_link(wish: dict[str, Any]) -> None:
    """Fill the form as a link wishes; raises RunError, ConfigError or DataError where it names nothing we have."""
    if "clone" in wish:
        form.fill_form(find_run(wish["clone"]).config.flat())
    if "preset" in wish:
        starting_points.fill_from_preset(wish["preset"])
    if "data" in wish:
        config = catalogue.find_entry(wish["data"]).config
        form.fill_form(PRESETS[starting_points.OF_SET.get(config.name, "own-images")].config.flat())
        set_picker.choose_dataset(config)
    if "set" in wish:
        form.fill_form(options.replace_options(form.form_config(), parse_settings(wish["set"])).flat())


def changes_from_clone(config: RunConfig) -> None:
    """Where a clone's options come from, and which of them differ now."""
    if "clone" in st.query_params and not st.session_state[WRONG_LINK]:
        run = find_run(st.query_params["clone"])
        differences.changed_options(config, run.config, f"the run **{run_notes.run_title(run)}**")


def parse_settings(written: list[str]) -> dict[str, str]:
    """Options by path from texts such as `train.batch:8`; raises ConfigError for a text that is none."""
    found = {}
    for one in written:
        path, colon, value = one.partition(":")
        if not colon:
            raise ConfigError(f"The link sets {one!r}: it takes an option and its value, as in train.batch:8.")
        found[path] = value
    return found


with errors_shown():
    page()
