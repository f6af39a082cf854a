"""Starting a process of a job, and starting the queue process if none runs.

A job is a session of its own: neither Ctrl-C in the server's terminal nor the server's death reaches it. It inherits
the locks that its starter took for it, so that there is no moment at which nobody holds them.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gan.config import settings
from gan.io.atomic import write_json
from gan.io.file_lock import is_locked, try_lock
from gan.io.json_files import read_json
from gan.jobs import device_list, kinds, names, processes, schedule, tickets

SCHEDULER_MODULE = "gan.jobs"
"""The module that is the queue process."""


def write_started(folder: Path, ticket: int, device: str, pid: int | None, **more: Any) -> dict[str, Any]:
    """Write started.json, which makes everything that earlier starts left behind void; gives what was written."""
    started: dict[str, Any] = {
        "ticket": ticket,
        "time": time.time(),
        "device": device,
        "pid": pid,
        "host": processes.host(),
    }
    started |= {"boot": processes.boot(), "identity": processes.identity(pid) if pid else ""}
    started |= {"memory_kills": processes.kills_for_memory(), **more}
    write_json(folder / "started.json", started)
    return started


def launch_job(folder: Path, *, ticket: int, device: str, alive: int, slot: int) -> subprocess.Popen[bytes]:
    """Start the job in `folder` with the locks `alive` and `slot`; raises OSError, and RunError for no job's folder.

    The command is made from the folder's place, the environment from our own. Writes started.json before the process
    exists: a job that dies at once was started, and is not tried for ever.
    """
    command, name = kinds.job_command(folder), names.job_name(folder)
    (folder / "stop").unlink(missing_ok=True)
    write_started(folder, ticket, device, None, session=True)
    given = {"ticket": ticket, "device": device, "alive": alive, "slot": slot}
    own = {processes.JOB_VARIABLE: json.dumps(given), processes.MEMBER_VARIABLE: processes.member_value(name, ticket)}
    with open(folder / "log.txt", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=settings.ROOT,
            env={**processes.job_environment(os.environ), **own, **device_list.visible_to_cuda(device)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[alive, slot],
        )
    write_started(folder, ticket, device, process.pid, session=True)
    return process


def ensure_scheduler() -> bool:
    """Start the queue process if none runs and there is work for it; gives whether it started one.

    To be called wherever somebody looks: after a restart of the machine, or where the queue process was killed, the
    first look sets the queue going again.
    """
    return bool(schedule.queued_jobs() or pending_stops() or orphaned_jobs()) and start_scheduler()


def orphaned_jobs() -> list[tuple[Path, dict[str, Any]]]:
    """The folder and the started.json of each job whose main process has died and left others that hold its slot."""
    found = []
    for path in (tickets.jobs_folder() / "devices").glob("*.lock"):
        if not is_locked(path):
            continue
        folder = settings.store() / path.read_text().strip()
        started = read_json(folder / "started.json") or {}
        if kinds.job_kind(folder) and processes.valid_pid(started) and not processes.is_alive(started):
            found.append((folder, started))
    return found


def start_scheduler() -> bool:
    """Start the queue process if none runs and the store can be written; gives whether it started one.

    The starter takes the queue's own lock and hands it over, so that of twenty starters at once one starts one.
    """
    path = tickets.jobs_folder() / "scheduler.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = try_lock(path)
    except OSError:  # a store that is read-only for us has its queue process elsewhere
        return False
    if descriptor is None:
        return False
    try:
        with open(tickets.jobs_folder() / "queue.log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", SCHEDULER_MODULE, str(descriptor)],
                cwd=settings.ROOT,
                env=processes.job_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[descriptor],
            )
    finally:
        os.close(descriptor)
    reap_in_background(process)
    return True


def register_stop(folder: Path, ticket: int) -> None:
    """Have the queue process see to it that the start of that ticket ends, with all its processes."""
    pending = tickets.jobs_folder() / "stops"
    pending.mkdir(parents=True, exist_ok=True)
    path = pending / f"{ticket}.json"
    if not path.exists():
        write_json(path, {"job": names.job_name(folder), "ticket": ticket})


def pending_stops() -> list[Path]:
    """What `watch_stop` wrote and is not done with yet."""
    return list((tickets.jobs_folder() / "stops").glob("*.json"))


def reap_in_background(process: "subprocess.Popen[bytes]") -> None:
    """Collect the exit of a process, whenever it comes, so that a server that lives for weeks keeps no zombie."""
    threading.Thread(target=process.wait, daemon=True).start()


@contextlib.contextmanager
def closing(*descriptors: int | None) -> Iterator[None]:
    """Close our copies of locks at the end of the block: what was started holds its own."""
    try:
        yield
    finally:
        for descriptor in descriptors:
            if descriptor is not None:
                os.close(descriptor)
