"""The download: synthetic images with their labels and everything needed to make each of them again.

    images/ or images.npz            in one of three forms: `export_formats.py`
    labels.csv                       which image shows what
    manifest.json                    run, snapshot and its hash, config, seed, counts, and how to make an image again
    README.md                        a data card: what this is, what it was made from, what it must not be used for

It is written by a background task into `exports/<id>/` of the run, whose ledger keeps what was downloaded; weights are
never in it. What pages and commands call: `ExportRequest` and what makes its items (`export_request.py`), `begin`,
`resume`, `find`, `listing`, `estimate` (`export_estimate.py`), `write` (`export_write.py`). `pages/ui/routes.py` serves
the file.
"""

import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from gan import jobs
from gan.errors import RunError
from gan.export.request import TRUNCATIONS, Balance, ExportRequest, balance, balanced, of_each
from gan.export.size_estimate import Estimate, estimate, shape
from gan.export.writer import Written, spool_of, write
from gan.io.atomic import append_json_line, write_json
from gan.io.json_files import read_request, read_typed_or_none
from gan.io.progress import Progress, silent
from gan.io.untrusted_files import is_link, is_regular
from gan.jobs.status import Status, read_status
from gan.runs.run import Run

__all__ = [
    "TRUNCATIONS",
    "Balance",
    "Estimate",
    "Export",
    "ExportRequest",
    "Written",
    "balance",
    "balanced",
    "begin",
    "estimate",
    "find",
    "listing",
    "of_each",
    "resume",
    "run_task",
    "write",
]

REQUEST, WRITTEN = TypeAdapter(ExportRequest), TypeAdapter(Written)
ID = re.compile(r"[0-9]{8}-[0-9]{6}(-[0-9]+)?")


@dataclass(frozen=True)
class Export:
    """One export of a run, made by a background task."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def request(self) -> ExportRequest:
        """What was asked for; raises RunError where that is missing, and DamagedFileError."""
        return read_request(self.folder / "request.json", REQUEST)

    @property
    def state(self) -> jobs.State:
        return jobs.state(self.folder)

    @property
    def status(self) -> Status:
        """The last report of its progress."""
        return read_status(self.folder)

    @property
    def written(self) -> Written | None:
        """What the finished export holds."""
        return read_typed_or_none(self.folder / "written.json", WRITTEN)

    @property
    def file(self) -> Path | None:
        """The ZIP, once it is whole."""
        return next(filter(is_regular, self.folder.glob("*.zip")), None)


def begin(run: Run, request: ExportRequest) -> Export:
    """Check the request, make its folder and start the background task that fills it; raises UserError."""
    request.check(run.info())
    run.snapshot(request.snapshot)
    stamp, number = time.strftime("%Y%m%d-%H%M%S"), 1
    if run.path.is_dir():
        (run.path / "exports").mkdir(exist_ok=True)  # a run that came by git has no empty folders
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
    write_json(folder / "request.json", asdict(request))
    jobs.start_task(folder)
    return Export(folder)


def resume(run: Run, identifier: str) -> Export:
    """Go on with an export that was stopped or ended too early, without making again what is done; raises UserError."""
    export = find(run, identifier)
    if export.file is not None:
        raise RunError(f"The export {identifier} of {run.name} is whole: download it.")
    export.request.check(run.info())
    jobs.start_task(export.folder)
    return export


def find(run: Run, identifier: str) -> Export:
    """The export of that id; raises RunError where there is none."""
    folder = run.path / "exports" / identifier
    if not ID.fullmatch(identifier) or not folder.is_dir() or is_link(folder):
        raise RunError(f"The run {run.name} has no export {identifier}.")
    return Export(folder)


def listing(run: Run) -> list[Export]:
    """All exports of a run, the newest first."""
    folders = [path for path in (run.path / "exports").glob("*") if ID.fullmatch(path.name) and not is_link(path)]
    return [Export(path) for path in sorted(folders, reverse=True)]


def run_task(
    run: Run,
    identifier: str,
    progress: Callable[[int, int], None],
    should_stop: Callable[[], bool],
    preparing: Progress = silent,
) -> bool:
    """What the background task does: write the ZIP of an export, then a row in the run's ledger of downloads."""
    export, began = find(run, identifier), time.monotonic()
    request, file = export.request, export.folder / f"{run.name}-{identifier}.zip"
    resumed, prepared = spool_of(file).exists(), 0.0

    def prepare(phase: str, done: float) -> None:
        nonlocal prepared
        prepared = time.monotonic() - began
        preparing(phase, done)

    written = write(run, request, file, progress, should_stop, prepare)
    if written is None:
        return False
    write_json(export.folder / "written.json", asdict(written))
    row = {"time": time.time(), "export": identifier, "bytes": file.stat().st_size, "shape": shape(run)}
    row |= {"seconds": None if resumed else time.monotonic() - began, "preparing": prepared}
    row |= asdict(written) | asdict(request)
    append_json_line(run.path / "exports" / "ledger.jsonl", row)
    return True
