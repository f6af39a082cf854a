"""What users do with jobs: submit, stop, resume, delete. Each is idempotent and may be called from any process.

Each decision holds `tickets.decision_lock()`, so that two users never decide the same thing at once.
"""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gan.access.permissions import Action, require
from gan.config import settings
from gan.errors import DamagedFileError, RunError, UserError
from gan.io.atomic import remove_folder, write_json
from gan.io.file_lock import try_lock
from gan.io.json_files import read_json
from gan.io.untrusted_files import log_damaged
from gan.jobs import (
    claims,
    device_list,
    job_access,
    kinds,
    launch,
    logs,
    names,
    person_limits,
    processes,
    states,
    tickets,
    waiting_jobs,
)
from gan.jobs.engine import EngineName
from gan.jobs.engines import find_engine
from gan.jobs.holders import read_holder, works_here

ENDED = ("stopped", "finished", "failed", "lost")
STARTS = ("queued", "started")
"""The files that carry the ticket of a job that waits or works."""


def submit(
    folder: Path,
    device: str,
    request: Mapping[str, Any] | None = None,
    gpus: int = 1,
    engine: EngineName = "local",
) -> None:
    """Put a job at the end of the queue of an engine; starts this machine's scheduler if needed.

    `device`, `gpus` and `engine` are values of `job.device`, `job.gpus` and `job.engine`.

    The folder's path says what the job does (`kinds.py`); `request` is written to its `request.json`, which the job
    reads as data. Raises RunError if the job is queued or running already, if no job may run in the folder, or if the
    engine refuses it, in the engine's own words; nothing is left in a queue then. Raises AccessError where the current
    person may not start it, as the other functions here do.
    """
    kinds.check_folder(folder)
    job_access.check_start(folder)
    with tickets.decision_lock():
        state = _readable_state(folder)
        if state.alive:
            raise RunError(f"{_subject(folder)} is {state.name} already.")
        _enqueue(folder, device, request, gpus, engine)
    _hand_over(folder, device, gpus, engine)


def start_task(folder: Path, request: Mapping[str, Any] | None = None, engine: EngineName = "local") -> None:
    """Submit a task, which runs on the CPU beside training; creates its folder.

    At most `settings.tasks_at_once()` tasks run at a time on this machine; the others wait in order.
    """
    kinds.check_folder(folder)  # before anything is created: a symbolic link may lead elsewhere
    job_access.check_start(folder)
    person_limits.check_task()
    folder.mkdir(parents=True, exist_ok=True)
    submit(folder, device_list.TASKS, request, engine=engine)


def resume(folder: Path, device: str, gpus: int = 1, engine: EngineName = "local") -> str:
    """Put a stopped, failed or lost run back at the end of the queue; returns one sentence on what happened.

    Raises RunError as `submit` does.
    """
    kinds.check_folder(folder)
    job_access.check_start(folder)
    subject = _subject(folder)
    with tickets.decision_lock():
        state = _readable_state(folder)
        if state.name == "queued":
            return f"{subject} waits in the queue already, at place {state.position}."
        if state.name == "running":
            return f"{subject} is running already."
        if state.name == "stopping":
            return f"{subject} is still stopping: resume it when it has stopped."
        if state.name == "finished":
            return f"{subject} has finished: there is nothing to resume. Clone it to train longer."
        _enqueue(folder, device, gpus=gpus, engine=engine)
    _hand_over(folder, device, gpus, engine)
    return f"{subject} is in the queue again, and goes on from its last snapshot."


def stop(folder: Path) -> str:
    """Ask a job to save and end, or take it out of the queue; returns at once with one sentence on what happened.

    If the job has not ended after `settings.stop_grace()` seconds, the scheduler kills it with all its children.
    """
    kinds.job_command(folder)
    job_access.require_stop(folder)
    text = _stop(folder)
    for part in folder.glob("parts/[0-9]*"):  # which it may wait for
        if states.state(part).alive:
            _stop(part)
    return text


def _stop(folder: Path) -> str:
    """Stop one job, as `stop` does."""
    with tickets.decision_lock():
        state = _readable_state(folder)
        if state.name == "queued":
            _cancel_in_engine(folder)
            _cancel(folder)
            return f"{_subject(folder)} was taken out of the queue."
        if not state.alive:
            job = names.describe_job(names.job_name(folder))
            return f"There is nothing to stop: {job} {_PAST[state.name]} already."
        write_json(folder / "stop", {})  # replaces a symbolic link instead of writing to its target
        started = read_json(folder / "started.json") or {}
        holder = read_holder(started)
        engine = find_engine(holder.engine)
        launch.register_stop(folder, holder.ticket, "" if holder.is_here or engine is not None else holder.host)
    if engine is not None and holder.job_id:
        with contextlib.suppress(UserError):  # the scheduler repeats it, and the job looks for the file
            engine.ask_to_stop(holder.job_id)
    if holder.is_here and works_here(folder, started):  # otherwise the pid may belong to another process by now
        processes.terminate(started, folder)
    launch.start_scheduler()
    if state.name == "stopping":
        return f"{_subject(folder)} is stopping already."
    grace = settings.stop_grace()
    return f"{_subject(folder)} was asked to stop. It saves first; after {grace} seconds it is killed."


def delete(folder: Path) -> str:
    """Remove a run's folder; raises RunError while it is unreadable, or it or any job in it is queued or running."""
    trash, name = tickets.jobs_folder() / "trash", names.job_name(folder)
    kinds.job_command(folder)
    require(Action.DELETE_RUN, job_access.job_target(folder))
    with tickets.decision_lock():
        state = _readable_state(folder)
        if state.alive:
            raise RunError(f"The run {name} is {state.name}: stop it before you delete it.")
        for job in sorted({path.parent for path in folder.glob("**/alive.lock")}):
            _refuse_busy(job)
        own = (job for job in waiting_jobs.queued_jobs() if names.run_name(job.name) == name)
        queued = next((job for job in own if states.state(job.folder).name not in ENDED), None)
        if queued is not None:
            raise RunError(f"{_subject(queued.folder)} waits in the queue: cancel it before you delete the run.")
        trash.mkdir(exist_ok=True)
        with _claimed(folder):
            # Renamed first: readers see the whole run or none, even if the removal is interrupted.
            folder.rename(trash / f"{name}-{time.time_ns()}")
    for left in trash.iterdir():
        remove_folder(left)  # another process may be removing the same
    return f"The run {name} was deleted."


def find_holding_host(folder: Path) -> str:
    """The machine that the last start of a job names, for `release`; "" where none is named."""
    return read_holder(read_json(folder / "started.json") or {}).host


def release(folder: Path, host: str) -> str:
    """Note that nothing on the machine `host` works in a job's folder any more, where no machine can prove it.

    A user confirms it, who has looked. A process that works there nevertheless ends within seconds, and saves nothing.
    Raises RunError unless the job's state is unknown, and where another machine holds it.
    """
    kinds.job_command(folder)
    require(Action.RELEASE_JOB, job_access.job_target(folder))
    with tickets.decision_lock():
        state, started = states.state(folder), read_json(folder / "started.json") or {}
        holder = read_holder(started)
        if state.name != "unknown":
            raise RunError(f"{_subject(folder)} is {state.name}: there is nothing to confirm.")
        if holder.host != host:
            raise RunError(f"{_subject(folder)} was started on {holder.host or 'an unknown machine'}, not on {host}.")
        claims.confirm_dead(folder, host)
        cause = f"A user confirmed that nothing on {host} works on it any more. What it had saved is kept."
        end = {"state": "stopped", "cause": cause, "kind": "released", "ticket": holder.ticket, "time": time.time()}
        write_json(folder / "end.json", end)
    return f"{_subject(folder)} is released: it can be resumed or deleted."


def follow(folder: Path) -> Iterator[str]:
    """The lines of a job's log with their line ends, and new ones as they are written until the job has ended."""
    return logs.follow_log(folder / "log.txt", lambda: _goes_on(folder))


def _goes_on(folder: Path) -> bool:
    """Whether more may be printed: also by a job whose result has not been seen on this machine yet."""
    state = states.state(folder)
    return state.alive or state.kind == "ending"


def disk_usage(folder: Path) -> int:
    """Bytes that a folder takes on the disk; files that vanish meanwhile, or cannot be read, count as nothing."""
    total, folders = 0, [str(folder)]
    while folders:  # a store of 500 runs has 25,000 files: `Path` objects would double the time
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += _size_on_disk(entry)
        except OSError:  # removed meanwhile, or unreadable: `state` says so, a size need not
            continue
    return total


def _size_on_disk(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat(follow_symlinks=False).st_blocks * 512
    except OSError:  # removed meanwhile
        return 0


_PAST = {"stopped": "had stopped", "finished": "had finished", "failed": "had failed", "lost": "had ended"}


def _subject(folder: Path) -> str:
    """The job as the subject of a sentence: `The run breast`."""
    return names.capitalised(names.describe_job(names.job_name(folder)))


def _readable_state(folder: Path) -> states.State:
    """The state of a job; raises RunError where nobody can tell it, as nothing can be decided then."""
    state = states.state(folder)
    if state.name in ("unknown", "unreadable"):
        raise RunError(f"The state of {names.describe_job(names.job_name(folder))} is {state.name}: {state.cause}")
    return state


def _refuse_busy(folder: Path) -> None:
    """Raise RunError where a job works, or may work, in `folder`."""
    started = read_json(folder / "started.json") or {}
    state = states.state(folder)
    if state.name in ("unknown", "unreadable"):
        raise RunError(f"{_subject(folder)} is {state.name}: {state.cause}")
    if state.name in ("running", "stopping") or (read_holder(started).is_here and works_here(folder, started)):
        raise RunError(f"{_subject(folder)} is running: wait for its end, or stop it.")


@contextlib.contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """Claim a run for the block, so that no machine starts it meanwhile; raises RunError where one just has."""
    with contextlib.ExitStack() as at_end:
        try:
            lock = try_lock(folder / "alive.lock")
            at_end.enter_context(launch.closing(lock))
            if lock is None:
                raise RunError(f"{_subject(folder)} was just started: stop it before you delete it.")
            at_end.callback(claims.release, claims.take_claim(folder, tickets.next_ticket(folder)))
        except (DamagedFileError, FileExistsError, NotADirectoryError) as error:
            log_damaged(folder, error)  # no job starts in a folder with a link or device in the place of our files
        yield


def _hand_over(folder: Path, device: str, gpus: int, engine: EngineName) -> None:
    """Give a job, just queued, to its engine; takes it out of the queue again where the engine refuses it."""
    receiver, queued = find_engine(engine), waiting_jobs.queued_job(folder)
    if receiver is None:
        launch.start_scheduler()
        return
    if queued is None:
        return  # cancelled meanwhile
    try:
        job_id = receiver.submit(folder, queued.ticket, device, gpus)
    except UserError:
        with tickets.decision_lock():
            waiting_jobs.dequeue(folder)
        raise
    with tickets.decision_lock():
        waiting_jobs.set_job_id(folder, job_id, queued.ticket)
        ours = {tickets.valid_ticket((read_json(folder / f"{name}.json") or {}).get("ticket")) for name in STARTS}
    if queued.ticket not in ours:  # cancelled while the engine took it
        receiver.cancel(job_id)


def _cancel_in_engine(folder: Path) -> None:
    """Take a waiting job out of its engine's queue, if it is in one; raises UserError where the engine refuses."""
    queued = waiting_jobs.queued_job(folder)
    holder = read_holder(read_json(folder / "started.json") or {})
    engine, job_id = (queued.engine, queued.job_id) if queued else (holder.engine, holder.job_id)
    receiver = find_engine(engine)
    if receiver is not None and job_id:
        receiver.cancel(job_id)


def _enqueue(
    folder: Path,
    device: str,
    request: Mapping[str, Any] | None = None,
    gpus: int = 1,
    engine: EngineName = "local",
) -> None:
    """Put the folder into the queue; hold `decision_lock()`.

    Raises RunError if the run was deleted in the meantime, and ConfigError for invalid settings, which would otherwise
    end the scheduler, where nobody sees the message.
    """
    if not folder.is_dir():
        raise RunError(f"{_subject(folder)} is gone: it was deleted or moved away.")
    settings.jobs_per_device()
    settings.tasks_at_once()
    settings.stop_grace()
    person_limits.check_submission(device)
    if request is not None:
        write_json(folder / "request.json", request)
    waiting_jobs.enqueue(folder, device, gpus=gpus, engine=engine)


def _cancel(folder: Path) -> None:
    """Take a waiting job out of the queue; hold `decision_lock()`."""
    queued = waiting_jobs.queued_job(folder)
    ticket = queued.ticket if queued else read_holder(read_json(folder / "started.json") or {}).ticket
    end = {"state": "stopped", "cause": "It was cancelled while it waited in the queue.", "kind": "cancelled"}
    write_json(folder / "end.json", {**end, "ticket": ticket, "time": time.time()})
    waiting_jobs.dequeue(folder)
