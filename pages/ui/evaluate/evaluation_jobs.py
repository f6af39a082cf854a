"""The cards that start evaluations and show their progress."""

from collections.abc import Callable

import streamlit as st

from gan.access.permissions import Action
from gan.evaluation import job
from gan.evaluation.job import Request
from gan.runs.run import Run
from pages.ui import cache, fmt
from pages.ui.access.allowed import explained
from pages.ui.evaluate import head, study_form, study_panels
from pages.ui.evaluate.job_progress import begin_evaluation, progress_or_end
from pages.ui.frame import errors_shown

EVERY = 1.0


def job_cards(run: Run, snapshot: int) -> None:
    """The cards of scores and study, refreshed while an evaluation runs."""
    _live(_cards, run, snapshot)


def membership_card(run: Run, snapshot: int) -> None:
    """The card of the membership test, refreshed while an evaluation runs."""
    _live(_membership, run, snapshot)


def _live(draw: Callable[[Run, int], None], run: Run, snapshot: int) -> None:
    alive = _alive(run)
    st.fragment(_redraw, run_every=EVERY if alive else None)(draw, run, snapshot, alive)


def _redraw(draw: Callable[[Run, int], None], run: Run, snapshot: int, were_alive: list[str]) -> None:
    with errors_shown():
        if run.path.is_dir() and _alive(run) != were_alive:
            st.rerun()  # an evaluation began or ended
        draw(run, snapshot)


def _alive(run: Run) -> list[str]:
    states = {kind: job.job_state(run, kind) for kind in (*job.KINDS, "study-estimate")}
    return [kind for kind, state in states.items() if state is not None and state.alive]


def _cards(run: Run, snapshot: int) -> None:
    """What is done already is folded: its results stand below."""
    study_done = study_panels.study_or_none(run, snapshot) is not None and not _is_of_interest(run, "study")
    scores_done = head.result_or_none(run, snapshot) is not None and not _is_of_interest(run, "scores")
    if not scores_done:
        with st.container(border=True):
            _scores(run, snapshot)
    if not study_done:
        with st.container(border=True):
            study_form.study_card(run, snapshot)
    if scores_done or study_done:
        words = " or ".join(["score"] * scores_done + ["study"] * study_done)
        with st.expander(f"{words.capitalize()} again", icon=":material/replay:"):
            if scores_done:
                _scores(run, snapshot)
            if study_done:
                study_form.study_card(run, snapshot)


def _is_of_interest(run: Run, kind: str) -> bool:
    """Whether an evaluation of this kind runs, waits, or ended with a message."""
    state = job.job_state(run, kind)
    return state is not None and state.name != "finished"


def _scores(run: Run, snapshot: int) -> None:
    """Scores of the chosen snapshot, and of all snapshots."""
    st.markdown("**Scores**")
    st.caption(
        "Fidelity, diversity and privacy of the images, against real ones that the run has not seen. On the CPU."
    )
    if cache.evaluation_seconds(run) is None:
        st.caption("The first evaluation on this machine measures how long it takes.")
    if progress_or_end(run, "scores", "Scoring"):
        return
    missing = job.snapshots_to_score(run, Request("scores", every=True))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        label = "Score this snapshot" if snapshot in missing else "Score it again"
        st.button(
            fmt.timed(label, cache.evaluation_seconds(run)),
            type="primary" if snapshot in missing else "secondary",
            icon=":material/speed:",
            key="score one",
            on_click=begin_evaluation,
            args=(run, Request("scores", snapshot)),
            **explained(Action.EVALUATE, run),
        )
        if len(missing) > 1 or missing not in ([], [snapshot]):
            st.button(
                fmt.timed(f"Score {fmt.number(len(missing))} snapshots", cache.evaluation_seconds(run, len(missing))),
                icon=":material/timeline:",
                key="score all",
                on_click=begin_evaluation,
                args=(run, Request("scores", every=True)),
                **explained(
                    Action.EVALUATE,
                    run,
                    help="Those without scores: the curve over time shows which snapshot is best.",
                ),
            )


def _membership(run: Run, snapshot: int) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.caption("Membership test: do the images reveal who was in the training set?", width="stretch")
        if progress_or_end(run, "membership", "Membership test"):
            return
        st.button(
            fmt.timed("Start the membership test", cache.evaluation_seconds(run, kind="membership")),
            icon=":material/fingerprint:",
            key="start membership",
            on_click=begin_evaluation,
            args=(run, Request("membership", snapshot)),
            **explained(Action.EVALUATE, run),
        )
