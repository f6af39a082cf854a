"""What a user does with jobs: submit, stop, resume, delete; each safe to ask for twice, from any process.

Each decision holds `tickets.decision_lock()`, so that two users never decide the same thing at once.
"""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gan.config import settings
from gan.errors import RunError
from gan.io.atomic import write_json
from gan.io.file_lock import is_locked
from gan.io.json_files import read_json
from gan.jobs import device_list, kinds, launch, logs, names, processes, schedule, states, tickets


def submit(folder: Path, device: str, request: Mapping[str, Any] | None = None) -> None:
    """Put a job at the end of the queue for `device` (as `job.device` has it), and see that the queue moves.

    The folder's place says what the job does (`kinds.py`); `request` is written to its `request.json`, as data for the
    process that does it. Raises RunError where it waits or runs already, or where nothing may work in the folder.
    """
    kinds.check_folder(folder)
    with tickets.decision_lock():
        now = states.state(folder)
        if now.alive:
            raise RunError(f"{_subject(folder)} is {now.name} already.")
        _enqueue(folder, device, request)
    launch.start_scheduler()


def start_task(folder: Path, request: Mapping[str, Any] | None = None) -> None:
    """As `submit`, for a task on the CPU, beside whatever trains; makes its folder where there is none.

    `settings.tasks_at_once()` tasks work at a time; more wait in their order.
    """
    kinds.check_folder(folder)  # before anything is made: a symbolic link may stand on the way
    folder.mkdir(parents=True, exist_ok=True)
    submit(folder, device_list.TASKS, request)


def resume(folder: Path, device: str) -> str:
    """Put a run that was stopped, failed or lost back at the end of the queue; says in one sentence what happened."""
    kinds.check_folder(folder)
    subject = _subject(folder)
    with tickets.decision_lock():
        now = states.state(folder)
        if now.name == "queued":
            return f"{subject} waits in the queue already, at place {now.position}."
        if now.name == "running":
            return f"{subject} is running already."
        if now.name == "stopping":
            return f"{subject} is still stopping: resume it when it has stopped."
        if now.name == "finished":
            return f"{subject} has finished: there is nothing to resume. Clone it to train longer."
        _enqueue(folder, device)
    launch.start_scheduler()
    return f"{subject} is in the queue again, and goes on from its last snapshot."


def stop(folder: Path) -> str:
    """Ask a job to save and end, or take it out of the queue; returns at once with one sentence on what happened.

    What has not ended after `settings.stop_grace()` seconds is killed by the queue process, with all its children.
    """
    kinds.job_command(folder)
    with tickets.decision_lock():
        now = states.state(folder)
        if now.name == "queued":
            _cancel(folder)
            return f"{_subject(folder)} was taken out of the queue."
        if not now.alive:
            return f"There is nothing to stop: {names.describe_job(names.job_name(folder))} {_PAST[now.name]} already."
        write_json(folder / "stop", {})  # replaced and not touched: where it is a link, what it names stays untouched
        started = read_json(folder / "started.json") or {}
        launch.register_stop(folder, tickets.valid_ticket(started.get("ticket")))
    if is_locked(folder / "alive.lock"):  # else the pid is no longer the job's
        processes.terminate(started)
    launch.start_scheduler()
    if now.name == "stopping":
        return f"{_subject(folder)} is stopping already."
    grace = settings.stop_grace()
    return (
        f"{_subject(folder)} was asked to stop: it saves first, and is killed if it has not ended in {grace} seconds."
    )


def delete(folder: Path) -> str:
    """Remove a run's folder with all that is in it; raises RunError while anything of it waits or runs."""
    trash, name = tickets.jobs_folder() / "trash", names.job_name(folder)
    kinds.job_command(folder)
    with tickets.decision_lock():
        now = states.state(folder)
        if now.alive:
            raise RunError(f"The run {name} is {now.name}: stop it before you delete it.")
        busy = [path.parent for path in folder.glob("**/alive.lock") if is_locked(path)]
        if busy:
            raise RunError(f"Something of the run {name} still works in {busy[0]}: wait for its end, or stop it.")
        waiting = next((one for one in schedule.queued_jobs() if names.run_name(one.name) == name), None)
        if waiting is not None:
            raise RunError(f"{_subject(waiting.folder)} waits in the queue: cancel it before you delete the run.")
        trash.mkdir(exist_ok=True)
        # Renamed first: whoever looks sees the whole run or none, also when the removal is interrupted.
        folder.rename(trash / f"{name}-{time.time_ns()}")
    for left in trash.iterdir():
        shutil.rmtree(left, ignore_errors=True)  # another process may be removing the same
    return f"The run {name} was deleted."


def follow(folder: Path) -> Iterator[str]:
    """The lines of a job's log, each with its end, and new ones as they come until the job has ended."""
    return logs.follow_log(folder / "log.txt", lambda: states.state(folder).alive)


def disk_usage(folder: Path) -> int:
    """Bytes that a folder takes on the disk; what vanishes while it is counted counts as nothing."""
    total = 0
    for root, _, inside in os.walk(folder):
        for name in inside:
            try:
                total += (Path(root) / name).lstat().st_blocks * 512
            except FileNotFoundError:
                continue
    return total


_PAST = {"stopped": "had stopped", "finished": "had finished", "failed": "had failed", "lost": "had ended"}


def _subject(folder: Path) -> str:
    """The job as a sentence begins with it."""
    words = names.describe_job(names.job_name(folder))
    return words[0].upper() + words[1:]


def _enqueue(folder: Path, asked: str, request: Mapping[str, Any] | None = None) -> None:
    """Give the folder a place in the queue; while `deciding()`.

    Raises ConfigError for settings that the queue process, which nobody sees, would die of, and RunError for a run that
    was deleted in the meantime.
    """
    if not folder.is_dir():
        raise RunError(f"{_subject(folder)} is gone: it was deleted or moved away.")
    settings.jobs_per_device()
    settings.tasks_at_once()
    settings.stop_grace()
    if request is not None:
        write_json(folder / "request.json", request)
    schedule.enqueue(folder, asked)


def _cancel(folder: Path) -> None:
    """Take a waiting run out of the row; while `deciding()`."""
    waiting = schedule.queued_job(folder)
    ticket = waiting.ticket if waiting else 0
    word = {"state": "stopped", "cause": "It was cancelled while it waited in the queue.", "kind": "cancelled"}
    write_json(folder / "end.json", {**word, "ticket": ticket, "time": time.time()})
    schedule.dequeue(folder)
