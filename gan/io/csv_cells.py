"""Cells of tables that people open in a spreadsheet, which takes some texts for formulas."""

from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")
"""What a formula starts with; the full-width forms count as the plain ones."""


def harmless_cell(value: Any) -> Any:
    """The value of a cell; a text that a spreadsheet would take for a formula gets an apostrophe in front.

    White space, quotation marks and invisible characters in front of it do not hide a formula. Numbers stay as they
    are.
    """
    if not isinstance(value, str):
        return value
    start = value.lstrip(" \u00a0\u200b\ufeff'\"")
    return f"'{value}" if start.startswith(FORMULA_STARTS) or value.startswith(FORMULA_STARTS) else value
