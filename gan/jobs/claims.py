"""Claims: who works in a job's folder, on every machine that shares the store.

A lock holds on one machine, and between machines only where the file system says so. A claim is a folder `claims/<n>`
that names its holder. It is prepared under a name of its own and renamed into place, which succeeds for one of any
number of processes. The largest number counts. It is never removed while it does, so that two that find its holder dead
compete for the same next number: nobody can break a claim that another has taken meanwhile.

Hold `alive.lock` when taking a claim: that is what proves the death of a holder on this machine.
"""

import contextlib
import errno
import logging
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan.errors import RunError
from gan.io.atomic import remove_folder, write_json
from gan.io.file_lock import has_flock
from gan.io.json_files import read_json
from gan.io.untrusted_files import is_link, not_regular
from gan.jobs import names, processes, tickets
from gan.jobs.engine import EngineJob, EngineName
from gan.jobs.engines import find_engine
from gan.jobs.holders import Holder, held_by_nobody, read_holder

FOLDER = "claims"
TAKEN = (errno.EEXIST, errno.ENOTEMPTY)
KEPT_SECONDS = 3600
"""Older claims are removed after this long: no machine sees a folder as it was an hour ago."""
LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """A claim that this job has taken."""

    folder: Path
    number: int
    token: str
    ticket: int

    @property
    def path(self) -> Path:
        return self.folder / FOLDER / str(self.number)


def take_claim(folder: Path, ticket: int, *, engine: EngineName = "local", job_id: str = "") -> Claim:
    """Claim a job's folder for the start with that ticket; hold its `alive.lock`.

    Raises RunError, which says how to go on, where another holds it and cannot be proved dead, and DamagedFileError
    where a link is in its place.
    """
    claims, token = folder / FOLDER, secrets.token_hex(8)
    prepared = claims / f".{token}"
    if is_link(prepared):
        raise not_regular(claims)
    prepared.mkdir(parents=True)
    try:
        document = {"token": token, "ticket": ticket, "time": time.time()}
        document |= {"engine": engine, "job_id": job_id, **_process(os.getpid())}
        write_json(prepared / "holder.json", document)
        number = 0
        while True:
            number = max(number, *_numbers(claims), 0)
            if number and not _is_free(folder, number, job_id):
                raise RunError(_held(folder, _holder(folder, number)))
            number += 1
            if _rename(prepared, claims / str(number), token):
                break
    finally:
        with contextlib.suppress(FileNotFoundError):
            remove_folder(prepared)
    claim = Claim(folder, number, token, ticket)
    if is_superseded(claim):  # this machine saw an old list, in which a number was missing that is long removed
        release(claim)
        raise RunError(_held(folder, _holder(folder, max(_numbers(claims)))))
    _remove_old(claim)
    return claim


def check_free(folder: Path) -> None:
    """Raise RunError, which says how to go on, where another holds a folder and cannot be proved dead.

    Hold `alive.lock`, as for `take_claim`. It is for a job that has to wait before it takes the claim.
    """
    number = max(_numbers(folder / FOLDER), default=0)
    if number and not _is_free(folder, number, ""):
        raise RunError(_held(folder, _holder(folder, number)))


def adopt_claim(folder: Path, number: int, token: str, ticket: int) -> Claim:
    """Go on with the claim that the starter of this process took; raises RunError where another has taken the next."""
    claim = Claim(folder, number, token, ticket)
    document = read_json(claim.path / "holder.json") or {}
    if document.get("token") != token or is_superseded(claim):
        raise RunError(f"Another process took over {_job(folder)} before this one began: nothing was done.")
    write_json(claim.path / "holder.json", document | _process(os.getpid()))
    return claim


def is_superseded(claim: Claim) -> bool:
    """Whether the folder was given to another, or may be: only after somebody confirmed that this holder is dead."""
    if max(_numbers(claim.folder / FOLDER), default=claim.number) > claim.number:
        return True
    return (claim.path / "released").exists()


def release(claim: Claim) -> None:
    """Let the next one take the folder; does nothing where it was deleted."""
    _mark_released(claim.path)


def confirm_dead(folder: Path, host: str) -> None:
    """Release the claim of a job that nobody can prove dead, as a user does who knows that nothing works on `host`.

    Raises RunError where another machine holds it.
    """
    holder = current_holder(folder)
    if holder is None:
        return
    if holder.host != host:
        raise RunError(f"{_subject(folder)} is held by {holder.host or 'an unknown machine'}, not by {host}.")
    _mark_released(folder / FOLDER / str(max(_numbers(folder / FOLDER))))


def current_holder(folder: Path) -> Holder | None:
    """The holder of the newest claim; None where there is none, or it is released."""
    number = max(_numbers(folder / FOLDER), default=0)
    if not number or (folder / FOLDER / str(number) / "released").exists():
        return None
    return _holder(folder, number)


def _process(pid: int) -> dict[str, Any]:
    here = {"host": processes.host(), "boot": processes.boot(), "pid_namespace": processes.pid_namespace()}
    return {**here, "pid": pid, "identity": processes.identity(pid)}


def _is_free(folder: Path, number: int, job_id: str) -> bool:
    """Whether the holder of that claim is proved dead, or has released it.

    `job_id` is our own: an engine runs a job once at a time, so that the claim of its earlier run is free.
    """
    path = folder / FOLDER / str(number)
    document = read_json(path / "holder.json") or {}
    if (path / "released").exists():
        return True
    holder, end = read_holder(document), read_json(folder / "end.json") or {}
    if holder.ticket and tickets.valid_ticket(end.get("ticket")) >= holder.ticket:
        return True
    if holder.boot and holder.boot == processes.boot():
        return has_flock(folder / "alive.lock") or _process_is_gone(holder, document)
    if holder.host == processes.host() and holder.engine == "local":
        return True  # this machine was restarted
    engine = find_engine(holder.engine)
    if engine is None or not holder.job_id:
        return False
    if holder.job_id == job_id:
        return True
    states = engine.job_states([holder.job_id])
    if states is None:
        return False
    state, since = states.get(holder.job_id, EngineJob("gone")), document.get("time")
    if state.phase == "waiting":  # put back into the queue, unless it has started since the engine said so
        return isinstance(since, int | float) and since < state.time
    return state.phase == "gone"


def _process_is_gone(holder: Holder, document: Mapping[str, Any]) -> bool:
    return holder.pid is not None and processes.is_local(document) and not processes.is_alive(document)


def _holder(folder: Path, number: int) -> Holder:
    return read_holder(read_json(folder / FOLDER / str(number) / "holder.json") or {})


def _held(folder: Path, holder: Holder) -> str:
    return f"{_subject(folder)} is held by {holder.host or 'an unknown machine'}. {held_by_nobody(folder, holder)}"


def _job(folder: Path) -> str:
    return names.describe_job(names.job_name(folder))


def _subject(folder: Path) -> str:
    return names.capitalised(_job(folder))


def _numbers(claims: Path) -> list[int]:
    try:
        return [int(path.name) for path in claims.iterdir() if path.name.isdecimal() and len(path.name) < 16]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _rename(prepared: Path, path: Path, token: str) -> bool:
    """Put a prepared claim in place; False where another was first."""
    try:
        prepared.rename(path)
    except FileNotFoundError:
        # A server may answer a repeated request so, whose first answer was lost.
        if (read_json(path / "holder.json") or {}).get("token") != token:
            raise
    except OSError as error:
        if error.errno not in TAKEN:
            raise
        return False
    return True


def _mark_released(path: Path) -> None:
    if is_link(path / "released"):  # nothing of ours
        return
    try:
        (path / "released").touch()
    except (FileNotFoundError, NotADirectoryError):  # the run was deleted
        return
    except OSError as error:  # a full disk: its end.json, or the proof of its death, does as well
        LOGGER.warning("%s could not be released: %s", path, error)


def _remove_old(claim: Claim) -> None:
    """Remove claims before ours that no machine can take for the newest any more, and those that were never taken."""
    now = claim.path.stat().st_mtime  # the file server's time, as that of the others
    for old in list((claim.folder / FOLDER).iterdir()):
        with contextlib.suppress(FileNotFoundError):
            if old.name == str(claim.number) or now - old.stat().st_mtime <= KEPT_SECONDS or old.is_symlink():
                continue
            removed = old.with_name(f".{claim.token}-{old.name.lstrip('.')}")
            old.rename(removed)  # first: nobody may see it without its holder
            remove_folder(removed)
