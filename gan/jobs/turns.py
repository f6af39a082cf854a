"""Whose turn it is: what waits, in the order of its tickets, and which device each would get now.

First come, first served for each device; a run that waits for a GPU does not hold up one that wants the CPU. A training
in a terminal waits in the same row: it holds its `alive.lock` while it waits, so that a dead one is no longer in it.
Read next: `keeper.py`, which starts what has its turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan.files import read_json
from gan.jobs import device_list, locks, names


@dataclass(frozen=True)
class Waiting:
    """One entry of the queue; `asked` is the config's `job.device`, `arguments` what follows the interpreter."""

    folder: Path
    ticket: int
    asked: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    in_terminal: bool

    @property
    def name(self) -> str:
        return names.name_of(self.folder)


def entry(folder: Path) -> Waiting | None:
    """What a folder's queued.json says where it still holds; None where it is absent, damaged or was served already."""
    queued = read_json(folder / "queued.json")
    if queued is None or not locks.number(queued.get("ticket")):
        return None
    ticket = locks.number(queued["ticket"])
    served = max(locks.number((read_json(folder / name) or {}).get("ticket")) for name in ("started.json", "end.json"))
    in_terminal = bool(queued.get("in_terminal"))
    if ticket <= served or (in_terminal and not locks.held(folder / "alive.lock")):
        return None
    return Waiting(folder, ticket, str(queued.get("asked", "auto")), *_command(queued), in_terminal)


def _command(queued: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, str]]:
    environment = queued.get("environment")
    return tuple(map(str, queued.get("arguments") or ())), dict(environment) if isinstance(environment, dict) else {}


def row() -> list[Waiting]:
    """All that waits, the next first."""
    found = (entry(path.parent) for path in names.files("queued.json"))
    return sorted((waiting for waiting in found if waiting), key=lambda waiting: waiting.ticket)


def granted(waiting: list[Waiting]) -> list[tuple[Waiting, str | None]]:
    """Who can start now, each with its device; None for a device that this machine does not have.

    To be called while `locks.deciding()`. A run whose last process is still ending waits without holding up others.
    """
    free: dict[str, int] = {}
    result: list[tuple[Waiting, str | None]] = []
    for one in waiting:
        if not one.in_terminal and locks.held(one.folder / "alive.lock"):
            continue
        possible = device_list.candidates(one.asked)
        for name in possible:
            free.setdefault(name, device_list.free_slots(name))
        device = next((name for name in possible if free[name] > 0), None)
        if device is not None:
            free[device] -= 1
        if device is not None or not possible:
            result.append((one, device))
    return result


def waits_for(one: Waiting, waiting: list[Waiting]) -> str | None:
    """The job that has to end first, by name: a holder of a device it could get, else the one before it in the row."""
    possible = device_list.candidates(one.asked)
    held_by = [holder for name in possible for holder in device_list.holders(name)]
    before = [
        other.name
        for other in waiting
        if other.ticket < one.ticket and set(device_list.candidates(other.asked)) & set(possible)
    ]
    return next(iter(held_by or reversed(before)), None)
