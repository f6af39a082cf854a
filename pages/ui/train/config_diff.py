"""What differs between the form and what it was filled from, option by option."""

from typing import Any

import streamlit as st

from gan.config import options
from gan.config.options import Option
from gan.config.run_config import RunConfig
from pages.ui import fmt


def changed_options(config: RunConfig, base: RunConfig, origin: str) -> None:
    """The options of `config` that differ from those of `origin`, as a list; or that none does."""
    found = options.differences(config, base)
    with st.container(border=True, key="changes", gap="xsmall"):
        if not found:
            st.markdown(f"All options are those of {origin}. Another seed shows how much of it was luck.")
            return
        st.markdown(f"Changed from {origin}:")
        st.markdown("\n".join(f"- {change_text(*one)}" for one in found))


def change_text(option: Option, before: Any, after: Any) -> str:
    """One change in words: `Batch size: 64 → **8** images`."""
    unit = f" {option.unit}" if option.unit else ""
    return f"{option.label}: {value_text(before)} → **{value_text(after)}**{unit}"


def value_text(one: Any) -> str:
    """A value as people read it."""
    if isinstance(one, bool):
        return "on" if one else "off"
    if isinstance(one, int | float):
        return f"{one:g}" if isinstance(one, float) else fmt.number(one)
    return fmt.escape_markdown(options.format_value(one)) or "none"
