"""The layout of a run's sample sheets: one column of images per condition, each row from the same noise. No torch.

samples/columns.json    {"labels": [...], "rows": 8}
samples/<seen>.png      a contact sheet of rows x columns images (`io/contact_sheet.py`)
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter

from gan.io.json_files import read_typed_or_none
from gan.runs.run import Run


@dataclass(frozen=True)
class Layout:
    """The label of each column and the number of rows; empty before the first sheet."""

    labels: Annotated[tuple[str, ...], Field(max_length=1000)] = ()
    rows: Annotated[int, Field(ge=0, le=1000)] = 0


LAYOUT = TypeAdapter(Layout)


def read_layout(run: Run) -> Layout:
    """The layout of a run's sheets; empty if columns.json is missing or damaged, which is logged."""
    return read_typed_or_none(run.path / "samples" / "columns.json", LAYOUT, 2**20) or Layout()


def nearest_sheet(sheets: Collection[int], wanted: int) -> int:
    """The sheet nearest to a moment. That from before training, plain grey, only where it is wanted or the only one."""
    trained = [seen for seen in sheets if seen] if wanted else []
    return min(trained or sheets, key=lambda seen: abs(seen - wanted))
