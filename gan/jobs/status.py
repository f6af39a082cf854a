"""The progress that a job last reported, in its folder's status.json."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.io.json_files import read_typed_or_none

Count = Annotated[float, Field(ge=0, le=1e15)]
Timestamp = Annotated[float, Field(ge=0, le=1e11)]
"""Seconds since 1970, up to a year that calendars can show."""


class Status(TypedDict, total=False):
    """`done` of `total` in this `phase`; `seconds_left` is None before a pace is known; `time` of the report."""

    phase: str
    done: Count
    total: Count
    seconds_left: Count | None
    time: Timestamp
    images_per_second: Count


STATUS = TypeAdapter(Status)


def read_status(folder: Path) -> Status:
    """The last report; empty before the first, and if the file is damaged, which is logged."""
    return read_typed_or_none(folder / "status.json", STATUS, 2**20) or {}
