"""Jobs on a real one-node Slurm: what becomes of them, and what users see of it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from gan import jobs
from gan.config import settings
from gan.errors import RunError
from gan.io.json_files import read_json
from gan.jobs.slurm.commands import SlurmError
from gan.runs import lifecycle
from gan.runs.run import Run
from tests.support.jobs import enqueue, give_job, new_run, notes, wait_for_state, wait_until, wait_until_begun
from tests.support.slurm import (
    NODE,
    PATIENT,
    STATE,
    cluster,
    cluster_run,
    full_cluster,
    job_id,
    slurm,
    small_jobs,
    submitted,
)

__all__ = ["cluster", "small_jobs"]
pytestmark = [pytest.mark.usefixtures("cluster", "small_jobs"), PATIENT]


def test_a_job_runs_on_a_node_and_ends() -> None:
    run = submitted("run", seconds=1.0)
    assert jobs.state(run.path).name == "queued"
    state = wait_for_state(run, "running")
    assert (state.engine, state.node) == ("slurm", NODE)
    state = wait_for_state(run, "finished")
    assert (state.engine, state.node, state.cause) == ("slurm", NODE, "")
    assert (read_json(run.path / "started.json") or {})["job_id"].isdigit()
    assert not (settings.store() / ".jobs" / "scheduler.lock").exists()  # no process of ours waits with it


def test_a_waiting_job_says_its_place_and_why_and_can_be_cancelled() -> None:
    with full_cluster():
        first, second = submitted("first"), submitted("second")
        wait_until(lambda: "free resources" in jobs.state(first.path).cause, "the first waits for resources")
        wait_until(lambda: "before it" in jobs.state(second.path).cause, "the second waits for the first")
        assert [jobs.state(run.path).position for run in (first, second)] == [1, 2]
        with pytest.raises(RunError, match="queued already"):
            lifecycle.submit_run(first)
        with pytest.raises(RunError, match="stop it before"):
            lifecycle.delete_run(first)
        assert "taken out of the queue" in jobs.stop(first.path)
        assert jobs.state(first.path).name == "stopped"
        slurm("scancel", job_id(second))  # from outside
        state = wait_for_state(second, "stopped")
        assert state.cause == "It was cancelled from outside (scancel)."
        lifecycle.delete_run(second)
    assert not slurm("squeue", "--noheader", "--states=PD")
    assert notes() == []  # neither ever began
    assert "in the queue again" in lifecycle.resume_run(first)
    wait_until_begun(first)


def test_a_stopped_job_saves_first() -> None:
    run = submitted("run")
    wait_until_begun(run)
    assert "It saves first" in jobs.stop(run.path)
    state = wait_for_state(run, "stopped")
    assert (state.cause, state.node) == ("", NODE)
    assert "saved run" in notes()
    lifecycle.delete_run(run)


def test_a_job_deaf_to_requests_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STOP_GRACE", "1")
    run = submitted("run", "deaf")
    wait_until_begun(run)
    jobs.stop(run.path)
    assert jobs.state(run.path).name == "stopping"
    state = wait_for_state(run, "stopped")
    assert "What it had saved is kept" in state.cause


def test_a_job_cancelled_outside_saves_and_says_so() -> None:
    run = submitted("run")
    wait_until_begun(run)
    slurm("scancel", job_id(run))
    state = wait_for_state(run, "stopped")
    assert "ended from outside" in state.cause
    assert "saved run" in notes()


def test_a_drained_node_is_a_reason_to_wait() -> None:
    slurm("scontrol", "update", f"nodename={NODE}", "state=drain", "reason=test")
    run = submitted("run", seconds=0.1)
    wait_until(lambda: "drained" in jobs.state(run.path).cause, "the reason is told")
    assert jobs.state(run.path).name == "queued"
    slurm("scontrol", "update", f"nodename={NODE}", "state=resume")
    wait_for_state(run, "finished")


def test_nobody_can_tell_while_slurm_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan.jobs.slurm.queue_cache.VALID_SECONDS", 1.0)
    run = submitted("run")
    wait_until_begun(run)
    monkeypatch.setenv("GAN_SLURM_EXTRA", "--begin=now+1hour")
    waiting = submitted("waiting")
    wait_until(lambda: "start time" in jobs.state(waiting.path).cause, "it waits")
    pid = int((STATE / "slurmctld.pid").read_text())
    slurm("scontrol", "shutdown", "slurmctld")
    try:
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), "slurmctld has ended")
        state = wait_for_state(waiting, "unknown")
        assert "Slurm does not answer" in state.cause
        for decision in (lifecycle.resume_run, lifecycle.delete_run, lambda run: jobs.stop(run.path)):
            with pytest.raises(RunError, match="unknown"):
                decision(waiting)
        assert "its heartbeat says that it works" in wait_for_state(run, "running").cause
    finally:
        program = shutil.which("slurmctld") or "/usr/sbin/slurmctld"
        subprocess.run([program], check=True, stdin=subprocess.DEVNULL, start_new_session=True)
    wait_for_state(waiting, "queued")
    wait_until(lambda: jobs.state(run.path).cause == "", "slurm says that it runs")
    jobs.stop(run.path)
    wait_for_state(run, "stopped")


def test_a_refused_job_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    run = cluster_run("run")
    for name, value, words in (
        ("PARTITION", "nowhere", "invalid partition"),
        ("GRES", "none", ""),
        ("MEMORY", "900G", "not available|Memory"),
    ):
        monkeypatch.setenv(f"GAN_SLURM_{name}", value)
        if words:
            with pytest.raises(SlurmError, match=f"(?i){words}"):
                lifecycle.submit_run(run)
            assert not (run.path / "queued.json").exists()
            assert jobs.state(run.path).kind == "never-started"
            monkeypatch.delenv(f"GAN_SLURM_{name}")
    monkeypatch.setenv("GAN_SLURM_PARTITION", "short")
    monkeypatch.setenv("GAN_SLURM_TIME", "1:00:00")
    with pytest.raises(SlurmError, match="time limit"):
        lifecycle.submit_run(run)
    assert not slurm("squeue", "--noheader")


def goes_on(run: Run) -> None:
    """Wait until a job that went back into the queue works again, and stop it."""
    wait_until(lambda: notes().count("begin run") == 2, "it goes on")
    assert wait_for_state(run, "running").cause == ""
    jobs.stop(run.path)
    assert wait_for_state(run, "stopped").cause == ""


def test_at_the_time_limit_a_job_goes_back_into_the_queue_and_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_SLURM_TIME", "1")
    monkeypatch.setenv("GAN_SLURM_SIGNAL_SECONDS", "50")
    run = submitted("run")
    wait_until_begun(run)
    wait_until(lambda: "saved run" in notes(), "it was signalled before its limit")
    wait_until(lambda: "back into the queue" in jobs.state(run.path).cause, "it waits again")
    assert jobs.state(run.path).name == "queued"
    goes_on(run)


def test_a_preempted_job_saves_and_goes_on() -> None:
    run = submitted("run")
    wait_until_begun(run)
    slurm("scontrol", "requeue", job_id(run))  # what preemption does with a job that may be requeued
    wait_until(lambda: "saved run" in notes(), "it was told")
    wait_for_state(run, "queued")
    goes_on(run)


def test_a_job_whose_node_fails_goes_on_elsewhere() -> None:
    run = submitted("run")
    wait_until_begun(run)
    slurm("scontrol", "update", f"nodename={NODE}", "state=down", "reason=test")
    try:
        state = wait_for_state(run, "queued")
        assert state.cause
    finally:
        slurm("scontrol", "update", f"nodename={NODE}", "state=resume", check=False)  # it may be back by itself
    goes_on(run)


def test_a_job_waits_in_the_queue_for_jobs_that_work_for_it() -> None:
    part = submitted("part")
    wait_until_begun(part)
    run = cluster_run("run")
    give_job(run.path, "waits", 0.1)
    (run.path / "waits-for.txt").write_text(job_id(part))
    lifecycle.submit_run(run)
    wait_until(lambda: "end of other jobs" in jobs.state(run.path).cause, "it waits for the part")
    state = jobs.state(run.path)
    assert (state.name, state.kind) == ("queued", "")
    assert "begin run" not in notes()
    jobs.stop(part.path)
    wait_for_state(run, "finished")
    assert notes().index("end part") < notes().index("begin run")


def test_evaluations_and_exports_go_through_the_engine_of_their_run() -> None:
    run = cluster_run("run")
    for name in ("evaluation/scores", "exports/20260101-000000"):
        folder = run.path / name
        folder.mkdir(parents=True)
        give_job(folder, "steps", 0.1)
        jobs.start_task(folder, {}, run.config.job.engine)
        wait_until(lambda folder=folder: jobs.state(folder).name == "finished", f"{name} ends")
        assert (jobs.state(folder).engine, jobs.state(folder).device) == ("slurm", "cpu")


def test_the_cluster_and_this_machine_stand_in_one_list() -> None:
    with full_cluster():
        sent, own = submitted("sent"), new_run("own", "cpu")
        wait_until(lambda: "free resources" in jobs.state(sent.path).cause, "it waits for resources")
        enqueue(own)
        entries = [(entry.name, entry.engine, entry.position) for entry in jobs.queue()]
        assert entries == [("own", "local", 1), ("sent", "slurm", 1)]
        assert jobs.queue()[1].reason == jobs.state(sent.path).cause
