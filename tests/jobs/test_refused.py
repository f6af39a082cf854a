"""What no job can be started in, or nothing be written to, fails by itself: the scheduler goes on with the others."""

import os
import subprocess
from pathlib import Path

import pytest

from gan import jobs
from gan.config import settings
from gan.io.file_lock import is_locked
from gan.jobs import scheduler, tickets, waiting_jobs
from tests.support.jobs import enqueue, new_run


@pytest.mark.parametrize("place", ["link", "folder", "slot"])
def test_a_job_whose_log_or_slot_is_no_file_of_its_own_fails_and_the_scheduler_goes_on(place: str) -> None:
    runs = [new_run("first"), new_run("second")]
    slots = tickets.host_folder() / "devices"
    for run in runs:
        if place == "link":
            (run.path / "log.txt").symlink_to(run.path / "config.json")  # within the run, as links may be
        elif place == "folder":
            (run.path / "log.txt").mkdir()
    if place == "slot":
        slots.mkdir(parents=True)
        os.mkfifo(slots / "cpu.1.lock")
    enqueue(*runs)
    memory = scheduler.Memory()
    for _ in runs:  # one at a time, as they share the device
        scheduler.start_queued_jobs(memory)
    assert memory.children == []
    assert jobs.queue() == []
    for run in runs:
        state = jobs.state(run.path)
        assert (state.name, state.kind) == ("failed", "refused")
        assert not is_locked(run.path / "alive.lock")
        wrong = slots / "cpu.1.lock" if place == "slot" else run.path / "log.txt"
        assert state.cause.startswith(f"{wrong.relative_to(settings.store())} is not a regular file")


def test_a_job_that_can_neither_start_nor_fail_does_not_end_the_scheduler() -> None:
    broken, behind = new_run("broken"), new_run("behind")
    os.mkfifo(broken.path / "fifo")
    (broken.path / "end.json").mkdir()
    os.mkfifo(behind.path / "fifo")
    enqueue(broken, behind)
    scheduler.start_queued_jobs(scheduler.Memory())
    assert [job.name for job in waiting_jobs.queued_jobs()] == ["behind"]
    scheduler.start_queued_jobs(scheduler.Memory())
    assert jobs.state(behind.path).kind == "refused"


def test_the_exit_of_a_job_is_not_written_through_a_link_and_the_scheduler_goes_on(tmp_path: Path) -> None:
    run, outside = new_run("run"), tmp_path / "outside"
    (outside / "study").mkdir(parents=True)
    (run.path / "evaluation").symlink_to(outside)
    process = subprocess.Popen(["true"])
    process.wait()
    memory = scheduler.Memory(children=[scheduler.Child(process, run.path / "evaluation" / "study", {"ticket": 1})])
    scheduler.collect_exits(memory)
    assert memory.children == []
    assert list((outside / "study").iterdir()) == []
