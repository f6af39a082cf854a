"""The choice of conditions: classes with a count each, or attributes. Gives the items of an export request."""

import streamlit as st

from gan.data.info import DatasetInfo
from gan.runs.run import Run
from gan.sampling.conditions import Condition
from pages.ui import cache, fmt
from pages.ui.components import choice_cards
from pages.ui.components.choice_cards import Card
from pages.ui.gallery import attribute_picker

CHOSEN_AT_FIRST = 12  # classes, at most


def condition_picker(run: Run, info: DatasetInfo) -> tuple[tuple[str, int], ...]:
    """Conditions as text, and the number of images of each."""
    if info.kind == "class":
        return _classes(run, info)
    return attribute_picker.attribute_items(run, info)


def _classes(run: Run, info: DatasetInfo) -> tuple[tuple[str, int], ...]:
    """Classes with one count for all or a count each."""
    chosen = _class_cards(run, info)
    each = st.number_input("Images of each", 1, 10_000, 8, key="each", persist_state="session")
    counts = {name: int(each) for name in info.names if name in chosen}
    if len(counts) > 1 and st.toggle("A count for each class", key="own counts", persist_state="session"):
        columns = st.columns(2)
        for number, name in enumerate(counts):
            with columns[number % 2]:
                count = st.number_input(
                    name, 0, 10_000, int(each), key=f"count {run.name} {name}", persist_state="session"
                )
                counts[name] = int(count)
    texts = {name: Condition.of_class(position).text(info) for position, name in enumerate(info.names)}
    return tuple((texts[name], count) for name, count in counts.items() if count)


def _class_cards(run: Run, info: DatasetInfo) -> list[str]:
    """A card for each class with real images and their number; gives the chosen classes."""
    key = f"classes {run.name}"
    chosen: list[str] = st.session_state.setdefault(key, list(info.names[:CHOSEN_AT_FIRST]))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("Classes", help="The pictures are real training images.", width="stretch")
        st.button("All", on_click=_choose, args=(key, list(info.names)), type="tertiary", key="all classes")
        st.button("None", on_click=_choose, args=(key, []), type="tertiary", key="no classes")
    pictures = cache.condition_examples(run) or [None] * len(info.names)
    counts = info.conditions.sum(axis=0, dtype=int).tolist()
    choices = [
        Card(name, f"{fmt.number(count)} real", picture)
        for name, count, picture in zip(info.names, counts, pictures, strict=True)
    ]
    choice_cards.choice_cards(
        choices, chosen, lambda names: _choose(key, names), key=f"class cards {run.name}", label="Classes"
    )
    return chosen


def _choose(key: str, names: list[str]) -> None:
    st.session_state[key] = names
