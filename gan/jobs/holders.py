"""Who holds a job's folder since its last start, as its started.json says. On a shared store it may be another machine.

A lock or a pid means something on one machine alone, so `is_here` comes before either.
"""

import errno
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from gan.config import settings
from gan.io import fault_injection
from gan.io.file_lock import has_flock, is_locked
from gan.io.untrusted_files import log_damaged
from gan.jobs import names, processes, tickets
from gan.jobs.engine import ENGINE_TITLES, EngineName

MAX_NAME = 255
"""Characters of a host's name, by POSIX."""
JOB_ID = re.compile(r"[0-9]{1,18}(_[0-9]{1,18})?", re.ASCII)
"""A Slurm job, or one of an array. It becomes an argument of `squeue`, so nothing else is taken from a file."""


@dataclass(frozen=True)
class Holder:
    """The machine, engine and process of a start; texts are "" and the pid None where unknown or forged."""

    host: str
    boot: str
    pid_namespace: str
    engine: EngineName
    job_id: str
    pid: int | None
    ticket: int

    @property
    def is_here(self) -> bool:
        """Whether this machine's locks tell if it works: its own start, or one whose file names no machine.

        The kernel's boot tells two containers of one machine to be one: they share its locks. A machine that was
        restarted has another boot and the same name.
        """
        if self.engine != "local":
            return False
        if fault_injection.planted("host"):
            return True
        boot = processes.boot()
        return bool(boot and self.boot == boot) or self.host in ("", processes.host())


def works_here(folder: Path, started: Mapping[str, Any]) -> bool | None:
    """Whether the job in a folder works, by this machine's lock; ask only where `Holder.is_here`.

    None where nobody can tell: the file system refuses to answer, and started.json names no process of this machine.
    """
    lock = folder / "alive.lock"
    try:
        if is_locked(lock):
            return True
        if has_flock(lock):
            return False
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        log_damaged(lock, error)
    holder = read_holder(started)
    if holder.host in ("", processes.host()) and holder.boot not in ("", processes.boot()):
        return False  # the machine was restarted
    return processes.is_alive(started) if holder.pid is not None and processes.is_local(started) else None


def read_holder(document: Mapping[str, Any]) -> Holder:
    """The holder that a started.json names; values of a wrong type or length count as unknown."""
    engine = document.get("engine")
    job_id = _text(document, "job_id")
    return Holder(
        host=_text(document, "host"),
        boot=_text(document, "boot"),
        pid_namespace=_text(document, "pid_namespace"),
        engine=cast("EngineName", engine) if engine in get_args(EngineName) else "local",
        job_id=job_id if JOB_ID.fullmatch(job_id) else "",
        pid=processes.valid_pid(document),
        ticket=tickets.valid_ticket(document.get("ticket")),
    )


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) and len(value) <= MAX_NAME and value.isprintable() else ""


def held_by_nobody(folder: Path, holder: Holder) -> str:
    """How to prove that nothing works in a folder, and what to do then: sentences for a user."""
    host, name = holder.host or "unknown", names.job_name(folder)
    if holder.engine == "local":
        look = f"Look on {host} with `{settings.PROGRAM} runs`, or wait for its end."
    else:
        look = f"Look with `squeue --job {holder.job_id}`, or wait until {ENGINE_TITLES[holder.engine]} answers."
    return (
        f"{look} If you know that nothing works on it any more, as when {host} is switched off, "
        f"confirm that with `{settings.PROGRAM} release {name} --host {host}`."
    )
