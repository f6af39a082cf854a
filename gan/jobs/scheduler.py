"""The queue process: starts what has its turn, collects exits, kills what was stopped and goes on. Then it ends itself.

Nobody has to start it: whoever submits, stops or looks does so if none runs. Everything it needs to know lies in files,
so that a new one goes on where a killed one was. It reads no run's config and imports neither torch nor pydantic.
"""

import logging
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gan.config import settings
from gan.errors import RunError
from gan.io.atomic import write_json
from gan.io.file_lock import is_locked, try_lock
from gan.io.json_files import read_json
from gan.jobs import device_list, kinds, launch, names, processes, schedule, tickets

LOOK_EVERY = 0.2  # seconds between two looks at the files and locks
AFTER_FAILED_START = 5.0  # seconds until the next try, where the disk is too full even to say so
SIGNAL_EVERY = 1.0  # a signal sent right after a launch can be lost: it is sent again
_log = logging.getLogger("gan.jobs")


@dataclass
class Child:
    """A process that this queue process started, to be reaped."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    started: dict[str, Any]


@dataclass
class Watch:
    """What the queue process remembers between two looks; losing it costs a killed job's exit code and no more."""

    children: list[Child] = field(default_factory=list)
    first_seen: dict[str, float] = field(default_factory=dict)  # monotonic: the clock may be set back
    signalled: dict[str, float] = field(default_factory=dict)
    killed_after: dict[int, int] = field(default_factory=dict)  # seconds of grace by ticket
    not_before: float = 0.0  # monotonic, when starts are tried again after one failed


def run_scheduler(lock: int) -> None:
    """Look until nothing waits, runs or is being stopped; then give the lock back and return."""
    watch = Watch()
    while True:
        reap(watch)
        enforce_stops(watch)
        clear_remains()
        start_waiting(watch)
        if not watch.children and not launch.pending_stops() and not schedule.queued_jobs():
            with tickets.decision_lock():  # whoever enqueues holds this: nothing slips in before the end
                if not launch.pending_stops() and not schedule.queued_jobs():
                    schedule.drop_stale_tickets()
                    os.close(lock)
                    return
        time.sleep(LOOK_EVERY)


def start_waiting(watch: Watch) -> None:
    """Start every run that has its turn, in the order of the row."""
    if time.monotonic() < watch.not_before or not schedule.queued_jobs():
        return
    with tickets.decision_lock():
        for waiting, device in schedule.startable(schedule.queued_jobs()):
            if waiting.in_terminal:
                continue  # its slot is left free for it, and it takes that itself
            try:
                if device is None:
                    _fail(waiting, device_list.no_such_device(waiting.asked), "device")
                else:
                    _start(watch, waiting, device)
            except RunError as error:
                _fail(waiting, str(error), "refused")
            except OSError as error:
                _log.error("%s could not be started: %s", waiting.name, error)
                _fail_if_possible(waiting, error)
                watch.not_before = time.monotonic() + AFTER_FAILED_START


def _start(watch: Watch, waiting: schedule.QueuedJob, holds: str) -> None:
    """Start what has its turn with a slot of what it `holds`; raises RunError where nothing may work in its folder."""
    kinds.check_folder(waiting.folder)
    device = "cpu" if holds == device_list.TASKS else holds
    alive = try_lock(waiting.folder / "alive.lock")
    slot = device_list.take_slot(holds, waiting.name)
    with launch.closing(alive, slot):
        if alive is None or slot is None:
            return
        process = launch.launch_job(waiting.folder, ticket=waiting.ticket, device=device, alive=alive, slot=slot)
    schedule.dequeue(waiting.folder)
    started = read_json(waiting.folder / "started.json") or {}
    watch.children.append(Child(process, waiting.folder, started))
    _log.info("%s started on %s as process %d", waiting.name, device, process.pid)


def _fail(waiting: schedule.QueuedJob, cause: str, kind: str) -> None:
    """End a run that cannot be started, in words."""
    launch.write_started(waiting.folder, waiting.ticket, waiting.asked, None)
    word = {"state": "failed", "cause": cause, "kind": kind, "ticket": waiting.ticket, "time": time.time()}
    write_json(waiting.folder / "end.json", word)
    schedule.dequeue(waiting.folder)
    _log.info("%s failed: %s", waiting.name, cause)


def _fail_if_possible(waiting: schedule.QueuedJob, error: OSError) -> None:
    """A full or damaged disk may refuse this too: then the run goes on waiting, and is tried at the next look."""
    try:
        _fail(waiting, f"It could not be started: {error}", "start")
    except OSError as again:
        _log.error("%s waits: %s", waiting.name, again)


def reap(watch: Watch) -> None:
    """Collect the exits of our children and note each code for `states.py`; nothing is written over a last word."""
    for child in list(watch.children):
        code = child.process.poll()
        ticket = tickets.valid_ticket(child.started.get("ticket"))
        if code is None:
            _end_what_said_its_last_word(watch, child, ticket)
            continue
        watch.children.remove(child)
        before = tickets.valid_ticket(child.started.get("memory_kills"))
        word: dict[str, Any] = {"ticket": ticket, "code": code, "killed_after": watch.killed_after.pop(ticket, None)}
        word["memory_ran_out"] = processes.kills_for_memory() > before
        _log.info("%s ended with code %d", child.folder.name, code)
        _note_exit(child.folder, word)


def _end_what_said_its_last_word(watch: Watch, child: Child, ticket: int) -> None:
    """Kill a job that hangs after its end.json, as a GPU's tear-down can: it would keep its device for ever."""
    if not _has_said_its_last_word(child.folder, child.started):
        return
    now, grace = time.monotonic(), settings.stop_grace()
    if now - watch.first_seen.setdefault(f"end {ticket}", now) > grace:
        killed = processes.kill_tree(child.started, names.job_name(child.folder))
        _log.info("%s had not gone %d s after its end: %d processes killed", child.folder.name, grace, killed)


def _has_said_its_last_word(folder: Path, started: dict[str, Any]) -> bool:
    return (read_json(folder / "end.json") or {}).get("ticket") == started.get("ticket")


def _note_exit(folder: Path, word: dict[str, Any]) -> None:
    try:
        write_json(folder / "exit.json", word)
    except OSError as error:  # the folder was removed, or the disk is full: the state is then told without the code
        _log.warning("the exit of %s could not be noted: %s", folder.name, error)


def enforce_stops(watch: Watch) -> None:
    """Ask each job that shall stop again and again, and kill it with its whole tree when its grace is over."""
    for path in launch.pending_stops():
        asked = read_json(path) or {}
        name = str(asked.get("job", ""))
        folder = settings.store() / name
        started = read_json(folder / "started.json") or {}
        ended = started.get("ticket") != asked.get("ticket") or not is_locked(folder / "alive.lock")
        if kinds.job_kind(folder) is None or ended:
            path.unlink(missing_ok=True)  # it has ended; what may be left of it is `clear_remains`'s
            continue
        now, grace = time.monotonic(), settings.stop_grace()
        if processes.valid_pid(started) and not processes.is_alive(started):
            processes.kill_tree(started, name)  # its main process has died alone: nobody is left to save anything
        elif now - watch.first_seen.setdefault(path.name, now) > grace:
            ticket = tickets.valid_ticket(started.get("ticket"))
            watch.killed_after[ticket] = grace
            _note_exit(folder, {"ticket": ticket, "code": None, "killed_after": grace})
            killed = processes.kill_tree(started, name)
            _log.info("%s did not end in %d s: %d processes killed", name, grace, killed)
        elif _has_said_its_last_word(folder, started):
            continue  # it is on its way out, and would only be cut short
        elif now - watch.signalled.get(path.name, 0.0) > SIGNAL_EVERY:
            watch.signalled[path.name] = now
            processes.terminate(started)


def clear_remains() -> None:
    """Kill what a dead job left behind, so that its device is free at once.

    A main process that died alone leaves loading workers, which hold the device's lock until they notice.
    """
    for folder, started in launch.orphaned_jobs():
        name = names.job_name(folder)
        _log.info("%d processes that %s left behind killed", processes.kill_tree(started, name), name)
