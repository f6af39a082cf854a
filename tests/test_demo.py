"""The runs that come with the program: complete, small, licensed, shown by every page, without local paths."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest

import gan
from gan import jobs
from gan.config import settings
from gan.evaluation import job
from gan.evaluation.records import results
from gan.evaluation.records.best_snapshot import best_snapshot, scores_over_time
from gan.evaluation.records.light_scores import list_light_scores
from gan.evaluation.records.membership_results import load_membership
from gan.evaluation.records.stored_studies import load_study
from gan.export import exports
from gan.export.request import ExportRequest
from gan.io.json_files import read_json
from gan.monitoring.run_verdict import run_verdict
from gan.runs import lifecycle
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run, find_run
from tests.support.jobs import wait_until
from tests.support.pages import page, said, tiles

CHECKPOINTS = settings.ROOT / "checkpoints"
MNIST, CELLS = "demo-mnist", "demo-bloodcells"
NAMES = (MNIST, CELLS)
MAX_BYTES = {MNIST: 5_000_000, CELLS: 10_000_000}
LOCAL_PATH = re.compile(rb"/(home|root|tmp|work|mnt|Users|private|var)/|[A-Za-z]:\\\\")


@pytest.fixture(params=NAMES)
def demo(request: pytest.FixtureRequest, store: Path) -> Run:
    """A copy in the test's store: pages may write into a run."""
    return copied(request.param, store)


def copied(name: str, store: Path) -> Run:
    shutil.copytree(CHECKPOINTS / name, store / name)
    return find_run(name)


def files(name: str) -> list[Path]:
    return sorted(path for path in (CHECKPOINTS / name).rglob("*") if path.is_file())


@pytest.mark.parametrize("name", NAMES)
def test_it_is_in_the_default_store(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAN_STORE")
    assert find_run(name).path == CHECKPOINTS / name
    assert sum(file.stat().st_size for file in files(name)) < MAX_BYTES[name]


def test_it_is_finished_and_there_is_nothing_to_resume(demo: Run) -> None:
    assert jobs.state(demo.path).name == "finished"
    assert "nothing to resume" in lifecycle.resume_run(demo)
    assert demo.seen == max(demo.snapshots()) >= demo.total
    assert max(demo.samples()) == demo.seen
    assert MetricsReader(demo.path / "metrics.jsonl").read()[-1]["seen"] <= demo.seen


def test_it_is_exported_though_it_came_without_a_folder_for_exports(demo: Run) -> None:
    shutil.rmtree(demo.path / "exports", ignore_errors=True)
    export = exports.begin_export(demo, ExportRequest(((demo.info().names[2], 4),), with_near_copies=True))
    wait_until(lambda: not export.state.alive, "the export ended", 60)
    assert export.file is not None, jobs.log_tail(export.folder)
    assert exports.list_exports(demo) == [export]


def test_its_scores_are_of_its_own_generators(demo: Run) -> None:
    scored = results.list_results(demo)
    assert best_snapshot(demo) in {result.snapshot for result in scored}
    for result in scored:
        weights = demo.snapshot(result.snapshot) / "generator.safetensors"
        assert result.made_with["generator_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
        assert result.run == demo.name


def test_it_has_no_trace_of_the_machine_that_made_it(demo: Run) -> None:
    assert [file.name for file in files(demo.name) if LOCAL_PATH.search(file.read_bytes())] == []
    started = read_json(demo.path / "started.json") or {}
    assert started.keys() == {"ticket", "time", "device", "pid"}
    assert started["pid"] is None
    assert "images_per_second" not in demo.status()  # the estimate for the reader's machine would use it
    assert job.estimated_seconds(demo) is None


def test_its_notes_name_the_licence_and_the_commands_that_made_it(demo: Run) -> None:
    notes = demo.about.notes
    assert {MNIST: "LeCun, Corinna Cortes, Christopher J. C. Burges; CC BY-SA 3.0", CELLS: "MIT licence"}[
        demo.name
    ] in notes
    assert "python -m docs.make_demo" in notes
    command = re.split(", gan | and gan ", notes.partition("gan train ")[2])[0].split()
    requested = dict(zip(command[::2], command[1::2], strict=True))
    options = demo.config.flat()
    for path in requested.keys() - {"--preset"}:
        assert str(options[path.removeprefix("--")]).removesuffix(".0") == requested[path]


@pytest.mark.parametrize(
    ("run", "name", "shown"),
    [
        (MNIST, "overview", "Demo: handwritten digits"),
        (MNIST, "progress", "Learning well"),
        (MNIST, "progress", "Only the snapshot after 100,032 images"),
        (MNIST, "evaluate", "97.0%"),
        (CELLS, "overview", "Demo: blood cells, few white ones"),
        (CELLS, "progress", "Learning well"),
        (CELLS, "evaluate", "No room to gain"),
    ],
)
def test_a_page_shows_it_without_its_data_set(run: str, name: str, shown: str, store: Path) -> None:
    copied(run, store)
    at = page(name, run=run)
    assert not at.error
    text = said(at) + "".join(str(part.proto.body) for part in at.get("html"))
    assert shown in text
    assert 'class="pairs"' not in text  # of a synthetic and its closest training image


def test_the_gallery_makes_images_of_every_class_without_its_data_set(demo: Run) -> None:
    at = page("gallery", run=demo.name)
    assert not at.error
    images = tiles(at)
    assert len({image["src"] for image in images}) == len(images) >= 10


def test_the_blood_cells_have_scores_of_all_snapshots_a_membership_test_and_a_study(store: Path) -> None:
    run = copied(CELLS, store)
    first = 1000 * run.config.train.snapshot_kimg  # there are sheets of samples before the first snapshot
    assert [score.snapshot for score in list_light_scores(run)] == [seen for seen in run.samples() if seen >= first]
    assert gan.read_scores(run, light=True)["kid"].tolist() == [score.kid for score in list_light_scores(run)]
    assert scores_over_time(run) == list_light_scores(run)  # though what is the best is known from full scores
    kept = run.snapshots()
    assert best_snapshot(run) in kept
    assert all(load_membership(run, seen) is not None for seen in kept)
    best = best_snapshot(run)
    assert best is not None
    study = load_study(run, best)
    assert study.verdict.startswith("No room to gain: AUROC is already 0.998")
    assert run_verdict(run, jobs.state(run.path)).label == "No room to gain"
    at = page("evaluate", run=CELLS, snapshot=str(best))
    assert not at.error
    (again,) = (folded for folded in at.expander if folded.label == "Score or study again")
    assert {"score one", "start study"} < {button.key for button in again.button}
    assert "No room to gain" in said(at) + "".join(str(part.proto.body) for part in at.get("html"))
