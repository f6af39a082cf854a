"""How large a download becomes and how long it takes, by earlier ones: shown before somebody asks for it. No torch."""

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

BESIDE_PIXELS = 700
"""Bytes of a PNG that are not pixels: its texts, and its name in the ZIP, twice, and in labels.csv."""


@dataclass(frozen=True)
class Estimate:
    """How large a download becomes, in bytes, and how long it takes in seconds; None before anything was measured.

    What comes before the first image, such as reading the training images, does not grow with the number of images.
    """

    size: int
    seconds: float | None


def estimate(run: Run, request: ExportRequest) -> Estimate:
    """What to expect, by earlier exports of this run, or of runs whose images are alike; no torch."""
    earlier = ledger(run)
    alike = [row for row in earlier if row["format"] == request.format]
    if alike:
        size = request.count * sum(row["bytes"] for row in alike) / sum(row["count"] for row in alike)
    else:
        size = request.count * _bytes_an_image(run)
    same_work = [
        row
        for one in ([run] if earlier else all_runs())
        for row in ledger(one)
        if row["shape"] == shape(run) and row["with_near_copies"] == request.with_near_copies
    ]
    if not same_work:
        return Estimate(round(size), None)
    making = sum((row["seconds"] or 0.0) - row.get("preparing", 0.0) for row in same_work)
    pace = making / sum(row["count"] / row["keep_rate"] for row in same_work)
    newest = max(same_work, key=lambda row: row["time"])  # the first on a data set has measured what a near copy is
    return Estimate(round(size), newest.get("preparing", 0.0) + request.count / request.keep_rate * pace)


class LedgerRow(TypedDict):
    """One finished export, as far as an estimate needs it; `preparing` is what came before the first image."""

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


def ledger(run: Run) -> list[LedgerRow]:
    """The run's finished exports that say how long they took."""
    rows = read_json_lines(run.path / "exports" / "ledger.jsonl", LEDGER_ROW)
    return [row for row in rows if row["seconds"] and row["count"]]


def shape(run: Run) -> list[int]:
    """Channels and side of a run's images."""
    info = run.info()
    return [info.channels, info.native_size]


def _bytes_an_image(run: Run) -> float:
    """By the run's newest sample picture, whose pixels are packed as well; and what a file adds in names and texts."""
    channels, side = shape(run)
    raw = channels * side * side
    samples = run.samples()
    if not samples:
        return raw + BESIDE_PIXELS
    path = samples[max(samples)]
    try:
        sheet = contact_sheet.read_sheet(path)
    except DamagedFileError as error:
        log_damaged(path, error)
        return raw + BESIDE_PIXELS
    return min(raw, path.stat().st_size * raw / (sheet.width * sheet.height * channels)) + BESIDE_PIXELS
