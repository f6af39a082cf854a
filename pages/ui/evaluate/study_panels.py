"""The augmentation study: verdict, plan, forest plot and tables. No torch."""

import streamlit as st

from gan.errors import RunError
from gan.evaluation.records import stored_studies
from gan.evaluation.records.study_results import Regime, StudyResult
from gan.evaluation.records.subgroup_results import left_out_sentence
from gan.evaluation.report import study_section, study_table, subgroup_section
from gan.evaluation.report.forest import forest_groups
from gan.evaluation.report.forest_plot import forest_plot
from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run
from pages.ui import fmt
from pages.ui.verdict import study_markdown


def study_or_none(run: Run, snapshot: int) -> StudyResult | None:
    """The study of a snapshot; None without one."""
    try:
        return stored_studies.load_study(run, snapshot)
    except RunError:
        return None


def study_verdict(study: StudyResult) -> None:
    """The headline: that of all real images, and the regimes with fewer where synthetic images help or harm."""
    st.markdown(study_markdown(study.verdict_kind, f"**{escape_markdown(study.verdict)}**"))


def study_panel(run: Run, snapshot: int) -> None:
    """The study of a snapshot; without one, how to get it."""
    study = study_or_none(run, snapshot)
    if study is None and stored_studies.is_outdated(run, snapshot):
        st.info(
            "The study of this snapshot was made by another version with other training sets. Start it again above.",
            icon=":material/history:",
        )
        return
    if study is None:
        others = [other.snapshot for other in stored_studies.list_studies(run)]
        st.caption(
            "No study of this snapshot yet. It trains the same classifier on real images alone, on repeated real "
            "images, and on real and synthetic ones, each without and with classical augmentation. The best way is "
            "chosen on validation images and tested once on held-out real images. Start it above."
        )
        for seen in others:
            st.caption(f"The snapshot after {fmt.images(seen)} has one.")
        return
    for regime in study.regimes:
        st.header(f"{fmt.images(regime.images)} to learn from ({regime.share:.0%})", anchor=False)
        st.markdown(study_markdown(regime.verdict_kind, escape_markdown(regime.verdict)))
        _regime(study, regime)
    for omitted in study.left:
        text = f"Not run on {omitted.share:.0%} of the real images: {omitted.arms}. {omitted.why}"
        st.caption(escape_markdown(text))
    for notice in study.notices:
        st.warning(escape_markdown(notice), icon=":material/info:")
    tested = f"{study.test['images']:,} real test images"
    grouped = f" of {study.test['groups']:,} patients or groups" if study.test["grouped"] else ""
    st.caption(
        f"{study.seeds} seeds, classifier {escape_markdown(study.classifier)}, tested on {tested}{grouped}; "
        f"{fmt.duration(60 * study.minutes)} of work. {study_section.READING}"
    )


def _regime(study: StudyResult, regime: Regime) -> None:
    """What was planned and confirmed, the forest plot and, folded, the other numbers."""
    for sentence in study_section.further_sentences(regime):
        st.markdown(escape_markdown(sentence))
    st.html(study_section.plan_box(study, regime))
    st.html(forest_plot(forest_groups(study, regime), study.metric(regime)))
    st.html(study_table.tested_table(study, regime))
    if regime.attributes:
        with st.expander(f"Each of the {len(regime.attributes)} attributes"):
            st.html(study_table.attributes_table(regime))
    _subgroups(study, regime)
    with st.expander("Other metrics on the test images"):
        st.html(study_table.metrics_table(study, regime))
    with st.expander(study_section.exploratory_title(study)):
        st.markdown(escape_markdown(regime.filtering.words))
        st.html(study_table.arms_table(study, regime))


def _subgroups(study: StudyResult, regime: Regime) -> None:
    """The comparison by sex, scanner and the like, where the set has such columns."""
    found = regime.subgroups
    if not (found.compared or found.left_out):
        return
    if found.words:
        st.markdown(escape_markdown(found.words))
    with st.expander("By subgroup of the test images (exploratory)"):
        st.html(subgroup_section.subgroup_table(study, regime))
        st.caption(escape_markdown(f"{subgroup_section.READING} {left_out_sentence(found)}"))


def keep_rate_finding(run: Run) -> str:
    """What the newest study of a run found about keep rates; "" without a study."""
    studies = stored_studies.list_studies(run)
    if not studies:
        return ""
    newest = studies[-1]
    verdict = newest.regimes[0].verdict.partition(":")[0].rstrip(".")
    return (
        f"{newest.regimes[0].filtering.words} (The study after {fmt.images(newest.snapshot)}; its verdict on adding "
        f"images: {verdict}.)"
    )
