"""A training on Slurm that is interrupted at its time limit ends as one that never was, bit by bit."""

from pathlib import Path

import pytest

from gan import jobs
from gan.io.json_files import read_json
from gan.jobs.slurm import script
from gan.jobs.slurm.script import Resources
from gan.runs import lifecycle
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.jobs import wait_for_state, wait_until
from tests.support.slurm import PATIENT, cluster, cluster_run, job_id, slurm

__all__ = ["cluster"]
pytestmark = [pytest.mark.usefixtures("cluster"), PATIENT]
OPTIONS = {"job__device": "cpu", "job__threads": 1, "train__kimg": 2.4, "train__snapshot_kimg": 2.4}
TINY = {"model__width": 8, "train__batch": 16, "train__log_kimg": 0.064}


def test_a_run_requeued_at_its_time_limit_ends_as_an_uninterrupted_one() -> None:
    run = cluster_run("run", **TINY, **OPTIONS)
    lifecycle.submit_run(run)
    wait_until(lambda: run.seen >= 64, f"it trains; its log: {jobs.log_tail(run.path)}")
    slurm("scancel", "--batch", "--signal=USR1", job_id(run))  # as Slurm does before the limit
    wait_until(lambda: "back into the queue" in jobs.state(run.path).cause, "it waits again")
    interrupted_at = run.snapshots()[-1]
    assert 64 <= interrupted_at < run.total
    wait_for_state(run, "finished")
    whole = trained("whole", **OPTIONS)
    assert run.snapshots()[-1] == whole.snapshots()[-1] == run.total
    assert generator_hash(run.path) == generator_hash(whole.path)
    assert "Started again as Slurm's job" in jobs.log_tail(run.path, 200)


def test_ranks_of_torchrun_save_together_and_go_back_into_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on several nodes, of which there is one here."""
    monkeypatch.setattr(script, "resources", lambda *_: Resources(2, on_gpu=False, is_task=False, per_node=2))
    run = cluster_run("run", **TINY, job__device="cpu", job__gpus=2, train__kimg=100)
    lifecycle.submit_run(run)
    wait_until(lambda: run.seen >= 64, f"it trains; its log: {jobs.log_tail(run.path)}")
    slurm("scancel", "--batch", "--signal=USR1", job_id(run))
    wait_until(lambda: "back into the queue" in jobs.state(run.path).cause, "it waits again")
    assert run.snapshots()[-1] >= 64
    jobs.stop(run.path)
    assert wait_for_state(run, "stopped").cause


def generator_hash(folder: Path) -> object:
    return (read_json(Run(folder).snapshot() / "ready.json") or {})["sha256"]
