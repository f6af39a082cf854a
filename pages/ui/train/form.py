"""RunConfig as widgets: a walk over `gan.config.options.all_options()`, which holds every label, limit, unit and help.

The form adds no option of its own. The session keeps its values by option path, so that they outlast visits to other
pages.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from gan.config import options
from gan.config.options import Option
from gan.config.run_config import DataConfig, RunConfig
from gan.data import registry
from gan.data.image_set import UNLABELLED, ImageSet
from gan.data.set_access import check_set_use
from gan.data.sources import celeba
from gan.errors import ConfigError, UserError

VALUES = "form values"
CHOSEN_BY_SET = ("data.name", "data.flag", "data.path")  # the choice of a data set decides these: `set_picker.py`
NAMES = {"data.attributes": celeba.ATTRIBUTES}  # what an option that is a list of names can hold
OF_CLASSES = ("data.balance", "data.pseudo_labels", "model.subclasses")  # options for sets with classes
OF_UNLABELLED = ("data.pseudo_labels",)  # options for sets with unlabelled images
OF_PROJECTION = ("model.upsampling",)  # options of the family projection
SECTIONS = {
    "data": "Data",
    "model": "Networks",
    "loss": "Loss",
    "optim": "Optimiser",
    "train": "Training",
    "job": "Computer",
}


def fill_form(values: Mapping[str, Any]) -> None:
    """Set values of the form by option path, before the widgets are drawn or in a callback."""
    kept = st.session_state.setdefault(VALUES, {option.path: option.default for option in options.all_options()})
    for path, value in values.items():
        kept[path] = value
        st.session_state[_key(path)] = _as_widget(value)


def form_value(path: str) -> Any:
    """The value of one option in the form."""
    return st.session_state[VALUES][path]


def form_config() -> RunConfig:
    """The RunConfig of the form; raises ConfigError, also for data that the visitor may not use.

    Options that do not apply to the data set have their defaults.
    """
    values: dict[str, Any] = st.session_state[VALUES]
    images = _chosen_images()
    config = options.build_config(
        {o.path: values[o.path] if _applies(o, images) else o.default for o in options.all_options()}
    )
    try:
        check_set_use(config.data)
    except UserError as error:
        raise ConfigError(str(error)) from None
    return config


def common_fields(columns: int = 2) -> None:
    """The widgets of the main options."""
    _fields([o for o in _shown() if not o.advanced], columns)


def advanced_fields(columns: int = 2) -> None:
    """The widgets of the advanced options, by section."""
    rest = [option for option in _shown() if option.advanced]
    for section, title in SECTIONS.items():
        fields = [option for option in rest if option.section == section]
        if fields:
            st.caption(title)
            _fields(fields, columns)


def _shown() -> list[Option]:
    """The options that apply to the chosen data set and leave a choice."""
    images = _chosen_images()
    return [
        option
        for option in options.all_options()
        if _applies(option, images) and option.path not in CHOSEN_BY_SET and len(option.choices) != 1
    ]


def _applies(option: Option, images: ImageSet | None) -> bool:
    """Whether an option has an effect for the family and data set, whose images are None before they are read."""
    family = st.session_state.get(_key("model.family"), form_value("model.family"))  # the widget is ahead of the form
    if option.path in OF_PROJECTION and family != "projection":
        return False
    if option.path in OF_UNLABELLED and not _unlabelled(images):
        return False
    if option.path in OF_CLASSES and images is not None and images.kind == "attributes":
        return False
    return option.applies(form_value("data.name"))


def _unlabelled(images: ImageSet | None) -> int:
    return 0 if images is None else len(images.rows(UNLABELLED))


def _chosen_images() -> ImageSet | None:
    """The chosen set; None before it is read, and where the visitor may not use it."""
    chosen = {name: form_value(f"data.{name}") for name in ("name", "flag", "medmnist_size", "path", "image_size")}
    config = DataConfig.model_validate(chosen)
    try:
        check_set_use(config)
        return registry.cached_at_any_size(config)
    except UserError:  # what is wrong with the set is said where it is chosen
        return None


def _fields(fields: list[Option], columns: int) -> None:
    for start in range(0, len(fields), columns):
        for column, option in zip(st.columns(columns), fields[start : start + columns], strict=False):
            with column:
                option_field(option)


def option_field(option: Option) -> None:
    """The widget of one option, which updates the form's value."""
    key = _key(option.path)
    kept = st.session_state[VALUES]
    if key not in st.session_state:  # Streamlit drops a widget's value while another page is shown
        st.session_state[key] = _as_widget(kept[option.path])
    unit = f"{_unlabelled(_chosen_images()):,}" if option.path in OF_UNLABELLED else option.unit
    label = f"{option.label} ({unit})" if unit else option.label
    if option.choices:
        kept[option.path] = st.selectbox(label, option.choices, key=key, help=option.help)
    elif option.path in NAMES:
        kept[option.path] = tuple(
            st.multiselect(label, NAMES[option.path], key=key, help=option.help, placeholder="all")
        )
    elif option.value_type is bool:
        kept[option.path] = st.toggle(label, key=key, help=option.help)
    elif option.value_type in (int, float):
        kept[option.path] = _number(option, label, key)
    else:
        kept[option.path] = st.text_input(label, key=key, help=f"{option.help} Takes {option.takes}.")


def _number(option: Option, label: str, key: str) -> Any:
    kind = option.value_type
    assert option.minimum is not None, "every number has limits"
    assert option.maximum is not None, "every number has limits"
    current = st.session_state[key]
    step: float = option.multiple_of or 1
    if kind is float:
        step = _step(float(current))
    written = st.number_input(
        label,
        kind(option.minimum),
        kind(option.maximum),
        step=kind(step),
        format="%d" if kind is int else "%.6g",
        key=key,
        help=f"{option.help} Takes {option.takes}.",
    )
    return kind(written) if written is not None else current


def _step(value: float) -> float:
    """A power of ten of about a tenth of the value, as the step of + and -."""
    step = 1.0
    while step > max(abs(value), 1e-6) / 5:
        step /= 10
    return step


def _key(path: str) -> str:
    return f"option {path}"


def _as_widget(value: Any) -> Any:
    """The value as its widget takes it: a tuple as a list."""
    return list(value) if isinstance(value, tuple) else value
