"""Exports of a run, each a folder `exports/<id>/` that a background task fills with a ZIP of synthetic images:

    images/ or images.npz            in one of four formats (`formats.py`)
    labels.csv                       the label of each image
    manifest.json                    run, snapshot and its hash, config, seed, counts, and how to make an image again
    README.md                        data card: content, origin, limits, and metadata for Hugging Face
    croissant.json                   the same metadata in Croissant, of MLCommons
    metadata.csv                     the labels for Hugging Face, where there is no folder for each class

A ZIP never holds weights. `exports/ledger.jsonl` of the run has a row for each finished export.
"""

import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from gan import jobs
from gan.access import limits
from gan.access.permissions import Action, require
from gan.errors import RunError
from gan.export.request import ExportRequest
from gan.export.size_estimate import image_shape
from gan.export.writer import GENERATING, ExportResult, spool_folder, write_export
from gan.io.atomic import append_json_line, remove_folder, write_json
from gan.io.json_files import read_request, read_typed_or_none
from gan.io.progress import Progress, silent
from gan.io.untrusted_files import is_link, is_regular
from gan.jobs.status import Status, read_status
from gan.runs.run import Run

REQUEST, RESULT = TypeAdapter(ExportRequest), TypeAdapter(ExportResult)
ID = re.compile(r"[0-9]{8}-[0-9]{6}(-[0-9]+)?")


@dataclass(frozen=True)
class Export:
    """One export of a run."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def request(self) -> ExportRequest:
        """Raises RunError where its file is missing, and DamagedFileError."""
        return read_request(self.folder / "request.json", REQUEST)

    @property
    def state(self) -> jobs.State:
        return jobs.state(self.folder)

    @property
    def status(self) -> Status:
        """The last reported progress."""
        return read_status(self.folder)

    @property
    def result(self) -> ExportResult | None:
        """None until the export is finished."""
        return read_typed_or_none(self.folder / "written.json", RESULT)

    @property
    def file(self) -> Path | None:
        """The ZIP; None until it is complete."""
        return next(filter(is_regular, self.folder.glob("*.zip")), None)


def begin_export(run: Run, request: ExportRequest) -> Export:
    """Start a new export in the background; raises UserError for an invalid request, RunError for a missing run or
    snapshot, AccessError where the current person may not make it."""
    require(Action.EXPORT, run, f"{request.count:,} images")
    limits.check_images(request.count)
    limits.check_disk(jobs.disk_usage)
    jobs.check_task()
    _check_guard(run, request)
    request.check(run.info())
    run.snapshot(request.snapshot)
    stamp, number = time.strftime("%Y%m%d-%H%M%S"), 1
    if run.path.is_dir():
        (run.path / "exports").mkdir(exist_ok=True)  # git keeps no empty folders
    while True:
        folder = run.path / "exports" / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        except FileNotFoundError:
            raise RunError(f"The run {run.name} was deleted or moved away.") from None
        else:
            break
    try:
        write_json(folder / "request.json", asdict(request))
    except BaseException:
        remove_folder(folder)  # an export without a request cannot be read
        raise
    jobs.start_task(folder, engine=run.config.job.engine)
    return Export(folder)


def resume_export(run: Run, identifier: str) -> Export:
    """Continue an export that was stopped or has failed; raises RunError where it is finished or does not exist."""
    export = find_export(run, identifier)
    require(Action.EXPORT, run, f"{identifier} again")
    _check_guard(run, export.request)
    if export.file is not None:
        raise RunError(f"The export {identifier} of {run.name} is finished: download it.")
    export.request.check(run.info())
    jobs.start_task(export.folder, engine=run.config.job.engine)
    return export


def require_download(run: Run, export: Export) -> None:
    """Raise AccessError unless the current person may have the file of an export: with near copies it takes more."""
    require(Action.DOWNLOAD, run, export.id)
    _check_guard(run, export.request)


def _check_guard(run: Run, request: ExportRequest) -> None:
    if request.with_near_copies:
        require(Action.EXPORT_NEAR_COPIES, run)


def find_export(run: Run, identifier: str) -> Export:
    """The export of that id; raises RunError where there is none."""
    folder = run.path / "exports" / identifier
    if not ID.fullmatch(identifier) or not folder.is_dir() or is_link(folder):
        raise RunError(f"The run {run.name} has no export {identifier}.")
    return Export(folder)


def list_exports(run: Run) -> list[Export]:
    """All exports of a run, newest first."""
    folders = [path for path in (run.path / "exports").glob("*") if ID.fullmatch(path.name) and not is_link(path)]
    return [Export(path) for path in sorted(folders, reverse=True)]


def run_task(run: Run, identifier: str, progress: Progress = silent) -> None:
    """The background task: write the ZIP, then a row in the ledger. StoppedError raised by `progress` stops it."""
    export, began = find_export(run, identifier), time.monotonic()
    request, file = export.request, export.folder / f"{run.name}-{identifier}.zip"
    resumed, preparing = spool_folder(file).exists(), 0.0

    def timed(phase: str, done: float) -> None:
        nonlocal preparing
        if not preparing and phase == GENERATING:
            preparing = time.monotonic() - began
        progress(phase, done)

    result = write_export(run, request, file, timed)
    write_json(export.folder / "written.json", asdict(result))
    row = {"time": time.time(), "export": identifier, "bytes": file.stat().st_size, "shape": image_shape(run)}
    row |= {"seconds": None if resumed else time.monotonic() - began, "preparing": preparing}
    row |= asdict(result) | asdict(request)
    append_json_line(run.path / "exports" / "ledger.jsonl", row)
