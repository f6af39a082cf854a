"""Cells of tables that people open in a spreadsheet, which takes some texts for formulas."""

import re
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")
"""What a formula starts with; the full-width forms count as the plain ones."""

NO_FORMULA = re.compile(r"[-+=@]|[-+]?[0-9]+(\.[0-9]*)?(e[-+]?[0-9]+)?", re.IGNORECASE)
"""A sign alone and a number, which labels may be."""


def harmless_cell(value: Any) -> Any:
    """The value of a cell; a text that a spreadsheet would take for a formula gets an apostrophe in front.

    White space, quotation marks and invisible characters in front of it do not hide a formula. Numbers stay as they
    are, also as text, and so does a sign alone. Line ends become LF, which a table quotes.
    """
    if not isinstance(value, str) or NO_FORMULA.fullmatch(value):
        return value
    value = value.replace("\r\n", "\n").replace("\r", "\n")  # a lone CR is not quoted, and begins a row
    start = value.lstrip(" \u00a0\u200b\ufeff'\"")
    return f"'{value}" if start.startswith(FORMULA_STARTS) or value.startswith(FORMULA_STARTS) else value
