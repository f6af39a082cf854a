"""Studies, which need a device as training does, in the same queue as runs."""

import shutil
from pathlib import Path

import pytest

from gan import jobs
from gan.config import settings
from gan.errors import RunError
from gan.io.file_lock import is_locked
from gan.jobs import names, tickets, waiting_jobs
from gan.jobs.worker import working
from gan.runs import lifecycle
from gan.runs.run import Run
from tests.support.jobs import (
    FOREVER,
    give_job,
    goes_on,
    new_run,
    notes,
    store,
    submitted,
    wait_for_state,
    wait_until,
    wait_until_begun,
)

__all__ = ["store"]
pytestmark = pytest.mark.usefixtures("store")


def study_of(run: Run, seconds: float = FOREVER) -> Run:
    """The study of a run in the queue; as a Run, whose files it has, for the helpers of these tests."""
    folder = run.path / "evaluation" / "study"
    folder.mkdir(parents=True, exist_ok=True)
    give_job(folder, "steps", seconds)
    jobs.submit(folder, "cpu")
    return Run(folder)


def begun(study: Run) -> None:
    name = jobs.job_name(study.path)
    wait_until(lambda: f"begin {name}" in notes(), f"{name} began; its log: {jobs.log_tail(study.path)}")


def test_a_study_waits_its_turn_and_a_run_waits_for_it() -> None:
    first = submitted("first")
    wait_until_begun(first)
    study, last = study_of(first), submitted("last")
    assert [(entry.name, entry.position) for entry in jobs.queue()] == [("first/evaluation/study", 1), ("last", 2)]
    assert (jobs.state(study.path).name, jobs.state(study.path).blocked_by) == ("queued", "first")
    jobs.stop(first.path)
    begun(study)
    assert next(device.holders for device in jobs.devices() if device.name == "cpu") == ("first/evaluation/study",)
    assert jobs.state(last.path).blocked_by == "first/evaluation/study"
    assert jobs.state(first.path).name == "stopped"  # a study says nothing about the state of its run
    assert jobs.stop(study.path).startswith("The study of first was asked to stop")
    wait_for_state(study, "stopped")
    wait_until_begun(last)
    goes_on(last)


def test_a_run_is_not_deleted_while_its_study_waits_or_runs() -> None:
    run, other = new_run("run"), submitted("other")
    wait_until_begun(other)
    study = study_of(run)
    with pytest.raises(RunError, match="The study of run waits in the queue: cancel it before"):
        lifecycle.delete_run(run)
    with pytest.raises(RunError, match="The study of run is queued already"):
        study_of(run)
    jobs.stop(other.path)
    begun(study)
    with pytest.raises(RunError, match="The study of run is running: wait for its end"):
        lifecycle.delete_run(run)
    jobs.stop(study.path)
    wait_for_state(study, "stopped")
    wait_until(lambda: not is_locked(study.path / "alive.lock"), "its process is gone")
    assert lifecycle.delete_run(run) == "The run run was deleted."


def test_a_waiting_study_is_taken_out_of_the_queue_and_can_wait_again() -> None:
    other = submitted("other")
    wait_until_begun(other)
    study = study_of(new_run("run"))
    assert jobs.stop(study.path) == "The study of run was taken out of the queue."
    assert jobs.state(study.path).name == "stopped"
    study_of(Run(study.path.parent.parent), 0.1)
    assert jobs.state(study.path).name == "queued"
    jobs.stop(other.path)
    wait_for_state(study, "finished")


def test_a_study_in_a_terminal_takes_its_turn_too() -> None:
    run, study = submitted("run"), settings.store() / "run" / "evaluation" / "study"
    wait_until_begun(run)
    study.mkdir(parents=True)
    with pytest.raises(RunError, match="The device cpu is taken by run"), working(study, "cpu", wait=False):
        pass
    jobs.stop(run.path)
    wait_for_state(run, "stopped")
    with working(study, "cpu") as worker:
        assert worker.device == "cpu"
        assert next(device.holders for device in jobs.devices() if device.name == "cpu") == ("run/evaluation/study",)
        assert jobs.state(study).name == "running"
    assert jobs.state(study).name == "finished"


def test_a_lost_counter_goes_on_above_the_tickets_of_studies() -> None:
    run = new_run("run")
    study = study_of(run, 0.1)
    wait_for_state(study, "finished")
    wait_until(lambda: not is_locked(tickets.host_folder() / "scheduler.lock"), "the queue process ended")
    given = int((tickets.jobs_folder() / "ticket").read_text())
    (tickets.jobs_folder() / "ticket").unlink()
    with tickets.decision_lock():
        assert tickets.next_ticket(new_run("other").path) == given + 1


def test_a_study_whose_run_is_gone_is_not_queued() -> None:
    run = new_run("run")
    folder = run.path / "evaluation" / "study"
    shutil.rmtree(run.path)
    with pytest.raises(RunError, match="The study of run is gone: it was deleted or moved away"):
        jobs.submit(folder, "cpu")
    assert waiting_jobs.queued_jobs() == []


@pytest.mark.parametrize(
    ("name", "run", "words"),
    [
        ("breast", "breast", "the run breast"),
        ("breast/evaluation/study", "breast", "the study of breast"),
        ("breast/exports/20260101-120000", "breast", "a download of breast"),
        (".data/tasks/prepare-digits", ".data", "the reading of digits"),
    ],
)
def test_what_jobs_are_called(name: str, run: str, words: str, tmp_path: Path) -> None:
    assert names.job_name(settings.store() / name) == name
    assert (names.run_name(name), names.describe_job(name)) == (run, words)
    assert names.job_name(tmp_path.parent / "elsewhere") == "elsewhere"
