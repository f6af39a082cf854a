"""Whose turn it is: what waits, in the order of its tickets, and which device each would get now.

First come, first served for each device; a run that waits for a GPU does not hold up one that wants the CPU. Tasks wait
for one of a few slots of their own. A training in a terminal waits in the same row: it holds its `alive.lock` while it
waits, so that a dead one is no longer in it.

A folder waits where its `queued.json` has a ticket that the store gave to this very folder, as `.jobs/waiting/<ticket>`
says: a folder that was copied with its queued.json does not start by itself.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gan.config import settings
from gan.io.atomic import replacing, write_json
from gan.io.file_lock import is_locked
from gan.io.json_files import read_json
from gan.jobs import device_list, kinds, names, tickets
from gan.jobs.device_list import TASKS


@dataclass(frozen=True)
class QueuedJob:
    """One entry of the queue; `asked` is the config's `job.device`, or TASKS."""

    folder: Path
    ticket: int
    asked: str
    in_terminal: bool

    @property
    def name(self) -> str:
        return names.job_name(self.folder)

    @property
    def possible(self) -> list[str]:
        """What it could hold here; empty where its device does not exist."""
        return [TASKS] if self.asked == TASKS else device_list.matching_devices(self.asked)


def enqueue(folder: Path, asked: str, *, in_terminal: bool = False) -> int:
    """Put a folder at the end of the queue, or let it keep its place; gives its ticket. Hold `decision_lock()`."""
    before = queued_job(folder)
    ticket = before.ticket if before else tickets.next_ticket(folder)
    write_json(
        folder / "queued.json", {"ticket": ticket, "time": time.time(), "asked": asked, "in_terminal": in_terminal}
    )
    _given().mkdir(parents=True, exist_ok=True)
    with replacing(_given() / str(ticket)) as temporary:
        temporary.write_text(names.job_name(folder))
    return ticket


def dequeue(folder: Path) -> None:
    """Take a folder out of the queue."""
    ticket = tickets.valid_ticket((read_json(folder / "queued.json") or {}).get("ticket"))
    (folder / "queued.json").unlink(missing_ok=True)
    if _owner(ticket) == names.job_name(folder):
        (_given() / str(ticket)).unlink(missing_ok=True)


def queued_job(folder: Path) -> QueuedJob | None:
    """What a folder's queued.json says where it still holds; None where it is absent, damaged, served or not ours."""
    queued, kind = read_json(folder / "queued.json"), kinds.job_kind(folder)
    ticket = tickets.valid_ticket((queued or {}).get("ticket"))
    if queued is None or kind is None or _owner(ticket) != names.job_name(folder):
        return None
    served = max(
        tickets.valid_ticket((read_json(folder / name) or {}).get("ticket")) for name in ("started.json", "end.json")
    )
    in_terminal = bool(queued.get("in_terminal"))
    if ticket <= served or (in_terminal and not is_locked(folder / "alive.lock")):
        return None
    asked = str(queued.get("asked", "auto")) if kind.on_device else TASKS
    return QueuedJob(folder, ticket, asked, in_terminal)


def queued_jobs() -> list[QueuedJob]:
    """All that waits, the next first."""
    found = (queued_job(settings.store() / _owner(ticket)) for ticket in _tickets())
    return sorted((waiting for waiting in found if waiting), key=lambda waiting: waiting.ticket)


def drop_stale_tickets() -> None:
    """Remove the tickets of what no longer waits; while `tickets.decision_lock()`."""
    waiting = {one.ticket for one in queued_jobs()}
    for ticket in _tickets():
        if ticket not in waiting:
            (_given() / str(ticket)).unlink(missing_ok=True)


def _given() -> Path:
    return tickets.jobs_folder() / "waiting"


def _tickets() -> Iterator[int]:
    return (int(path.name) for path in _given().glob("[0-9]*") if path.name.isdigit())


def _owner(ticket: int) -> str:
    """The name of the job that the ticket was given to; "" where it waits no longer."""
    try:
        return (_given() / str(ticket)).read_text()
    except FileNotFoundError:
        return ""


def startable(waiting: list[QueuedJob]) -> list[tuple[QueuedJob, str | None]]:
    """Who can start now, each with what it gets a slot of; None for a device that this machine does not have.

    Hold `decision_lock()`. A run whose last process is still ending waits without holding up others.
    """
    free: dict[str, int] = {}
    result: list[tuple[QueuedJob, str | None]] = []
    for one in waiting:
        if not one.in_terminal and is_locked(one.folder / "alive.lock"):
            continue
        possible = one.possible
        for name in possible:
            free.setdefault(name, device_list.free_slots(name))
        device = next((name for name in possible if free[name] > 0), None)
        if device is not None:
            free[device] -= 1
        if device is not None or not possible:
            result.append((one, device))
    return result


def position(one: QueuedJob, waiting: list[QueuedJob]) -> int:
    """Its place in the queue, 1 for the next: tasks are counted among tasks."""
    return 1 + sum(other.ticket < one.ticket and (other.asked == TASKS) == (one.asked == TASKS) for other in waiting)


def blocking_job(one: QueuedJob, waiting: list[QueuedJob]) -> str | None:
    """The job that has to end first, by name: a holder of a device it could get, else the one before it in the row."""
    possible = set(one.possible)
    held_by = [holder for name in one.possible for holder in device_list.holders(name)]
    before = [other.name for other in waiting if other.ticket < one.ticket and set(other.possible) & possible]
    return next(iter(held_by or reversed(before)), None)
