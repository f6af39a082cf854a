"""The charts of the explanations: how each looks in a good run and in those that go wrong, from recorded real runs.

What the diagnosis says of each is what it would say on a run's own page.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from gan.monitoring import equilibrium, reference_curves
from gan.monitoring.diagnosis import diagnose
from gan.monitoring.reference_curves import Recording
from pages.ui.compare import overlays
from pages.ui.components import live_chart
from pages.ui.progress import chart_texts, curves, health

TITLES = {
    "losses": "Losses",
    "answers": "D’s answers",
    "held-out": "Learning by heart",
    "samples": "Samples",
    "speed": "Speed",
}
SHOWN: Mapping[str, tuple[str, ...]] = {
    "losses": ("good-mnist", "good-xray", "oscillating", "discriminator-wins", "not-a-number", "nothing-learnt"),
    "answers": ("good-mnist", "good-cells", "discriminator-wins", "generator-wins"),
    "held-out": ("good-ultrasound", "memorising"),
    "samples": ("good-digits", "one-image"),
    "speed": (),
}


@dataclass(frozen=True)
class Words:
    """What a reader should know of one chart."""

    what: str
    good: str
    bad: tuple[str, ...]


def chart_words(key: str) -> Words:
    """The words of a chart, as its card on the Progress page has them."""
    if key == "samples":
        return Words(chart_texts.SAMPLES, SPREAD_GOOD, (SPREAD_BAD,))
    group = curves.find_group(key)
    return Words(group.what, group.good, group.bad)


SPREAD_GOOD = (
    "The images under one name differ from each other about as much as real ones do: the curve below, which compares "
    "the two, ends above 70%."
)
SPREAD_BAD = (
    "They are nearly alike, as in the second run below: one image per class. Its losses and answers look healthy, and "
    "a classifier finds every image right; as training data they are one image many times over."
)


def lesson_tabs(about: str) -> None:
    """A tab for each chart, `about` open."""
    with st.container(key="lessons"):
        found = st.tabs(list(TITLES.values()), default=TITLES[about])
    for key, tab in zip(TITLES, found, strict=True):
        with tab:
            lesson(key)


def lesson(key: str) -> None:
    """The words of one chart, then it in recorded runs."""
    words = chart_words(key)
    st.markdown(words.what)
    st.markdown(f":green[**A good run.**] {words.good}")
    st.markdown(":orange[**Going wrong.**]\n\n" + "\n".join(f"- {sign}" for sign in words.bad))
    for name, column in zip(SHOWN[key], overlays.column_pairs(len(SHOWN[key])), strict=True):
        with column, st.container(border=True):
            recording_card(key, reference_curves.load_recording(name))


def recording_card(key: str, one: Recording) -> None:
    """One recording: its chart, how it was made, and what the diagnosis says of it."""
    finding = diagnose(one.observations())[0]
    colour, icon = health.SIGNS[finding.level]
    st.markdown(f"**{one.title}**")
    name = f"{one.key}-{key}"
    live_chart.draw_chart(
        diversity_figure(one, name) if key == "samples" else recording_figure(key, one, name), key=f"lesson-{name}"
    )
    st.markdown(f"{colour}[{icon} {finding.headline}]")
    st.caption(f"{one.setup} {finding.meaning}")


def recording_figure(key: str, one: Recording, name: str) -> dict[str, object]:
    """The chart of a recording as its page would have shown it."""
    group = curves.find_group(key)
    return live_chart.curves_figure(
        one.rows, group.lines, name=name, unit=group.unit,
        ideals=equilibrium.equilibrium_values(one.observations().config.loss), smoothing=0.6, limits=group.limits,
    )  # fmt: skip


def diversity_figure(one: Recording, name: str) -> dict[str, object]:
    """How much the samples of one condition differ, as a share of how much real images do."""
    rows = [{"seen": seen, "spread": value / one.real_diversity} for seen, value in sorted(one.diversity.items())]
    line = live_chart.Line("spread", "Spread within a class, of that of real images", "blue")
    figure = live_chart.curves_figure(
        rows, [line], name=name, unit="", ideals={"spread": (1.0, "as real images")}, limits=(0.0, 1.25)
    )
    figure["layout"]["yaxis"] |= {"tickformat": ".0%"}
    return figure
