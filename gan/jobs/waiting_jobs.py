"""The queue: waiting jobs in the order of their tickets, and the device that each would get now.

First come, first served per device, where one person submits; several take turns, the one next who has waited longest
since a job of theirs last started. A run that waits for a GPU does not block one that wants the CPU. A run on several
GPUs takes all of them at once; while it waits, those that are free are kept for it, as runs on one GPU would otherwise
overtake it for ever. Tasks have a few slots of their own. Training in a terminal queues too: it holds its `alive.lock`
while it waits, so that a dead one leaves the queue.

A folder is queued if its `queued.json` has a ticket that this store gave to this very folder, as recorded in
`.jobs/waiting/<ticket>`: a folder that was copied together with its queued.json does not start by itself.
"""

import itertools
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gan.access.identity import SYSTEM, current
from gan.config import settings
from gan.io.atomic import replacing, write_json
from gan.io.file_lock import is_locked
from gan.io.json_files import read_json
from gan.io.untrusted_files import skipping_unreadable
from gan.jobs import device_list, kinds, names, processes, tickets
from gan.jobs.device_list import TASKS
from gan.jobs.engine import EngineName
from gan.jobs.holders import read_holder

MAX_GPUS = 1024
"""No run takes this many: a larger number is forged."""


@dataclass(frozen=True)
class QueuedJob:
    """One entry of the queue; `requested_device` is a value of `job.device`, or TASKS, and `gpus` of `job.gpus`.

    `job_id` is "" in the queue of a machine, and until another engine has taken the job. `host` is the machine on which
    it was submitted, and `is_here` whether that is this one, whose scheduler starts it.
    """

    folder: Path
    ticket: int
    requested_device: str
    in_terminal: bool
    engine: EngineName = "local"
    job_id: str = ""
    gpus: int = 1
    host: str = ""
    is_here: bool = True
    owner: str = ""
    """The person who submitted it, "" for the system's user."""

    @property
    def name(self) -> str:
        return names.job_name(self.folder)

    @property
    def devices(self) -> list[str]:
        """The devices it could run on; empty if the requested ones do not exist."""
        if self.requested_device == TASKS:
            return [TASKS]
        return device_list.candidates(self.requested_device, self.gpus)[0]

    @property
    def device_count(self) -> int:
        """How many of its devices it takes."""
        return 1 if self.requested_device == TASKS else device_list.candidates(self.requested_device, self.gpus)[1]


def enqueue(
    folder: Path, device: str, *, gpus: int = 1, in_terminal: bool = False, engine: EngineName = "local"
) -> int:
    """Put a folder at the end of the queue, or keep its place; returns its ticket. Hold `decision_lock()`.

    Jobs of another engine than "local" are started by that engine, and have their job_id from `set_job_id`.
    """
    queued = queued_job(folder)
    ticket = queued.ticket if queued else tickets.next_ticket(folder)
    token = secrets.token_hex(8)
    entry = {"ticket": ticket, "time": time.time(), "requested_device": device, "gpus": gpus}
    entry |= {"in_terminal": in_terminal, "engine": engine, "job_id": ""}
    entry |= {"host": processes.host(), "boot": processes.boot()}
    entry["owner"] = queued.owner if queued else _submitter()
    entry["token"] = token  # a folder put in the place of a queued one has another
    write_json(folder / "queued.json", entry)
    _waiting_folder().mkdir(parents=True, exist_ok=True)
    with replacing(_waiting_folder() / str(ticket)) as temporary:
        temporary.write_text(f"{names.job_name(folder)} {token} {tickets.host_folder().name}")
    return ticket


def set_job_id(folder: Path, job_id: str, ticket: int) -> None:
    """Note the name that its engine has given a job, if it still waits with that ticket. Hold `decision_lock()`."""
    queued = read_json(folder / "queued.json")
    if queued is not None and queued.get("ticket") == ticket:
        write_json(folder / "queued.json", queued | {"job_id": job_id})


def dequeue(folder: Path) -> None:
    """Take a folder out of the queue."""
    ticket = tickets.valid_ticket((read_json(folder / "queued.json") or {}).get("ticket"))
    (folder / "queued.json").unlink(missing_ok=True)
    if _owner(ticket)[0] == names.job_name(folder):
        (_waiting_folder() / str(ticket)).unlink(missing_ok=True)


def queued_job(folder: Path) -> QueuedJob | None:
    """The folder's entry in the queue; None if it has none, or queued.json is damaged, outdated or copied."""
    queued = read_json(folder / "queued.json")
    if queued is None:
        return None
    kind, ticket = kinds.job_kind(folder), tickets.valid_ticket(queued.get("ticket"))
    if kind is None or _owner(ticket)[:2] != (names.job_name(folder), queued.get("token")):
        return None
    last_start = max(
        tickets.valid_ticket((read_json(folder / name) or {}).get("ticket")) for name in ("started.json", "end.json")
    )
    in_terminal = bool(queued.get("in_terminal"))
    holder = read_holder(queued)
    if ticket <= last_start or (in_terminal and holder.is_here and not _is_locked(folder)):
        return None
    device = str(queued.get("requested_device", "auto")) if kind.on_device else TASKS
    gpus = _valid_gpus(queued.get("gpus")) if kind.on_device else 1
    engine, job_id, host, is_here = holder.engine, holder.job_id, holder.host, holder.is_here
    owner = queued.get("owner")
    owner = owner if isinstance(owner, str) else ""
    return QueuedJob(folder, ticket, device, in_terminal, engine, job_id, gpus, host, is_here, owner)


def _valid_gpus(value: object) -> int:
    """A number of GPUs as read from a file; 1 for a value that is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_GPUS else 1


def queued_jobs() -> list[QueuedJob]:
    """The whole queue, the next job first; jobs whose files cannot be read now are left out, which is logged."""
    return _read_queue()[0]


def queued_here() -> list[QueuedJob]:
    """The jobs that this machine's scheduler starts, the next job first: those submitted on it.

    Their device was chosen there, and other machines that share the store may not have it.
    """
    return [job for job in queued_jobs() if job.is_here]


def _read_queue() -> tuple[list[QueuedJob], set[int]]:
    """The queue, the next job first, and the tickets of jobs whose files cannot be read now."""
    jobs, unreadable = [], set()
    for ticket in _tickets():
        unreadable.add(ticket)
        with skipping_unreadable(_waiting_folder() / str(ticket)):
            job = queued_job(settings.store() / _owner(ticket)[0])
            unreadable.remove(ticket)
            if job:
                jobs.append(job)
    return _in_turns(jobs), unreadable


def _submitter() -> str:
    """The current person; "" for the system's user."""
    return "" if current() is SYSTEM else current().name


def _in_turns(jobs: list[QueuedJob]) -> list[QueuedJob]:
    """The jobs in the order in which they start: in each round one job of each person, in the order of their turns."""
    jobs = sorted(jobs, key=lambda job: job.ticket)
    if len({job.owner for job in jobs}) < 2:
        return jobs
    turns, rounds = read_json(_turns_file()) or {}, Counter[tuple[object, ...]]()
    keys = {}
    for job in jobs:
        line = (job.owner, job.engine, job.host, job.requested_device == TASKS)
        keys[job.ticket] = (rounds[line], tickets.valid_ticket(turns.get(job.owner)), job.ticket)
        rounds[line] += 1
    return sorted(jobs, key=lambda job: keys[job.ticket])


def note_turn(job: QueuedJob) -> None:
    """Note that a job of this person has started: others come before their next one. Hold `decision_lock()`.

    Nothing is noted where only the system's user has submitted jobs.
    """
    turns = read_json(_turns_file())
    if turns is None and not any(other.owner for other in (job, *queued_jobs())):
        return
    newest = max(map(tickets.valid_ticket, (turns or {}).values()), default=0)
    write_json(_turns_file(), (turns or {}) | {job.owner: newest + 1})


def _turns_file() -> Path:
    return tickets.jobs_folder() / "turns.json"


def drop_stale_tickets() -> None:
    """Remove the tickets of this machine's jobs that no longer wait; hold `decision_lock()`.

    Those of another machine are its own to remove: this one may see an old state of their files.
    """
    jobs, unreadable = _read_queue()
    kept, own = {job.ticket for job in jobs} | unreadable, tickets.host_folder().name
    for ticket in _tickets():
        if ticket not in kept and _owner(ticket)[2] in ("", own):
            (_waiting_folder() / str(ticket)).unlink(missing_ok=True)


def startable(queue: list[QueuedJob]) -> list[tuple[QueuedJob, tuple[str, ...]]]:
    """The jobs that can start now, each with its devices; none for devices that this machine does not have.

    Hold `decision_lock()`. A run whose previous process is still ending is skipped, and does not block others.
    """
    free: dict[str, int] = {}
    result: list[tuple[QueuedJob, tuple[str, ...]]] = []
    for job in queue:
        if _is_ending(job):
            continue
        devices = job.devices
        for name in devices:
            free.setdefault(name, device_list.free_slots(name))
        chosen = tuple(name for name in devices if free[name] > 0)[: job.device_count]
        for name in chosen:
            free[name] -= 1
        if len(chosen) == job.device_count or not devices:
            result.append((job, chosen))
    return result


def _is_ending(job: QueuedJob) -> bool:
    """Whether the run's previous process still holds its lock; True, and logged, where nobody can tell."""
    return not job.in_terminal and _is_locked(job.folder)


def _is_locked(folder: Path) -> bool:
    with skipping_unreadable(folder):
        return is_locked(folder / "alive.lock")
    return True


def position(job: QueuedJob, queue: list[QueuedJob]) -> int:
    """Its position in the queue of its engine, from 1; tasks are counted among tasks."""
    return 1 + sum(_same_line(other, job) for other in _before(job, queue))


def _before(job: QueuedJob, queue: list[QueuedJob]) -> list[QueuedJob]:
    """The jobs that stand before it in the queue."""
    return list(itertools.takewhile(lambda other: other.ticket != job.ticket, queue))


def is_overtaken(job: QueuedJob, queue: list[QueuedJob]) -> bool:
    """Whether a job of another person that was submitted later stands before it, since people take turns."""
    return any(other.ticket > job.ticket and _same_line(other, job) for other in _before(job, queue))


def blocking_job(job: QueuedJob, queue: list[QueuedJob]) -> str | None:
    """The name of the job that must end first: one that holds a device it could get, or else the one before it."""
    if not job.is_here:
        return None  # its engine has the reason, or its machine
    holders = [holder for name in job.devices for holder in device_list.holders(name)]
    before = [other.name for other in _before(job, queue) if _same_line(other, job, on_device=True)]
    return next(iter(holders or reversed(before)), None)


def _same_line(one: QueuedJob, other: QueuedJob, *, on_device: bool = False) -> bool:
    """Whether two jobs wait in one line: of one machine or engine, tasks or not; `on_device`: for a common device."""
    if (one.engine, one.host) != (other.engine, other.host) or (one.requested_device == TASKS) != (
        other.requested_device == TASKS
    ):
        return False
    return not on_device or bool(set(one.devices) & set(other.devices))


def _waiting_folder() -> Path:
    return tickets.jobs_folder() / "waiting"


def _tickets() -> Iterator[int]:
    return (int(path.name) for path in _waiting_folder().glob("[0-9]*") if path.name.isdigit())


def _owner(ticket: int) -> tuple[str, str, str]:
    """Name and token of the waiting job that has the ticket, and the folder of its machine; empty if none has."""
    try:
        parts = (_waiting_folder() / str(ticket)).read_text().rsplit(" ", 2)
    except FileNotFoundError:  # taken out of the queue in the meantime
        return "", "", ""
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")
