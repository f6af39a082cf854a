"""Each chart in recorded runs, good and bad, with the diagnosis that a run's own page would give; scores and study."""

from collections.abc import Mapping

import streamlit as st

from gan.config import glossary
from gan.monitoring import equilibrium, reference_curves
from gan.monitoring.diagnosis import diagnose
from gan.monitoring.reference_curves import Recording
from pages.ui.compare.curves import column_pairs
from pages.ui.components import live_chart
from pages.ui.explanations import evaluation_texts
from pages.ui.explanations.evaluation_texts import ChartText
from pages.ui.progress import chart_texts, curves, health

TITLES = {
    "losses": "Losses",
    "answers": "D’s answers",
    "held-out": "Learning by heart",
    "samples": "Samples",
    "speed": "Speed",
    "scores": "Scores",
    "copies": "Copies",
    "study": "The study",
}
SHOWN: Mapping[str, tuple[str, ...]] = {
    "losses": ("good-mnist", "good-xray", "oscillating", "discriminator-wins", "not-a-number", "nothing-learnt"),
    "answers": ("good-mnist", "good-cells", "discriminator-wins", "generator-wins"),
    "held-out": ("good-ultrasound", "memorising"),
    "samples": ("good-digits", "one-image"),
    "speed": (),
    "scores": (),
    "copies": (),
    "study": (),
}


def chart_words(key: str) -> ChartText:
    """The explanation of a chart as on the Progress page, or of a part of the Evaluate page."""
    if key == "samples":
        return ChartText(chart_texts.SAMPLES, DIVERSITY_GOOD, (DIVERSITY_BAD,))
    if key in evaluation_texts.TEXTS:
        return evaluation_texts.TEXTS[key]
    group = curves.find_group(key)
    return ChartText(group.what, group.good, group.bad)


DIVERSITY_GOOD = (
    "The images under one name differ from each other about as much as real ones do: the curve below, which compares "
    "the two, ends above 70%."
)
DIVERSITY_BAD = (
    "They are nearly alike, as in the second run below: one image per class. Its losses and answers look healthy, and "
    "a classifier finds every image right; as training data they are one image many times over."
)


def lesson_tabs(about: str) -> None:
    """A tab for each chart and each part of an evaluation; that of `about` is open."""
    with st.container(key="lessons"):
        tabs = st.tabs(list(TITLES.values()), default=TITLES[about])
    for key, tab in zip(TITLES, tabs, strict=True):
        with tab:
            lesson(key)


def lesson(key: str) -> None:
    """One explanation, then the chart of recorded runs or the terms of an evaluation."""
    text = chart_words(key)
    st.markdown(text.what)
    st.markdown(f":green[**A good run.**] {text.good}")
    st.markdown(":orange[**Going wrong.**]\n\n" + "\n".join(f"- {sign}" for sign in text.bad))
    if key in evaluation_texts.TOPICS:
        terms_list(glossary.GLOSSARY[evaluation_texts.TOPICS[key]])
    for name, column in zip(SHOWN[key], column_pairs(len(SHOWN[key])), strict=True):
        with column, st.container(border=True):
            recording_card(key, reference_curves.load_recording(name))


def terms_list(terms: Mapping[str, str]) -> None:
    """Terms with their meanings."""
    st.markdown("\n".join(f"- **{term}.** {text}" for term, text in terms.items()))


def recording_card(key: str, recording: Recording) -> None:
    """One recording: chart, diagnosis, and how it was made."""
    finding = diagnose(recording.observations())[0]
    colour, icon = health.SIGNS[finding.level]
    st.markdown(f"**{recording.title}**")
    name = f"{recording.key}-{key}"
    live_chart.draw_chart(
        diversity_figure(recording, name) if key == "samples" else recording_figure(key, recording, name),
        key=f"lesson-{name}",
    )
    st.markdown(f"{colour}[{icon} {finding.headline}]")
    st.caption(f"{recording.setup}\n\n{finding.meaning}")


def recording_figure(key: str, recording: Recording, name: str) -> dict[str, object]:
    """The chart of a recording as on the run's page."""
    group = curves.find_group(key)
    return live_chart.curves_figure(
        recording.rows, group.lines, name=name, unit=group.unit,
        ideals=equilibrium.equilibrium_values(recording.observations().config.loss), smoothing=0.6, limits=group.limits,
    )  # fmt: skip


def diversity_figure(recording: Recording, name: str) -> dict[str, object]:
    """The diversity of samples within a condition, relative to that of real images."""
    rows = [
        {"seen": seen, "diversity": value / recording.real_diversity}
        for seen, value in sorted(recording.diversity.items())
    ]
    line = live_chart.Line("diversity", "Diversity within a class, relative to real images", "blue")
    figure = live_chart.curves_figure(
        rows, [line], name=name, unit="", ideals={"diversity": (1.0, "as real images")}, limits=(0.0, 1.25)
    )
    figure["layout"]["yaxis"] |= {"tickformat": ".0%"}
    return figure
