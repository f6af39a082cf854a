"""Stopping, killing and resuming jobs. Real processes and signals."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from gan import jobs
from gan.config import settings
from gan.errors import RunError
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.jobs import processes
from gan.runs import lifecycle
from tests.support.jobs import (
    PATIENCE,
    children,
    give_job,
    kill_scheduler,
    new_run,
    notes,
    scheduler_pids,
    start_python,
    started,
    store,
    submitted,
    wait_for_state,
    wait_until,
    wait_until_begun,
)

__all__ = ["store"]
pytestmark = pytest.mark.usefixtures("store")


def gone(pid: int) -> bool:
    return not processes.identity(pid)


def test_stop_saves_first_and_resume_goes_on() -> None:
    run = submitted("run")
    wait_until_begun(run)
    assert "was asked to stop" in jobs.stop(run.path)
    state = wait_for_state(run, "stopped")
    assert state.cause == ""
    assert "saved run" in notes()
    wait_until(lambda: gone(started(run)["pid"]), "its process is gone")
    wait_until(lambda: (run.path / "exit.json").exists(), "its exit was seen")
    assert (read_json(run.path / "exit.json") or {})["code"] == 0  # no signal cut its end short
    assert "in the queue again" in lifecycle.resume_run(run)
    wait_for_state(run, "running")
    wait_until(lambda: notes().count("begin run") == 2, "it works again, by the same command")


def test_a_request_to_stop_that_comes_while_the_job_ends_does_not_cut_that_short() -> None:
    run = submitted("run", "late", 0.05)
    wait_for_state(run, "finished")
    wait_until(lambda: (run.path / "exit.json").exists(), "its exit was seen")
    assert (read_json(run.path / "exit.json") or {})["code"] == 0


IN_A_TERMINAL = """
import os, signal, sys
from pathlib import Path
from gan.jobs import claims
from gan.jobs.worker import working

release = claims.release

def asked_while_it_lets_go(claim):
    os.kill(os.getpid(), signal.SIGTERM)
    release(claim)

claims.release = asked_while_it_lets_go
with working(Path(sys.argv[1]), "cpu"):
    pass
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
"""


def test_nor_that_of_one_in_a_terminal_which_then_has_its_handlers_again() -> None:
    run = new_run("run")
    subprocess.run([sys.executable, "-c", IN_A_TERMINAL, str(run.path)], cwd=settings.ROOT, check=True)
    assert jobs.state(run.path).name == "finished"


def test_what_can_be_asked_for_twice_is_harmless_and_says_so() -> None:
    run = submitted("run")
    wait_until_begun(run)
    assert lifecycle.resume_run(run) == "The run run is running already."
    jobs.stop(run.path)
    jobs.stop(run.path)
    wait_for_state(run, "stopped")
    assert jobs.stop(run.path) == "There is nothing to stop: the run run had stopped already."
    finished = submitted("done", seconds=0.05)
    assert "waits in the queue already" in lifecycle.resume_run(finished) or "running already" in lifecycle.resume_run(
        finished
    )
    wait_for_state(finished, "finished")
    assert jobs.stop(finished.path) == "There is nothing to stop: the run done had finished already."
    assert "has finished: there is nothing to resume" in lifecycle.resume_run(finished)
    assert jobs.state(finished.path).name == "finished"


def test_what_does_not_end_is_killed_with_all_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STOP_GRACE", "1")
    run, next_ = submitted("run", "deaf"), submitted("next", seconds=0.1)
    wait_until_begun(run)
    wait_until(lambda: len(children()) == 1, "it has a child that ignores SIGTERM")
    pid = started(run)["pid"]
    jobs.stop(run.path)
    assert jobs.state(run.path).name == "stopping"
    state = wait_for_state(run, "stopped")
    assert "had not ended 1 seconds after it was asked to stop, and was killed" in state.cause
    wait_until(lambda: gone(pid) and gone(children()[0]), "nothing of it is left")
    wait_for_state(next_, "finished")


def test_a_job_that_hangs_after_its_end_gives_its_device_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STOP_GRACE", "1")
    run, next_ = submitted("run", "hangs", 0.05), submitted("next", seconds=0.05)
    wait_for_state(next_, "finished")
    assert jobs.state(run.path).name == "finished"


def test_a_stop_is_enforced_though_the_scheduler_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STOP_GRACE", "1")
    run = submitted("run", "deaf")
    wait_until_begun(run)
    jobs.stop(run.path)
    kill_scheduler()
    assert jobs.state(run.path).name == "stopping"
    assert not scheduler_pids()  # reading a state starts nothing
    assert jobs.ensure_scheduler()
    wait_for_state(run, "stopped")


def test_a_killed_job_frees_its_device_at_once_from_its_children_too() -> None:
    run, next_ = submitted("run", "forks"), submitted("next", seconds=0.1)
    wait_until_begun(run)
    wait_until(lambda: len(children()) == 1, "it has a loading worker")
    os.kill(started(run)["pid"], signal.SIGKILL)
    state = wait_for_state(run, "lost")
    assert "killed" in state.cause
    wait_until(lambda: gone(children()[0]), "its loading worker was ended")
    wait_for_state(next_, "finished")
    assert "SIGKILL" in jobs.state(run.path).cause
    assert "in the queue again" in lifecycle.resume_run(run)


def test_a_recorded_pid_that_is_another_programs_now_is_never_signalled() -> None:
    run = submitted("run")
    wait_until_begun(run)
    os.kill(started(run)["pid"], signal.SIGKILL)
    wait_for_state(run, "lost")
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    time.sleep(0.05)  # so that the job below is not started in the stranger's tick of the clock: they would be alike
    try:
        write_json(run.path / "started.json", started(run) | {"pid": stranger.pid})
        assert jobs.state(run.path).name == "lost"
        assert "nothing to stop" in jobs.stop(run.path)
        assert processes.kill_tree(started(run), run.path, "run") == 0
        process = start_python(
            "from tests.support.job_script import main; main('run', 'steps')"
        )  # the lock is held again
        wait_until(lambda: notes().count("begin run") == 2, "it works in a terminal")
        write_json(run.path / "started.json", started(run) | {"pid": stranger.pid})
        jobs.stop(run.path)
        process.communicate(timeout=PATIENCE)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_ctrl_c_in_a_terminal_saves_first() -> None:
    run = new_run("run")
    process = start_python("from tests.support.job_script import main; main('run', 'steps')")
    wait_until_begun(run)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert "Stopping: it saves first" in output
    assert jobs.state(run.path).name == "stopped"
    assert "saved run" in notes()


def test_a_run_has_one_trainer() -> None:
    run = submitted("run")
    wait_until_begun(run)
    second = start_python("from tests.support.job_script import main; main('run', 'steps')")
    output, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 1
    assert "has a process at work already" in output
    assert jobs.state(run.path).name == "running"


def test_the_death_of_the_submitter_does_not_touch_a_run() -> None:
    code = "import sys, time; from tests.support.jobs import submitted; "
    server = start_python(code + 'submitted("run"); time.sleep(60)')
    wait_until(lambda: "begin run" in notes(), "the job is at work")
    server.kill()
    server.communicate(timeout=PATIENCE)
    assert jobs.state(settings.store() / "run").name == "running"
    jobs.stop(settings.store() / "run")
    wait_until(lambda: jobs.state(settings.store() / "run").name == "stopped", "it stops for another process")


def test_a_run_is_deleted_whole_and_never_while_it_lives() -> None:
    run = submitted("run")
    wait_until_begun(run)
    with pytest.raises(RunError, match="stop it before you delete it"):
        lifecycle.delete_run(run)
    jobs.stop(run.path)
    wait_for_state(run, "stopped")
    wait_until(lambda: gone(started(run)["pid"]), "its process is gone")
    assert lifecycle.delete_run(run) == "The run run was deleted."
    assert not run.path.exists()
    assert list((settings.store() / ".jobs" / "trash").iterdir()) == []
    assert jobs.state(run.path).kind == "deleted"  # a page that shows it still


def test_a_task_starts_beside_a_training() -> None:
    run = submitted("run")
    wait_until_begun(run)
    task = settings.store() / "run" / "exports" / "20260101-000000"
    task.mkdir(parents=True)
    give_job(task, seconds=0.05)
    jobs.start_task(task)
    wait_until(lambda: not jobs.state(task).alive, "the task ended")
    assert jobs.state(task).name == "finished", jobs.log_tail(task)
    assert jobs.state(run.path).name == "running"


def test_tasks_wait_in_order_once_as_many_work_as_the_setting_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_TASKS_AT_ONCE", "2")
    run = submitted("run")
    tasks = [settings.store() / "run" / "exports" / f"20260101-00000{number}" for number in range(4)]
    for task in tasks:
        task.mkdir(parents=True)
        give_job(task)
        jobs.start_task(task)
    for task in tasks[:2]:
        wait_until(lambda task=task: jobs.state(task).name == "running", f"{task.name} runs")  # type: ignore[misc]
    wait_until_begun(run)  # which they do not keep from its device
    assert [(jobs.state(task).name, jobs.state(task).position) for task in tasks[2:]] == [("queued", 1), ("queued", 2)]
    assert jobs.state(tasks[2]).blocked_by in {jobs.job_name(task) for task in tasks[:2]}
    assert jobs.queue() == []  # nothing waits for a device
    with pytest.raises(RunError, match="A download of run is queued already"):
        jobs.start_task(tasks[3])
    jobs.stop(tasks[1])
    wait_until(lambda: jobs.state(tasks[2]).name == "running", "the next one runs")
    assert (jobs.state(tasks[3]).name, jobs.state(tasks[3]).position) == ("queued", 1)
    assert jobs.stop(tasks[3]) == "A download of run was taken out of the queue."


def test_no_zombie_is_left_in_a_server() -> None:
    wait_for_state(submitted("run", seconds=0.05), "finished")
    wait_until(lambda: not scheduler_pids(), "the queue process ended")
    wait_until(lambda: not psutil.Process().children(), "and was collected by whoever started it")
