"""Multiple choice as cards with pictures, by click or key, all or none by a button: a component of our own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from gan.io.png import data_uri

SCRIPT = Path(__file__).with_name("choice_cards.js")
STYLE = Path(__file__).with_name("choice_cards.css")


@dataclass(frozen=True)
class Card:
    """One choice: name, a note such as a count, and a PNG or None."""

    name: str
    note: str
    picture: bytes | None


def choice_cards(
    choices: Sequence[Card],
    chosen: Sequence[str],
    took: Callable[[list[str]], None],
    *,
    key: str,
    label: str,
    about: str,
) -> None:
    """Draw the label, which tells what it is `about` when pointed at, All, None and the cards.

    `took` gets the chosen names, in order, before the page is rerun.
    """
    component = st.components.v2.component(
        "choice_cards", js=SCRIPT.read_text(), css=STYLE.read_text(), isolate_styles=False
    )
    data = {
        "label": label,
        "about": about,
        "chosen": list(chosen),
        "taken": st.session_state.get(_taken(key), 0),
        "cards": [{"name": card.name, "note": card.note, "picture": _source(card.picture)} for card in choices],
    }
    names = {card.name for card in choices}
    component(data=data, key=key, on_chosen_change=lambda: _take(key, names, took))


def _source(picture: bytes | None) -> str | None:
    return None if picture is None else data_uri(picture)


def _take(key: str, names: set[str], took: Callable[[list[str]], None]) -> None:
    choice = st.session_state[key].get("chosen")
    if choice:
        st.session_state[_taken(key)] = int(choice["number"])
        took([name for name in choice["chosen"] if name in names])


def _taken(key: str) -> str:
    return f"{key} taken"
