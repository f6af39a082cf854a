"""Who may see a run or a set: a button that says it, with the choice for those who may change it."""

from collections.abc import Callable

import streamlit as st

from gan.access.identity import SYSTEM, Role, current
from gan.access.ownership import ALL, GROUP, PRIVATE
from gan.access.permissions import Action, Owned, decide
from gan.io.markdown_text import escape_markdown, escape_message
from pages.ui.frame import errors_noted

ICONS = {ALL: ":material/public:", PRIVATE: ":material/lock:"}


def sharing_control(target: Owned, key: str, share: Callable[[str], object]) -> None:
    """Owner and visibility; `share` gets another visibility. Nothing where nobody signs in."""
    who = current()
    if who is SYSTEM:
        return
    label = visibility_label(target.visibility)
    icon = ICONS.get(target.visibility, ":material/group:")
    with st.popover(label, icon=icon, type="tertiary", help="Who may see it."):
        st.caption(f"It belongs to {escape_markdown(target.owner or 'nobody')}. Stewards see everything.")
        decision = decide(Action.SHARE, target)
        if not decision:
            st.caption(escape_message(decision.reason))
            return
        groups = sorted(who.groups if who.role < Role.STEWARD else {*who.groups, target.visibility.removeprefix(GROUP)})
        choices = [PRIVATE, *(GROUP + group for group in groups if group not in ("", ALL, PRIVATE)), ALL]
        if target.visibility not in choices:
            choices.insert(1, target.visibility)
        st.session_state[f"sharing {key}"] = target.visibility
        st.radio(
            "Who may see it", choices, format_func=visibility_label, key=f"sharing {key}", on_change=_share,
            args=(f"sharing {key}", share),
        )  # fmt: skip


def visibility_label(visibility: str) -> str:
    """A visibility for people: `Private`, `Everyone here`, `Group retina`."""
    if visibility.startswith(GROUP):
        return f"Group {escape_markdown(visibility.removeprefix(GROUP))}"
    return {ALL: "Everyone here", PRIVATE: "Private"}[visibility]


def _share(key: str, share: Callable[[str], object]) -> None:
    with errors_noted():
        share(str(st.session_state[key]))
