"""Printing to a terminal: run folders are copied between people, so that a title or a log is an outsider's text."""

import sys
import unicodedata


def show(text: str, *, error: bool = False, end: str = "\n") -> None:
    """Print a text to stdout, or to stderr where it is an `error`; flushed, and `printable`."""
    print(printable(text), end=end, file=sys.stderr if error else sys.stdout, flush=True)


def printable(text: str, kept: str = "\n\t") -> str:
    """The text with U+FFFD for each control, format or unassigned character that is not in `kept`.

    So no escape sequence reaches a terminal, and no mark that reverses the direction of text.
    """
    return "".join(
        character
        if character.isprintable() or character in kept or unicodedata.category(character) == "Zs"
        else "\ufffd"
        for character in text
    )
