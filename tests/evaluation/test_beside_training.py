"""Scores while a run trains: when they are due, that training computes the same beside them, and its end by them."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from gan import jobs
from gan.config import options
from gan.errors import ConfigError
from gan.evaluation import beside_training, job
from gan.evaluation.beside_training import is_affordable, reason_to_end, score_if_due
from gan.evaluation.budget import ClassifierBudget, LightBudget
from gan.evaluation.records.best_snapshot import best_snapshot
from gan.evaluation.records.light_scores import list_light_scores
from gan.evaluation.scores.light_score import LightScorer
from gan.jobs.worker import working
from gan.runs import lifecycle
from gan.runs.run import Run
from gan.training.estimate import scoring_cost
from gan.training.snapshot_hooks import SavedSnapshot, SnapshotHooks
from gan.training.train import train
from tests.conftest import TINY, trained
from tests.support.exactness import final_weights, rows, same
from tests.support.jobs import clean_up, give_job, notes, started, wait_until
from tests.support.light_scores import light_score

LAST = SavedSnapshot(320, 600.0, "cpu", 2.0, last=True)


def with_options(run: Run, values: dict[str, object]) -> Run:
    config = options.replace_options(run.config, values)
    (run.path / "config.json").write_text(options.config_to_json(config))
    return Run(run.path)


def lane(run: Run) -> Path:
    return job.job_folder(run, job.BESIDE_TRAINING)


def test_training_computes_the_same_beside_scores() -> None:
    """Even where they are computed in the trainer's own process."""
    plain = trained("plain", train__score="off")
    run = lifecycle.create_run(options.build_config(TINY), "scored")
    budget = LightBudget(ClassifierBudget(shortest=64, longest=64), compared=20, checked=2)

    def score(run: Run, snapshot: SavedSnapshot) -> None:
        assert snapshot.cores > 0
        LightScorer(run, budget=budget).score(snapshot.seen)

    with working(run.path, "cpu") as worker:
        train(run, worker, hooks=SnapshotHooks(saved=score))
    assert [one.snapshot for one in list_light_scores(run)] == run.snapshots() == [160, 320]
    assert rows(run) == rows(plain)
    assert same(final_weights(run), final_weights(plain))


def test_a_run_goes_on_where_scores_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(run: Run) -> None:
        raise OSError(5, "Input/output error")

    for ask in ("best_snapshot", "reason_to_end"):
        monkeypatch.setattr(beside_training, ask, failing)
    run = lifecycle.create_run(options.build_config(TINY), "unreadable")
    with working(run.path, "cpu") as worker:
        train(run, worker, hooks=replace(beside_training.training_hooks(), saved=lambda run, snapshot: None))
    assert run.snapshots() == [160, 320]
    assert capsys.readouterr().out.count("The scores of the snapshots cannot be read: [Errno 5]") == 3


def test_a_run_ends_by_itself_where_scores_no_longer_get_better() -> None:
    run = lifecycle.create_run(options.build_config(TINY | {"train.kimg": 0.8, "train.patience": 2}), "patient")
    kids = iter([0.5, 0.3, 0.4, 0.3, 0.1])

    def score(run: Run, snapshot: SavedSnapshot) -> None:
        light_score(run, snapshot.seen, next(kids))

    with working(run.path, "cpu") as worker:
        train(run, worker, hooks=SnapshotHooks(saved=score, reason_to_end=reason_to_end))
    assert run.snapshots()[-1] == 800  # after 640 images only one later score was known
    state = jobs.state(run.path)
    assert (state.name, state.cause) == ("finished", "")

    longer = lifecycle.create_run(options.build_config(TINY | {"train.kimg": 1.6, "train.patience": 2}), "ended")
    kids = iter([0.5, 0.3, 0.4, 0.3, 0.6])
    with working(longer.path, "cpu") as worker:
        train(longer, worker, hooks=SnapshotHooks(saved=score, reason_to_end=reason_to_end))
    state = jobs.state(longer.path)
    assert (state.name, state.kind) == ("finished", "early")
    assert state.cause.startswith("It ended by itself and saved: the last 2 scored snapshots are no better than that")
    assert "after 320 images" in state.cause
    assert longer.snapshots()[-1] == 800 < longer.total
    assert (longer.snapshot(800) / "training.pt").exists()


def test_light_scores_keep_within_their_share_of_a_run_on_the_cpu() -> None:
    run = trained("digits")
    assert not is_affordable(run, SavedSnapshot(160, 599.0, "cpu", 2.0, last=False))  # 60 s of 2 cores for 600 s
    assert is_affordable(run, SavedSnapshot(160, 601.0, "cpu", 2.0, last=False))
    assert not is_affordable(run, SavedSnapshot(160, 601.0, "cpu", 1.9, last=False))  # it shared the two cores
    assert is_affordable(run, SavedSnapshot(160, 1.0, "cuda", 0.5, last=False))
    made = light_score(run, 160, 0.1).made_with
    light_score(run, 160, 0.1, made_with=made | {"start_cpu_seconds": 30.0, "cpu_seconds": 5.0})
    assert not is_affordable(run, SavedSnapshot(320, 699.0, "cpu", 2.0, last=False))  # 35 s spent, 30 and 5 to come
    assert is_affordable(run, SavedSnapshot(320, 701.0, "cpu", 2.0, last=False))
    other = trained("other")
    assert is_affordable(other, SavedSnapshot(160, 401.0, "cpu", 2.0, last=False))  # 30 and twice 5, as on the same set


def test_runs_that_are_not_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained("digits")
    score_if_due(run, SavedSnapshot(320, 59.0, "cpu", 2.0, last=True))  # a trial
    score_if_due(run, SavedSnapshot(320, 59.0, "cpu", 2.0, last=False))
    for values in ({"train.score": "off"}, {"job.engine": "slurm"}):
        score_if_due(with_options(run, values), LAST)
    assert job.job_state(run, job.BESIDE_TRAINING) is None
    with pytest.raises(ConfigError, match="jobs of Slurm do not score their snapshots"):
        options.build_config({"job.engine": "slurm", "train.patience": 1})
    assert "within 5% of that time (about 30 seconds)" in scoring_cost(
        options.build_config({"job.device": "cpu"}), 600.0
    )
    assert "not in a job of Slurm" in scoring_cost(options.build_config({"job.engine": "slurm"}), 600.0)
    assert scoring_cost(options.build_config({"train.score": "off"}), 600.0) == "off."


def test_a_killed_task_is_taken_up_again_and_one_that_failed_by_itself_is_not(store: Path) -> None:
    run = trained("digits")
    folder = lane(run)
    folder.mkdir(parents=True)
    give_job(folder)
    try:
        score_if_due(run, LAST)
        wait_until(lambda: len(notes()) == 1, "the task works")
        first = started(Run(folder))["ticket"]
        score_if_due(run, LAST)  # it is at work: nothing is started
        assert started(Run(folder))["ticket"] == first
        os.kill(started(Run(folder))["pid"], signal.SIGKILL)
        wait_until(lambda: jobs.state(folder).name == "lost", "it was killed")
        score_if_due(run, SavedSnapshot(320, 600.0, "cuda", 2.0, last=False))
        wait_until(lambda: len(notes()) == 2, "it works again")
        assert started(Run(folder))["ticket"] > first
        assert lifecycle.delete_run(run) == "The run digits was deleted."  # which stops it

        again = trained("again")
        folder = lane(again)
        folder.mkdir(parents=True)
        give_job(folder, "nan")
        score_if_due(again, LAST)
        wait_until(lambda: jobs.state(folder).name == "failed", "it failed")
        ticket = started(Run(folder))["ticket"]
        score_if_due(again, SavedSnapshot(320, 600.0, "cuda", 2.0, last=False))
        assert jobs.state(folder).name == "failed"
        score_if_due(again, SavedSnapshot(320, 59.0, "cpu", 2.0, last=True))  # the last is tried where others were, too
        wait_until(lambda: started(Run(folder))["ticket"] > ticket, "it was started again")
    finally:
        clean_up(store)


def test_the_hooks_of_the_trainer_are_these() -> None:
    hooks, run = beside_training.training_hooks(), trained("digits", train__patience=1)
    for seen, kid in ((160, 0.1), (320, 0.5)):
        light_score(run, seen, kid)
    assert hooks.saved == score_if_due
    assert hooks.reason_to_end(run) == reason_to_end(run) != ""
    assert hooks.best(run) == best_snapshot(run) == 160
