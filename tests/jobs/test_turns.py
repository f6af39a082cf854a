"""The queue is fair: people take turns, each one's jobs start in their order, and alone nothing changes."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan import jobs
from gan.access import limits
from gan.access.identity import SYSTEM, Identity, Role, acting_as
from gan.access.permissions import Action, decide
from gan.config import options
from gan.errors import AccessError, ConfigError, RunError
from gan.export.exports import begin_export
from gan.export.request import ExportRequest
from gan.io import file_lock
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.jobs import launch, processes, states, tickets, waiting_jobs
from gan.jobs.holders import read_holder
from gan.runs import lifecycle, notes, sweeps
from gan.runs.run import find_run

ANN, BOB, CAI = (Identity(name, Role.MEMBER) for name in ("ann", "bob", "cai"))
VIC, SAM, ADA = (Identity(*who) for who in (("vic", Role.VIEWER), ("sam", Role.STEWARD), ("ada", Role.ADMIN)))
CPU = options.build_config({"job.device": "cpu"})


def submit(who: Identity, *names: str) -> None:
    with acting_as(who):
        for name in names:
            run = lifecycle.create_run(CPU, name)
            with tickets.decision_lock():
                waiting_jobs.enqueue(run.path, "cpu")


def order() -> list[str]:
    return [job.name for job in waiting_jobs.queued_jobs()]


def start_next() -> str:
    """Take the first job out of the queue, as the scheduler does when it starts it."""
    with tickets.decision_lock():
        job = waiting_jobs.queued_jobs()[0]
        waiting_jobs.note_turn(job)
        waiting_jobs.dequeue(job.folder)
    return job.name


def test_people_take_turns_and_each_ones_jobs_keep_their_order() -> None:
    submit(ANN, "a1", "a2", "a3")
    submit(BOB, "b1", "b2")
    submit(SYSTEM, "s1")
    assert order() == ["a1", "b1", "s1", "a2", "b2", "a3"]
    assert [start_next() for _ in range(6)] == ["a1", "b1", "s1", "a2", "b2", "a3"]


def test_whose_job_has_just_started_comes_after_the_others() -> None:
    submit(ANN, "a1")
    submit(BOB, "b1")
    assert start_next() == "a1"
    submit(ANN, "a2")
    assert order() == ["b1", "a2"]
    assert start_next() == "b1"
    submit(BOB, "b2")
    assert order() == ["a2", "b2"]


def test_alone_the_first_come_is_the_first_served_and_nothing_is_noted() -> None:
    submit(SYSTEM, "one", "two", "three")
    assert [start_next() for _ in range(3)] == ["one", "two", "three"]
    assert not (tickets.jobs_folder() / "turns.json").exists()


def test_the_page_says_why_a_later_job_comes_first() -> None:
    submit(ANN, "a1", "a2")
    submit(BOB, "b1")
    paths = {job.name: job.folder for job in waiting_jobs.queued_jobs()}
    waiting = {name: states.state(path) for name, path in paths.items()}
    assert [waiting[name].position for name in ("a1", "b1", "a2")] == [1, 2, 3]
    assert waiting["a2"].blocked_by == "b1"
    assert [bool(waiting[name].cause) for name in ("a1", "b1", "a2")] == [False, False, True]


@pytest.mark.parametrize("content", ["", "[]", '{"ann": "x"}', '{"ann": -1, "bob": 1e30}'])
def test_a_damaged_note_of_turns_stops_no_queue(content: str) -> None:
    submit(ANN, "a1")
    submit(BOB, "b1")
    (tickets.jobs_folder() / "turns.json").write_text(content)
    assert sorted([start_next(), start_next()]) == ["a1", "b1"]


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    for name, value in (("JOBS", "2"), ("TASKS", "2"), ("KIMG", "50"), ("IMAGES", "100"), ("DISK_GB", "1")):
        monkeypatch.setenv(f"GAN_LIMIT_{name}", value)


def test_a_person_may_have_so_many_jobs_in_the_queue(limited: None, store: Path) -> None:
    tickets.host_folder().mkdir(parents=True)
    assert file_lock.try_lock(tickets.host_folder() / "scheduler.lock") is not None  # nothing starts
    short = options.build_config({"job.device": "cpu", "train.kimg": 1})
    with acting_as(ANN):
        for name in ("a1", "a2"):
            lifecycle.start_run(short, name)
        with pytest.raises(AccessError, match="2 jobs in the queue"):
            lifecycle.submit_run(lifecycle.create_run(short, "a3"))
    with acting_as(BOB):
        lifecycle.start_run(short, "b1")
    with acting_as(ANN):
        with pytest.raises(AccessError, match="2 jobs in the queue"):
            lifecycle.start_run(short, "a4")
        assert not (store / "a4").exists()
    assert len(jobs.queue()) == 3
    assert (read_json(store / "a1" / "queued.json") or {})["owner"] == "ann"


def test_a_sweep_that_a_person_may_not_start_leaves_no_run(limited: None, store: Path) -> None:
    tickets.host_folder().mkdir(parents=True)
    assert file_lock.try_lock(tickets.host_folder() / "scheduler.lock") is not None  # nothing starts
    for grid, reason in (("train.seed=0,1,2", "you would have 3 jobs"), ("train.kimg=1,51", "train.kimg is 51")):
        planned = sweeps.plan_sweep("s", CPU, sweeps.read_grid([grid]))
        with acting_as(ANN), pytest.raises(AccessError, match=reason):
            sweeps.start_sweep("s", planned)
        assert not list(store.glob("s*"))


def test_a_start_that_fails_at_the_queue_says_that_the_run_is_kept(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_JOBS_PER_DEVICE", "many")  # read when a job is queued
    with pytest.raises(ConfigError, match="The run one is kept and was not started"):
        lifecycle.start_run(CPU, "one")
    planned = sweeps.plan_sweep("s", CPU, sweeps.read_grid(["train.seed=0,1"]))
    with pytest.raises(ConfigError, match="0 of 2 runs are in the queue; all are kept"):
        sweeps.start_sweep("s", planned)
    assert sorted(path.name for path in store.glob("[a-z]*")) == ["one", "s-seed0", "s-seed1"]


def test_a_run_that_is_not_resumed_keeps_its_number_of_gpus(limited: None, store: Path) -> None:
    tickets.host_folder().mkdir(parents=True)
    assert file_lock.try_lock(tickets.host_folder() / "scheduler.lock") is not None  # nothing starts
    short = options.build_config({"job.device": "cpu", "train.kimg": 1})
    with acting_as(ANN):
        done, *others = (lifecycle.create_run(short, name) for name in ("done", "a1", "a2", "a3"))
        write_json(done.path / "end.json", {"state": "finished", "ticket": 1, "time": 1.0})
        with pytest.raises(RunError, match="has finished: there is nothing to resume"):
            lifecycle.resume_run(done, gpus=4)
        for run in others[:2]:
            assert "in the queue again" in lifecycle.resume_run(run, gpus=2)
        with pytest.raises(AccessError, match="2 jobs in the queue"):
            lifecycle.resume_run(others[2], gpus=4)
    assert [find_run(run.name).config.job.gpus for run in (done, *others)] == [1, 2, 2, 1]


def test_a_person_may_have_so_many_tasks_that_wait_or_run(limited: None, store: Path) -> None:
    tickets.host_folder().mkdir(parents=True)
    assert file_lock.try_lock(tickets.host_folder() / "scheduler.lock") is not None  # nothing starts
    with acting_as(ANN):
        run = lifecycle.create_run(options.build_config({"train.kimg": 1}), "anns")
        notes.share_run(run.path, "all")
        scores = run.path / "evaluation" / "scores"
        jobs.start_task(scores)
    with held(scores):  # it runs now
        begin(scores)
        with acting_as(ANN):
            jobs.start_task(run.path / "evaluation" / "membership")
            with pytest.raises(AccessError, match="You have 2 tasks"):
                jobs.start_task(run.path / "evaluation" / "selector")
            assert not (run.path / "evaluation" / "selector").exists()
            with pytest.raises(AccessError, match="You have 2 tasks"):
                begin_export(run, ExportRequest((("3", 1),)))
            assert list((run.path / "exports").iterdir()) == []
            jobs.stop(run.path / "evaluation" / "membership")
            jobs.start_task(run.path / "evaluation" / "selector")
            jobs.stop(run.path / "evaluation" / "selector")
        with acting_as(BOB):
            jobs.start_task(run.path / "evaluation" / "calibration")
        write_json(
            scores / "end.json",
            {"state": "finished", "ticket": read_holder(read_json(scores / "started.json") or {}).ticket},
        )
        with acting_as(ANN):
            jobs.start_task(run.path / "evaluation" / "membership")
            jobs.start_task(run.path / "evaluation" / "selector")


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """The lock of a job, as while it works."""
    lock = file_lock.try_lock(folder / "alive.lock")
    assert lock is not None
    yield
    os.close(lock)


def begin(folder: Path) -> None:
    """Start a waiting job, as the scheduler does; this process is its own."""
    with tickets.decision_lock():
        job = next(job for job in waiting_jobs.queued_jobs() if job.folder == folder)
        launch.write_started(folder, job.ticket, "cpu", None)
        waiting_jobs.dequeue(folder)
        launch.write_started(folder, job.ticket, "cpu", os.getpid())


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize(
    ("name", "starter", "may"),
    [
        ("anns/evaluation/scores", BOB, (BOB, ANN, SAM, ADA)),
        ("anns/evaluation/scores", ANN, (ANN, SAM, ADA)),
        ("anns/evaluation/scores", SYSTEM, (ANN, SAM, ADA)),
        (".data/tasks/prepare-digits", BOB, (BOB, SAM, ADA)),
    ],
)
def test_a_task_is_stopped_by_who_started_it_and_by_the_runs_owner(
    name: str, starter: Identity, may: tuple[Identity, ...], running: bool, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    tickets.host_folder().mkdir(parents=True)
    assert file_lock.try_lock(tickets.host_folder() / "scheduler.lock") is not None  # nothing starts
    monkeypatch.setattr(processes, "terminate", lambda started, folder: None)
    with acting_as(ANN):
        run = lifecycle.create_run(CPU, "anns")
        notes.share_run(run.path, "all")
    folder, stopped = store / name, []
    for who in (VIC, CAI, BOB, ANN, SAM, ADA):
        with acting_as(starter):
            jobs.start_task(folder)
        with held(folder) if running else contextlib.nullcontext():
            if running:
                begin(folder)
            with acting_as(who):
                assert decide(Action.STOP_JOB, jobs.job_stop_target(folder)).allowed == (who in may)
                with contextlib.suppress(AccessError):
                    jobs.stop(folder)
                    stopped.append(who)
            with acting_as(ADA):
                jobs.stop(folder)
        for start in ("started.json", "end.json", "stop"):
            (folder / start).unlink(missing_ok=True)
    assert set(stopped) == set(may)


def test_a_person_may_train_and_export_so_much(limited: None) -> None:
    long = options.build_config({"train.kimg": 51})
    with acting_as(ANN):
        with pytest.raises(AccessError, match="51"):
            lifecycle.create_run(long, "long")
        run = lifecycle.create_run(options.build_config({"train.kimg": 50}), "short")
        with pytest.raises(AccessError, match="101 images"):
            begin_export(run, ExportRequest((("3", 101),)))
    for free in (ADA, SYSTEM):
        with acting_as(free):
            lifecycle.create_run(long, f"long-{free.role}-{free is SYSTEM}".lower())


def test_a_person_may_fill_so_much_of_the_disk(limited: None) -> None:
    def usage(folder: Path) -> int:
        return {"a": 900_000_000, "b": 200_000_000}[folder.name]

    with acting_as(ANN):
        lifecycle.create_run(options.build_config({"train.kimg": 1}), "a")
        limits.check_disk(usage)
        lifecycle.create_run(options.build_config({"train.kimg": 1}), "b")
        with pytest.raises(AccessError, match=r"1\.1 GB"):
            limits.check_disk(usage)
    with acting_as(BOB):
        limits.check_disk(usage)


@pytest.mark.parametrize("text", ["many", "0", "-1", "1.5", "²", "9" * 5000])
def test_a_limit_that_is_no_number_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_LIMIT_KIMG", text)
    with pytest.raises(ConfigError, match="GAN_LIMIT_KIMG"):
        limits.check_limits()
