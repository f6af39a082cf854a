"""The choice of conditions: classes by their pictures, or combinations of attributes."""

from collections.abc import Sequence

import streamlit as st

from gan.data.info import DatasetInfo
from gan.runs.run import Run
from gan.sampling.conditions import Condition
from pages.ui import cache_images, fmt
from pages.ui.components import choice_cards
from pages.ui.components.choice_cards import Card
from pages.ui.gallery import attribute_picker

CHOSEN_AT_FIRST = 12  # classes, at most


def condition_picker(run: Run, info: DatasetInfo) -> list[str]:
    """The chosen conditions as text, classes in the order of the data set."""
    if info.kind != "class":
        return attribute_picker.chosen_combinations(run, info)
    chosen = _class_cards(run, info)
    return [Condition.of_class(position).text(info) for position, name in enumerate(info.names) if name in chosen]


def chosen_at_first(info: DatasetInfo) -> list[str]:
    """The classes of a visitor who has not chosen, as conditions."""
    return [Condition.of_class(position).text(info) for position in range(min(len(info.names), CHOSEN_AT_FIRST))]


def choose_classes(run: Run, info: DatasetInfo, conditions: Sequence[Condition]) -> None:
    """Choose these classes; any class for the condition that leaves it open."""
    everything = any(not condition.fixed for condition in conditions)
    names = [info.names[condition.fixed[0][0]] for condition in conditions if condition.fixed]
    _choose(_key(run), list(info.names) if everything else names)


def _class_cards(run: Run, info: DatasetInfo) -> list[str]:
    """A card for each class with real images and their number; gives the chosen classes."""
    key = _key(run)
    chosen: list[str] = st.session_state.setdefault(key, list(info.names[:CHOSEN_AT_FIRST]))
    pictures = cache_images.condition_examples(run) or [None] * len(info.names)
    counts = info.conditions.sum(axis=0, dtype=int).tolist()
    choices = [
        Card(name, f"{fmt.number(count)} real", picture)
        for name, count, picture in zip(info.names, counts, pictures, strict=True)
    ]
    choice_cards.choice_cards(
        choices, chosen, lambda names: _choose(key, names), key=f"class cards {run.name}", label="Classes",
        about="The pictures are real training images.",
    )  # fmt: skip
    return chosen


def _choose(key: str, names: list[str]) -> None:
    st.session_state[key] = names


def _key(run: Run) -> str:
    return f"classes {run.name}"
