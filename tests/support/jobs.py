"""Helpers for tests of jobs: submit small real jobs, wait for conditions, end what is left."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gan import jobs
from gan.config import settings
from gan.config.run_config import RunConfig
from gan.io.atomic import write_json
from gan.io.file_lock import is_locked
from gan.io.json_files import read_json
from gan.jobs import launch, names, processes, tickets, waiting_jobs
from gan.runs import lifecycle
from gan.runs.run import Run

PATIENCE = 120.0  # seconds until a test gives up; no test asserts how long anything takes
FOREVER = 3600.0  # seconds: longer than any test
launch.SCHEDULER_MODULE = "tests.support.scheduler"


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait until `condition()` holds; fail after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience:g} s: {what}"
        time.sleep(0.02)


def wait_for_state(run: Run, *names: str) -> jobs.State:
    """Wait until the run is in one of these states; returns it."""
    wait_until(lambda: jobs.state(run.path).name in names, f"{run.name} is {jobs.state(run.path)}, not {names}")
    return jobs.state(run.path)


def goes_on(run: Run) -> None:
    """Assert that the run makes progress and its state is running."""
    now = run.seen
    wait_until(lambda: run.seen > now, "more images are seen")
    assert jobs.state(run.path).name == "running"


def new_run(name: str, device: str = "auto") -> Run:
    return lifecycle.create_run(RunConfig.model_validate({"job": {"device": device}}), name)


def enqueue(*runs: Run) -> None:
    """Put runs into the queue for the CPU, and start no scheduler."""
    with tickets.decision_lock():
        for run in runs:
            waiting_jobs.enqueue(run.path, "cpu")


def give_job(folder: Path, kind: str = "steps", seconds: float = FOREVER) -> None:
    """Make the tests' scheduler run job_script.py in the folder instead of the product's command."""
    write_json(folder / "job.json", {"words": [kind, str(seconds)]})


def submitted(name: str, kind: str = "steps", seconds: float = FOREVER, device: str = "auto") -> Run:
    """Create and submit a run whose job is `job_script.py KIND SECONDS`."""
    run = new_run(name, device)
    give_job(run.path, kind, seconds)
    lifecycle.submit_run(run)
    return run


def started(run: Run) -> dict[str, Any]:
    return read_json(run.path / "started.json") or {}


def notes() -> list[str]:
    """The lines that the small jobs wrote, in order."""
    path = settings.store() / "notes.txt"
    return path.read_text().splitlines() if path.exists() else []


def wait_until_begun(run: Run) -> None:
    """Wait until the job has finished its imports and works."""
    wait_until(lambda: f"begin {run.name}" in notes(), f"{run.name} began; its log: {jobs.log_tail(run.path)}")


def children() -> list[int]:
    return [int(line.split()[1]) for line in notes() if line.startswith("child ")]


def scheduler_pids() -> list[int]:
    """The pids of this store's schedulers."""
    pids = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if process.cmdline()[1:3] == ["-m", launch.SCHEDULER_MODULE] and process.environ().get("GAN_STORE") == str(
                settings.store()
            ):
                pids.append(process.pid)
    return pids


def kill_scheduler() -> None:
    """Kill this store's scheduler and wait until its lock is free: a dying process loses its name first."""
    (pid,) = scheduler_pids()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_locked(tickets.host_folder() / "scheduler.lock"), "the scheduler is gone")


def start_python(code: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start Python code in another process on the same store; its stderr goes to stdout."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=settings.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def clean_up(store: Path) -> None:
    """End all jobs and the scheduler of a test's store."""
    shutil.rmtree(store / ".jobs" / "waiting", ignore_errors=True)
    deadline = time.monotonic() + PATIENCE
    while True:  # again and again: a job may be starting now, and have no pid yet
        for path in store.glob("**/started.json"):
            if is_locked(path.parent / "alive.lock"):
                processes.kill_tree(read_json(path) or {}, path.parent, names.job_name(path.parent))
        for path in (tickets.host_folder() / "stops").glob("*"):
            path.unlink(missing_ok=True)
        if not is_locked(tickets.host_folder() / "scheduler.lock") or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    assert not is_locked(tickets.host_folder() / "scheduler.lock"), "the scheduler did not end"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty store; its jobs are ended after the test."""
    monkeypatch.setenv("GAN_STORE", str(tmp_path))
    monkeypatch.setenv("GAN_STOP_GRACE", str(round(FOREVER)))  # tests of killing shorten it
    monkeypatch.delenv("GAN_JOBS_PER_DEVICE", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield tmp_path
    clean_up(tmp_path)
