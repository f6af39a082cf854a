"""How large a download will be and how long it will take, estimated from earlier exports. No torch."""

from dataclasses import dataclass
from typing import Annotated, NotRequired

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.errors import DamagedFileError
from gan.export.request import ExportRequest
from gan.io import contact_sheet
from gan.io.json_files import read_json_lines
from gan.io.untrusted_files import log_damaged
from gan.jobs.status import Count, Timestamp
from gan.runs.run import Run, all_runs

BYTES_BESIDE_PIXELS = 700
"""Bytes of a PNG besides its pixels: its texts, its name twice in the ZIP, and its row in labels.csv."""


class LedgerRow(TypedDict):
    """What an estimate needs of a finished export; `preparing` is the part of `seconds` before the first image."""

    time: Timestamp
    format: str
    count: Annotated[int, Field(ge=0)]
    bytes: Annotated[int, Field(ge=0)]
    shape: list[int]
    seconds: Count | None
    preparing: NotRequired[Count]
    keep_rate: Annotated[float, Field(gt=0, le=1)]
    with_near_copies: bool


LEDGER_ROW = TypeAdapter(LedgerRow)


@dataclass(frozen=True)
class Estimate:
    """Size in bytes and time in seconds, None before anything like it was measured."""

    size: int
    seconds: float | None


def estimate_export(run: Run, request: ExportRequest) -> Estimate:
    """Estimate from earlier exports of this run, or of other runs with images of the same shape.

    Preparation, such as reading the training images, is a constant; the rest grows with the number of images.
    """
    earlier = timed_exports(run)
    same_format = [row for row in earlier if row["format"] == request.format]
    if same_format:
        size = request.count * sum(row["bytes"] for row in same_format) / sum(row["count"] for row in same_format)
    else:
        size = request.count * _bytes_per_image(run)
    comparable = [
        row
        for other in ([run] if earlier else all_runs())
        for row in timed_exports(other)
        if row["shape"] == image_shape(run) and row["with_near_copies"] == request.with_near_copies
    ]
    if not comparable:
        return Estimate(round(size), None)
    generating = sum((row["seconds"] or 0.0) - row.get("preparing", 0.0) for row in comparable)
    seconds_per_candidate = generating / sum(row["count"] / row["keep_rate"] for row in comparable)
    newest = max(comparable, key=lambda row: row["time"])  # the first of a data set also calibrated its detector
    candidates = request.count / request.keep_rate
    return Estimate(round(size), newest.get("preparing", 0.0) + candidates * seconds_per_candidate)


def timed_exports(run: Run) -> list[LedgerRow]:
    """The run's finished exports whose time was measured."""
    rows = read_json_lines(run.path / "exports" / "ledger.jsonl", LEDGER_ROW)
    return [row for row in rows if row["seconds"] and row["count"]]


def image_shape(run: Run) -> list[int]:
    """Channels and side of a run's images."""
    info = run.info()
    return [info.channels, info.native_size]


def _bytes_per_image(run: Run) -> float:
    """Bytes of one PNG, by the compression of the newest sample sheet."""
    channels, side = image_shape(run)
    raw = channels * side * side
    samples = run.samples()
    if not samples:
        return raw + BYTES_BESIDE_PIXELS
    path = samples[max(samples)]
    try:
        sheet = contact_sheet.read_sheet(path)
    except DamagedFileError as error:
        log_damaged(path, error)
        return raw + BYTES_BESIDE_PIXELS
    return min(raw, path.stat().st_size * raw / (sheet.width * sheet.height * channels)) + BYTES_BESIDE_PIXELS
