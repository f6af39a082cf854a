"""Copied runs and added sets as an outsider may hand them over, and every reader that pages and commands use.

Run folders are copied between people, so that every file in one is an outsider's. An audit hook sees to it that no
file outside of the store is opened and no process is started.
"""

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gan import jobs
from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data import catalogue, registry
from gan.data.ingest import accepted_sets
from gan.data.sources import folder
from gan.errors import GanError
from gan.evaluation import job, reader_study, training_images
from gan.evaluation.records import interpretation, membership_results, results, stored_studies
from gan.evaluation.records.best_snapshot import best_snapshot
from gan.evaluation.records.study_text import study_text
from gan.export import exports
from gan.export.request import ExportRequest
from gan.export.size_estimate import estimate_export, timed_exports
from gan.io import animation, contact_sheet
from gan.io.atomic import append_json_line, write_json
from gan.monitoring import sample_diversity
from gan.monitoring.diagnosis import diagnose
from gan.monitoring.observations import observations_from_run
from gan.monitoring.run_verdict import run_verdict
from gan.runs import events, notes, sample_sheets
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run, all_runs
from gan.sampling import marks, sampler
from gan.sampling.provenance import Origin
from tests.support.evaluation import generator_sha256, studied
from tests.support.uploads import add_files

NAME, SET, SNAPSHOT = "copied", "own", 100032
DEMO = settings.ROOT / "checkpoints" / "demo-mnist"
KEPT = ("snapshots/000100032", "samples/000000000.png", "samples/000100032.png", "samples/columns.json", "evaluation")
EXPORT = "20260101-120000"
DEEP = "[" * 100_000


def copied_run(store: Path) -> Run:
    """A part of the demo run, with a file of every kind that a run folder can hold."""
    path = store / NAME
    path.mkdir(parents=True)
    for source in DEMO.iterdir():
        if source.is_file():
            shutil.copy(source, path)
    for part in KEPT:
        (path / part).parent.mkdir(exist_ok=True)
        (shutil.copytree if (DEMO / part).is_dir() else shutil.copy)(DEMO / part, path / part)
    run = Run(path)
    origin = Origin(SNAPSHOT, 1, 2, "3")
    marks.change(run, {origin: "keep", Origin(SNAPSHOT, 1, 3, "3"): "reject"})
    append_json_line(path / "events.jsonl", {"seen": 40_000, "time": 1.7e9})
    write_json(path / "exit.json", {"ticket": 1, "code": 1, "killed_after": None, "memory_ran_out": False})
    write_json(path / "compiled.json", {"compile": False, "reason": "auto"})
    studied(run, SNAPSHOT)
    membership = membership_results.MembershipResult(
        membership_results.VERSION,
        NAME,
        SNAPSHOT,
        {"members": 5, "held_out": 5},
        0.5,
        (0.4, 0.6),
        0.05,
        (0.4, 0.6),
        (0.0, 0.1),
        0.5,
        False,
        [],
        {},
    )
    membership.save(run)
    answers = [{"real": True, "plausible": True, "seconds": 1.0}]
    reading = {
        "version": 1,
        "id": EXPORT,
        "reader": "A",
        "snapshot": SNAPSHOT,
        "generator_sha256": generator_sha256(Run(path), SNAPSHOT),
    }
    reading |= {"seed": 1, "began": 1.7e9, "rows": [1, 2], "real": [True, False], "answers": answers}
    write_json(path / "evaluation" / f"reader-{EXPORT}.json", reading)
    export_folder = path / "exports" / EXPORT
    export_folder.mkdir(parents=True)
    request = {"items": [["3", 1]], "snapshot": SNAPSHOT, "seed": 0, "truncation": 1.0, "start": 0, "basket": []}
    request |= {"with_near_copies": True, "with_rejected": False, "keep_rate": 1.0, "format": "folder"}
    write_json(export_folder / "request.json", request)
    write_json(export_folder / "written.json", {"count": 1, "notices": []})
    write_json(export_folder / "status.json", {"phase": "making images", "done": 1, "total": 1, "seconds_left": None})
    (export_folder / f"{NAME}-{EXPORT}.zip").write_bytes(b"PK")
    row = request | {"time": 1.7e9, "export": EXPORT, "bytes": 2, "shape": [1, 28], "seconds": 1.0, "preparing": 0.1}
    append_json_line(path / "exports" / "ledger.jsonl", row | {"count": 1, "notices": []})
    return run


def added_set() -> DataConfig:
    """An added set of twelve images that was read into the cache."""
    files = []
    for number in range(12):
        content, pixels = io.BytesIO(), np.full((16, 16), 20 * number, np.uint8)
        pixels[8:] += 9
        Image.fromarray(pixels).save(content, "PNG")
        files.append((f"{'ab'[number % 2]}/{number}.png", io.BytesIO(content.getvalue())))
    accepted_sets.accept(add_files(SET, files))
    config = DataConfig(name="folder", path=SET, image_size=32)
    registry.load_image_set(config)
    return config


class Watch:
    """Opens of files below a folder, by this process, seen by an audit hook; and what it started."""

    def __init__(self) -> None:
        self.outside: str | None = None
        self.seen: list[str] = []
        sys.addaudithook(self._record)

    def _record(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.outside is None:
            return
        if (
            event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork")
            and arguments[0] != "uname"
        ):
            self.seen.append(f"{event} {arguments[0]!r}")
        if event == "open" and isinstance(arguments[0], str | os.PathLike):
            path = os.path.realpath(arguments[0])
            if path.startswith(self.outside):
                self.seen.append(f"open {arguments[0]}")


WATCH = Watch()


@contextlib.contextmanager
def untouched(outside: Path) -> Iterator[None]:
    """Fail where a file outside is opened or changed, or a process started, within the block."""
    before = {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in outside.rglob("*")}
    WATCH.outside, WATCH.seen = str(outside), []
    try:
        yield
    finally:
        WATCH.outside = None
    assert WATCH.seen == []
    assert {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in outside.rglob("*")} == before


def collect_errors(*readers: Callable[[], object]) -> list[GanError]:
    """Call each; our own errors are answers too, and are given back."""
    errors = []
    for read in readers:
        try:
            read()
        except GanError as error:
            errors.append(error)
    return errors


def read_set(config: DataConfig) -> list[GanError]:
    """Everything that pages and commands read of an added set and its cache; gives the errors."""
    return collect_errors(
        lambda: folder.added_sets(),
        lambda: accepted_sets.load_report(SET).as_text(),
        lambda: registry.problem(config),
        lambda: registry.cached_image_set(config),
        lambda: registry.preview(config),
        lambda: registry.load_image_set(config.model_copy(update={"image_size": 64})),
        lambda: catalogue.find_entry(f"folder-{SET}"),
    )


def read_run(run: Run) -> list[GanError]:
    """Everything that pages and commands read of a run folder; gives the errors."""
    export_job = exports.Export(run.path / "exports" / EXPORT)
    columns = MetricsReader(run.path / "metrics.jsonl").read()
    assert all(np.isfinite(list(row.values())).all() for row in columns)
    state = jobs.state(run.path)
    layout = sample_sheets.read_layout(run)
    return collect_errors(
        lambda: run.config,
        lambda: run.info(),
        lambda: (run.about, run.created, run.title, run.seen, run.status()),
        lambda: notes.read_about(run.path),
        lambda: sampler.load_generator(run).generate(np.eye(10, dtype=np.float32)[:1], 0),
        lambda: [contact_sheet.read_sheet(path, len(layout.labels) or None) for path in run.samples().values()],
        lambda: animation.sheets_gif(run.samples()) if run.samples() else None,
        lambda: sample_diversity.diversity_by_snapshot(run),
        lambda: (marks.load(run), marks.basket(run), marks.rejected(run)),
        lambda: events.run_events(run, {}),
        lambda: diagnose(observations_from_run(run, columns, state)),
        lambda: run_verdict(run, state).as_json(),
        lambda: [result.as_text() for result in results.list_results(run)],
        lambda: [
            interpretation.conclusion(result, run.info().training_counts()) for result in results.list_results(run)
        ],
        lambda: (
            best_snapshot(run),
            results.load_result(run, SNAPSHOT),
            interpretation.headline(run, SNAPSHOT),
        ),
        lambda: [study_text(result) for result in stored_studies.list_studies(run)],
        lambda: stored_studies.load_study(run, SNAPSHOT).as_json(),
        lambda: getattr(membership_results.load_membership(run, SNAPSHOT), "verdict", None),
        lambda: [(reading.summary(), reading.finished) for reading in reader_study.list_readings(run)],
        lambda: job.estimated_seconds(run),
        lambda: [
            (export.request, export.state, export.status, export.result, export.file)
            for export in exports.list_exports(run)
        ],
        lambda: export_job.request.check(run.info()),
        lambda: (timed_exports(run), estimate_export(run, ExportRequest((("3", 2),)))),
        lambda: (jobs.queue(), jobs.log_tail(run.path), list(jobs.follow(run.path)) if not state.alive else None),
        lambda: training_images.training_images_problem(run),
        lambda: all_runs(),
    )
