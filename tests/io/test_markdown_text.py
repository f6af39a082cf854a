"""Texts of users within Markdown, against a parser of Markdown."""

import html
import re

import pytest
from markdown_it import MarkdownIt

from gan.io.markdown_text import escape_line, escape_markdown, escape_message
from tests.support.hostile_texts import INJECTIONS

PARSER = MarkdownIt("gfm-like", {"linkify": False})


def shown(markdown: str) -> str:
    """What a browser shows, without white space; fails where it is more than plain text."""
    drawn = PARSER.render(markdown)
    inside = re.sub(r"</?p>", "", drawn)
    assert "<" not in inside, drawn
    return "".join(html.unescape(inside).split())


def printed(text: str) -> str:
    return "".join(text.replace("\0", "\ufffd").split())


@pytest.mark.parametrize("text", [one.text for one in INJECTIONS])
def test_a_hostile_text_is_shown_as_it_is(text: str) -> None:
    assert shown(escape_markdown(text)) == shown(escape_line(text)) == printed(text)
    assert "\n" not in escape_line(text)
    assert shown(f"**{escape_line('a')}** {escape_markdown(text)}".replace("**", "")) == printed(f"a {text}")


@pytest.mark.parametrize(
    "text", ["    code", "\tcode", "a\n    b", "- a\n- b", "1) a", "12. a", "===", "---", "a\n---"]
)
def test_the_beginning_of_a_line_means_nothing(text: str) -> None:
    assert shown(escape_markdown(text)) == printed(text)


def test_usual_texts_stay_readable() -> None:
    assert escape_markdown("[x](http://a) *b* :red[c] $d$ <e>") == r"\[x\](http\://a) \*b\* \:red\[c\] \$d\$ \<e\>"
    for text in ("Blood cells, 64 px (best!)", "Grade 1.5 - 2", "3 of 4"):
        assert escape_markdown(text) == text


@pytest.mark.parametrize(
    ("message", "markdown"),
    [
        ("Run `gan doctor` again.", "Run `gan doctor` again."),
        ("There is no run *x*: `gan runs` lists them.", "There is no run \\*x\\*: `gan runs` lists them."),
        ("``[a](b)``", "\\`\\`\\[a\\](b)\\`\\`"),
        ("a ` [b](c)", "a \\` \\[b\\](c)"),
    ],
)
def test_a_message_keeps_its_code(message: str, markdown: str) -> None:
    assert escape_message(message) == markdown
