"""The queue: order, one job per device, cancelling, recovery after a crash. Real processes."""

import os
import signal
from pathlib import Path

import pytest

from gan import jobs
from gan.config import settings
from gan.errors import ConfigError, RunError
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.runs import lifecycle
from tests.support.jobs import (
    PATIENCE,
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


def most_at_once(lines: list[str]) -> int:
    """How many jobs were at work at the same time, from their notes."""
    now = most = 0
    for line in lines:
        now += {"begin": 1, "end": -1}.get(line.split()[0], 0)
        most = max(most, now)
    return most


def test_runs_wait_in_order_and_say_for_whom() -> None:
    first, second, third = (submitted(name) for name in ("first", "second", "third"))
    wait_until_begun(first)
    assert jobs.state(first.path).device == "cpu"
    waiting = jobs.state(third.path)
    assert (waiting.name, waiting.position, waiting.blocked_by) == ("queued", 2, "first")
    assert [(entry.name, entry.position) for entry in jobs.queue()] == [("second", 1), ("third", 2)]
    assert next(device.holders for device in jobs.devices() if device.name == "cpu") == ("first",)
    jobs.stop(first.path)
    wait_until_begun(second)
    assert jobs.state(third.path).position == 1


def test_twenty_submissions_at_once_never_share_a_device_and_keep_their_order() -> None:
    code = """
import sys

from tests.support.jobs import submitted
for number in range(5):
    submitted(f"user{sys.argv[1]}-{number}", "steps", 0.05)
"""
    users = [start_python(code, str(user)) for user in range(4)]
    for user in users:
        output, _ = user.communicate(timeout=PATIENCE)
        assert user.returncode == 0, output
    names = [f"user{user}-{number}" for user in range(4) for number in range(5)]
    wait_until(lambda: sum(line.startswith("end") for line in notes()) == 20, "twenty jobs ended")
    assert most_at_once(notes()) == 1
    began = [line.split()[1] for line in notes() if line.startswith("begin")]
    tickets = {name: read_json(settings.store() / name / "started.json")["ticket"] for name in names}  # type: ignore[index]
    assert began == sorted(names, key=tickets.__getitem__)
    assert len(set(tickets.values())) == 20


def test_a_device_takes_as_many_as_the_setting_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_JOBS_PER_DEVICE", "2")
    first, second, third = (submitted(f"run{number}") for number in range(3))
    wait_until_begun(first)
    wait_until_begun(second)
    assert jobs.state(third.path).name == "queued"
    jobs.stop(first.path)
    wait_until_begun(third)
    assert most_at_once(notes()) == 2


def test_a_waiting_run_can_be_cancelled_and_put_back() -> None:
    first, second, third = (submitted(name) for name in ("first", "second", "third"))
    wait_until_begun(first)
    assert jobs.stop(second.path) == "The run second was taken out of the queue."
    assert jobs.state(second.path).name == "stopped"
    assert jobs.state(third.path).position == 1
    assert "in the queue again" in lifecycle.resume_run(second)
    assert [entry.name for entry in jobs.queue()] == ["third", "second"]
    jobs.stop(first.path)
    wait_until_begun(third)


def test_a_job_that_dies_at_start_is_tried_once_and_frees_its_device() -> None:
    broken, next_ = submitted("broken", "dies"), submitted("next", seconds=0.1)
    wait_for_state(next_, "finished")
    state = jobs.state(broken.path)
    assert (state.name, state.kind) == ("failed", "import")
    assert "No module named 'nowhere'" in state.cause
    # A queue process that is killed between the start and the removal of the entry leaves this behind.
    ticket = started(broken)["ticket"]
    write_json(broken.path / "queued.json", {"ticket": ticket, "requested_device": "cpu"})
    (settings.store() / ".jobs" / "waiting" / str(ticket)).write_text(broken.name)
    wait_for_state(submitted("last", seconds=0.05), "finished")
    assert jobs.state(broken.path).name == "failed"
    assert jobs.log_tail(broken.path).count("ModuleNotFoundError") == 1


def test_a_device_that_is_not_there_fails_in_words() -> None:
    run = submitted("lonely", device="cuda:7")
    state = wait_for_state(run, "failed")
    assert "no device cuda:7" in state.cause
    assert "cpu" in state.cause


def test_whoever_looks_sets_a_queue_going_whose_process_died() -> None:
    first, second = submitted("first"), submitted("second", seconds=0.1)
    wait_until_begun(first)
    kill_scheduler()
    assert jobs.state(first.path).name == "running"  # the job does not notice
    assert jobs.ensure_scheduler()
    jobs.stop(first.path)
    wait_for_state(second, "finished")


def test_after_a_restart_of_the_machine_a_look_starts_what_waited() -> None:
    first = submitted("first")
    submitted("second", seconds=0.1)
    wait_until_begun(first)
    kill_scheduler()
    os.kill(started(first)["pid"], signal.SIGKILL)
    wait_for_state(first, "lost")
    assert jobs.queue()[0].name == "second"
    assert not scheduler_pids()  # reading starts nothing
    assert jobs.ensure_scheduler()  # as every page and command does
    wait_until(lambda: "end second" in notes(), "what waited was started")


def test_there_is_one_scheduler_and_it_ends_with_its_work() -> None:
    runs = [submitted(f"run{number}", seconds=0.2) for number in range(3)]
    assert len(scheduler_pids()) == 1
    for run in runs:
        wait_for_state(run, "finished")
    wait_until(lambda: not scheduler_pids(), "the queue process ended")


def test_broken_folders_do_not_hold_the_queue_up(store: Path) -> None:
    (store / "empty").mkdir()
    (store / "damaged").mkdir()
    (store / "damaged" / "queued.json").write_text('{"ticket": 1, "argum')
    (store / "odd").mkdir()
    (store / "odd" / "queued.json").write_text('{"ticket": "one", "arguments": 7}')
    (store / ".jobs").mkdir()
    (store / ".jobs" / "ticket").write_text("")
    wait_for_state(submitted("whole", seconds=0.05), "finished")
    assert jobs.queue() == []


def test_settings_that_would_end_the_scheduler_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run("run")
    monkeypatch.setenv("GAN_JOBS_PER_DEVICE", "two")
    with pytest.raises(ConfigError, match="GAN_JOBS_PER_DEVICE"):
        lifecycle.submit_run(run)
    assert jobs.queue() == []


def test_a_run_is_submitted_once() -> None:
    run = submitted("run")
    with pytest.raises(RunError, match=r"queued already|running already"):
        lifecycle.submit_run(run)


def test_training_in_a_terminal_waits_in_the_same_queue() -> None:
    first = submitted("first")
    wait_until_begun(first)
    terminal = new_run("terminal")
    process = start_python("from tests.support.job_script import main; main('terminal', 'steps', 0.3)")
    wait_until(lambda: jobs.state(terminal.path).name == "queued", "the one in the terminal waits")
    last = submitted("last", seconds=0.1)
    assert jobs.state(last.path).position == 2
    jobs.stop(first.path)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert "terminal waits for first" in output
    wait_for_state(last, "finished")
    assert most_at_once(notes()) == 1
    assert [line for line in notes() if line.startswith("begin")] == ["begin first", "begin terminal", "begin last"]
    assert jobs.state(terminal.path).name == "finished"


def test_one_waiting_in_a_terminal_can_be_cancelled_or_die() -> None:
    first = submitted("first")
    wait_until_begun(first)
    for name in ("cancelled", "killed"):
        new_run(name)
    waiting = [
        start_python(f"from tests.support.job_script import main; main('{name}', 'steps')")
        for name in ("cancelled", "killed")
    ]
    wait_until(lambda: len(jobs.queue()) == 2, "both wait")
    jobs.stop(settings.store() / "cancelled")
    output, _ = waiting[0].communicate(timeout=PATIENCE)
    assert "taken out of the queue" in output
    waiting[1].kill()
    waiting[1].communicate(timeout=PATIENCE)
    assert jobs.queue() == []
    assert jobs.state(settings.store() / "killed").name == "lost"


def test_a_job_gets_the_settings_of_the_server_and_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_DATA", "/data/of/this/user")
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    run = new_run("run")
    give_job(run.path, "environment")
    lifecycle.submit_run(run)
    wait_until(lambda: "GAN_DATA" in jobs.log_tail(run.path), "the job printed its environment")
    printed = jobs.log_tail(run.path)
    assert "/data/of/this/user" in printed
    assert "('CUDA_VISIBLE_DEVICES', '')" in printed  # a CPU job opens no CUDA context
    assert "secret" not in printed
