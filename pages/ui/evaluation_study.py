"""The augmentation study: its verdict, the gain against the ratio, and every arm. No torch.

Read next: `gan/evaluation/study_results.py`.
"""

from typing import Any

import streamlit as st

from gan.errors import RunError
from gan.evaluation import study_results
from gan.evaluation.study_results import Arm, Measured, Regime, StudyResult
from gan.runs import Run
from pages.ui import charts, evaluation_charts, words

LOOKS = {
    "helps": ("green", ":material/trending_up:"),
    "none": ("blue", ":material/trending_flat:"),
    "unclear": ("orange", ":material/help:"),
    "harmful": ("red", ":material/trending_down:"),
}


def of(run: Run, snapshot: int) -> StudyResult | None:
    """The study of this snapshot; None where there is none."""
    try:
        return study_results.load(run, snapshot)
    except RunError:
        return None


def headline(study: StudyResult) -> None:
    """The verdict in its colour."""
    color, icon = LOOKS[study.verdict_kind]
    st.markdown(f":{color}[{icon}] **{study.verdict}**")


def panel(run: Run, snapshot: int) -> None:
    """The whole study of a snapshot; what to do where there is none."""
    study = of(run, snapshot)
    if study is None:
        others = [one.snapshot for one in study_results.listing(run)]
        st.caption(
            "No study of this snapshot yet. It trains the same classifier on real images alone, on real images that "
            "are repeated, and on real with synthetic ones, and tests each on real images that nothing has seen. Start "
            "it above."
        )
        for seen in others:
            st.caption(f"The snapshot after {words.images(seen)} has one.")
        return
    headline(study)
    for regime in study.regimes:
        if len(study.regimes) > 1:
            st.subheader(f"{words.images(sum(regime.real.values()))} to learn from ({regime.share:.0%})", anchor=False)
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
        f"{words.duration(60 * study.minutes)} of work. A gain is over the best of real images alone, "
        "with classical augmentation, and with as many repeated real images; its interval covers test groups and seeds "
        "together, corrected for the number of arms."
    )


def of_regime(run: Run, study: StudyResult, regime: Regime) -> None:
    """Gain against ratio, and a row for each arm."""
    if any(arm.gain is not None and arm.kind == "synthetic" for arm in regime.arms):
        with st.container(border=True):
            st.markdown("**Gain in balanced accuracy by adding synthetic images** (above 0 is better)")
            charts.draw(evaluation_charts.gain(regime, run.name), key=f"{run.name}-{study.snapshot}-{regime.share}")
    st.dataframe([_row(arm, study.rarest) for arm in regime.arms], hide_index=True, height="content")
    if regime.filter is not None:
        st.caption(regime.filter["words"])


def _row(arm: Arm, rarest: str) -> dict[str, Any]:
    gain = arm.gain
    return {
        "Training set": arm.words,
        "Added": sum(arm.added.values()),
        "Balanced accuracy": _percent(arm.balanced),
        "Gain (corrected 95 %)": (
            f"{100 * gain.value:+.1f} ({100 * gain.corrected_low:+.1f} to {100 * gain.corrected_high:+.1f})"
            if gain
            else ""
        ),
        "AUROC": f"{arm.auroc.mean:.3f}",
        f"Sensitivity, {rarest}": _percent(arm.sensitivity[rarest]),
        f"Specificity, {rarest}": _percent(arm.specificity[rarest]),
        f"F1, {rarest}": f"{arm.rarest_f1.mean:.3f}",
    }


def _percent(measured: Measured) -> str:
    return f"{measured.mean:.1%} ({measured.low:.1%} to {measured.high:.1%})"
