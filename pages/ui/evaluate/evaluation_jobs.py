"""The cards that start evaluations and show their progress."""

from collections.abc import Callable

import streamlit as st

from gan import jobs
from gan.evaluation import job, study_estimate
from gan.evaluation.job import Request
from gan.evaluation.study.study_options import PRIMARY_METRICS, SHARES, StudyOptions
from gan.runs.run import Run
from pages.ui import background, fmt
from pages.ui.evaluate import study_panels, test_set_fields
from pages.ui.frame import errors_noted, errors_shown

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
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        _scores(run, snapshot)
    with right, st.container(border=True, height="stretch"):
        _study(run, snapshot)


def _scores(run: Run, snapshot: int) -> None:
    """Scores of the chosen snapshot, and of all snapshots."""
    st.markdown("**Scores**")
    st.caption("Fidelity, variety and privacy of the images, against real ones that the run has not seen. On the CPU.")
    if job.estimated_seconds(run) is None:
        st.caption("The first evaluation on this machine measures how long it takes.")
    if _progress_or_end(run, "scores", "Scoring"):
        return
    missing = job.snapshots_to_score(run, Request("scores", every=True))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        label = "Score this snapshot" if snapshot in missing else "Score it again"
        st.button(
            f"{label}{_about_seconds(job.estimated_seconds(run))}",
            type="primary" if snapshot in missing else "secondary",
            icon=":material/speed:",
            key="score one",
            on_click=begin_evaluation,
            args=(run, Request("scores", snapshot)),
        )
        if len(missing) > 1 or missing not in ([], [snapshot]):
            st.button(
                f"Score {fmt.number(len(missing))} snapshots{_about_seconds(job.estimated_seconds(run, len(missing)))}",
                icon=":material/timeline:",
                key="score all",
                help="Those without scores: the curve over time shows which snapshot is best.",
                on_click=begin_evaluation,
                args=(run, Request("scores", every=True)),
            )


def _membership(run: Run, snapshot: int) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.caption("Membership test: do the images reveal who was in the training set?", width="stretch")
        if _progress_or_end(run, "membership", "Membership test"):
            return
        st.button(
            "Start the membership test",
            icon=":material/fingerprint:",
            key="start membership",
            on_click=begin_evaluation,
            args=(run, Request("membership", snapshot)),
        )


def _study(run: Run, snapshot: int) -> None:
    """The study of the chosen snapshot and its options."""
    st.markdown("**Augmentation study**")
    st.caption(
        "Does a classifier improve on real patients when these images join its training set? The best way is chosen on "
        "validation images and confirmed once on held-out test images. It waits for the run's device."
    )
    if _progress_or_end(run, "study", "Study"):
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.number_input("Seeds", 2, 20, 5, key="study seeds", width=130, help="Fewer are faster and less certain.")
        st.toggle(
            "Also with fewer real images",
            value=True,
            key="study low data",
            help="Repeats the study on 25% and 10% of the real images, each with a generator trained on those alone.",
        )
        st.selectbox(
            "Decided by",
            list(PRIMARY_METRICS),
            format_func=lambda key: PRIMARY_METRICS[key],
            key="study primary",
            width=190,
            help="AUROC and average precision do not depend on a threshold; average precision depends on how rare a "
            "class is. Balanced accuracy is at the threshold that is best on validation images. Of attributes each is "
            "a mean over these. All metrics are shown; this one decides.",
        )
        st.number_input(
            "Sensitivity at specificity, %", 50, 99, 90, 1, key="study specificity", width=190,
            help="The results also state the sensitivity for the rarest class or attribute where this share of the "
            "images without it is recognised as such. It decides nothing.",
        )  # fmt: skip
    if run.info().kind == "class":  # external sets are mapped class by class
        test_set_fields.test_set_fields(run)
    _how_long(run, snapshot)
    st.button(
        "Start the study",
        type="primary" if study_panels.study_or_none(run, snapshot) is None else "secondary",
        icon=":material/science:",
        key="start study",
        on_click=_begin_chosen,
        args=(run, snapshot, "study"),
    )


def _how_long(run: Run, snapshot: int) -> None:
    """The study's time, estimated by a task that runs some of its steps; a button starts it."""
    lines = study_estimate.cached_study_estimate(run, snapshot, _chosen())
    for line in lines or ():
        st.caption(line)
    if lines is None and not _progress_or_end(run, "study-estimate", "Timing some steps"):
        st.button(
            "How long will it take?",
            icon=":material/timer:",
            key="estimate study",
            help="Runs some steps of the study on this machine: a few seconds.",
            on_click=_begin_chosen,
            args=(run, snapshot, "study-estimate"),
        )


def _begin_chosen(run: Run, snapshot: int, kind: str) -> None:
    """Start with the current values of the form, which may be newer than the drawn page."""
    begin_evaluation(run, Request(kind, snapshot, study=_chosen()))


def _chosen() -> StudyOptions:
    shares = SHARES if st.session_state["study low data"] else SHARES[:1]
    primary = str(st.session_state["study primary"])
    specificity = int(st.session_state["study specificity"]) / 100
    test_set, class_map = test_set_fields.chosen_test_set()
    return StudyOptions(
        int(st.session_state["study seeds"]),
        shares,
        primary=primary,
        specificity=specificity,
        test_set=test_set,
        class_map=class_map,
    )


def begin_evaluation(run: Run, request: Request) -> None:
    """Start an evaluation in the background; for `on_click`."""
    with errors_noted():
        job.start_evaluation(run, request)


def _progress_or_end(run: Run, kind: str, label: str) -> bool:
    """Show progress and Stop, or how the last one ended where it did not finish; gives whether it runs."""
    state, folder = job.job_state(run, kind), job.job_folder(run, kind)
    if state is None:
        return False
    if state.alive:
        background.progress_bar(folder, label)
    elif state.is_problem:
        st.error(state.cause or f"{label} ended without an error message.", icon=":material/error:")
        last = jobs.log_tail(folder, 4)
        if last and state.kind in ("bug", "exit"):
            st.code(last, language=None, wrap_lines=True)
    elif state.name == "stopped":
        st.caption("Stopped. Starting it again continues.")
    if state.alive:
        st.button(
            "Cancel" if state.name == "queued" else "Stop",
            icon=":material/stop:",
            key=f"stop {kind}",
            disabled=state.name == "stopping",
            on_click=background.stop_job,
            args=(folder,),
        )
    return state.alive


def _about_seconds(seconds: float | None) -> str:
    return f" (about {fmt.duration(seconds)})" if seconds is not None else ""
