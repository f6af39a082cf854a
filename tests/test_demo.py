"""The run that comes with the program: whole, small, named by its licence, shown by every page, and of no machine."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from gan import jobs
from gan.config import settings
from gan.evaluation import job
from gan.evaluation.records import results
from gan.export import exports
from gan.export.exports import ExportRequest
from gan.io.json_files import read_json
from gan.runs import lifecycle
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run, find_run
from tests.support.jobs import wait_until
from tests.support.pages import page, said, tiles

NAME = "demo-mnist"
DEMO = settings.ROOT / "checkpoints" / NAME
FILES = sorted(path for path in DEMO.rglob("*") if path.is_file())
PLACE = re.compile(rb"/(home|root|tmp|work|mnt|Users|private|var)/|[A-Za-z]:\\\\")


@pytest.fixture
def demo(store: Path) -> Run:
    """A copy in a store of its own: looking at a run can leave files in it."""
    shutil.copytree(DEMO, store / NAME)
    return find_run(NAME)


def test_who_sets_no_store_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAN_STORE")
    assert find_run(NAME).path == DEMO
    assert sum(file.stat().st_size for file in FILES) < 5_000_000


def test_it_is_finished_and_there_is_nothing_to_resume(demo: Run) -> None:
    assert jobs.state(demo.path).name == "finished"
    assert "nothing to resume" in lifecycle.resume_run(demo)
    assert demo.seen == max(demo.snapshots()) >= demo.total
    assert max(demo.samples()) == demo.seen
    assert MetricsReader(demo.path / "metrics.jsonl").read()[-1]["seen"] <= demo.seen


def test_its_images_are_downloaded_where_no_folder_for_exports_came_with_it(demo: Run) -> None:
    shutil.rmtree(demo.path / "exports", ignore_errors=True)
    made = exports.begin_export(demo, ExportRequest((("3", 4),), with_near_copies=True))
    wait_until(lambda: not made.state.alive, "the export ended", 60)
    assert made.file is not None, jobs.log_tail(made.folder)
    assert exports.list_exports(demo) == [made]


def test_its_scores_are_of_its_own_generators(demo: Run) -> None:
    scored = results.list_results(demo)
    assert results.best_snapshot(demo) in {result.snapshot for result in scored}
    for result in scored:
        weights = demo.snapshot(result.snapshot) / "generator.safetensors"
        assert result.made_with["generator_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
        assert result.run == NAME


def test_it_says_nothing_of_the_machine_that_made_it(demo: Run) -> None:
    assert [file.name for file in FILES if PLACE.search(file.read_bytes())] == []
    started = read_json(demo.path / "started.json") or {}
    assert started.keys() == {"ticket", "time", "device", "pid"}
    assert started["pid"] is None
    assert "images_per_second" not in demo.status()  # by these a reader's own machine would be judged
    assert job.estimated_seconds(demo) is None


def test_its_notes_name_the_licence_and_the_commands_that_made_it(demo: Run) -> None:
    notes = demo.about.notes
    assert "CC BY-SA 3.0" in notes
    assert "LeCun" in notes
    assert "python -m docs.make_demo" in notes
    command = notes.partition("gan train ")[2].partition(" and ")[0].split()
    asked = dict(zip(command[::2], command[1::2], strict=True))
    options = demo.config.flat()
    for path in asked.keys() - {"--preset"}:
        assert str(options[path.removeprefix("--")]).removesuffix(".0") == asked[path]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("overview", "Demo: handwritten digits"),
        ("progress", "Learning well"),
        ("evaluate", "The pairs cannot be shown: the data set is not in the cache"),
    ],
)
def test_a_page_shows_it_where_its_data_is_not(demo: Run, name: str, words: str) -> None:
    at = page(name, run=NAME)
    assert not at.error
    assert not at.warning
    assert words in said(at) + "".join(str(part.proto.body) for part in at.get("html"))


def test_the_gallery_makes_images_of_every_digit_where_its_data_is_not(demo: Run) -> None:
    at = page("gallery", run=NAME)
    assert not at.error
    shown = tiles(at)
    assert len({image["src"] for image in shown}) == len(shown) >= 10
