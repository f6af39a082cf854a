"""The cards of a run's curves: chart, and the words that let a reader judge it without knowing GANs.

Read next: `explain.py` (the words), `charts.py` (the drawing).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from gan.ideals import IDEALS
from gan.runs import Run
from pages.ui import charts, run_header, words
from pages.ui.explain import GROUPS, Group


@dataclass(frozen=True)
class View:
    """How the reader wants the curves."""

    smoothing: float
    logarithmic: bool


def controls() -> View:
    """Smoothing and the axis of the losses, for all charts of the page."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        smoothing = st.slider(
            "Smoothing", 0.0, 0.99, 0.6, 0.01, key="smoothing", persist_state="session", width=260,
            help="How much of the past each point keeps. The measured curve stays faintly behind.",
        )  # fmt: skip
        logarithmic = st.toggle("Logarithmic losses", key="logarithmic", persist_state="session")
    return View(float(smoothing), logarithmic)


def card(run: Run, rows: Sequence[Mapping[str, Any]], group: Group, view: View) -> None:
    """One chart with what it is, how a good run looks and how a bad one does."""
    with st.container(border=True):
        st.subheader(group.title, anchor=False)
        if not rows:
            st.caption("No point yet: the first appears after a few seconds of training.")
        else:
            figure = charts.figure(
                rows,
                group.lines,
                name=f"{run.name}-{group.key}",
                unit=group.unit,
                ideals=ideals(run),
                smoothing=view.smoothing,
                logarithmic=view.logarithmic and group.may_be_logarithmic,
                limits=group.limits,
            )
            charts.draw(figure, key=f"{run.name}-{group.key}")
            if len(rows) > charts.POINTS:
                st.caption(f"Shown: the peaks of {words.number(len(rows))} points in {words.number(charts.POINTS)}.")
        explanation(group)


def ideals(run: Run) -> Mapping[str, tuple[float, str]]:
    """The ideal lines of the run's loss by metric; none where its config cannot be read."""
    return IDEALS[run.config.loss.name] if run_header.unreadable(run) is None else {}


def explanation(group: Group) -> None:
    """The words of one chart."""
    with st.container(key=f"words-{group.key}", gap="xsmall"):
        st.markdown(group.what)
        st.markdown(f":green[**A good run.**] {group.good}")
        st.markdown(":orange[**Going wrong.**]\n\n" + "\n".join(f"- {sign}" for sign in group.bad))


def card_of(run: Run, rows: Sequence[Mapping[str, Any]], key: str, view: View) -> None:
    """The card of the group of that key."""
    card(run, rows, next(group for group in GROUPS if group.key == key), view)
