"""A run's sample pictures: sheets of images, a column a condition, and columns.json, which names the columns. No torch.

samples/columns.json    {"labels": [...], "rows": 8}
samples/<seen>.png      rows x columns images with GAP pixels around each (`images.grid`)
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from PIL import Image
from pydantic import Field, TypeAdapter

from gan.data.decode import UNREADABLE
from gan.io.atomic import check_ordinary, damaged, read_as_or_none
from gan.io.contact_sheet import GAP
from gan.runs.run import Run

LARGEST = 2**26
"""Pixels of a sheet, at most: eight rows of forty images of 128 px take a twelfth of it."""


@dataclass(frozen=True)
class Layout:
    """What a run's sheets show: a label for each column, and how many rows; empty before the trainer has said it."""

    labels: Annotated[tuple[str, ...], Field(max_length=1000)] = ()
    rows: Annotated[int, Field(ge=0, le=1000)] = 0


LAYOUT = TypeAdapter(Layout)


def layout(run: Run) -> Layout:
    """What the sheets of a run show; empty too where columns.json is damaged, which the log says."""
    return read_as_or_none(run.path / "samples" / "columns.json", LAYOUT, 2**20) or Layout()


def read(path: Path, columns: int | None = None) -> Image.Image:
    """A sheet, decoded; where `columns` is given it is large enough for a row of so many images.

    Raises DamagedFileError where it is not a PNG, cannot be decoded, is too large, or too narrow for its columns.
    """
    check_ordinary(path)
    try:
        with Image.open(path, formats=("PNG",)) as opened:
            if opened.width * opened.height > LARGEST:
                raise damaged(path, f"{opened.width} x {opened.height} pixels are more than a sheet has")
            if opened.mode not in ("L", "RGB"):
                raise damaged(path, f"its pixels are {opened.mode}: a sheet is grey or RGB")
            opened.load()
            sheet = opened.copy()
    except UNREADABLE as error:
        raise damaged(path, error) from None
    if columns is None:
        return sheet
    across = (sheet.width - GAP) // columns
    if across <= GAP or sheet.height < across + GAP:
        raise damaged(path, f"{sheet.width} x {sheet.height} pixels are too few for {columns} columns")
    return sheet
