"""Evaluations as jobs: several snapshots, stopped and gone on with; in the background; how long they take."""

import json
import subprocess
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest

from gan import jobs
from gan.cli import evaluate
from gan.cli.main import main
from gan.config import settings
from gan.errors import RunError
from gan.evaluation import job
from gan.evaluation.job import Request
from gan.evaluation.records import membership_results, results, stored_studies
from gan.evaluation.records.best_snapshot import best_snapshot
from gan.evaluation.study.study_options import StudyOptions
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.runs import lifecycle
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.evaluation import use_budget
from tests.support.jobs import clean_up, wait_until
from tests.support.study import BRIEF, TWO_STEPS


@pytest.fixture
def digits(monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with snapshots after 160 and 320 images, evaluated with a small budget."""
    use_budget(monkeypatch)
    return trained("digits")


def test_several_snapshots_are_stopped_and_gone_on_with(
    digits: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, said = ["evaluate", "digits", "--all-snapshots", "--json"], []
    folder = job.job_folder(digits, "scores")

    def stop_at_the_second(phase: str, done: float) -> None:
        said.append(phase)
        if phase.startswith("snapshot 2 of 2"):
            (folder / "stop").touch()

    monkeypatch.setattr(evaluate, "show_progress", stop_at_the_second)
    assert main(arguments) == 1
    assert "gan: stopped" in capsys.readouterr().err
    assert jobs.state(folder).name == "stopped"
    assert [result.snapshot for result in results.list_results(digits)] == [160]
    assert said[0].startswith("snapshot 1 of 2: ")
    assert job.snapshots_to_score(digits, Request("scores", every=True)) == [320]
    first = results.result_path(digits, 160).stat().st_mtime_ns

    shown: list[tuple[str, float]] = []
    monkeypatch.setattr(evaluate, "show_progress", lambda phase, done: shown.append((phase, done)))
    assert main(arguments) == 0
    assert results.result_path(digits, 160).stat().st_mtime_ns == first  # it was not made again
    assert not any("snapshot" in phase for phase, _ in shown)  # one is left, and needs no number
    shares = [share for _, share in shown]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    document = json.loads(capsys.readouterr().out)
    assert [one["snapshot"] for one in document["snapshots"]] == [160, 320]
    assert document["best_snapshot"] == best_snapshot(digits)
    assert jobs.state(folder).name == "finished"
    assert read_json(folder / "status.json")["seconds_left"] >= 0  # type: ignore[index]
    assert job.snapshots_to_score(digits, Request("scores", every=True)) == []


def test_the_membership_test_is_kept_and_stands_beside_the_scores(
    digits: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["evaluate", "digits", "--membership", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    kept = membership_results.load_membership(digits, 320)
    assert kept is not None
    assert document["membership"]["verdict"] == kept.verdict
    assert document["snapshot"] == 320
    assert jobs.state(job.job_folder(digits, "membership")).name == "finished"


def test_a_study_from_the_command_line_prints_its_arms_and_verdict_beside_the_scores(
    digits: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    brief = {"budget": TWO_STEPS, "ratios": (1.0,), "keep_rates": (0.5,), "selection_seeds": 2, "selector": BRIEF}
    monkeypatch.setattr(evaluate, "StudyOptions", partial(StudyOptions, **brief))
    capsys.readouterr()
    assert main(["evaluate", "digits", "--study", "--seeds", "2", "--no-low-data", "--json"]) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert "Classifiers to train: " in printed.err
    kept = stored_studies.load_study(digits, 320)
    assert document["verdict"] == kept.verdict
    assert [arm["name"] for arm in document["arms"]] == [arm.plan.name for arm in kept.regimes[0].arms]
    assert document["cas"] == results.load_result(digits, 320).as_json()["cas"]
    assert jobs.state(job.job_folder(digits, "study")).name == "finished"
    assert jobs.state(digits.path).name == "finished"  # of the run itself it says nothing


def test_a_snapshot_that_was_trained_anew_is_scored_again(digits: Run) -> None:
    assert main(["evaluate", "digits", "--all-snapshots"]) == 0
    write_json(digits.snapshot(160) / "ready.json", {"seen": 160, "sha256": "0" * 64})
    assert job.snapshots_to_score(digits, Request("scores", every=True)) == [160]
    assert job.snapshots_to_score(digits, Request("scores", every=True, split="test")) == [160, 320]
    assert job.snapshots_to_score(digits, Request("scores")) == [320]


def test_in_the_background_it_can_be_watched_and_stopped(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = trained("digits")
    assert job.job_state(run, "scores") is None
    assert main(["evaluate", "digits", "--background"]) == 0
    assert "The Evaluate page of digits shows the progress" in capsys.readouterr().out
    folder = job.job_folder(run, "scores")
    try:
        wait_until(lambda: (folder / "status.json").exists(), f"it is at work: {jobs.log_tail(folder)}", patience=60)
        assert jobs.state(folder).name == "running"
        with pytest.raises(RunError, match="The scoring of digits is running already"):
            job.start_evaluation(run, Request("scores"))
        with pytest.raises(RunError, match="The scoring of digits is running"):
            lifecycle.delete_run(run)
        assert jobs.stop(folder).startswith("The scoring of digits was asked to stop")
        wait_until(lambda: jobs.state(folder).name == "stopped", f"it stopped: {jobs.log_tail(folder)}", patience=60)
        assert results.list_results(run) == []
    finally:
        clean_up(store)


@pytest.mark.parametrize(
    "request_",
    [
        Request("scores"),
        Request("scores", 160, split="test", features="imagenet"),
        Request("scores", every=True),
        Request("membership", 160),
        Request("study", 160, study=StudyOptions(3, (1.0,), classifier="resnet18")),
    ],
)
def test_a_request_reaches_the_process_that_does_it(request_: Request) -> None:
    run = Run(settings.store() / "digits")
    there = job.job_folder(run, request_.kind)
    there.mkdir(parents=True)
    write_json(there / "request.json", asdict(request_))
    assert job.load_request(run, request_.kind) == request_


def test_how_long_scores_take_is_told_by_what_was_measured(digits: Run) -> None:
    assert job.estimated_seconds(digits) is None
    assert main(["evaluate", "digits", "--snapshot", "160"]) == 0
    taken = results.load_result(digits, 160).made_with["seconds"]
    assert job.estimated_seconds(digits, 3) == pytest.approx(3 * taken)
    larger = trained("larger", data__image_size=64)
    info = read_json(larger.path / "data.json")
    assert info is not None
    write_json(larger.path / "data.json", info | {"native_size": 64})
    assert job.estimated_seconds(larger) == pytest.approx(4 * taken)


def test_what_cannot_be_started_is_said(digits: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RunError, match="has no snapshot 7: it has 160, 320"):
        job.start_evaluation(digits, Request("scores", 7))
    assert not job.job_folder(digits, "scores").exists()
    assert main(["evaluate", "digits", "--snapshot", "160", "--all-snapshots"]) == 2
    assert "exclude each other" in capsys.readouterr().err


def test_looking_at_evaluations_imports_no_torch() -> None:
    code = "import sys, gan.evaluation.job, gan.evaluation.tasks; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=settings.ROOT, capture_output=True)
