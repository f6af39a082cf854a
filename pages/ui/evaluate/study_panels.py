"""The augmentation study: verdict, gain by amount of synthetic images, keep rates and arms. No torch."""

import streamlit as st

from gan.errors import RunError
from gan.evaluation.records import study_results
from gan.evaluation.records.study_results import Regime, StudyResult
from gan.evaluation.records.subgroup_results import left_out_sentence
from gan.evaluation.report import external_section, study_section, study_table, subgroup_section
from gan.runs.run import Run
from pages.ui import fmt
from pages.ui.components import live_chart
from pages.ui.evaluate import evaluation_charts
from pages.ui.verdict import verdict_markdown


def study_or_none(run: Run, snapshot: int) -> StudyResult | None:
    """The study of a snapshot; None without one."""
    try:
        return study_results.load_study(run, snapshot)
    except RunError:
        return None


def study_verdict(study: StudyResult) -> None:
    st.markdown(verdict_markdown(study.verdict_kind, f"**{study.verdict}**"))


def study_panel(run: Run, snapshot: int) -> None:
    """The study of a snapshot; without one, how to get it."""
    study = study_or_none(run, snapshot)
    if study is None and study_results.is_outdated(run, snapshot):
        st.info(
            "The study of this snapshot was made by another version with other training sets. Start it again above.",
            icon=":material/history:",
        )
        return
    if study is None:
        others = [other.snapshot for other in study_results.list_studies(run)]
        st.caption(
            "No study of this snapshot yet. It trains the same classifier on real images alone, on repeated real "
            "images, and on real and synthetic ones, each without and with classical augmentation. The best way is "
            "chosen on validation images and tested once on held-out real images. Start it above."
        )
        for seen in others:
            st.caption(f"The snapshot after {fmt.images(seen)} has one.")
        return
    study_verdict(study)
    for regime in study.regimes:
        if len(study.regimes) > 1:
            st.subheader(f"{fmt.images(regime.images)} to learn from ({regime.share:.0%})", anchor=False)
            if regime.verdict != study.verdict:
                st.markdown(regime.verdict)
        _regime(run, study, regime)
    for omitted in study.left:
        st.caption(f"Not run on {omitted.share:.0%} of the real images: {omitted.arms}. {omitted.why}")
    for notice in study.notices:
        st.warning(notice, icon=":material/info:")
    tested = f"{study.test['images']:,} real test images"
    grouped = f" of {study.test['groups']:,} patients or groups" if study.test["grouped"] else ""
    st.caption(
        f"{study.seeds} seeds, classifier {study.classifier}, tested on {tested}{grouped}; "
        f"{fmt.duration(60 * study.minutes)} of work. {study_section.READING}"
    )


def _regime(run: Run, study: StudyResult, regime: Regime) -> None:
    """What was planned and confirmed, then all training sets, gains by amount and keep rates."""
    key = f"{run.name}-{study.snapshot}-{regime.share}"
    if regime.without_copies:
        st.markdown(study_section.without_copies_sentence(regime))
    st.caption(study_section.plan_sentence(study, regime))
    st.html(study_table.tested_table(study, regime))
    if regime.attributes:
        with st.expander(f"Each of the {len(regime.attributes)} attributes"):
            st.html(study_table.attributes_table(regime))
    if regime.external is not None:
        st.markdown(verdict_markdown(regime.external.verdict_kind, fmt.escape_markdown(regime.external.verdict)))
        st.html(external_section.external_table(study, regime))
    _subgroups(study, regime)
    left, right = st.columns([3, 2], gap="medium")
    metric = study.metric(regime)
    with left, st.container(border=True, height="stretch"):
        st.markdown(f"**Gain in {metric} from synthetic images** (above 0 is better)")
        live_chart.draw_chart(evaluation_charts.gain_figure(study, regime, run.name), key=key)
    with right, st.container(border=True, height="stretch"):
        st.markdown("**Keeping the best, compared with keeping all** (above 0 is better; exploratory)")
        live_chart.draw_chart(evaluation_charts.keep_rate_figure(study, regime, run.name), key=f"{key}-keep")
    st.markdown(regime.filtering.words)
    with st.expander(f"All training sets on {study.validation:,} validation images (exploratory)"):
        st.html(study_table.arms_table(study, regime))


def _subgroups(study: StudyResult, regime: Regime) -> None:
    """The comparison by sex, scanner and the like, where the set has such columns."""
    found = regime.subgroups
    if not (found.compared or found.left_out):
        return
    if found.words:
        st.markdown(fmt.escape_markdown(found.words))
    with st.expander("By subgroup of the test images (exploratory)"):
        st.html(subgroup_section.subgroup_table(study, regime))
        st.caption(fmt.escape_markdown(f"{subgroup_section.READING} {left_out_sentence(found)}"))


def keep_rate_finding(run: Run) -> str:
    """What the newest study of a run found about keep rates; "" without a study."""
    studies = study_results.list_studies(run)
    if not studies:
        return ""
    newest = studies[-1]
    verdict = newest.regimes[0].verdict.partition(":")[0].rstrip(".")
    return (
        f"{newest.regimes[0].filtering.words} (The study after {fmt.images(newest.snapshot)}; its verdict on adding "
        f"images: {verdict}.)"
    )
