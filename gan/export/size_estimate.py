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
from gan.runs.run import Run, stored_runs

BYTES_BESIDE_PIXELS = {"folder": 1_130, "flat": 1_130, "npz": 50, "dicom": 1_300}
"""Bytes of an image besides its pixels: a PNG's texts or a DICOM header, its name twice, its row in labels.csv."""
DOCUMENTS = 10_000
"""Bytes of manifest.json, the data card and croissant.json without what they say of each condition."""
BYTES_PER_CONDITION = 450
"""Bytes that manifest.json and the data card say of one condition."""


class LedgerRow(TypedDict):
    """What an estimate needs of a finished export; `preparing` is the part of `seconds` before the first image."""

    time: Timestamp
    format: str
    count: Annotated[int, Field(ge=0)]
    bytes: Annotated[int, Field(ge=0)]
    shape: list[int]
    items: list[tuple[str, int]]
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
    size = _documents(len(request.items)) + request.count * _bytes_per_image(run, request.format, earlier)
    comparable = [
        row
        for other in ([run] if earlier else stored_runs())
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


def _documents(conditions: int) -> int:
    """Bytes of a download that do not grow with its images."""
    return DOCUMENTS + BYTES_PER_CONDITION * conditions


def _bytes_per_image(run: Run, format: str, earlier: list[LedgerRow]) -> float:
    """Bytes of one image, from earlier exports in this format, else by the compression of the newest sample sheet."""
    same = [row for row in earlier if row["format"] == format]
    if same:
        pixels = sum(max(0, row["bytes"] - _documents(len(row["items"]))) for row in same)
        return pixels / sum(row["count"] for row in same)
    channels, side = image_shape(run)
    raw, beside = channels * side * side, BYTES_BESIDE_PIXELS[format]
    samples = run.samples()
    if not samples:
        return raw + beside
    path = samples[max(samples)]
    try:
        sheet = contact_sheet.read_sheet(path)
    except DamagedFileError as error:
        log_damaged(path, error)
        return raw + beside
    return min(raw, path.stat().st_size * raw / (sheet.width * sheet.height * channels)) + beside
