"""Starts the process of a job, and the scheduler if none runs.

A job is a session of its own: neither Ctrl-C in the server's terminal nor the end of the server reaches it. It inherits
the locks that its starter took, so that they are held without a gap.
"""

import contextlib
import functools
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gan.config import settings
from gan.io.atomic import open_for_append, write_json
from gan.io.file_lock import try_lock
from gan.io.json_files import read_json
from gan.io.untrusted_files import skipping_unreadable
from gan.jobs import device_list, kinds, names, processes, tickets, waiting_jobs
from gan.jobs.claims import Claim
from gan.jobs.engine import EngineName
from gan.jobs.job_access import job_starter
from gan.jobs.slurm.batch_job import is_batch_job

LOGGER = logging.getLogger(__name__)
SCHEDULER_MODULE = "gan.jobs"
"""What `python -m` runs as the scheduler."""


def write_started(
    folder: Path,
    ticket: int,
    device: str,
    pid: int | None,
    *,
    engine: EngineName = "local",
    job_id: str = "",
    **more: Any,
) -> dict[str, Any]:
    """Write started.json, which makes the files of earlier starts void; returns its content.

    `job_id` is the engine's name of the job, "" on the machine's own queue. The person who submitted it is kept.
    """
    owner = job_starter(folder, ticket)
    started: dict[str, Any] = {"ticket": ticket, "time": time.time(), "device": device, "engine": engine}
    started |= {"job_id": job_id, "host": processes.host(), "boot": processes.boot()}
    started |= {"pid_namespace": processes.pid_namespace(), "pid": pid}
    started |= {"identity": processes.identity(pid) if pid else ""}
    started |= {"memory_kills": processes.kills_for_memory(), **({"owner": owner} if owner else {}), **more}
    write_json(folder / "started.json", started)
    return started


def launch_job(folder: Path, *, device: str, alive: int, slots: Sequence[int], claim: Claim) -> subprocess.Popen[bytes]:
    """Start the job in `folder` with a claim and the lock descriptors `alive` and `slots`; raises OSError and RunError.

    `device` names its devices, such as "cpu" or "cuda:0,cuda:2", and `slots` has one descriptor for each.

    The command follows from the folder's path, the environment from our own. started.json is written before the process
    exists, so that a job that dies at once counts as started and is not retried for ever.
    """
    command, name, ticket = kinds.job_command(folder), names.job_name(folder), claim.ticket
    (folder / "stop").unlink(missing_ok=True)
    write_started(folder, ticket, device, None, session=True)
    given = {"ticket": ticket, "device": device, "alive": alive, "slots": list(slots)}
    given |= {"claim": claim.number, "token": claim.token}
    own = {processes.JOB_VARIABLE: json.dumps(given), processes.MEMBER_VARIABLE: processes.member_value(name, ticket)}
    with open_for_append(folder / "log.txt") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=settings.ROOT,
            env={**processes.job_environment(os.environ), **own, **device_list.visible_to_cuda(device)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[alive, *slots],
        )
    write_started(folder, ticket, device, process.pid, session=True)
    return process


def ensure_scheduler() -> bool:
    """Start the scheduler if none runs and there is work for it; returns whether it was started.

    Pages and commands call this first: it revives the queue after a restart of the machine, or a killed scheduler.
    """
    return bool(waiting_jobs.queued_here() or pending_stops() or orphaned_jobs()) and start_scheduler()


def orphaned_jobs() -> list[tuple[Path, dict[str, Any]]]:
    """Folder and started.json of each job whose main process died and left others that hold its slot."""
    orphans = []
    for path in (tickets.host_folder() / "devices").glob("*.lock"):
        with skipping_unreadable(path):
            if not device_list.is_taken(path):
                continue
            folder = settings.store() / path.read_text().strip()
            started = read_json(folder / "started.json") or {}
            if kinds.job_kind(folder) and processes.valid_pid(started) and not processes.is_alive(started):
                orphans.append((folder, started))
    return orphans


def start_scheduler() -> bool:
    """Start the scheduler if none runs and the store is writable; returns whether it was started.

    The caller takes the scheduler's lock and passes it on, so that of twenty callers at once one starts it.
    """
    if is_batch_job():
        return False  # nothing may outlive it on its node
    path = tickets.host_folder() / "scheduler.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = try_lock(path)
    except OSError as error:  # a store that is read-only for us has its scheduler elsewhere
        _log_no_scheduler(str(error))
        return False
    if descriptor is None:
        return False
    try:
        with open(tickets.host_folder() / "queue.log", "ab") as log:
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


@functools.lru_cache(maxsize=10)  # once per reason: pages call it every two seconds
def _log_no_scheduler(reason: str) -> None:
    """Log, once per process, why no scheduler can be started."""
    LOGGER.warning("No scheduler is started, queued jobs wait for that of another process: %s", reason)


def register_stop(folder: Path, ticket: int, host: str = "") -> None:
    """Have the scheduler of a machine, by default this one, end the start with that ticket, with all its processes."""
    pending = tickets.host_folder(host or None) / "stops"
    pending.mkdir(parents=True, exist_ok=True)
    path = pending / f"{ticket}.json"
    if not path.exists():
        write_json(path, {"job": names.job_name(folder), "ticket": ticket})


def pending_stops() -> list[Path]:
    """The files of `register_stop` for this machine whose jobs have not ended yet."""
    return list((tickets.host_folder() / "stops").glob("*.json"))


def reap_in_background(process: "subprocess.Popen[bytes]") -> None:
    """Wait for a process in a thread, so that a server that lives for weeks keeps no zombie."""
    threading.Thread(target=process.wait, daemon=True).start()


@contextlib.contextmanager
def closing(*descriptors: int | None) -> Iterator[None]:
    """Close our copies of lock descriptors after the block; the started process holds its own."""
    try:
        yield
    finally:
        for descriptor in descriptors:
            if descriptor is not None:
                os.close(descriptor)
