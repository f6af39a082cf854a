"""Runs on a shared store that another machine or engine holds: its engine is asked, never a lock of this machine."""

import io
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from gan import jobs
from gan.data.ingest import staging
from gan.errors import RunError
from gan.io.atomic import write_json
from gan.io.file_lock import try_lock
from gan.jobs import engines, launch, processes, tickets, waiting_jobs
from gan.jobs.engine import EngineJob, EngineName
from gan.jobs.holders import read_holder
from gan.runs import lifecycle
from gan.runs.run import Run, find_run
from tests.support.jobs import new_run, store

__all__ = ["store"]
pytestmark = pytest.mark.usefixtures("store")
STARTED = {"ticket": 1, "time": 5.0, "device": "cuda:0", "pid": 1, "host": "node1", "boot": "b"}


class Cluster:
    """An engine with fixed answers."""

    name: EngineName = "slurm"

    def __init__(self, answers: Mapping[str, EngineJob] | None):
        self.answers = answers
        self.asked: list[list[str]] = []

    def submit(self, folder: Path, ticket: int, device: str, gpus: int) -> str:
        raise NotImplementedError

    def ask_to_stop(self, job_id: str) -> None:
        raise NotImplementedError

    def cancel(self, job_id: str) -> None:
        raise NotImplementedError

    def job_states(self, job_ids: Collection[str]) -> Mapping[str, EngineJob] | None:
        self.asked.append(list(job_ids))
        return self.answers


def held(name: str = "run", **values: Any) -> Run:
    run = new_run(name)
    write_json(run.path / "started.json", STARTED | values)
    return run


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (EngineJob("waiting", "It waits for a GPU.", place=3), "queued"),
        (EngineJob("running", node="node1"), "running"),
        (EngineJob("ending"), "stopping"),
    ],
)
def test_the_engine_tells_the_state_of_its_job(
    answer: EngineJob, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster({"7": answer})
    monkeypatch.setitem(engines.ENGINES, "slurm", cluster)
    state = jobs.state(held(engine="slurm", job_id="7").path)
    assert (state.name, state.cause, state.position) == (expected, answer.reason, answer.place)
    assert cluster.asked == [["7"]]


def test_a_local_lock_of_this_machine_says_nothing_of_a_job_of_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    run = held(engine="slurm", job_id="7")
    assert try_lock(run.path / "alive.lock") is not None
    monkeypatch.setitem(engines.ENGINES, "slurm", Cluster({}))
    assert jobs.state(run.path).name != "running"


def test_an_engine_that_does_not_answer_leaves_the_state_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.ENGINES, "slurm", Cluster(None))
    run = held(engine="slurm", job_id="7")
    assert jobs.state(run.path).name == "unknown"
    for decision in (jobs.delete, jobs.stop, lambda folder: jobs.resume(folder, "cpu")):
        with pytest.raises(RunError, match="unknown"):
            decision(run.path)
    with pytest.raises(RunError, match="unknown"):
        lifecycle.resume_run(run, gpus=4)
    assert find_run(run.name).config.job.gpus == 1


def test_a_run_of_another_machine_is_never_called_dead_by_a_lock_of_this_one() -> None:
    state = jobs.state(held().path)
    assert state.name == "unknown"
    assert "node1" in state.cause


def test_nothing_of_a_job_that_may_work_elsewhere_is_removed(store: Path) -> None:
    folder = store / ".data" / "incoming" / "0123456789ab"
    folder.mkdir(parents=True)
    write_json(folder / "started.json", STARTED)
    for name, is_kept in (("one", True), ("two", False)):
        os.utime(folder, (0, 0))
        staging.stage_files(name, [("a.png", io.BytesIO(b"no image"))])  # removes uploads of yesterday
        assert folder.is_dir() == is_kept
        if is_kept:
            write_json(folder / "end.json", {"ticket": 1, "state": "stopped"})


def test_the_end_of_the_last_start_is_the_word_on_every_machine() -> None:
    run = held()
    write_json(run.path / "end.json", {"ticket": 1, "state": "finished", "time": 6.0})
    assert jobs.state(run.path).name == "finished"


@pytest.mark.parametrize("same", ["host", "boot"])
def test_a_run_of_this_machine_is_told_by_its_lock(same: str) -> None:
    here = {"host": processes.host(), "boot": processes.boot()}
    assert jobs.state(held(**{same: here[same]}).path).name == "lost"


def test_a_queued_job_of_an_engine_is_started_by_no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster({"7": EngineJob("waiting", "It waits for a GPU.", place=2)})
    monkeypatch.setitem(engines.ENGINES, "slurm", cluster)
    sent, own = new_run("sent"), new_run("own")
    with tickets.decision_lock():
        ticket = waiting_jobs.enqueue(sent.path, "cuda", engine="slurm")
        waiting_jobs.enqueue(own.path, "cpu")
    assert jobs.state(sent.path).name == "queued"
    assert cluster.asked == []  # it has no name there yet
    waiting_jobs.set_job_id(sent.path, "7", ticket)
    assert (jobs.state(sent.path).position, jobs.state(own.path).position) == (2, 1)
    assert [job.name for job in waiting_jobs.queued_here()] == ["own"]
    assert [job.name for job in waiting_jobs.queued_jobs()] == ["sent", "own"]


FORGED: list[Any] = [None, True, -1, 10**30, "", "a\nb", "x" * 3000, "7; rm -rf ~", "--help", [], {}, "\u2028", "7_x"]


@pytest.mark.parametrize("value", FORGED)
@pytest.mark.parametrize("key", ["host", "boot", "pid_namespace", "engine", "job_id", "pid", "ticket"])
def test_a_forged_value_counts_as_unknown(key: str, value: object) -> None:
    holder = read_holder(STARTED | {"engine": "slurm", "job_id": "7", key: value})
    unknown = {"engine": "local", "pid": None, "ticket": 0}.get(key, "")
    kept = key in ("host", "boot", "pid_namespace") and value in ("7; rm -rf ~", "--help", "7_x")
    assert getattr(holder, key) == (value if kept else unknown)


def test_a_start_names_its_machine_and_engine() -> None:
    run = new_run("run")
    written = launch.write_started(run.path, 3, "cuda", 1, engine="slurm", job_id="12_3")
    holder = read_holder(written)
    assert (holder.host, holder.boot, holder.engine, holder.job_id) == (
        processes.host(),
        processes.boot(),
        "slurm",
        "12_3",
    )
    assert not holder.is_here
