"""Cells that a spreadsheet would take for formulas."""

import pytest

from gan.io.csv_cells import harmless_cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        "\n=1",
        " =1",
        "\xa0=1",
        "\ufeff=1",
        '"=1"',
        "\u200b@x",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "'=1",
    ],
)
def test_a_formula_becomes_text(text: str) -> None:
    assert harmless_cell(text) == f"'{text}"


def test_a_carriage_return_begins_no_row() -> None:
    assert harmless_cell("a\r=1\r\nb") == "a\n=1\nb"
    assert harmless_cell("\r=1") == "'\n=1"


OTHERS = ["", "melanoma", "a=1", "a-b", "1", "\u2212 minus", "-1", "+0.5", "-", "+", "-1e-3", None, -1.5, 3, True]


@pytest.mark.parametrize("value", OTHERS)
def test_other_values_stay(value: object) -> None:
    assert harmless_cell(value) is value
