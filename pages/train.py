"""Train: data set, starting point, options, problems, Start.

Links: `?preset=NAME` (or `auto`), `?data=SLUG` (a data set), `?clone=RUN` (the options of a run), each with any number
of `&set=train.batch:8`.
"""

from typing import Any

import streamlit as st

from gan.config import options
from gan.config.run_config import DataConfig, RunConfig
from gan.data import catalogue
from gan.errors import ConfigError, GanError
from gan.runs import parents
from gan.runs.run import find_run
from gan.training.estimate import Speed, estimate
from pages.ui import frame
from pages.ui.data import set_picker
from pages.ui.frame import error_text, errors_noted, errors_shown
from pages.ui.runs import run_notes
from pages.ui.train import before_start, config_diff, form, lengths, proposed_parent, starting_points

FROM_LINK = "form was filled from"
WRONG_LINK = "why the link was not followed"


def page() -> None:
    """Data set, starting points, form, and beside it everything about Start."""
    frame.page_title("Train", "Choose a starting point, change options, start. Training goes on without this page.")
    if form.VALUES not in st.session_state:
        starting_points.fill_from_preset("digits-quick")
    follow_link()
    set_picker.dataset_picker(choose_set)
    with errors_shown():
        starting_points.use_awaited_recipe()
    note, starts, changed = st.container(), st.container(), st.container()
    left, right = st.columns([3, 2], gap="large")
    with left:
        form.common_fields()
        with st.expander("Advanced", icon=":material/tune:"):
            form.advanced_fields()
    with note:
        set_picker.image_size_note()
    with starts, errors_shown():  # after the form, because each marks whether the form equals it
        starting_points.starting_point_cards()
    try:
        config = form.form_config()
    except ConfigError as error:
        right.error(error_text(error), icon=":material/error:")
        return
    estimated = estimate(config)  # once: it looks for a comparable run among all
    with starts, errors_shown():
        length_choice(config, estimated.speed)
    with right, errors_shown():
        before_start.start_panel(config, estimated)
    with changed, errors_shown():
        changes_from_clone(config)


def choose_set(data: DataConfig) -> None:
    """Choose another data set: it brings its own starting point, unless options were changed by hand; for callbacks."""
    with errors_noted():
        proposed_parent.take_back()
        if starting_points.is_untouched():
            starting_points.start_from_set(data)
        else:
            set_picker.choose_dataset(data)


def length_choice(config: RunConfig, speed: Speed | None) -> None:
    """The lengths to choose from, for images that have been read."""
    advised = starting_points.recommendation()
    if advised is not None:
        lengths.length_choice(config, advised.config, speed)


def follow_link() -> None:
    """Fill the form from the link, once a visit, so that later input stays. A wrong link leaves the form as it is."""
    link = st.query_params
    request: dict[str, Any] = {name: link[name] for name in ("clone", "preset", "data") if name in link}
    request |= {"set": link.get_all("set")} if "set" in link else {}
    followed = (frame.visit_number(), request)
    if not request:
        st.session_state.pop(FROM_LINK, None)
    elif st.session_state.get(FROM_LINK) != followed:
        st.session_state[FROM_LINK], st.session_state[WRONG_LINK] = followed, ""
        try:
            fill_from_link(request)
        except GanError as error:
            st.session_state[WRONG_LINK] = error_text(error)
    if request and st.session_state[WRONG_LINK]:
        st.error(st.session_state[WRONG_LINK], icon=":material/link_off:")


def fill_from_link(request: dict[str, Any]) -> None:
    """Fill the form from the parameters of a link; raises RunError, ConfigError or DataError."""
    if "clone" in request:
        form.fill_form(parents.visible_config(find_run(request["clone"])).flat())
    if "preset" in request:
        starting_points.fill_from_preset(request["preset"])
    if "data" in request:
        starting_points.start_from_set(catalogue.find_entry(request["data"]).config)
    if "set" in request:
        form.fill_form(options.replace_options(form.form_config(), parse_settings(request["set"])).flat())


def changes_from_clone(config: RunConfig) -> None:
    """For a clone, the options that differ from the original run."""
    if "clone" in st.query_params and not st.session_state[WRONG_LINK]:
        run = find_run(st.query_params["clone"])
        base = parents.visible_config(run)
        if base != run.config:
            st.caption("This run continues one that you cannot see. Its clone starts from scratch.")
        config_diff.changed_options(config, base, f"the run **{run_notes.run_title(run)}**")


def parse_settings(settings: list[str]) -> dict[str, str]:
    """Option values by path from texts such as `train.batch:8`; raises ConfigError."""
    values = {}
    for text in settings:
        path, colon, value = text.partition(":")
        if not colon:
            raise ConfigError(f"The link sets {text!r}: it takes an option and its value, as in train.batch:8.")
        values[path] = value
    return values


with errors_shown():
    page()
