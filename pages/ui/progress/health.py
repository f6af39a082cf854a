"""What a run's numbers say of it, in words, at the top of its page, with a link to a clone that does better."""

import streamlit as st

from gan import jobs
from gan.monitoring.curve_rules import Finding
from gan.monitoring.diagnosis import warning_onsets
from gan.monitoring.observations import Observations, observations_from_run
from gan.runs.metrics_table import MetricsTable
from gan.runs.run import Run
from pages.ui import cache, frame
from pages.ui.runs import run_actions, run_header

SIGNS = {
    "good": (":green", ":material/check_circle:"),
    "neutral": (":gray", ":material/balance:"),
    "wait": (":gray", ":material/hourglass_empty:"),
    "warning": (":orange", ":material/warning:"),
    "error": (":red", ":material/error:"),
}


def observe(run: Run, state: jobs.State, rows: MetricsTable) -> Observations | None:
    """What is known of the run; None where its config cannot be read."""
    if run_header.config_error(run) is not None:
        return None
    return observations_from_run(
        run, rows, state, real_diversity=cache.real_diversity(run), subclass_separation=cache.subclass_separation(run)
    )


def diagnosis_panel(run: Run, found: list[Finding], state: jobs.State) -> None:
    """The health line, what it means, what to do, and a link to the clone; then what else was found.

    The cause of a run's end is shown already and is not said twice; nor is a run that broke down called well.
    """
    broken = state.name in ("failed", "lost")
    shown = [
        finding
        for finding in found
        if (not state.kind or finding.key != state.kind)
        and not (broken and finding.level in ("good", "neutral", "wait"))
    ]
    if not shown:
        return
    with st.container(border=True, key="health"):
        finding_line(run, shown[0])
        for finding in shown[1:]:
            st.divider()
            finding_line(run, finding)


def finding_line(run: Run, finding: Finding) -> None:
    """One finding."""
    colour, icon = SIGNS[finding.level]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch", gap="xsmall", key=f"words-finding-{finding.key}"):
            with st.container(key=f"headline-{finding.key}"):
                st.markdown(f"{colour}[{icon} **{finding.headline}**]")
            st.markdown(finding.meaning)
            if finding.basis == "rule of thumb" and finding.level == "warning":
                st.caption("By a rule of thumb, set on recorded runs: look at the samples before you act on it.")
            if finding.do:
                st.markdown(f"**What to do.** {finding.do}")
        with st.container(width="content", gap="xsmall"):
            if finding.advice:
                query = {"clone": run.name, "set": run_actions.options_query(finding.advice)}
                label = f"Clone with {run_actions.options_text(finding.advice)}"
                st.page_link(frame.TRAIN, label=label, icon=":material/content_copy:", query_params=query)
            if finding.seen_in:
                about = {"about": finding.seen_in}
                st.page_link(frame.EXPLANATIONS, label="How to read this", icon=":material/school:", query_params=about)


def warning_markers(known: Observations, found: list[Finding]) -> dict[str, int]:
    """The headlines of the warnings that hold, and since how many images seen."""
    headlines = {finding.key: finding.headline for finding in found}
    return {headlines[key]: seen for key, seen in warning_onsets(known, found).items()}
