"""The diagnosis of a run from its metrics, with a link to a clone whose options are corrected."""

import streamlit as st

from gan import jobs
from gan.monitoring.curve_rules import Finding
from gan.monitoring.diagnosis import diagnose, warning_onsets
from gan.monitoring.observations import observations_from_run
from gan.monitoring.verdict_parts import USELESS
from gan.runs.metrics_table import MetricsTable
from gan.runs.run import Run
from pages.ui import cache, frame
from pages.ui.runs import run_actions

SIGNS = {
    "good": (":green", ":material/check_circle:"),
    "neutral": (":gray", ":material/balance:"),
    "wait": (":gray", ":material/hourglass_empty:"),
    "warning": (":orange", ":material/warning:"),
    "error": (":red", ":material/error:"),
}


def diagnosis_panel(run: Run, state: jobs.State, rows: MetricsTable) -> dict[str, int]:
    """Draw the run's findings; gives the headlines of the warnings with the images seen at their onset.

    Draws nothing for a run whose config cannot be read. The cause of a run's end is not repeated, and a run that failed
    gets no good finding.
    """
    if run.config_problem:
        return {}
    observations = observations_from_run(
        run, rows, state, real_diversity=cache.real_diversity(run), subclass_separation=cache.subclass_separation(run)
    )
    findings = diagnose(observations)
    failed = state.is_problem
    visible = [
        finding
        for finding in findings
        if (not state.kind or finding.key != state.kind)
        and not (failed and finding.level in ("good", "neutral", "wait"))
    ]
    if visible:
        with st.container(border=True, key="health"):
            finding_line(run, visible[0])
            for finding in visible[1:]:
                st.divider()
                finding_line(run, finding)
    headlines = {finding.key: finding.headline for finding in findings}
    return {headlines[key]: seen for key, seen in warning_onsets(observations, findings).items()}


def finding_line(run: Run, finding: Finding) -> None:
    """One finding: headline, meaning, what to do, and links to a corrected clone and to the explanation."""
    colour, icon = SIGNS["error" if finding.key in USELESS else finding.level]  # as in the verdict
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
