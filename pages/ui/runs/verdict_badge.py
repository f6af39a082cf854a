"""The verdict on a run's images: a badge for cards and headings, and a banner where images leave."""

import streamlit as st

from gan.evaluation.job import Request
from gan.io.markdown_text import escape_markdown
from gan.monitoring.next_step import NextStep
from gan.monitoring.run_verdict import RunVerdict
from gan.runs.run import Run, find_run
from pages.ui import fmt, frame
from pages.ui.evaluate.job_progress import begin_evaluation
from pages.ui.runs import run_actions
from pages.ui.verdict import COLOURS, ICONS

BOXES = {"good": st.success, "caution": st.warning, "bad": st.error, "neutral": st.info}


def verdict_badge(verdict: RunVerdict) -> None:
    """The label of the verdict, coloured by its level; hovering shows the sentence and the parts."""
    with st.container(key=f"judged-{verdict.run}", width="content"):
        st.badge(
            verdict.label,
            icon=ICONS[verdict.level],
            color=COLOURS[verdict.level],  # type: ignore[arg-type]
            help=f"{escape_markdown(verdict.sentence)}\n\n{parts_text(verdict, separator=chr(10))}",
        )


def verdict_on_card(verdict: RunVerdict) -> None:
    """The badge and, where scores or a study stand behind it, its sentence."""
    verdict_badge(verdict)
    if verdict.part("scores").measured or verdict.part("study").measured:
        with st.container(key=f"verdict-{verdict.run}"):
            st.caption(escape_markdown(verdict.sentence))


def verdict_banner(verdict: RunVerdict, button: bool = True) -> None:
    """The verdict in a coloured box with its sentence and parts and, with `button`, the next step."""
    text = f"**{verdict.label}.** {escape_markdown(verdict.sentence)}"
    BOXES[verdict.level](text, icon=ICONS[verdict.level])
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="parts-of-verdict"):
        st.caption(parts_text(verdict, separator=" · "), width="stretch")
        if button and verdict.next_step is not None:
            _step_button(verdict, verdict.next_step)


def parts_text(verdict: RunVerdict, separator: str) -> str:
    """The five parts in Markdown: `Scores: not measured`; a line feed as separator makes them a list."""
    start = "- " if separator == "\n" else ""
    return separator.join(f"{start}{part.name.capitalize()}: {escape_markdown(part.text)}" for part in verdict.parts)


def _step_button(verdict: RunVerdict, step: NextStep) -> None:
    run, label = find_run(verdict.run), step.label
    if step.advice:
        label = f"{label} with {run_actions.options_text(step.advice)}"
    label = fmt.timed(label, step.seconds)
    if step.kind in ("score", "membership"):
        kind = "scores" if step.kind == "score" else step.kind
        st.button(
            label, key="next step", type="primary", icon=":material/arrow_forward:",
            on_click=begin_evaluation, args=(run, Request(kind, verdict.snapshot)),
        )  # fmt: skip
    elif step.kind == "train on" and not step.advice:
        st.button(label, key="next step", icon=":material/play_arrow:", on_click=run_actions.resume, args=(run,))
    elif st.button(label, key="next step", icon=":material/arrow_forward:"):
        _open_step(run, verdict, step)


def _open_step(run: Run, verdict: RunVerdict, step: NextStep) -> None:
    """Open the form of the step: that of the study, or of a clone."""
    if step.kind == "study":
        st.switch_page(frame.EVALUATE, query_params={"run": run.name, "snapshot": str(verdict.snapshot)})
    changed = run_actions.options_query(step.advice)
    st.switch_page(frame.TRAIN, query_params={"clone": run.name, **({"set": changed} if changed else {})})
