"""A run's sample pictures: sheets of images, a column a condition, and columns.json, which names the columns. No torch.

samples/columns.json    {"labels": [...], "rows": 8}
samples/<seen>.png      rows x columns images with GAP pixels around each (`io/contact_sheet.py`)
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter

from gan.io.json_files import read_typed_or_none
from gan.runs.run import Run


@dataclass(frozen=True)
class Layout:
    """What a run's sheets show: a label for each column, and how many rows; empty before the trainer has said it."""

    labels: Annotated[tuple[str, ...], Field(max_length=1000)] = ()
    rows: Annotated[int, Field(ge=0, le=1000)] = 0


LAYOUT = TypeAdapter(Layout)


def read_layout(run: Run) -> Layout:
    """What the sheets of a run show; empty too where columns.json is damaged, which the log says."""
    return read_typed_or_none(run.path / "samples" / "columns.json", LAYOUT, 2**20) or Layout()
