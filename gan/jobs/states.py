"""The state of a job: computed from its folder's files and locks on every call, never stored. Reads only.

Each start gets a ticket, which `queued.json`, `started.json` and `end.json` carry. The file with the largest ticket
counts, so that files of an earlier start are ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from gan.config import settings
from gan.io.file_lock import is_locked
from gan.io.json_files import read_json
from gan.io.untrusted_files import look_again
from gan.jobs import claims, failures, heartbeat, names, processes, tickets, waiting_jobs
from gan.jobs.device_list import TASKS
from gan.jobs.engine import ENGINE_TITLES, EngineJob, EngineName
from gan.jobs.engines import find_engine
from gan.jobs.holders import Holder, held_by_nobody, read_holder, works_here
from gan.jobs.logs import log_tail

StateName = Literal["queued", "running", "stopping", "stopped", "finished", "failed", "lost", "unknown", "unreadable"]
ALIVE = ("queued", "running", "stopping")
PROBLEMS = ("failed", "lost", "unknown", "unreadable")
MAX_TIME = 1e11  # seconds since 1970, thousands of years from now; also excludes NaN
ENDS: dict[str, StateName] = {"finished": "finished", "stopped": "stopped", "failed": "failed"}


@dataclass(frozen=True)
class State:
    """The state of a job.

    `cause` is a sentence ("" if there is nothing to say) and `kind` its key (`failures.Cause`); `position` in the queue
    counts from 1; `blocked_by` is the name of a job; `since` is in seconds since 1970; `advice` holds options, by
    dotted path, that a clone of a failed run should change. "unknown" is a job that another machine holds and nobody
    here can tell whether it works; "unreadable" one whose files this process may not read.
    """

    name: StateName
    cause: str = ""
    kind: str = ""
    position: int | None = None
    blocked_by: str | None = None
    device: str | None = None
    since: float | None = None
    advice: Mapping[str, Any] = field(default_factory=dict)
    engine: EngineName = "local"
    node: str = ""

    @property
    def alive(self) -> bool:
        """Whether it is queued, running or being stopped."""
        return self.name in ALIVE

    @property
    def may_work(self) -> bool:
        """Whether it is alive, or nobody here can tell: nothing of it may be removed."""
        return self.alive or self.name in ("unknown", "unreadable")

    @property
    def is_problem(self) -> bool:
        """Whether it failed, was lost, or cannot be told: `cause` says why and what to do."""
        return self.name in PROBLEMS


def state(folder: Path) -> State:
    """The state of the job in a folder, "unreadable" where its files cannot be read; damaged files raise no error."""
    try:
        computed = _computed_state(folder)
        if computed.name in ("lost", "unknown") and look_again(folder):
            computed = _computed_state(folder)
        return replace(computed, cause=settings.below_store(computed.cause))
    except OSError as error:  # no permission, a stale file handle, a damaged disk
        reason = f"{error.filename or folder} cannot be read: {error.strerror}"
        advice = "Give this server's user the right to read the folder, or check the disk."
        return State("unreadable", settings.below_store(f"{reason}. {advice}"), "unreadable")


def _computed_state(folder: Path) -> State:
    job = waiting_jobs.queued_job(folder)
    if job is not None:
        return _queued(job)
    started, end = read_json(folder / "started.json"), read_json(folder / "end.json")
    holder = read_holder(started or {})
    if _ends_last_start(end, started) and not _may_go_on(end or {}, holder):
        return _ended(end or {}, started or {})
    if not holder.is_here:
        return _held_elsewhere(folder, holder, started or {})
    works = works_here(folder, started or {})
    if works:
        return _at_work(folder, started or {})
    end = read_json(folder / "end.json")  # it may have ended between the two reads
    if _ends_last_start(end, started):
        return _ended(end or {}, started or {})
    return _ended_without_result(folder, started) if works is False else _unknown_lock(folder, started or {})


def _may_go_on(end: dict[str, Any], holder: Holder) -> bool:
    """Whether the engine of a job may start it again: it was ended by the engine, or put itself back into its queue."""
    return holder.engine != "local" and bool(holder.job_id) and end.get("kind") in ("requeued", "outside")


def _at_work(folder: Path, started: dict[str, Any], cause: str = "") -> State:
    """Running, or stopping where it was asked to stop."""
    name: StateName = "stopping" if (folder / "stop").exists() else "running"
    where = _where(started)
    return State(name, cause, device=_text(started, "device"), since=_time(started), **where)


def _where(started: Mapping[str, Any]) -> dict[str, Any]:
    """Engine and machine of a start, for a State; nothing of a start on the machine's own queue."""
    holder = read_holder(started)
    return {} if holder.engine == "local" else {"engine": holder.engine, "node": holder.host}


def _held_elsewhere(folder: Path, holder: Holder, started: dict[str, Any]) -> State:
    """The state of a job of another machine or engine: its engine is asked, never a lock of this machine."""
    engine = find_engine(holder.engine)
    jobs = engine.job_states([holder.job_id]) if engine is not None and holder.job_id else None
    end = read_json(folder / "end.json")  # read after the engine was asked: it may have ended in between
    ended = _ends_last_start(end, started)
    if engine is None or jobs is None:
        if ended and (end or {}).get("kind") == "outside":
            return _ended(end or {}, started)
        return _by_heartbeat(folder, holder, started, ended)
    job = jobs.get(holder.job_id, EngineJob("gone"))
    if job.phase == "gone":
        return _ended(end or {}, started, job.reason) if ended else _gone(folder, holder, started, job)
    if ended and not _may_go_on(end or {}, holder):
        return _ended(end or {}, started)
    since = _time(started) or 0.0
    if job.phase == "waiting" and since > job.time:  # it has started since the engine said so
        return _at_work(folder, started)
    if job.phase == "waiting":  # put back into the queue, as after the time limit or the failure of a machine
        place, device = job.place, _text(started, "device")
        return State("queued", job.reason, position=place, device=device, since=_time(started), engine=holder.engine)
    if job.phase == "ending":
        device, node = _text(started, "device"), job.node or holder.host
        return State("stopping", job.reason, device=device, since=_time(started), engine=holder.engine, node=node)
    return _at_work(folder, started, job.reason)


def _gone(folder: Path, holder: Holder, started: dict[str, Any], job: EngineJob) -> State:
    """The state of a job that left no result, and that its engine has ended or no longer knows."""
    if job.outcome == "lost" and heartbeat.is_beating(folder, holder.ticket):
        title = ENGINE_TITLES[holder.engine]
        cause = f"{title} has ended its job. Its result can take two minutes to be seen on this machine."
        return State(
            "unknown", cause, "ending", device=_text(started, "device"), since=_time(started), **_where(started)
        )
    name, cause = job.outcome, job.reason
    if (folder / "stop").exists():
        name, cause = "stopped", "It ended without a result after it was asked to stop. What it had saved is kept."
    device, node = _text(started, "device"), job.node or holder.host
    return State(name, cause, "gone", device=device, since=_time(started), engine=holder.engine, node=node)


def _by_heartbeat(folder: Path, holder: Holder, started: dict[str, Any], ended: bool) -> State:
    """The state of a job that no engine tells: it works while its heart beats, and no silence proves its death.

    `ended`: it has ended, and its engine may start it again.
    """
    silent = None if ended else heartbeat.silence(folder, holder.ticket)
    if silent is not None and silent < heartbeat.silent_after():
        cause = (
            ""
            if holder.engine == "local"
            else f"{ENGINE_TITLES[holder.engine]} does not answer; its heartbeat says that it works."
        )
        return _at_work(folder, started, cause)
    last = f"has given no sign of life for {silent / 60:.0f} minutes" if silent is not None else "gives no sign of life"
    who = (
        f"the machine {holder.host}"
        if holder.engine == "local"
        else f"{ENGINE_TITLES[holder.engine]}, which does not answer,"
    )
    cause = f"It was started by {who} and {last}, so nobody here can tell whether it works."
    cause = f"{cause} {held_by_nobody(folder, holder)}"
    return State(
        "unknown", cause, "elsewhere", device=_text(started, "device"), since=_time(started), **_where(started)
    )


def _unknown_lock(folder: Path, started: dict[str, Any]) -> State:
    """The state of a job of this machine whose lock cannot be asked, and whose process is not known."""
    try:
        is_locked(folder / "alive.lock")
        reason = "its file system has no locks"
    except OSError as error:
        reason = f"{error.filename or folder / 'alive.lock'}: {error.strerror}"
    cause = f"Nobody can tell whether it works ({reason}). `{settings.PROGRAM} doctor` says what this store can do."
    cause = f"{cause} {held_by_nobody(folder, read_holder(started))}"
    return State("unknown", cause, "lock", device=_text(started, "device"), since=_time(started))


@dataclass(frozen=True)
class QueueEntry:
    """A queued job as pages list it; `name` and `blocked_by` are job names.

    `reason` is why it waits in the queue of another engine or machine, and `position` its place there, None if unknown.
    """

    name: str
    folder: Path
    position: int | None
    requested_device: str
    blocked_by: str | None
    engine: EngineName = "local"
    reason: str = ""
    gpus: int = 1


def queue() -> list[QueueEntry]:
    """The jobs that wait for a device, the next first, those of other engines last; tasks are left out."""
    waiting = [job for job in waiting_jobs.queued_jobs() if job.requested_device != TASKS]
    jobs = [job for job in waiting if not names.is_part(job.name)]  # the study itself waits for its parts
    own, others = [job for job in jobs if job.engine == "local"], [job for job in jobs if job.engine != "local"]
    entries = [
        QueueEntry(
            job.name,
            job.folder,
            position,
            job.requested_device,
            waiting_jobs.blocking_job(job, own),
            gpus=job.gpus,
        )
        for position, job in enumerate(own, 1)
    ]
    for job in others:
        state = _queued_elsewhere(job)
        if state.alive:
            device, reason = job.requested_device, state.cause
            entries.append(QueueEntry(job.name, job.folder, state.position, device, None, job.engine, reason, job.gpus))
    return entries


def describe_wait(state: State) -> str:
    """What a queued job waits for, as the end of a sentence: `number 2 in the queue, behind the run breast`."""
    if state.engine == "local":
        behind = f", behind {names.describe_job(state.blocked_by)}" if state.blocked_by else ""
        return f"number {state.position} in the queue{behind}"
    queue = f"the queue of {ENGINE_TITLES[state.engine]}"
    place = f"number {state.position} of this store's jobs in {queue}" if state.position else f"in {queue}"
    return f"{place}. {state.cause}".removesuffix(". ")


def _queued(job: waiting_jobs.QueuedJob) -> State:
    if job.engine != "local":
        return _queued_elsewhere(job)
    queue = waiting_jobs.queued_jobs()
    return State(
        "queued",
        _why_not_yet(job, queue),
        position=waiting_jobs.position(job, queue),
        blocked_by=waiting_jobs.blocking_job(job, queue),
        device="cpu" if job.requested_device == TASKS else job.requested_device,
        since=_time(read_json(job.folder / "queued.json")),
    )


def _why_not_yet(job: waiting_jobs.QueuedJob, queue: list[waiting_jobs.QueuedJob]) -> str:
    """What keeps a queued job from its start beside the queue before it: another machine, or others whose turn it is;
    "" if nothing does."""
    if not job.is_here:
        return f"It waits in the queue of the machine {job.host}, where it was submitted."
    if waiting_jobs.is_overtaken(job, queue):
        return "People take turns: a job of somebody who has waited longer for a turn comes first."
    holder = claims.current_holder(job.folder)
    if holder is None or holder.is_here or holder.ticket > job.ticket:
        return ""
    return f"{holder.host} holds it. {held_by_nobody(job.folder, holder)}"


def _queued_elsewhere(job: waiting_jobs.QueuedJob) -> State:
    """The state of a job that was given to an engine, and has not written its started.json."""
    engine, queued = find_engine(job.engine), read_json(job.folder / "queued.json") or {}
    device = "cpu" if job.requested_device == TASKS else job.requested_device
    where: dict[str, Any] = {"device": device, "since": _time(queued), "engine": job.engine}
    if not job.job_id:
        return State("queued", f"It is being given to {ENGINE_TITLES[job.engine]}.", **where)
    jobs = engine.job_states([job.job_id]) if engine is not None else None
    if jobs is None:
        cause = f"{ENGINE_TITLES[job.engine]} does not answer, so nobody can tell whether it waits or works."
        return State("unknown", cause, "elsewhere", **where)
    state = jobs.get(job.job_id, EngineJob("gone"))
    if state.phase == "gone":
        return State(
            state.outcome, state.reason or f"{ENGINE_TITLES[job.engine]} ended it before it began.", "gone", **where
        )
    if state.phase == "waiting":
        return State("queued", state.reason, position=state.place, **where)
    return State("queued", "It is starting.", node=state.node, **where)


def _ends_last_start(end: dict[str, Any] | None, started: dict[str, Any] | None) -> bool:
    """Whether end.json is of the last start, not of an earlier one."""
    if end is None or _text(end, "state") not in ENDS:
        return False
    return tickets.valid_ticket(end.get("ticket")) >= tickets.valid_ticket((started or {}).get("ticket"))


def _ended(end: dict[str, Any], started: dict[str, Any], engine_reason: str = "") -> State:
    """How a job ended, by its end.json; `engine_reason` is why its engine did not start it again."""
    cause, kind = str(end.get("cause") or ""), str(end.get("kind") or "")
    if kind == "requeued":
        cause = f"{cause} {engine_reason}".rstrip()
    advice = end.get("advice")
    return State(
        ENDS[end["state"]],
        cause,
        kind,
        device=_text(started, "device"),
        since=_time(end),
        advice=advice if isinstance(advice, dict) else {},
        **_where(started),
    )


def _ended_without_result(folder: Path, started: dict[str, Any] | None) -> State:
    """The state of a job whose process is gone and wrote no end.json: from its exit code, if the scheduler noted it."""
    if not folder.is_dir():
        return State("lost", "Its folder is gone: it was deleted or moved away.", "deleted")
    if started is None:
        return State("lost", "It was never started. Resume puts it into the queue.", "never-started")
    device, since = _text(started, "device"), _time(started)
    exit_ = read_json(folder / "exit.json") or {}
    noted = exit_.get("ticket") == started.get("ticket")
    if (folder / "stop").exists():
        killed_after = tickets.valid_ticket(exit_.get("killed_after")) if noted else 0
        cause = (
            f"It had not ended {killed_after} seconds after it was asked to stop, and was killed."
            if killed_after
            else "It ended without a result after it was asked to stop."
        )
        return State("stopped", f"{cause} What it had saved is kept.", "killed", device=device, since=since)
    if noted and isinstance(exit_.get("code"), int):
        failure = failures.cause_from_exit(exit_["code"], bool(exit_.get("memory_ran_out")), log_tail(folder, 20))
        return State(
            "lost" if failure.kind == "killed" else "failed", failure.text, failure.kind, device=device, since=since
        )
    if read_holder(started).is_here and started.get("boot") not in (processes.boot(), None):
        cause = "The machine was restarted while it ran. Resume goes on from its last snapshot."
        return State("lost", cause, "restart", device=device, since=since)
    cause = "Its process was killed, or the machine failed. Resume goes on from its last snapshot."
    return State("lost", cause, "killed", device=device, since=since)


def _text(document: dict[str, Any] | None, key: str) -> str | None:
    value = (document or {}).get(key)
    return value if isinstance(value, str) else None


def _time(document: dict[str, Any] | None) -> float | None:
    value = (document or {}).get("time")
    return float(value) if isinstance(value, int | float) and 0 <= value < MAX_TIME else None
