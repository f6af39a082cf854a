"""Light scores: their values and floors, the same each time, of every snapshot, beside full evaluations."""

import json
import shutil
from dataclasses import replace
from typing import Any

import pytest

from gan import jobs
from gan.cli.main import main
from gan.config import settings
from gan.errors import DataError, StoppedError
from gan.evaluation import job, tasks
from gan.evaluation.beside_training import score_if_due, take_further_request
from gan.evaluation.budget import ClassifierBudget, LightBudget
from gan.evaluation.job import Request
from gan.evaluation.records import results
from gan.evaluation.records.best_snapshot import best_of_several, best_snapshot, comparable_scores
from gan.evaluation.records.light_scores import LightScore, light_score_path, list_light_scores, load_light_score
from gan.evaluation.scores.light_score import LightScorer
from gan.io.progress import silent
from gan.runs.run import Run
from gan.training.snapshot_hooks import SavedSnapshot
from tests.conftest import trained
from tests.support.celeba import write_celeba
from tests.support.evaluation import demo_scores
from tests.support.light_scores import light_score

BUDGET = LightBudget(ClassifierBudget(longest=640), compared=20, checked=10)
EVERY = Request(job.BESIDE_TRAINING, every=True, light=True)


def without_times(score: LightScore) -> dict[str, Any]:
    timings = ("time", "seconds", "cpu_seconds", "start_cpu_seconds")
    made = {key: value for key, value in score.made_with.items() if key not in timings}
    return replace(score, made_with=made).as_json()


def test_every_snapshot_gets_the_same_scores_each_time_and_those_saved_meanwhile_too() -> None:
    write_celeba(settings.public_data(), 200)
    run = trained("faces", data__name="celeba", data__attributes="Male,Smiling", data__image_size=32)

    def save_another(phase: str, done: float) -> None:
        if phase.startswith("snapshot 2 of 2") and 480 not in run.snapshots():
            shutil.copytree(run.snapshot(320), run.snapshot_folder(480))

    tasks.score_kept_snapshots(run, EVERY, save_another, BUDGET)
    scores = list_light_scores(run)
    assert [score.snapshot for score in scores] == [160, 320, 480]
    assert jobs.state(job.job_folder(run, job.BESIDE_TRAINING)).name == "finished"
    assert results.list_results(run) == []  # they are no evaluation

    first, last = scores[0], scores[1]
    assert first.n == {"scores": 20, "floor": 10}
    assert first.floor == last.floor  # of the same real images
    assert first.floor["coverage"] > first.like_floor["coverage"]  # after 10 steps these are no digits
    assert first.kid > first.floor["kid"]
    for name in ("kid", "coverage", "obedience_balanced", "real_accuracy_balanced"):
        low, high = first.intervals[name]
        assert low <= getattr(first, name) <= high
        assert low < high
    assert first.near_copies["checked"] == 10
    assert first.near_copies["held_out"]["checked"] > 100  # of the calibration, which downloads use too
    assert first.features == "imagenet"
    assert first.made_with["cpu_seconds"] > 0
    assert first.notices == ["Only 20 images in the val split: rely on the intervals, not on the numbers."]

    again = LightScorer(run, budget=BUDGET).score(160)
    assert without_times(again) == without_times(first)
    light_score_path(run, 320).unlink()
    assert job.snapshots_to_score(run, EVERY) == [320]
    light_score_path(run, 160).write_text("{")
    assert job.snapshots_to_score(run, EVERY) == [160, 320]  # a damaged file is made again


def test_snapshots_that_a_run_saves_while_a_user_scores_one_are_scored_after_it() -> None:
    run = trained("digits")
    last = SavedSnapshot(320, 600.0, "cuda", 2.0, last=True)

    def save_last(phase: str, done: float) -> None:
        if phase.startswith("snapshot 1 of 1") and not list_light_scores(run):
            score_if_due(run, last)

    one = Request(job.BESIDE_TRAINING, snapshot=160, light=True)
    assert [score.snapshot for score in tasks.score_kept_snapshots(run, one, save_last, BUDGET)] == [160]
    assert [score.snapshot for score in list_light_scores(run)] == [160, 320]
    assert take_further_request(run) is None

    light_score_path(run, 320).unlink()
    tasks.score_kept_snapshots(run, one, silent, BUDGET)
    assert not light_score_path(run, 320).exists()  # nobody asked

    def save_last_and_stop(phase: str, done: float) -> None:
        score_if_due(run, last)
        raise StoppedError

    with pytest.raises(StoppedError):
        tasks.score_kept_snapshots(run, one, save_last_and_stop, BUDGET)
    assert take_further_request(run) is None  # it was stopped too


def test_a_set_without_enough_validation_images_is_named() -> None:
    write_celeba(settings.public_data(), 60)
    few = trained("faces", data__name="celeba", data__attributes="Smiling", data__image_size=32)
    with pytest.raises(DataError, match="has 6 images in its validation split: light scores take at least 10"):
        tasks.score_kept_snapshots(few, EVERY, silent, BUDGET)
    assert jobs.state(job.job_folder(few, job.BESIDE_TRAINING)).name == "failed"


def test_the_command_prints_light_scores_and_the_best_snapshot(capsys: pytest.CaptureFixture[str]) -> None:
    run = trained("digits")
    light_score(run, 160, 0.2)
    light_score(run, 320, 0.3)
    capsys.readouterr()
    assert main(["evaluate", "digits", "--all-snapshots", "--light", "--json"]) == 0  # nothing is left to be scored
    document = json.loads(capsys.readouterr().out)
    assert [score["snapshot"] for score in document["snapshots"]] == [160, 320]
    assert document["best_snapshot"] == 160
    assert all(score["light"] for score in document["snapshots"])
    assert main(["evaluate", "digits", "--light", "--split", "test"]) == 2
    assert "--light is for choosing a snapshot" in capsys.readouterr().err


def test_the_best_snapshot_is_chosen_among_scores_of_one_kind() -> None:
    run = trained("digits")
    light_score(run, 160, 0.2)
    light_score(run, 320, 0.3)
    light_score(run, 480, 0.0)
    assert best_snapshot(run) == 160  # there is no snapshot 480
    demo_scores(run, 320, kid=0.01)
    assert best_of_several(run) == 160  # more snapshots have light scores
    demo_scores(run, 160, kid=0.02)
    assert best_of_several(run) == 320  # as many have evaluations, which are on more images
    assert isinstance(load_light_score(run, 320), LightScore)  # they were not replaced
    light_score(run, 320, 0.0, made_with=load_light_score(run, 160).made_with | {"seed": 1, "time": 0.0})
    assert [score.snapshot for score in comparable_scores(Run(run.path))] == [160, 320]
