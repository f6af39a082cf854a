"""Texts of users within Markdown, shown as they are."""

import re

SIGNS = re.compile(r"([\\`*\[\]<>#$~|&]|:(?!\s|$)|(?<![^\W_])_|_(?![^\W_]))")
"""All signs of Markdown but those that mean nothing where they are: `_` within a word, and a colon that ends one."""
LISTED = re.compile(r"^([ \t]*)([-+=]|\d+(?=[.)](?:\s|$)))", re.MULTILINE)
"""What begins a list, a line across, or a heading by the line below it."""
INDENTED = re.compile(r"^[ \t]+", re.MULTILINE)
CODE = re.compile(r"(?<!`)(`[^`\n]+`)(?!`)")


def escape_markdown(text: str) -> str:
    """A text that Markdown, also Streamlit's, shows as it is; white space that begins a line cannot make it code."""
    escaped = LISTED.sub(_escape_list_sign, SIGNS.sub(r"\\\1", text))
    return INDENTED.sub(lambda space: "\u00a0" * len(space[0]), escaped)


def escape_line(text: str) -> str:
    """As `escape_markdown`, in one line, as for the cell of a table or a heading."""
    return escape_markdown(" ".join(text.split()))


def escape_message(text: str) -> str:
    """A message of ours, which may quote texts of users: what stands in `backticks` is code, all else is as it is."""
    start, *parts = CODE.split(text)
    rest = (part if number % 2 == 0 else escape_markdown(f"x{part}")[1:] for number, part in enumerate(parts))
    return escape_markdown(start) + "".join(rest)  # after code, no line begins


def _escape_list_sign(match: re.Match[str]) -> str:
    space, sign = match.groups()
    return f"{space}{sign}\\" if sign.isdigit() else f"{space}\\{sign}"
