"""The options of the form that differ from those it was filled with."""

from typing import Any

import streamlit as st

from gan.config import options
from gan.config.options import Option
from gan.config.run_config import RunConfig
from gan.io.markdown_text import escape_markdown


def changed_options(config: RunConfig, base: RunConfig, origin: str) -> None:
    """The options of `config` that differ from `base`, which `origin` names."""
    differences = options.differences(config, base)
    with st.container(border=True, key="changes", gap="xsmall"):
        if not differences:
            st.markdown(f"All options are those of {origin}. Another seed shows how much of it was luck.")
            return
        st.markdown(f"Changed from {origin}:")
        st.markdown("\n".join(f"- {change_text(*difference)}" for difference in differences))


def change_text(option: Option, before: Any, after: Any) -> str:
    """One change: `Batch size: 64 → **8** images`."""
    unit = f" {option.unit}" if option.unit else ""
    return f"{option.label}: {value_text(option, before)} → **{value_text(option, after)}**{unit}"


def value_text(option: Option, value: Any) -> str:
    """The value of an option as text."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return escape_markdown(options.readable_value(option, value)) or "none"
