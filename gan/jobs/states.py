"""The state of a job, computed from its folder's files and its lock at every look, never stored. It only reads.

Each start gets a ticket, and `queued.json`, `started.json` and `end.json` each carry the ticket of the start they tell
of: the largest wins, so that what an earlier start left behind says nothing about this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gan.io.file_lock import is_locked
from gan.io.json_files import read_json
from gan.jobs import failures, processes, schedule, tickets
from gan.jobs.device_list import TASKS
from gan.jobs.logs import log_tail

StateName = Literal["queued", "running", "stopping", "stopped", "finished", "failed", "lost"]
ALIVE = ("queued", "running", "stopping")
LAST_TIME = 1e11  # seconds since 1970, thousands of years from now; NaN is not below it
ENDS: dict[str, StateName] = {"finished": "finished", "stopped": "stopped", "failed": "failed"}


@dataclass(frozen=True)
class State:
    """What is true of a job now.

    `cause` is in words ("" where there is nothing to say) and `kind` its short form for programs (`causes.Cause`);
    `position` is 1 for the next in the queue; `blocked_by` names a job (`names.py`); `since` is in seconds since 1970;
    `advice` holds the options, by dotted path, that a clone of a failed run should change.
    """

    name: StateName
    cause: str = ""
    kind: str = ""
    position: int | None = None
    blocked_by: str | None = None
    device: str | None = None
    since: float | None = None
    advice: Mapping[str, Any] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """Whether it waits, runs or is being stopped."""
        return self.name in ALIVE


def state(folder: Path) -> State:
    """The state of the run or task in a folder; looks at files only, and never fails on damaged ones."""
    waiting = schedule.queued_job(folder)
    if waiting is not None:
        return _queued(waiting)
    started, end = read_json(folder / "started.json"), read_json(folder / "end.json")
    if _is_last_word(end, started):
        return _ended(end or {}, started or {})
    if is_locked(folder / "alive.lock"):
        name: StateName = "stopping" if (folder / "stop").exists() else "running"
        return State(name, device=_text(started, "device"), since=_time(started))
    end = read_json(folder / "end.json")  # it may have ended between the two looks
    if _is_last_word(end, started):
        return _ended(end or {}, started or {})
    return _without_a_word(folder, started)


@dataclass(frozen=True)
class QueueEntry:
    """One waiting job as a page lists it; `name` as in `names.py`."""

    name: str
    folder: Path
    position: int
    requested_device: str
    blocked_by: str | None


def queue() -> list[QueueEntry]:
    """What waits for a device, the next first; tasks wait beside it."""
    waiting = [one for one in schedule.queued_jobs() if one.asked != TASKS]
    return [
        QueueEntry(one.name, one.folder, place, one.asked, schedule.blocking_job(one, waiting))
        for place, one in enumerate(waiting, 1)
    ]


def _queued(one: schedule.QueuedJob) -> State:
    waiting = schedule.queued_jobs()
    device = "cpu" if one.asked == TASKS else one.asked
    since = _time(read_json(one.folder / "queued.json"))
    return State(
        "queued",
        position=schedule.position(one, waiting),
        blocked_by=schedule.blocking_job(one, waiting),
        device=device,
        since=since,
    )


def _is_last_word(end: dict[str, Any] | None, started: dict[str, Any] | None) -> bool:
    """Whether end.json is of the last start, and not of one before it."""
    if end is None or _text(end, "state") not in ENDS:
        return False
    return tickets.valid_ticket(end.get("ticket")) >= tickets.valid_ticket((started or {}).get("ticket"))


def _ended(end: dict[str, Any], started: dict[str, Any]) -> State:
    cause, kind = str(end.get("cause") or ""), str(end.get("kind") or "")
    advice = end.get("advice")
    return State(
        ENDS[end["state"]],
        cause,
        kind,
        device=_text(started, "device"),
        since=_time(end),
        advice=advice if isinstance(advice, dict) else {},
    )


def _without_a_word(folder: Path, started: dict[str, Any] | None) -> State:
    """What became of a job whose process is gone and wrote no end: from its exit code where somebody saw it."""
    if not folder.is_dir():
        return State("lost", "Its folder is gone: it was deleted or moved away.", "deleted")
    if started is None:
        return State("lost", "It was never started. Resume puts it into the queue.", "never-started")
    device, since = _text(started, "device"), _time(started)
    exit_ = read_json(folder / "exit.json") or {}
    seen = exit_.get("ticket") == started.get("ticket")
    if (folder / "stop").exists():
        killed_after = tickets.valid_ticket(exit_.get("killed_after")) if seen else 0
        cause = (
            f"It had not ended {killed_after} seconds after it was asked to stop, and was killed."
            if killed_after
            else "It ended without a last word after it was asked to stop."
        )
        return State("stopped", f"{cause} What it had saved before stands.", "killed", device=device, since=since)
    if seen and isinstance(exit_.get("code"), int):
        cause_ = failures.cause_from_exit(exit_["code"], bool(exit_.get("memory_ran_out")), log_tail(folder, 20))
        return State(
            "lost" if cause_.kind == "killed" else "failed", cause_.text, cause_.kind, device=device, since=since
        )
    if started.get("boot") not in (processes.boot(), None):
        cause = "The machine was restarted while it ran. Resume goes on from its last snapshot."
        return State("lost", cause, "restart", device=device, since=since)
    cause = (
        "Its process was killed, or the machine failed: it left no last word. Resume goes on from its last snapshot."
    )
    return State("lost", cause, "killed", device=device, since=since)


def _text(document: dict[str, Any] | None, key: str) -> str | None:
    value = (document or {}).get(key)
    return value if isinstance(value, str) else None


def _time(document: dict[str, Any] | None) -> float | None:
    value = (document or {}).get("time")
    return float(value) if isinstance(value, int | float) and 0 <= value < LAST_TIME else None
