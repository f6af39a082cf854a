"""The scheduler process: starts queued jobs, collects exits, kills jobs that ignore a stop. Ends when nothing is left.

Nobody starts it by hand: submitting, stopping or opening a page does. Its state is in files, so that a new scheduler
continues where a killed one was. It reads no run's config and imports neither torch nor pydantic.
"""

import contextlib
import logging
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gan.config import settings
from gan.errors import LockError, RunError, UserError
from gan.io.atomic import write_json
from gan.io.file_lock import try_lock
from gan.io.json_files import read_json
from gan.io.untrusted_files import log_damaged, skipping_unreadable
from gan.jobs import claims, device_list, kinds, launch, names, notifications, processes, states, tickets, waiting_jobs
from gan.jobs.engine import Engine
from gan.jobs.engines import find_engine
from gan.jobs.holders import read_holder, works_here

POLL_SECONDS = 0.2
RETRY_SECONDS = 5.0  # after a start failed, as on a full disk
ENGINE_SIGNAL_SECONDS = 5.0
SIGNAL_SECONDS = 1.0  # a signal sent right after a launch can be lost, so it is repeated
LOGGER = logging.getLogger("gan.jobs")


@dataclass
class Child:
    """A process that this scheduler started and has to reap."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    started: dict[str, Any]


@dataclass
class Memory:
    """What the scheduler keeps between polls. Losing it loses the exit code of a killed job, nothing else."""

    children: list[Child] = field(default_factory=list)
    first_seen: dict[str, float] = field(default_factory=dict)  # monotonic: the clock may be set back
    signalled: dict[str, float] = field(default_factory=dict)  # monotonic
    killed_after: dict[int, int] = field(default_factory=dict)  # seconds of grace by ticket
    retry_at: float = 0.0  # monotonic: no start before this


def run_scheduler(lock: int) -> None:
    """Poll until nothing is queued, running or being stopped; then close the descriptor `lock` and return."""
    memory = Memory()
    while True:
        collect_exits(memory)
        enforce_stops(memory)
        kill_orphans()
        start_queued_jobs(memory)
        if not memory.children and not launch.pending_stops() and not waiting_jobs.queued_here():
            with _deciding(memory) as deciding:  # nobody can enqueue between the check and the end
                if deciding and not launch.pending_stops() and not waiting_jobs.queued_here():
                    waiting_jobs.drop_stale_tickets()
                    os.close(lock)
                    return
        time.sleep(POLL_SECONDS)


def start_queued_jobs(memory: Memory) -> None:
    """Start every job that can start now, in the order of the queue."""
    if time.monotonic() < memory.retry_at or not waiting_jobs.queued_here():
        return
    with _deciding(memory) as deciding:
        for job, devices in waiting_jobs.startable(waiting_jobs.queued_here()) if deciding else ():
            if job.in_terminal:
                continue  # it takes the slot itself
            try:
                if devices:
                    _start(memory, job, devices)
                else:
                    _fail(job, device_list.no_such_device(job.requested_device, job.gpus), "device")
            except UserError as error:  # no job may run there, or a link or folder is in the place of its log
                _fail_if_possible(memory, job, str(error), "refused")
            except OSError as error:
                LOGGER.error("%s could not be started: %s", job.name, error)
                _fail_if_possible(memory, job, f"It could not be started: {error}", "start")
                memory.retry_at = time.monotonic() + RETRY_SECONDS


@contextlib.contextmanager
def _deciding(memory: Memory) -> Iterator[bool]:
    """Hold the decision lock during the block; False where it cannot be had now, which is logged and tried again."""
    with contextlib.ExitStack() as at_end:
        try:
            at_end.enter_context(tickets.decision_lock())
            deciding = True
        except LockError as error:
            LOGGER.error("%s", error)
            memory.retry_at, deciding = time.monotonic() + RETRY_SECONDS, False
        yield deciding


def _start(memory: Memory, job: waiting_jobs.QueuedJob, devices: tuple[str, ...]) -> None:
    """Start a job with a slot of each of the `devices`; raises UserError if no job may run in its folder."""
    kinds.check_folder(job.folder)
    device = "cpu" if devices == (device_list.TASKS,) else ",".join(devices)
    with contextlib.ExitStack() as at_end:
        locks = _take_locks(memory, job, devices, at_end)
        claim = _take_claim(job) if locks else None
        if locks is None or claim is None:
            return
        alive, slots = locks
        try:
            process = launch.launch_job(job.folder, device=device, alive=alive, slots=slots, claim=claim)
        except (OSError, UserError):
            claims.release(claim)
            raise
    started: dict[str, Any] = {"ticket": job.ticket}
    with skipping_unreadable(job.folder):  # it runs, and is no longer queued: started.json has its ticket
        waiting_jobs.note_turn(job)
        waiting_jobs.dequeue(job.folder)
        started = read_json(job.folder / "started.json") or started
    memory.children.append(Child(process, job.folder, started))
    LOGGER.info("%s started on %s as process %d", job.name, device, process.pid)


def _take_locks(
    memory: Memory, job: waiting_jobs.QueuedJob, devices: tuple[str, ...], at_end: contextlib.ExitStack
) -> tuple[int, list[int]] | None:
    """The descriptors of the job's lock and slots, which `at_end` closes; None if it has to wait."""
    try:
        alive = try_lock(job.folder / "alive.lock")
        at_end.enter_context(launch.closing(alive))
        slots = None if alive is None else device_list.take_slots(devices, job.name)
    except (FileNotFoundError, PermissionError):
        raise
    except OSError as error:  # the file system refuses to answer: nobody can tell who holds the lock
        LOGGER.error("%s waits: %s", job.name, error)
        memory.retry_at = time.monotonic() + RETRY_SECONDS
        return None
    at_end.enter_context(launch.closing(*(slots or ())))
    return None if alive is None or slots is None else (alive, slots)


def _take_claim(job: waiting_jobs.QueuedJob) -> claims.Claim | None:
    """The claim of the job's folder; None, which is logged, while another machine holds it."""
    try:
        return claims.take_claim(job.folder, job.ticket)
    except RunError as error:
        log_damaged(job.folder, error)
        return None


def _fail(job: waiting_jobs.QueuedJob, cause: str, kind: str) -> None:
    """End a job that cannot be started as failed."""
    launch.write_started(job.folder, job.ticket, job.requested_device, None)
    end = {"state": "failed", "cause": cause, "kind": kind, "ticket": job.ticket, "time": time.time()}
    write_json(job.folder / "end.json", end)
    waiting_jobs.dequeue(job.folder)
    LOGGER.info("%s failed: %s", job.name, cause)
    notifications.announce_in_background(job.folder, end)


def _fail_if_possible(memory: Memory, job: waiting_jobs.QueuedJob, cause: str, kind: str) -> None:
    """As `_fail`; if a full or damaged disk or a link refuses this too, the job stays queued and is tried again."""
    try:
        _fail(job, cause, kind)
    except (OSError, UserError) as again:
        LOGGER.error("%s waits: %s", job.name, again)
        memory.retry_at = time.monotonic() + RETRY_SECONDS


def collect_exits(memory: Memory) -> None:
    """Reap our children and write each exit code to exit.json, for `states.py`; end.json is left alone."""
    for child in list(memory.children):
        code = child.process.poll()
        ticket = tickets.valid_ticket(child.started.get("ticket"))
        if code is None:
            with skipping_unreadable(child.folder):
                _kill_if_hanging(memory, child, ticket)
            continue
        memory.children.remove(child)
        kills_before = tickets.valid_ticket(child.started.get("memory_kills"))
        document: dict[str, Any] = {"ticket": ticket, "code": code}
        document["killed_after"] = memory.killed_after.pop(ticket, None)
        document["memory_ran_out"] = processes.kills_for_memory() > kills_before
        LOGGER.info("%s ended with code %d", child.folder.name, code)
        _write_exit(child.folder, document)
        with skipping_unreadable(child.folder):
            _announce_death(child, ticket)


def _announce_death(child: Child, ticket: int) -> None:
    """Announce the end of a job that left no end.json."""
    if _has_ended(child.folder, child.started) or not child.folder.is_dir():
        return
    state = states.state(child.folder)
    end = {"state": state.name, "cause": state.cause, "kind": state.kind, "ticket": ticket, "time": time.time()}
    notifications.announce_in_background(child.folder, end)


def _kill_if_hanging(memory: Memory, child: Child, ticket: int) -> None:
    """Kill a job that does not exit after its end.json, as when a GPU's tear-down hangs: it would keep its device."""
    if not _has_ended(child.folder, child.started):
        return
    now, grace = time.monotonic(), settings.stop_grace()
    if now - memory.first_seen.setdefault(f"end {ticket}", now) > grace:
        killed = processes.kill_tree(child.started, child.folder, names.job_name(child.folder))
        LOGGER.info("%s had not exited %d s after its end: %d processes killed", child.folder.name, grace, killed)


def _has_ended(folder: Path, started: dict[str, Any]) -> bool:
    """Whether end.json is of this start."""
    return (read_json(folder / "end.json") or {}).get("ticket") == started.get("ticket")


def _write_exit(folder: Path, document: dict[str, Any]) -> None:
    try:
        write_json(folder / "exit.json", document)
    except (OSError, UserError) as error:  # removed, replaced by a link, or a full disk: the state needs no code
        LOGGER.warning("the exit of %s could not be written: %s", folder.name, error)


def enforce_stops(memory: Memory) -> None:
    """Signal each job that is being stopped once a second, and kill its process tree when its grace is over."""
    for path in launch.pending_stops():
        with skipping_unreadable(path):
            _enforce_stop(memory, path)


def _enforce_stop(memory: Memory, path: Path) -> None:
    """Signal or kill the job of one pending stop, or remove the stop where the job has ended."""
    pending = read_json(path) or {}
    name = str(pending.get("job", ""))
    folder = settings.store() / name
    started = read_json(folder / "started.json") or {}
    holder = read_holder(started)
    engine = find_engine(holder.engine)
    if engine is not None and holder.ticket == pending.get("ticket"):
        _enforce_stop_in_engine(memory, path, folder, engine, holder.job_id)
        return
    ended = started.get("ticket") != pending.get("ticket") or works_here(folder, started) is False
    if kinds.job_kind(folder) is None or ended:
        path.unlink(missing_ok=True)  # `kill_orphans` deals with processes left behind
        return
    now, grace = time.monotonic(), settings.stop_grace()
    if processes.valid_pid(started) and not processes.is_alive(started):
        processes.kill_tree(started, folder, name)  # its main process is dead: nobody is left to save anything
    elif now - memory.first_seen.setdefault(path.name, now) > grace:
        ticket = tickets.valid_ticket(started.get("ticket"))
        memory.killed_after[ticket] = grace
        _write_exit(folder, {"ticket": ticket, "code": None, "killed_after": grace})
        killed = processes.kill_tree(started, folder, name)
        LOGGER.info("%s did not end in %d s: %d processes killed", name, grace, killed)
    elif _has_ended(folder, started):
        return  # it is exiting: a signal could cut that short
    elif now - memory.signalled.get(path.name, 0.0) > SIGNAL_SECONDS:
        memory.signalled[path.name] = now
        processes.terminate(started, folder)


def _enforce_stop_in_engine(memory: Memory, path: Path, folder: Path, engine: Engine, job_id: str) -> None:
    """Ask the engine to signal a job that is being stopped every few seconds, and to end it when its grace is over."""
    state = states.state(folder)
    if not state.alive and state.name != "unknown":
        path.unlink(missing_ok=True)
        return
    now, grace = time.monotonic(), settings.stop_grace()
    last = memory.signalled.setdefault(path.name, now)  # `stop` has just asked it
    if not job_id or now - last < ENGINE_SIGNAL_SECONDS:
        return
    memory.signalled[path.name] = now
    try:
        if now - memory.first_seen.setdefault(path.name, now) > grace or state.name == "queued":
            engine.cancel(job_id)  # also a job that went back into the queue before it saw the request
        else:
            engine.ask_to_stop(job_id)
    except UserError as error:
        LOGGER.warning("%s could not be stopped: %s", folder.name, error)


def kill_orphans() -> None:
    """Kill processes left behind by a dead job, such as loading workers: they still hold the device's lock."""
    for folder, started in launch.orphaned_jobs():
        name = names.job_name(folder)
        LOGGER.info("%d orphaned processes of %s killed", processes.kill_tree(started, folder, name), name)
