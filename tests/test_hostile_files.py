"""Damaged and forged files in a run folder, an added set and a cache: our own error, or a harmless reading.

Run folders are copied between people, so that every file in one is an outsider's. Hypothesis damages one file at a
time, and every reader that pages and commands use is called. An audit hook sees to it that nothing outside is opened.
"""

import contextlib
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from gan import jobs
from gan.cli.main import main
from gan.config import settings as places
from gan.config.run_config import DataConfig
from gan.data import catalogue, registry
from gan.data.ingest import staging
from gan.data.sources import folder
from gan.errors import DamagedFileError, DataError, GanError, RunError
from gan.evaluation import job, reader_study, training_images
from gan.evaluation.records import interpretation, membership_results, results, study_results
from gan.export import exports
from gan.export.request import ExportRequest
from gan.export.size_estimate import estimate_export, timed_exports
from gan.io import animation, contact_sheet, file_lock
from gan.io.atomic import append_json_line, write_json
from gan.io.json_files import read_json
from gan.monitoring import sample_diversity
from gan.monitoring.diagnosis import diagnose
from gan.monitoring.observations import observations_from_run
from gan.runs import events, notes, sample_sheets
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run, all_runs
from gan.sampling import marks, sampler
from gan.sampling.provenance import Origin
from tests.support.evaluation import studied
from tests.support.pages import page
from tests.support.uploads import add_files

NAME, SET, SNAPSHOT = "copied", "own", 100032
DEMO = places.ROOT / "checkpoints" / "demo-mnist"
KEPT = ("snapshots/000100032", "samples/000000000.png", "samples/000100032.png", "samples/columns.json", "evaluation")
EXPORT = "20260101-120000"
DEEP = "[" * 100_000
PROFILE = settings(
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],  # no shrinking: a failure must not take minutes
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def copied(store: Path) -> Run:
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
        1, NAME, SNAPSHOT, {"members": 5, "held_out": 5}, 0.5, (0.4, 0.6), 0.05, (0.4, 0.6), (0.0, 0.1), 0.5, [], {}
    )
    membership.save(run)
    answers = [{"real": True, "plausible": True, "seconds": 1.0}]
    reading = {"version": 1, "id": EXPORT, "reader": "A", "snapshot": SNAPSHOT, "generator_sha256": "0" * 64}
    reading |= {"seed": 1, "began": 1.7e9, "rows": [1, 2], "real": [True, False], "answers": answers}
    write_json(path / "evaluation" / f"reader-{EXPORT}.json", reading)
    made = path / "exports" / EXPORT
    made.mkdir(parents=True)
    request = {"items": [["3", 1]], "snapshot": SNAPSHOT, "seed": 0, "truncation": 1.0, "start": 0, "basket": []}
    request |= {"with_near_copies": True, "with_rejected": False, "keep_rate": 1.0, "format": "folder"}
    write_json(made / "request.json", request)
    write_json(made / "written.json", {"count": 1, "notices": []})
    write_json(made / "status.json", {"phase": "making images", "done": 1, "total": 1, "seconds_left": None})
    (made / f"{NAME}-{EXPORT}.zip").write_bytes(b"PK")
    row = request | {"time": 1.7e9, "export": EXPORT, "bytes": 2, "shape": [1, 28], "seconds": 1.0, "preparing": 0.1}
    append_json_line(path / "exports" / "ledger.jsonl", row | {"count": 1, "notices": []})
    return run


def added() -> DataConfig:
    """An added set of twelve images that was read into the cache."""
    content = io.BytesIO()
    files = []
    for number in range(12):
        content = io.BytesIO()
        Image.fromarray(np.full((16, 16), 20 * number, np.uint8)).save(content, "PNG")
        files.append((f"{'ab'[number % 2]}/{number}.png", io.BytesIO(content.getvalue())))
    staging.accept(add_files(SET, files))
    config = DataConfig(name="folder", path=SET, image_size=32)
    registry.load_image_set(config)
    return config


class Watch:
    """Opens of files below a folder, by this process, seen by an audit hook; and what it started."""

    def __init__(self) -> None:
        self.outside: str | None = None
        self.seen: list[str] = []
        sys.addaudithook(self._look)

    def _look(self, event: str, arguments: tuple[Any, ...]) -> None:
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


@pytest.fixture
def watched(tmp_path: Path, store: Path) -> Iterator[Path]:
    """A folder outside of the store that nothing may open, while no process may start: the queue's lock is taken."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (store / ".jobs").mkdir(parents=True)
    descriptor = file_lock.try_lock(store / ".jobs" / "scheduler.lock")
    assert descriptor is not None
    yield outside
    WATCH.outside = None
    os.close(descriptor)


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


def tries(*readers: Callable[[], object]) -> list[GanError]:
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
    return tries(
        lambda: folder.added_sets(),
        lambda: staging.load_report(SET).as_text(),
        lambda: registry.problem(config),
        lambda: registry.cached_image_set(config),
        lambda: registry.preview(config),
        lambda: registry.load_image_set(config.model_copy(update={"image_size": 64})),
        lambda: catalogue.find_entry(f"folder-{SET}"),
    )


def read_run(run: Run) -> list[GanError]:
    """Everything that pages and commands read of a run folder; gives the errors."""
    made = exports.Export(run.path / "exports" / EXPORT)
    columns = MetricsReader(run.path / "metrics.jsonl").read()
    assert all(np.isfinite(list(row.values())).all() for row in columns)
    state = jobs.state(run.path)
    layout = sample_sheets.read_layout(run)
    return tries(
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
        lambda: [one.as_text() for one in results.list_results(run)],
        lambda: [interpretation.conclusion(one) for one in results.list_results(run)],
        lambda: (
            results.best_snapshot(run),
            results.load_result(run, SNAPSHOT),
            interpretation.headline(run, SNAPSHOT),
        ),
        lambda: [one.as_text() for one in study_results.list_studies(run)],
        lambda: study_results.load_study(run, SNAPSHOT).as_json(),
        lambda: getattr(membership_results.load_membership(run, SNAPSHOT), "verdict", None),
        lambda: [(one.summary(), one.finished) for one in reader_study.list_readings(run)],
        lambda: job.estimated_seconds(run),
        lambda: [(one.request, one.state, one.status, one.result, one.file) for one in exports.list_exports(run)],
        lambda: made.request.check(run.info()),
        lambda: (timed_exports(run), estimate_export(run, ExportRequest((("3", 2),)))),
        lambda: (jobs.queue(), jobs.log_tail(run.path), list(jobs.follow(run.path)) if not state.alive else None),
        lambda: training_images.training_images_problem(run),
        lambda: all_runs(),
    )


def files_of(folder: Path) -> list[str]:
    """Every file of a folder, by its path in it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


VALUES = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        10**18,
        10**30,
        1e300,
        -0.5,
        "",
        "x" * 3000,
        "../../outside/secret",
        "/etc/passwd",
        "\0",
        [],
        {},
        [[]],
        {"a": []},
        "NaN",
        [None],
        [{}],
        [1, 2, 3],
        ["\u2028"],
        {"": ""},
    ]
)
TEXTS = st.sampled_from(
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"3",
        b'"x"',
        b"\xff\xfe\x00",
        b"{",
        b'{"a": NaN}',
        b'{"version": 1e999}',
        b"\xef\xbb\xbf{}",
        DEEP.encode(),
        b"9" * 5000,
        b'{"seen": 1}' * 3,
        b"\n\n",
        b'"\\ud800"',
        b"PK\x03\x04",
        b"\x89PNG\r\n\x1a\n",
    ]
)
WAYS = ("value", "value", "value", "gone", "key", "text", "cut", "flip", "link", "folder", "fifo", "parent")


def nodes(document: Any) -> list[tuple[Any, Any]]:
    """Every place in a document where a value stands: its container and its key."""
    found: list[tuple[Any, Any]] = []
    pairs = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in pairs:
        found.append((document, key))
        found += nodes(value)
    return found


def forged(content: bytes, draw: st.DataObject, way: str) -> bytes:
    """A JSON document with one value changed or gone; of JSON lines, its last line."""
    before, _, line = content.rstrip().rpartition(b"\n") if content.count(b"}\n") > 1 else (b"", b"", content)
    try:
        document = json.loads(content)
        before = b""
    except ValueError:
        document = json.loads(line)
    places_ = nodes(document)
    if places_:
        container, key = places_[draw.draw(st.integers(0, len(places_) - 1))]
        if way == "value":
            container[key] = draw.draw(VALUES)
        elif way == "key" and isinstance(container, dict):
            container["forged"] = draw.draw(VALUES)
        else:
            del container[key]
    return before + (b"\n" if before else b"") + json.dumps(document).encode() + b"\n"


def damage(path: Path, below: Path, outside: Path, draw: st.DataObject) -> None:
    """Damage or forge one file, in a way that Hypothesis chooses; the folder `below` it is no link."""
    content, way = path.read_bytes(), draw.draw(st.sampled_from(WAYS))
    secret = outside / "secret"
    shutil.rmtree(secret, ignore_errors=True)
    secret.mkdir()
    (secret / path.name).write_bytes(content)
    if way in ("value", "gone", "key") and path.suffix in (".json", ".jsonl"):
        path.write_bytes(forged(content, draw, way))
    elif way == "cut":
        path.write_bytes(content[: draw.draw(st.integers(0, len(content)))])
    elif way == "flip":
        at = draw.draw(st.integers(0, min(len(content), 400)))
        path.write_bytes(content[:at] + draw.draw(st.binary(min_size=1, max_size=8)) + content[at + 1 :])
    elif way == "parent" and len(path.relative_to(below).parts) > 1:
        moved = secret / "moved"
        path.parent.rename(moved)
        path.parent.symlink_to(moved)
    elif way in ("link", "folder", "fifo"):
        path.unlink()
        if way == "link":
            path.symlink_to(secret / path.name)
        elif way == "folder":
            path.mkdir()
        else:
            os.mkfifo(path)
    else:
        path.write_bytes(draw.draw(TEXTS))


def again(target: Path, pristine: Path) -> None:
    """Put back what was damaged."""
    if target.is_symlink():
        target.unlink()
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(pristine, target)


def test_a_run_folder_with_a_forged_file_is_read_without_harm(watched: Path, store: Path, tmp_path: Path) -> None:
    run, pristine = copied(store), tmp_path / "pristine"
    run.path.rename(pristine)
    files = files_of(pristine)

    @settings(PROFILE, max_examples=200)
    @given(st.data())
    def look(draw: st.DataObject) -> None:
        again(run.path, pristine)
        name = draw.draw(st.sampled_from(files))
        damage(run.path / name, run.path, watched, draw)
        with untouched(watched):
            read_run(Run(run.path))

    look()


def test_an_added_set_and_a_cache_with_a_forged_file_are_read_without_harm(
    watched: Path, store: Path, tmp_path: Path
) -> None:
    config = added()
    pristine, kept = tmp_path / "pristine", store / ".data"
    shutil.copytree(kept, pristine)
    files = [name for name in files_of(pristine) if not name.endswith(".lock")]

    @settings(PROFILE, max_examples=120)
    @given(st.data())
    def look(draw: st.DataObject) -> None:
        again(kept, pristine)
        path = kept / draw.draw(st.sampled_from(files))
        damage(path, kept.joinpath(*path.relative_to(kept).parts[:2]), watched, draw)
        with untouched(watched):
            read_set(config)

    look()


@pytest.mark.parametrize(
    "path",
    [("test", key) for key in ("images", "groups", "grouped", "groups_per_class")]
    + [("regimes", 0, "generator", "kimg")],
)
def test_a_study_without_a_part_that_reports_show_is_skipped(path: tuple[str | int, ...], store: Path) -> None:
    run = copied(store)
    file = study_results.study_path(run, SNAPSHOT)
    document: Any = read_json(file)
    container = document
    for key in path[:-1]:
        container = container[key]
    del container[path[-1]]
    write_json(file, document)
    assert study_results.list_studies(run) == []


def test_what_is_whole_is_read_without_an_error(watched: Path, store: Path) -> None:
    """The readers above do read: none of them answers a whole folder with an error."""
    run, config = copied(store), added()
    with untouched(watched):
        assert read_run(run) == []
        assert read_set(config) == []
    assert len(marks.load(run)) == 2
    assert (
        len(results.list_results(run))
        == len(study_results.list_studies(run))
        == len(reader_study.list_readings(run))
        == 1
    )
    assert membership_results.load_membership(run, SNAPSHOT) is not None
    assert exports.list_exports(run)[0].result is not None
    assert len(timed_exports(run)) == 1


JUNK: dict[str, bytes] = {
    "data.json": b'{"names": null, "kind": 3}',
    "about.json": b'{"created": 1e300, "title": ["x"], "tags": [1], "notes": {}}',
    "status.json": b'{"phase": "training", "done": "many", "total": null, "seconds_left": "x"}',
    "started.json": b'{"ticket": "1", "time": 1e300, "device": 3, "pid": -1, "arguments": 3}',
    "end.json": b'{"ticket": 1, "state": ["failed"], "cause": {}, "advice": 3}',
    "exit.json": b'{"ticket": "1", "code": "x"}',
    "marks.json": b'{"version": 1, "marks": [{"snapshot": "x", "mark": "buy"}, 3]}',
    "events.jsonl": b'{"seen": "x", "time": null}\n3\n{"seen": 1, "time": 1e300}\n',
    "metrics.jsonl": b'{"seen": 3, "loss_d": "x"}\n{"seen": true}\n{"seen": 4, "loss_g": 1e999}\n{"seen": -1}\n[]\n',
    "samples/columns.json": b'{"labels": 3, "rows": "x"}',
    "samples/000100032.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x0f\xff\xff\x00\x0f\xff\xff\x08\x00\x00\x00\x00",
    "evaluation/000100032.json": b'{"version": 2}',
    "evaluation/000100032-study.json": b'{"version": 3, "regimes": [3]}',
    "evaluation/000100032-membership.json": b'{"version": 1}',
    f"evaluation/reader-{EXPORT}.json": b'{"version": 1}',
    "snapshots/000100032/ready.json": b"[]",
    "snapshots/000100032/generator.safetensors": b"\xff" * 64,
    "conditions.npz": b"PK",
    "subclasses.npz": b"PK",
    f"exports/{EXPORT}/request.json": b'{"items": [[1]], "basket": [{"snapshot": "x"}]}',
    f"exports/{EXPORT}/written.json": b'{"count": "x"}',
    "exports/ledger.jsonl": b'{"seconds": "x", "count": null}\n',
}


def hostile(store: Path, outside: Path) -> list[Run]:
    """Four runs: one of junk but for its config, one of junk altogether, one of links, one of folders and FIFOs."""
    made = []
    for name in ("junk", "broken", "linked", "odd"):
        run = copied(store)
        run.path.rename(store / name)
        run = Run(store / name)
        for number, (file, content) in enumerate(JUNK.items()):
            path = run.path / file
            if name == "linked":
                target = outside / f"{number}-{path.name}"
                path.rename(target)
                path.symlink_to(target)
            elif name == "odd":
                path.unlink()
                os.mkfifo(path) if number % 2 else path.mkdir()
            else:
                path.write_bytes(content)
        made.append(run)
    (store / "broken" / "config.json").write_text(DEEP)
    return made


def test_pages_show_hostile_runs_as_broken_and_go_on(watched: Path, store: Path) -> None:
    found = hostile(store, watched)
    with untouched(watched):
        page("overview")
        for run in found:
            for name in ("progress", "gallery", "evaluate"):
                page(name, run=run.name)
        page("compare", run=[run.name for run in found])


def test_commands_answer_hostile_runs_in_words(
    watched: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = hostile(store, watched)
    with untouched(watched):
        assert main(["runs", "--json", "--disk"]) == 0
        listed = json.loads(capsys.readouterr().out)
        assert {row["name"] for row in listed} == {run.name for run in found}
        for run in found:
            for command in (
                ["logs", run.name],
                ["sample", run.name, "--out", str(tmp_path / "out"), "--condition", "3", "--count", "1"],
                ["tensorboard", run.name, "--out", str(tmp_path / f"events-{run.name}")],
                ["evaluate", run.name, "--report", str(tmp_path / "report.html")],
            ):
                assert main(command) in (0, 2)


def test_a_line_of_any_length_and_a_file_without_end_cost_no_memory(store: Path) -> None:
    run = copied(store)
    path = run.path / "metrics.jsonl"
    with open(path, "wb") as file:
        file.write(b'{"seen": 1}\n')
        file.seek(2**30)  # a hole: a line of a gigabyte
        file.write(b'\n{"seen": 2}\n')
    columns = MetricsReader(path)
    assert list(columns.read().seen) == [1]
    path.write_bytes(b'{"seen": 1}\n' + b"x" * 200_000 + b'\n{"seen": 2}\n' + b"y" * 200_000)
    reading = MetricsReader(path)
    assert [row["seen"] for row in reading.read()] == [1, 2]
    with open(path, "ab") as file:
        file.write(b'z\n{"seen": 3}\n')
    assert [row["seen"] for row in reading.read()] == [1, 2, 3]


@pytest.mark.parametrize("root", ["/etc", "..", "images/../..", "\0", "~"])
def test_a_plan_that_points_outside_is_refused(root: str, watched: Path) -> None:
    config = added()
    path = places.added_sets() / SET / "plan.json"
    write_json(path, (read_json(path) or {}) | {"root": root})
    assert registry.problem(config) is not None
    with untouched(watched), pytest.raises(DataError):
        registry.load_image_set(config.model_copy(update={"image_size": 64}))


def test_a_link_among_the_images_of_an_added_set_is_not_followed(watched: Path) -> None:
    config = added()
    image = places.added_sets() / SET / "images" / "a" / "0.png"
    image.rename(watched / "0.png")
    image.symlink_to(watched / "0.png")
    with untouched(watched), pytest.raises(DataError, match=r"0\.png"):
        registry.load_image_set(config.model_copy(update={"image_size": 64}))


def test_what_is_written_to_a_run_does_not_follow_its_links(watched: Path, store: Path) -> None:
    run = copied(store)
    for name in ("events.jsonl", "about.lock", "marks.lock", "exports/ledger.jsonl"):
        (run.path / name).unlink(missing_ok=True)
        (run.path / name).symlink_to(watched / Path(name).name)
    with untouched(watched):
        errors = tries(
            lambda: events.record_resumption(run, 5),
            lambda: notes.update_about(run.path, title="x"),
            lambda: marks.change(run, {Origin(SNAPSHOT, 1, 9, "3"): "keep"}),
            lambda: append_json_line(run.path / "exports" / "ledger.jsonl", {}),
        )
    assert [type(error) for error in errors] == [DamagedFileError] * 4
    shutil.rmtree(run.path / "samples")
    (run.path / "samples").symlink_to(watched)
    with untouched(watched), pytest.raises(DamagedFileError):
        write_json(run.path / "samples" / "columns.json", {})


def test_a_damaged_file_is_named_with_what_to_do(store: Path) -> None:
    run = copied(store)
    (run.path / "data.json").write_text('{"names": 3}')
    with pytest.raises(RunError, match=r"data\.json is damaged \(names: .*\): put back a whole copy"):
        run.info()
