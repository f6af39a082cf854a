"""The augmentation study: its verdict, the gain against the ratio, and every arm. No torch."""

import streamlit as st

from gan.errors import RunError
from gan.evaluation.records import study_results
from gan.evaluation.records.study_results import Regime, StudyResult
from gan.evaluation.report import study_table
from gan.runs.run import Run
from pages.ui import fmt
from pages.ui.components import live_chart
from pages.ui.evaluate import evaluation_charts

LOOKS = {
    "helps": ("green", ":material/trending_up:"),
    "none": ("blue", ":material/trending_flat:"),
    "unclear": ("orange", ":material/help:"),
    "harmful": ("red", ":material/trending_down:"),
}


def of(run: Run, snapshot: int) -> StudyResult | None:
    """The study of this snapshot; None where there is none."""
    try:
        return study_results.load_study(run, snapshot)
    except RunError:
        return None


def headline(study: StudyResult) -> None:
    """The verdict in its colour."""
    color, icon = LOOKS[study.verdict_kind]
    st.markdown(f":{color}[{icon}] **{study.verdict}**")


def panel(run: Run, snapshot: int) -> None:
    """The whole study of a snapshot; what to do where there is none."""
    study = of(run, snapshot)
    if study is None and study_results.is_outdated(run, snapshot):
        st.info(
            "The study of this snapshot was made by another version, which compared other training sets. Start it "
            "above to make it anew.",
            icon=":material/history:",
        )
        return
    if study is None:
        others = [one.snapshot for one in study_results.list_studies(run)]
        st.caption(
            "No study of this snapshot yet. It trains the same classifier on real images alone, on real images that "
            "are repeated, and on real with synthetic ones, each without and with classical augmentation, and tests "
            "them on real images that nothing has seen. Start it above."
        )
        for seen in others:
            st.caption(f"The snapshot after {fmt.images(seen)} has one.")
        return
    headline(study)
    for regime in study.regimes:
        if len(study.regimes) > 1:
            st.subheader(f"{fmt.images(sum(regime.real.values()))} to learn from ({regime.share:.0%})", anchor=False)
            if regime.verdict != study.verdict:
                st.markdown(regime.verdict)
        of_regime(run, study, regime)
    for left in study.left:
        st.caption(f"Not run on {left.share:.0%} of the real images: {left.arms}. {left.why}")
    for notice in study.notices:
        st.warning(notice, icon=":material/info:")
    tested = f"{study.test['images']:,} real test images"
    grouped = f" of {study.test['groups']:,} patients or groups" if study.test["grouped"] else ""
    st.caption(
        f"{study.seeds} seeds, classifier {study.classifier}, tested on {tested}{grouped}; "
        f"{fmt.duration(60 * study.minutes)} of work. A gain is over the best of real images alone, "
        "with classical augmentation, and with as many repeated real images (and, where classes are filled up, these "
        "with classical augmentation); its interval covers test groups and seeds together, corrected for the number of "
        "arms. Of the better images as many are added as of all."
    )


def of_regime(run: Run, study: StudyResult, regime: Regime) -> None:
    """Gain against ratio, what the keep rates did, and a row for each arm."""
    key = f"{run.name}-{study.snapshot}-{regime.share}"
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.markdown("**Gain in balanced accuracy by adding synthetic images** (above 0 is better)")
        live_chart.draw_chart(evaluation_charts.gain(regime, run.name), key=key)
    with right, st.container(border=True, height="stretch"):
        st.markdown("**Keeping only the better ones, against keeping all** (above 0 is better)")
        live_chart.draw_chart(evaluation_charts.keep_rates(regime, run.name), key=f"{key}-keep")
    st.markdown(regime.filtering.words)
    st.html(study_table.arms_table(regime, study.rarest))


def keep_rate_line(run: Run) -> str:
    """What the newest study of a run found about keep rates, for where one is chosen; "" where there is none."""
    studies = study_results.list_studies(run)
    if not studies:
        return ""
    newest = studies[-1]
    about_all = newest.regimes[0].verdict.partition(":")[0].rstrip(".")
    return (
        f"{newest.regimes[0].filtering.words} (The study after {fmt.images(newest.snapshot)}; its verdict on adding "
        f"images: {about_all}.)"
    )
