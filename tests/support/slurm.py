"""Helpers for tests on the one-node Slurm of `.ci/slurm-up`. They skip where no such Slurm answers."""

import contextlib
import fcntl
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gan import jobs
from gan.config.options import build_config
from gan.io.json_files import read_json
from gan.jobs import kinds
from gan.jobs.slurm import queue_cache
from gan.runs import lifecycle
from gan.runs.run import Run
from tests.support import scheduler
from tests.support.jobs import FOREVER, give_job, wait_until

CONF = Path("/etc/slurm/slurm.conf")
STATE = Path("/var/lib/gan-slurm")
PATIENT = pytest.mark.timeout(600)
"""For tests on the cluster, which wait until no other test uses it."""
NODE = socket.gethostname().partition(".")[0]


@cache
def missing() -> str:
    """Why there is no test cluster here; "" if there is one."""
    if not CONF.exists() or "One-node Slurm of .ci/slurm-up" not in CONF.read_text():
        return "no Slurm for tests on this machine: `.ci/slurm-up` brings one up (Debian, as root)"
    try:
        subprocess.run(["sinfo"], capture_output=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return f"the Slurm of .ci/slurm-up does not answer ({error}): run it again"
    return ""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store whose runs go to the test cluster, alone on it; its jobs are cancelled after the test."""
    if reason := missing():
        pytest.skip(reason)
    store = tmp_path / "a store"
    store.mkdir()
    monkeypatch.setenv("GAN_STORE", str(store))
    monkeypatch.setenv("GAN_SLURM_GRES", "none")
    monkeypatch.setenv("GAN_SLURM_MEMORY", "500M")
    monkeypatch.setattr(queue_cache, "CALL_SECONDS", 0.5)
    with open(Path(tempfile.gettempdir()) / "gan-slurm-tests.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield store
        finally:
            slurm("scontrol", "update", f"nodename={NODE}", "state=resume", check=False)
            ids = slurm("squeue", "--noheader", "--format=%i").split()
            if ids:
                slurm("scancel", "--signal=KILL", "--full", *ids, check=False)
                slurm("scancel", *ids, check=False)
            wait_until(lambda: not slurm("squeue", "--noheader"), "no job is left")


@pytest.fixture
def small_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders with a job.json run `job_script.py` on the cluster instead of the product's command."""
    monkeypatch.setattr(kinds, "job_command", scheduler.job_command)


def slurm(*command: str, check: bool = True) -> str:
    """The output of one of Slurm's programs."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.strip()


def cluster_run(name: str, **options: object) -> Run:
    """A new run with the engine slurm, not submitted."""
    values = {"job.device": "cpu", "job.engine": "slurm"} | {k.replace("__", "."): v for k, v in options.items()}
    return lifecycle.create_run(build_config(values), name)


def submitted(name: str, kind: str = "steps", seconds: float = FOREVER) -> Run:
    """A run whose job is `job_script.py KIND SECONDS`, submitted to the cluster."""
    run = cluster_run(name)
    give_job(run.path, kind, seconds)
    lifecycle.submit_run(run)
    return run


def job_id(run: Run) -> str:
    """Slurm's number of the run's job."""
    documents = [read_json(run.path / f"{name}.json") or {} for name in ("queued", "started")]
    return next(str(document["job_id"]) for document in documents if document.get("job_id"))


@contextlib.contextmanager
def full_cluster() -> Iterator[str]:
    """A stranger's job that takes the whole node during the block."""
    blocker = slurm("sbatch", "--parsable", "--exclusive", "--output=/dev/null", "--wrap", "exec sleep 3600")
    wait_until(lambda: slurm("squeue", "--noheader", "--format=%t", f"--job={blocker}") == "R", "the node is full")
    try:
        yield blocker
    finally:
        slurm("scancel", blocker)


def states_until(run: Run, *last: str) -> list[jobs.State]:
    """The states that the run goes through, without repetitions, until it is in one of `last`."""
    seen: list[jobs.State] = []

    def ended() -> bool:
        state = jobs.state(run.path)
        if not seen or seen[-1].name != state.name:
            seen.append(state)
        return state.name in last

    wait_until(ended, f"{run.name} is one of {last}; so far {seen}")
    return seen
