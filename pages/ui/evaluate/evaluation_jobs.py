"""Starting evaluations and watching them: what each finds out, how long it takes, its progress, Stop."""

from collections.abc import Callable

import streamlit as st

from gan import jobs
from gan.evaluation import job, study_estimate
from gan.evaluation.job import Request
from gan.evaluation.study.study_options import SHARES, StudyOptions
from gan.runs.run import Run
from pages.ui import background, fmt
from pages.ui.evaluate import study_panels
from pages.ui.frame import errors_noted, errors_shown

EVERY = 1.0


def panel(run: Run, snapshot: int) -> None:
    """A card for the scores and one for the study; live while an evaluation is at work."""
    _live(_cards, run, snapshot)


def membership(run: Run, snapshot: int) -> None:
    """The card of the membership test, for where its result stands; live like the others."""
    _live(_membership, run, snapshot)


def _live(draw: Callable[[Run, int], None], run: Run, snapshot: int) -> None:
    alive = _alive(run)
    st.fragment(_drawn, run_every=EVERY if alive else None)(draw, run, snapshot, alive)


def _drawn(draw: Callable[[Run, int], None], run: Run, snapshot: int, were_alive: list[str]) -> None:
    with errors_shown():
        if run.path.is_dir() and _alive(run) != were_alive:
            st.rerun()  # one began or ended: there are new results, or other buttons
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
    """Scores of the chosen snapshot, and of all."""
    st.markdown("**Scores**")
    st.caption("How right, varied and new the images are, against real ones that the run has not seen. On the CPU.")
    if job.estimated_seconds(run) is None:
        st.caption("How long it takes here is known after the first.")
    if _at_work(run, "scores", "Scoring"):
        return
    missing = job.snapshots_to_score(run, Request("scores", every=True))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        label = "Score this snapshot" if snapshot in missing else "Score it again"
        st.button(
            f"{label}{_about(job.estimated_seconds(run))}",
            type="primary" if snapshot in missing else "secondary",
            icon=":material/speed:",
            key="score one",
            on_click=begin,
            args=(run, Request("scores", snapshot)),
        )
        if len(missing) > 1 or missing not in ([], [snapshot]):
            st.button(
                f"Score {fmt.number(len(missing))} snapshots{_about(job.estimated_seconds(run, len(missing)))}",
                icon=":material/timeline:",
                key="score all",
                help="Those that have no scores yet: the curve over time shows which snapshot is best.",
                on_click=begin,
                args=(run, Request("scores", every=True)),
            )


def _membership(run: Run, snapshot: int) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.caption("Membership test: do the images betray who was in the training set?", width="stretch")
        if _at_work(run, "membership", "Membership test"):
            return
        st.button(
            "Test whether training images can be told",
            icon=":material/fingerprint:",
            key="start membership",
            on_click=begin,
            args=(run, Request("membership", snapshot)),
        )


def _study(run: Run, snapshot: int) -> None:
    """The study of the chosen snapshot, with what decides how long it takes."""
    st.markdown("**Augmentation study**")
    st.caption(
        "Does a classifier get better on real patients when these images join its training set? With controls, seeds "
        "and intervals, on test images that nothing has seen. It waits for the run's device."
    )
    if run.info().kind != "class":
        st.caption("A study takes a set of classes: this run has attributes.")
        return
    if _at_work(run, "study", "Study"):
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.number_input("Seeds", 2, 20, 5, key="study seeds", width=130, help="Fewer are faster and say less.")
        st.toggle(
            "Also with fewer real images",
            value=True,
            key="study low data",
            help="The same on 25% and 10% of the real images, each with a generator trained on those alone.",
        )
    _how_long(run, snapshot)
    st.button(
        "Start the study",
        type="primary" if study_panels.of(run, snapshot) is None else "secondary",
        icon=":material/science:",
        key="start study",
        on_click=_begin_chosen,
        args=(run, snapshot, "study"),
    )


def _how_long(run: Run, snapshot: int) -> None:
    """How long the study as chosen takes, by some steps that a task times here: asked for, since it takes seconds."""
    lines = study_estimate.cached_study_estimate(run, snapshot, _chosen())
    for line in lines or ():
        st.caption(line)
    if lines is None and not _at_work(run, "study-estimate", "Timing some steps"):
        st.button(
            "How long will it take?",
            icon=":material/timer:",
            key="estimate study",
            help="Times some steps of the study on this machine: a few seconds.",
            on_click=_begin_chosen,
            args=(run, snapshot, "study-estimate"),
        )


def _begin_chosen(run: Run, snapshot: int, kind: str) -> None:
    """Start with what the form holds now, which may be newer than what was drawn."""
    begin(run, Request(kind, snapshot, study=_chosen()))


def _chosen() -> StudyOptions:
    shares = SHARES if st.session_state["study low data"] else SHARES[:1]
    return StudyOptions(int(st.session_state["study seeds"]), shares)


def begin(run: Run, request: Request) -> None:
    """Start an evaluation in the background; for `on_click`, as `tasks.stop`."""
    with errors_noted():
        job.start_evaluation(run, request)


def _at_work(run: Run, kind: str, label: str) -> bool:
    """Show an evaluation that waits or works, with Stop; else how the last one ended, where that was not well."""
    state, folder = job.job_state(run, kind), job.job_folder(run, kind)
    if state is None:
        return False
    if state.alive:
        background.progress_bar(folder, label)
    elif state.name in ("failed", "lost"):
        st.error(state.cause or f"{label} ended without a word.", icon=":material/error:")
        last = jobs.log_tail(folder, 4)
        if last and state.kind in ("bug", "exit"):
            st.code(last, language=None, wrap_lines=True)
    elif state.name == "stopped":
        st.caption("Stopped. What was finished is kept; starting it again goes on.")
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


def _about(seconds: float | None) -> str:
    return f" (about {fmt.duration(seconds)})" if seconds is not None else ""
