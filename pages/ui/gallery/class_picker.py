"""What the gallery asks for: classes with a count each, or attributes that are on, off or any.

A class is shown by real images of it, where the run's data was read on this machine. The result is the items of an
export request: conditions as text, and how many of each.
"""

import streamlit as st

from gan.data.info import DatasetInfo
from gan.runs.run import Run
from gan.sampling.conditions import Condition
from pages.ui import cache, fmt
from pages.ui.components import choice_cards
from pages.ui.components.choice_cards import Card
from pages.ui.gallery import attribute_picker

ALL_AT_FIRST = 12  # with more classes than this, only the first ones are chosen at first


def picker(run: Run, info: DatasetInfo) -> tuple[tuple[str, int], ...]:
    """The conditions and how many images of each."""
    if info.kind == "class":
        return classes(run, info)
    return attribute_picker.attributes(run, info)


def classes(run: Run, info: DatasetInfo) -> tuple[tuple[str, int], ...]:
    """One, several or all classes, with one count or a count each."""
    chosen = class_cards(run, info)
    each = st.number_input("Images of each", 1, 10_000, 8, key="each", persist_state="session")
    counts = {name: int(each) for name in info.names if name in chosen}
    if len(counts) > 1 and st.toggle("A count for each class", key="own counts", persist_state="session"):
        columns = st.columns(2)
        for number, name in enumerate(counts):
            with columns[number % 2]:
                written = st.number_input(
                    name, 0, 10_000, int(each), key=f"count {run.name} {name}", persist_state="session"
                )
                counts[name] = int(written)
    texts = {name: Condition.of_class(position).text(info) for position, name in enumerate(info.names)}
    return tuple((texts[name], count) for name, count in counts.items() if count)


def class_cards(run: Run, info: DatasetInfo) -> list[str]:
    """A card for each class, with real images of it and how many there are; gives the classes that are chosen."""
    key = f"classes {run.name}"
    chosen: list[str] = st.session_state.setdefault(key, list(info.names[:ALL_AT_FIRST]))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("Classes", help="The pictures are real training images.", width="stretch")
        st.button("All", on_click=_choose, args=(key, list(info.names)), type="tertiary", key="all classes")
        st.button("None", on_click=_choose, args=(key, []), type="tertiary", key="no classes")
    shown = cache.condition_examples(run) or [None] * len(info.names)
    counts = info.conditions.sum(axis=0, dtype=int).tolist()
    choices = [
        Card(name, f"{fmt.number(count)} real", picture)
        for name, count, picture in zip(info.names, counts, shown, strict=True)
    ]
    choice_cards.choice_cards(
        choices, chosen, lambda names: _choose(key, names), key=f"class cards {run.name}", label="Classes"
    )
    return chosen


def _choose(key: str, names: list[str]) -> None:
    st.session_state[key] = names
