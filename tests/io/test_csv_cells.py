"""Cells that a spreadsheet would take for formulas."""

import pytest

from gan.io.csv_cells import harmless_cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
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


@pytest.mark.parametrize("value", ["", "melanoma", "a=1", "a-b", "1", "\u2212 minus", None, -1.5, 3, True])
def test_other_values_stay(value: object) -> None:
    assert harmless_cell(value) is value
