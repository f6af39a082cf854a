"""Images as buttons in named rows: a click or Enter opens one, K keeps, R rejects, S saves it, arrows move to another.

A component of our own, because Streamlit has no picture that can be clicked or focused. The browser sends a list of
events, each handled once, in order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan.io.png import data_uri, encode_png
from pages.ui.tiles import TILE, shown_side

SCRIPT = Path(__file__).with_name("image_grid.js")
STYLE = Path(__file__).with_name("image_grid.css")


@dataclass(frozen=True)
class Tile:
    """One image (C, H, H) with its alternative text; `id` comes back with each event.

    The browser saves it as `file`, a PNG with this `text` as its metadata.
    """

    id: str
    image: NDArray[np.uint8]
    alt: str
    file: str
    text: Mapping[str, str]
    dropped: bool = False
    """Shown dimmed: the selection leaves it out."""


@dataclass(frozen=True)
class Row:
    """Tiles under one name, with a note such as a count; or `pictures` (n, C, H, H) that are only looked at.

    The alternative text of a picture is `alt` plus its number.
    """

    name: str
    note: str
    tiles: Sequence[Tile] = ()
    pictures: NDArray[np.uint8] | None = None
    alt: str = ""


@dataclass(frozen=True)
class Event:
    """An action on an image: "open", "keep", "reject" or "clear"."""

    id: str
    act: str


def image_grid(
    rows: Sequence[Row],
    *,
    key: str,
    label: str,
    marks: Mapping[str, str],
    took: Callable[[list[Event]], None],
    marking: bool = True,
    in_columns: bool = False,
    focus: bool = False,
    side: int = TILE,
) -> None:
    """Draw the rows; `took` gets the events before the page is rerun.

    `marks` are "keep" or "reject" by id. `side` is the approximate size of an image in px (`shown_side`). `in_columns`
    draws the rows as columns; `focus` puts the keyboard focus on the first image.
    """
    component = st.components.v2.component(
        "image_grid", js=SCRIPT.read_text(), css=STYLE.read_text(), isolate_styles=False
    )
    own = max((tile.image.shape[-1] for row in rows for tile in row.tiles), default=side)
    shown = shown_side(own, side)
    data = {
        "label": label,
        "side": shown,
        "marking": marking,
        "in_columns": in_columns,
        "focus": focus,
        "taken": st.session_state.get(_taken(key), 0),
        "rows": [
            {"name": row.name, "note": row.note, "images": [_tile_data(tile, marks, shown) for tile in row.tiles]}
            | {"pictures": _picture_data(row, shown)}
            for row in rows
        ],
    }
    component(data=data, key=key, on_acts_change=lambda: _take(key, took))


def _tile_data(tile: Tile, marks: Mapping[str, str], side: int) -> dict[str, Any]:
    return {
        "id": tile.id,
        "alt": tile.alt,
        "sharp": side >= tile.image.shape[-1],
        "src": data_uri(encode_png(tile.image, tile.text)),
        "file": tile.file,
        "mark": marks.get(tile.id, ""),
        "dropped": tile.dropped,
    }


def _picture_data(row: Row, side: int) -> list[dict[str, Any]]:
    return [
        {"src": data_uri(encode_png(image, {})), "alt": f"{row.alt}, number {number}", "sharp": side >= image.shape[-1]}
        for number, image in enumerate([] if row.pictures is None else row.pictures, 1)
    ]


def _take(key: str, took: Callable[[list[Event]], None]) -> None:
    """Pass on the new events; the browser repeats each until it is acknowledged."""
    taken = st.session_state.get(_taken(key), 0)
    new = [event for event in st.session_state[key].get("acts") or [] if event["number"] > taken]
    if new:
        st.session_state[_taken(key)] = new[-1]["number"]
        took([Event(str(event["id"]), str(event["act"])) for event in new])


def _taken(key: str) -> str:
    return f"{key} taken"
