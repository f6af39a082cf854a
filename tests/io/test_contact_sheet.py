"""Sheets in another shape keep all their images."""

import numpy as np
import pytest
from PIL import Image

from gan.io.contact_sheet import fold_sheet, make_grid, sheet_strips


def sheet(columns: int) -> Image.Image:
    """A sheet of eight rows in which every image has its own grey: row times 16 plus column."""
    images = np.zeros((8 * columns, 1, 28, 28), np.uint8)
    for number in range(len(images)):
        images[number] = number // columns * 16 + number % columns
    return make_grid(images, columns)


@pytest.mark.parametrize("columns", [1, 2, 3, 7, 10, 40])
def test_a_folded_sheet_is_filled_from_edge_to_edge(columns: int) -> None:
    folded = fold_sheet(sheet(columns), columns, 16 / 9)
    assert folded.width / folded.height == pytest.approx(16 / 9, rel=0.02) or folded.width / folded.height > 16 / 9


@pytest.mark.parametrize("columns", [1, 2, 3, 7])
def test_a_strip_holds_all_images_of_its_column(columns: int) -> None:
    for column, strip in enumerate(sheet_strips(sheet(columns), columns)):
        values = set(np.unique(np.asarray(strip)).tolist())
        assert values == {row * 16 + column for row in range(8)} | {128}
