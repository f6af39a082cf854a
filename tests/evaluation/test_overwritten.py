"""A run that was trained again under its name: what was measured on its former generators is nowhere shown as current.

Every reader of such records is asked before and after the snapshot has another generator.
"""

from collections.abc import Callable
from typing import Any

import pytest

from gan import jobs
from gan.errors import RunError
from gan.evaluation import job, reader_study
from gan.evaluation.job import Request
from gan.evaluation.records import (
    best_snapshot,
    interpretation,
    light_scores,
    membership_results,
    results,
    split_looks,
    stored_studies,
)
from gan.evaluation.records.membership_results import MembershipResult
from gan.export import model_card
from gan.io.atomic import write_json
from gan.monitoring.run_verdict import run_verdict
from gan.monitoring.score_table import compared_evaluation
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.evaluation import demo_scores, generator_sha256, studied
from tests.support.light_scores import light_score

SEEN = 320


@pytest.fixture
def run() -> Run:
    """A run whose newest snapshot has one record of every kind."""
    run = trained("digits")
    demo_scores(run, SEEN)
    light_score(run, SEEN, 0.1)
    studied(run, SEEN)
    sha256 = generator_sha256(run, SEEN)
    MembershipResult(
        membership_results.VERSION, run.name, SEEN, {"members": 5, "held_out": 5}, 0.5, (0.4, 0.6), 0.05, (0.4, 0.6),
        (0.0, 0.1), 0.5, patients_named=True, notices=[], made_with={"generator_sha256": sha256},
    ).save(run)  # fmt: skip
    answers = [{"real": True, "plausible": True, "seconds": 1.0}]
    reading = {"version": 1, "id": "20260101-000000", "reader": "A", "snapshot": SEEN, "generator_sha256": sha256}
    reading |= {"seed": 0, "began": 1.0, "rows": [0], "real": [True], "answers": answers}
    write_json(run.path / "evaluation" / "reader-20260101-000000.json", reading)
    return run


def overwrite(run: Run) -> None:
    """Give the snapshot another generator."""
    write_json(run.snapshot_folder(SEEN) / "ready.json", {"seen": SEEN, "sha256": "0" * 64})


READERS: dict[str, Callable[[Run], Any]] = {
    "scores": results.list_results,
    "light scores": light_scores.list_light_scores,
    "studies": stored_studies.list_studies,
    "membership tests": membership_results.list_memberships,
    "membership": lambda run: membership_results.load_membership(run, SEEN),
    "readings": reader_study.list_readings,
    "headline": lambda run: interpretation.headline(run, SEEN),
    "best snapshot": best_snapshot.best_snapshot,
    "compared scores": compared_evaluation,
    "is scored": lambda run: SEEN not in job.snapshots_to_score(run, Request("scores", every=True, features="own")),
    "model card": lambda run: [text for text in model_card.measurements(run, SEEN).values() if text],
    "verdict": lambda run: [part for part in run_verdict(run, jobs.state(run.path)).parts[1:] if part.measured],
}


@pytest.mark.parametrize("name", READERS)
def test_a_record_of_a_former_generator_is_not_read(name: str, run: Run) -> None:
    assert READERS[name](run)
    overwrite(run)
    assert not READERS[name](run)


@pytest.mark.parametrize("load", [results.load_result, light_scores.load_light_score, stored_studies.load_study])
def test_asking_for_a_record_of_a_former_generator_says_how_to_make_it(load: Callable[..., Any], run: Run) -> None:
    assert load(run, SEEN).snapshot == SEEN
    overwrite(run)
    with pytest.raises(RunError, match=f"evaluate {run.name} --snapshot {SEEN}"):
        load(run, SEEN)


def test_records_of_a_deleted_snapshot_stay(run: Run) -> None:
    (run.snapshot_folder(SEEN) / "ready.json").unlink()
    assert results.load_result(run, SEEN).snapshot == SEEN
    assert len(stored_studies.list_studies(run)) == 1


def test_a_former_generator_still_counts_as_a_look_at_the_test_images(run: Run) -> None:
    path = results.result_path(run, SEEN)
    path.rename(results.result_path(run, SEEN, "test"))
    result = results.load_result(run, SEEN, "test")
    seen = result.made_with["data_sha256"].get("test")
    looks = split_looks.record_test_look(run, str(seen), 1.0, 1)
    overwrite(run)
    assert split_looks.record_test_look(run, str(seen), 1.0, 1) == looks
