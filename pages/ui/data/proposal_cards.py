"""The plausible readings of an upload as cards with counts and pictures; one is chosen by its button."""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from gan.data.ingest.checks.report import CheckReport
from gan.data.ingest.labels.reading import Proposal, Reading
from gan.errors import DataError
from gan.io.markdown_text import escape_markdown
from pages.ui import cache_images
from pages.ui.data.outcome_view import outcome_panel
from pages.ui.frame import error_text

FEW = 4
"""Cards that are drawn at once; the others follow on demand."""


def proposal_cards(report: CheckReport, folder: Path, choose: Callable[[Path, Reading], None]) -> None:
    """A card for each proposal; `choose` is called by its button."""
    st.header("How are these files to be read?", anchor=False)
    st.caption("Choose the way that is right. A wrong choice loses nothing: you can choose again.")
    shared = [doubt for doubt in report.proposals[0].doubts if all(doubt in other.doubts for other in report.proposals)]
    _doubts(shared)
    everything = st.session_state.get(_key(folder), False)
    shown = report.proposals if everything else report.proposals[:FEW]
    for first in range(0, len(shown), 2):
        for column, number in zip(st.columns(2, gap="medium"), range(first, min(first + 2, len(shown))), strict=False):
            with column, st.container(border=True, key=f"proposal-{number}"):
                own = [doubt for doubt in shown[number].doubts if doubt not in shared]
                _card(folder, number, shown[number], own, choose)
    if len(shown) < len(report.proposals):
        rest = len(report.proposals) - len(shown)
        st.button(f"Show {rest} more", key="more proposals", type="tertiary", on_click=_show_all, args=(folder,))


def _doubts(doubts: Sequence[str]) -> None:
    for doubt in doubts:
        st.caption(f":material/help: {escape_markdown(doubt)}")


def _card(
    folder: Path, number: int, proposal: Proposal, doubts: Sequence[str], choose: Callable[[Path, Reading], None]
) -> None:
    st.markdown(f"**{escape_markdown(proposal.title)}**")
    _doubts(doubts)
    try:
        outcome = cache_images.reading_outcome(folder, proposal.reading)
    except DataError as error:
        st.error(error_text(error))
        return
    outcome_panel(folder, proposal.reading, outcome)
    st.button(
        "Read it this way", key=f"read so {number}", type="primary" if number == 0 else "secondary",
        icon=":material/check:", on_click=choose, args=(folder, proposal.reading),
    )  # fmt: skip


def _key(folder: Path) -> str:
    return f"all proposals {folder.name}"


def _show_all(folder: Path) -> None:
    st.session_state[_key(folder)] = True
