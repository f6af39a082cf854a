"""Every text of a page as the browser gets it, by the kind of element and the field that holds it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element

ADDRESSES = ("href", "src", "action", "srcset", "poster", "data", "style", "content", "formaction", "xlink:href")
"""Attributes of HTML by which a page asks another server for something, or runs something."""


@dataclass(frozen=True)
class DrawnText:
    """One text; `field` is its path in the element, such as `label`."""

    element: str
    field: str
    text: str


def drawn_texts(at: AppTest) -> Iterator[DrawnText]:
    """All texts of the page."""
    yield from _texts_of_node(at._tree)


def _texts_of_node(node: Any) -> Iterator[DrawnText]:
    if isinstance(node, Element | Block) and isinstance(getattr(node, "proto", None), Message):
        yield from (DrawnText(node.type, field, text) for field, text in _strings(node.proto))
    for child in getattr(node, "children", {}).values():
        yield from _texts_of_node(child)


def _strings(message: Message, path: str = "") -> Iterator[tuple[str, str]]:
    for field, value in message.ListFields():
        name = f"{path}{field.name}"
        values = value if field.is_repeated else [value]
        if isinstance(value, Message) and hasattr(value, "items"):
            continue
        for one in values:
            if isinstance(one, str):
                yield name, one
            elif isinstance(one, Message):
                yield from _strings(one, f"{name}.")


def json_strings(text: str) -> Iterator[tuple[str, str]]:
    """The path and the text of every string of a JSON document, keys included."""

    def walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            for key, one in value.items():
                yield f"{path}.keys", key
                yield from walk(one, f"{path}.{key}")
        elif isinstance(value, list):
            for one in value:
                yield from walk(one, path)

    yield from walk(json.loads(text), "")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.other: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    handle_decl = unknown_decl = handle_pi = handle_comment


def acting_html(text: str, marker: str, tags: frozenset[str]) -> list[str]:
    """What a text has put into HTML besides itself: a tag of its own, an attribute that acts, a comment."""
    parser = _Tags()
    parser.feed(text)
    parser.close()
    found = [comment for comment in parser.other if marker in comment]
    for tag, attributes in parser.tags:
        if tag not in tags:
            found.append(f"<{tag}>")
        for name, value in attributes.items():
            if name.startswith("on") or name in ("autofocus", "srcdoc") or marker in name:
                found.append(f"<{tag} {name}>")
            elif (
                marker in value
                and not value.startswith("data:image/")
                and (name in ADDRESSES or name in ("id", "class"))
            ):
                found.append(f"<{tag} {name}={value[:60]!r}>")
    return found
