"""The run that is proposed as a start, beside the recipe: one line with a checkbox, never ticked by itself."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from gan.config.run_config import RunConfig
from gan.data import registry
from gan.io.markdown_text import escape_line, escape_markdown
from gan.monitoring.parent_proposal import ParentProposal, propose_parent
from pages.ui import cache, fmt
from pages.ui.train import form

KEY = "start from the proposed run"
TAKEN = "proposed start that was taken"  # key of the session state: (options of the start, those of the recipe)
OPTIONS = ("train.start_from", "train.freeze_d", "model.width", "model.upsampling")
"""What a start from another run may change of the recipe."""


def find_proposal(recipe: RunConfig) -> ParentProposal | None:
    """The run to start the recipe from; None without one, and before the images have been read."""
    images = registry.cached_at_any_size(recipe.data)
    return None if images is None else propose_parent(recipe, images, cache.run_verdict)


def proposed_start(recipe: RunConfig, proposal: ParentProposal) -> None:
    """The proposal with its reason, and the checkbox that fills the form with it or takes it back."""
    st.session_state[KEY] = _is_in_form(proposal.options)
    st.checkbox(
        f"Start from **{escape_line(proposal.run.title)}** ({escape_line(proposal.set_title)}, "
        f"{fmt.images(proposal.images)})",
        key=KEY,
        on_change=_choose,
        args=(recipe, proposal),
    )
    st.caption(escape_markdown(proposal.reason))


def take_back() -> None:
    """Give the form the options of the recipe again where it has those of a proposed start: for another data set, the
    run was not proposed."""
    taken, recipe = st.session_state.pop(TAKEN, ({}, {}))
    if taken and _is_in_form(taken):
        form.fill_form(recipe)


def _choose(recipe: RunConfig, proposal: ParentProposal) -> None:
    flat = recipe.flat()
    of_recipe = {path: flat[path] for path in OPTIONS}
    if st.session_state[KEY]:
        st.session_state[TAKEN] = dict(proposal.options), of_recipe
        form.fill_form(proposal.options)
    else:
        form.fill_form(of_recipe)


def _is_in_form(values: Mapping[str, Any]) -> bool:
    return all(form.form_value(path) == value for path, value in values.items())
