"""`train.score full`: snapshots get the scores of the Evaluate page by themselves, beside the training."""

import base64
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from gan import jobs
from gan.config import options
from gan.evaluation import job
from gan.evaluation.beside_training import reason_to_end, training_hooks
from gan.evaluation.job import Request
from gan.evaluation.privacy import near_copies
from gan.evaluation.records.best_snapshot import best_of_several, scores_over_time
from gan.evaluation.records.light_scores import list_light_scores
from gan.evaluation.records.results import EvaluationResult, list_results
from gan.io.atomic import write_json
from gan.models import efficientnet_weights
from gan.runs import lifecycle
from gan.runs.run import Run
from gan.training.snapshot_hooks import SavedSnapshot, SnapshotHooks
from tests.conftest import TINY
from tests.support.exactness import final_weights, rows, same, train_until
from tests.support.full_scores import score_fully
from tests.support.jobs import clean_up, give_job, wait_until
from tests.support.pages import page, said

EXACT = ("generator_sha256", "data_sha256", "classifier_sha256", "features_sha256", "seed")


def new_run(name: str, **values: object) -> Run:
    return lifecycle.create_run(options.build_config(TINY | {"train.score": "full"} | values), name)


def numbers(result: EvaluationResult) -> dict[str, object]:
    """All of a result but when and for which run it was computed."""
    exact = {name: result.made_with[name] for name in EXACT}
    return asdict(result) | {"run": "", "made_with": exact}


def test_snapshots_are_scored_beside_the_training_and_progress_shows_them(store: Path) -> None:
    run = new_run("scored")
    folder = job.job_folder(run, job.BESIDE_TRAINING)
    folder.mkdir(parents=True)
    give_job(folder, "full-scores")
    try:
        train_until(run, None, training_hooks())
        wait_until(lambda: not jobs.state(folder).alive, "all are scored", patience=600.0)
        assert jobs.state(folder).name == "finished", jobs.log_tail(folder)
    finally:
        clean_up(store)
    results = list_results(run)
    assert [result.snapshot for result in results] == run.snapshots() == [160, 320]
    assert {result.split for result in results} == {"val"}
    assert list_light_scores(run) == []
    assert scores_over_time(run) == results
    best = min(results, key=lambda result: result.kid)
    assert best_of_several(run) == best.snapshot

    at = page("progress", run=run.name)
    figures = [json.loads(one.proto.json) for one in at.get("bidi_component")]
    (distance,) = (figure for figure in figures if figure.get("name") == f"{run.name}-scores-distance")
    curve = next(trace for trace in distance["traces"] if "dash" not in trace)
    drawn = np.frombuffer(base64.b64decode(curve["y"]), "<f4")
    assert drawn == pytest.approx([result.kid for result in results])
    assert [mark["x"] for mark in distance["marks"]] == [best.snapshot / 1000]
    assert "Scores on 40 images" in said(at)


def test_patience_works_from_full_scores_and_a_resumed_run_has_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("TRAINING_QUERIES", 16), ("COPIED", 2)):
        monkeypatch.setattr(near_copies, name, value)
    monkeypatch.setattr(efficientnet_weights, "PACKAGE", "a_package_that_nobody_has")  # own features take less time
    values = {"train.kimg": 1.6, "train.patience": 1, "train.log_kimg": 0.032}
    whole, resumed = (new_run(name, **values) for name in ("whole", "resumed"))

    def score(run: Run, snapshot: SavedSnapshot) -> None:
        folder = job.job_folder(run, job.BESIDE_TRAINING)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "request.json", asdict(Request(job.BESIDE_TRAINING, every=True)))
        score_fully(run)

    hooks = SnapshotHooks(saved=score, reason_to_end=reason_to_end)
    train_until(whole, None, hooks)
    train_until(resumed, 180, hooks)
    stopped_at = resumed.snapshots()[-1]
    assert stopped_at % 160  # a snapshot that the other run does not have
    train_until(resumed, None, hooks)

    assert jobs.state(whole.path).kind == jobs.state(resumed.path).kind == "early"
    assert jobs.state(whole.path).cause == jobs.state(resumed.path).cause
    scores, again = ({one.snapshot: numbers(one) for one in list_results(run)} for run in (whole, resumed))
    assert again.keys() - scores.keys() == {stopped_at}
    assert {seen: again[seen] for seen in scores} == scores
    assert rows(whole)[-1] == rows(resumed)[-1]
    assert same(final_weights(whole), final_weights(resumed))
    kids = [result.kid for result in list_results(whole)][:-1]  # the last was scored after the end was decided
    assert kids.index(min(kids)) == len(kids) - 2
    assert kids[:-1] == sorted(kids[:-1], reverse=True)
