"""Jobs on several GPUs: they take all of them at once, and others do not overtake them for ever. The GPUs are named
only: no job here uses one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gan import jobs
from gan.jobs import device_list, kinds, scheduler, tickets, waiting_jobs
from gan.runs.run import Run
from tests.support.jobs import give_job, new_run, store, wait_for_state, wait_until_begun
from tests.support.scheduler import job_command

__all__ = ["store"]
pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture(autouse=True)
def three_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_list, "device_names", lambda: ["cuda:0", "cuda:1", "cuda:2", "cpu"])


def queued(name: str, device: str = "auto", gpus: int = 1) -> Run:
    run = new_run(name)
    with tickets.decision_lock():
        waiting_jobs.enqueue(run.path, device, gpus=gpus)
    return run


def would_start() -> dict[str, tuple[str, ...]]:
    return {job.name: devices for job, devices in waiting_jobs.startable(waiting_jobs.queued_jobs())}


@contextmanager
def taken(*names: str) -> Iterator[None]:
    slots = device_list.take_slots(names, "another")
    assert slots is not None
    yield
    for slot in slots:
        os.close(slot)


def test_a_job_on_two_gpus_takes_two_different_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_JOBS_PER_DEVICE", "2")
    queued("pair", gpus=2)
    queued("single")
    assert would_start() == {"pair": ("cuda:0", "cuda:1"), "single": ("cuda:0",)}


def test_it_waits_for_all_and_keeps_the_free_ones_from_later_jobs() -> None:
    with taken("cuda:0", "cuda:2"):
        queued("pair", "cuda", gpus=2)
        queued("single")
        queued("other", "cpu")
        assert would_start() == {"other": ("cpu",)}
        pair = next(job for job in waiting_jobs.queued_jobs() if job.name == "pair")
        assert waiting_jobs.blocking_job(pair, waiting_jobs.queued_jobs()) == "another"
    assert would_start() == {"pair": ("cuda:0", "cuda:1"), "single": ("cuda:2",), "other": ("cpu",)}


def test_slots_are_taken_all_or_none() -> None:
    with taken("cuda:1"):
        assert device_list.take_slots(["cuda:0", "cuda:1"], "pair") is None
        assert device_list.free_slots("cuda:0") == 1
    with taken("cuda:0", "cuda:1"):
        assert device_list.holders("cuda:0") == device_list.holders("cuda:1") == ["another"]


def test_more_gpus_than_there_are_cannot_start() -> None:
    run = queued("four", gpus=4)
    assert would_start() == {"four": ()}
    scheduler.start_queued_jobs(scheduler.Memory())
    state = jobs.state(run.path)
    assert (state.name, state.kind) == ("failed", "device")
    assert "job.gpus is 4 and this machine has 3 GPUs (cuda:0, cuda:1, cuda:2)" in state.cause
    assert device_list.candidates("cuda:1", 2) == ([], 2)


def test_processes_on_the_cpu_share_its_one_slot() -> None:
    queued("pair", "cpu", gpus=2)
    assert would_start() == {"pair": ("cpu",)}


def test_a_started_job_holds_all_its_devices_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "job_command", job_command)
    run = queued("pair", gpus=2)
    give_job(run.path)
    memory = scheduler.Memory()
    scheduler.start_queued_jobs(memory)
    wait_until_begun(run)
    assert jobs.state(run.path).device == "cuda:0,cuda:1"
    assert device_list.holders("cuda:0") == device_list.holders("cuda:1") == ["pair"]
    assert device_list.free_slots("cuda:2") == 1
    jobs.stop(run.path)
    wait_for_state(run, "stopped")
    memory.children[0].process.wait()
    assert [device_list.free_slots(f"cuda:{number}") for number in range(3)] == [1, 1, 1]


def test_a_forged_number_of_gpus_counts_as_one(tmp_path: Path) -> None:
    for gpus in (True, 0, -3, 1e300, "2", 10**9):
        run = new_run(f"run-{len(waiting_jobs.queued_jobs())}")
        with tickets.decision_lock():
            waiting_jobs.enqueue(run.path, "auto", gpus=gpus)  # type: ignore[arg-type]
    assert {job.gpus for job in waiting_jobs.queued_jobs()} == {1}


def test_cuda_sees_all_devices_of_the_job() -> None:
    assert device_list.visible_to_cuda("cuda:0,cuda:2")["CUDA_VISIBLE_DEVICES"] == "0,2"
    assert device_list.visible_to_cuda("cpu")["CUDA_VISIBLE_DEVICES"] == ""
