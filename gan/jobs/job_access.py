"""Who may start, stop and see a job: it is of a run, an added set or an upload, as its folder's path says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan.access.ownership import ALL, JobTarget, StoredTarget, Target
from gan.access.permissions import Action, Owned, check, decide, require
from gan.config import settings
from gan.io.json_files import read_json
from gan.jobs import kinds

ABOUT = "about.json"
"""The file of a run's folder that has its owner (`gan/runs/notes.py`)."""
SET_TASKS = ("prepare-folder-", "suspects-")
STARTS = {
    "train": Action.CHANGE_RUN,
    "export": Action.EXPORT,
    "generator": Action.EXPORT_MODEL,
    "prepare": Action.USE_SET,
    "suspects": Action.CHANGE_SET,
    "timing": Action.USE_SET,
    "timing-gpu": Action.USE_SET,
    "doctor": Action.SEE_SYSTEM,
    "check": Action.CHANGE_SET,
}
"""What starting a job takes, by its kind; the others are evaluations."""


def check_start(folder: Path) -> None:
    """Raise AccessError unless the current person may start the job of a folder. The call that makes it records it."""
    kind = kinds.job_kind(folder)
    action = Action.EVALUATE if kind is None else STARTS.get(kind.name, Action.EVALUATE)
    check(action, job_target(folder))


def require_stop(folder: Path) -> None:
    """Raise AccessError unless the current person may stop the job of a folder."""
    require(Action.STOP_JOB, job_stop_target(folder))


def job_stop_target(folder: Path) -> Owned:
    """A job that waits or works as a target of `permissions.decide`: its starter may stop it, and the owner of the run,
    set or upload that it is of."""
    of, starter = job_target(folder), job_starter(folder)
    if of is None:
        return JobTarget("job", starter, ALL)
    return JobTarget(of.subject, of.owner, of.visibility, starter)


def job_starter(folder: Path, ticket: int | None = None) -> str:
    """The person who submitted the newest job of a folder, or that with the ticket; "" for the system's user."""
    starts = [read_json(folder / name) or {} for name in ("started.json", "queued.json")]
    given = {_ticket(start): start.get("owner") for start in starts}
    owner = given.get(max(given) if ticket is None else ticket)
    return owner if isinstance(owner, str) else ""


def _ticket(start: Mapping[str, Any]) -> int:
    ticket = start.get("ticket")
    return ticket if isinstance(ticket, int) else 0


def job_target(folder: Path) -> Owned | None:
    """The run, set or upload that a job is of, as a target of `permissions.decide`; None where it is of none."""
    store = settings.store()
    parts = folder.relative_to(store).parts if folder.is_relative_to(store) else ()
    if parts[:2] == (".data", "tasks"):
        task = parts[2] if len(parts) > 2 else ""
        name = next((task.removeprefix(start) for start in SET_TASKS if task.startswith(start)), None)
        return None if name is None else StoredTarget(f"set {name}", settings.added_sets() / name)
    if parts[:2] == (".data", "incoming") and len(parts) > 2:
        return StoredTarget(f"upload {parts[2]}", store.joinpath(*parts[:3]))
    return run_target(store / parts[0]) if parts and not parts[0].startswith(".") else Target("job", visibility="")


def run_target(folder: Path) -> Owned:
    """The run in a folder as a target."""
    return StoredTarget(f"run {folder.name}", folder, ABOUT)


def may_see_job(name: str) -> bool:
    """Whether the current person may see the job of that name, that is what it is of."""
    return decide(Action.SEE, job_target(settings.store() / name)).allowed
