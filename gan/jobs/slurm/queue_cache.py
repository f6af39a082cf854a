"""One `squeue` for all that look: at most one call in five seconds on a store, however many pages and commands ask.

`.jobs/slurm-queue.json` keeps the last answer for all processes, with the ends of earlier jobs, which Slurm itself
forgets after a few minutes. A reader waits a few seconds at most: the call itself runs in a thread.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gan.errors import UserError
from gan.io.atomic import write_json
from gan.io.file_lock import try_lock
from gan.io.json_files import read_json
from gan.jobs import tickets
from gan.jobs.slurm import commands
from gan.jobs.slurm.commands import SlurmError, SlurmJob

LOGGER = logging.getLogger(__name__)
CALL_SECONDS = 5.0  # between two calls of squeue
VALID_SECONDS = 20.0  # an older answer says nothing
WAIT_SECONDS = 4.0  # that a reader waits for an answer
MEMORY_SECONDS = 0.5  # between two reads of the file by one process
KEPT_ENDS = 2000
MAX_BYTES = 2**24
VANISHED = "VANISHED"
"""The state of a job that Slurm listed once and no longer knows."""
LASTING = ("PENDING", "RUNNING", "SUSPENDED", "CONFIGURING", "COMPLETING", "REQUEUED", "REQUEUE_HOLD", "STAGE_OUT")


@dataclass(frozen=True)
class Entry:
    """A job; `changed` is when its state was first seen, `seen` when it was last listed, in seconds since 1970."""

    job: SlurmJob
    changed: float
    seen: float


@dataclass(frozen=True)
class Answer:
    """What the file holds; `error` is why the last call failed, "" if it did not."""

    asked: float = 0.0
    answered: float = 0.0
    error: str = ""
    jobs: dict[str, Entry] = field(default_factory=dict)


class QueueCache:
    """The queue of the store that `settings` names, as of the last few seconds."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._memory: tuple[Path, float, Answer] | None = None

    def jobs(self, job_ids: Iterable[str]) -> dict[str, Entry] | None:
        """The entries of these jobs; None where Slurm has not answered for a while. Unknown jobs are left out."""
        wanted = list(job_ids)
        answer = self._read(fresh=False)
        if _age(answer.asked) >= CALL_SECONDS:
            answer = self._refreshed()
        if any(job_id not in answer.jobs for job_id in wanted):
            answer = self._read(fresh=True)  # submitted by another process since
        if _age(answer.answered) > VALID_SECONDS:
            return None
        return {job_id: answer.jobs[job_id] for job_id in wanted if job_id in answer.jobs}

    def all_jobs(self) -> dict[str, Entry]:
        """All jobs of the last answer."""
        return self._read(fresh=False).jobs

    def error(self) -> str:
        """Why Slurm did not answer last; "" if it did."""
        return self._read(fresh=False).error

    def note_submitted(self, job_ids: Iterable[str]) -> None:
        """Have new jobs known before the next call, and their user's jobs listed from now on."""
        now = time.time()
        users = _users_folder()
        users.mkdir(parents=True, exist_ok=True)
        (users / str(os.getuid())).touch()
        with self._locked(wait=True):
            answer = self._read(fresh=True)
            new = {job_id: Entry(SlurmJob(job_id, "PENDING", "None", "", 0, "", ""), now, now) for job_id in job_ids}
            self._write(Answer(answer.asked, answer.answered, answer.error, new | answer.jobs))

    def forget(self) -> None:
        """Let the next reader ask Slurm at once, as after a job was cancelled."""
        with self._locked(wait=True):
            answer = self._read(fresh=True)
            self._write(Answer(0.0, answer.answered, answer.error, answer.jobs))

    def _refreshed(self) -> Answer:
        """The answer of a new call, or of the one that another thread or process makes now; waits for it a little."""
        with self._guard:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._call, daemon=True)
                self._thread.start()
            thread = self._thread
        thread.join(WAIT_SECONDS)
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            answer = self._read(fresh=True)
            waited = thread.is_alive() or time.monotonic() > deadline
            if waited or answer.error or _age(answer.answered) < CALL_SECONDS:
                return answer
            time.sleep(0.1)  # another process makes the call

    def _call(self) -> None:
        """Ask Slurm and write the answer, unless another process does so now."""
        with self._locked(wait=False) as locked:
            answer = self._read(fresh=True)
            began = time.time()
            if not locked or _age(answer.asked) < CALL_SECONDS:
                return
            self._write(Answer(began, answer.answered, answer.error, answer.jobs))
            try:
                listed = commands.run_squeue(_users())
            except SlurmError as error:
                LOGGER.warning("%s", error)
                self._write(Answer(began, answer.answered, str(error), self._read(fresh=True).jobs))
                return
            jobs = _merged(self._read(fresh=True).jobs, listed, began)
            self._write(Answer(began, time.time(), "", jobs))

    @contextlib.contextmanager
    def _locked(self, *, wait: bool) -> Any:
        """Hold the store's lock of the file; gives whether it is held. A store that we may not write has none."""
        path = tickets.jobs_folder() / "slurm-queue.lock"
        descriptor, deadline = None, time.monotonic() + (2.0 if wait else 0.0)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            while (descriptor := try_lock(path)) is None and time.monotonic() < deadline:
                time.sleep(0.02)
            held = descriptor is not None
        except OSError:
            held = True
        try:
            yield held
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _read(self, *, fresh: bool) -> Answer:
        path, now = _file(), time.monotonic()
        memory = self._memory
        if memory and memory[0] == path and not fresh and now - memory[1] < MEMORY_SECONDS:
            return memory[2]
        answer = _parsed(path)
        if memory and memory[0] == path and answer.asked < memory[2].asked <= time.time():
            answer = memory[2]  # of a store that we may not write
        self._memory = (path, now, answer)
        return answer

    def _write(self, answer: Answer) -> None:
        self._memory = (_file(), time.monotonic(), answer)
        try:
            write_json(_file(), asdict(answer))
        except (OSError, UserError) as error:  # a store that we may not write: this process keeps its own answer
            LOGGER.debug("the queue is not shared: %s", error)


def _age(moment: float) -> float:
    """Seconds since a moment; as many before it, on a machine whose clock is behind that of the one that wrote it."""
    return abs(time.time() - moment)


def _parsed(path: Path) -> Answer:
    """The answer in a file; an empty one where it is absent, damaged or cannot be read, so that Slurm is asked."""
    try:
        document = read_json(path, MAX_BYTES) or {}
        jobs = {
            job_id: Entry(**entry | {"job": SlurmJob(**entry["job"])}) for job_id, entry in document["jobs"].items()
        }
        return Answer(float(document["asked"]), float(document["answered"]), str(document["error"]), jobs)
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        return Answer()


def _merged(before: dict[str, Entry], listed: Iterable[SlurmJob], asked: float) -> dict[str, Entry]:
    """The entries after an answer to a call at `asked`: what it lists, later submissions, and earlier ends."""
    now, jobs = time.time(), {}
    for job in listed:
        old = before.get(job.job_id)
        changed = old.changed if old and old.job.state == job.state else now
        jobs[job.job_id] = Entry(job, changed, now)
    for job_id, old in before.items():
        if job_id in jobs:
            continue
        if old.job.state in LASTING and old.seen < asked:  # listed no longer, and not submitted after the call
            old = Entry(SlurmJob(job_id, VANISHED, "", old.job.node, 0, "", old.job.name), now, old.seen)
        jobs[job_id] = old
    ended = [job_id for job_id, entry in jobs.items() if entry.job.state not in LASTING]
    for job_id in sorted(ended, key=lambda job_id: jobs[job_id].changed)[:-KEPT_ENDS]:
        del jobs[job_id]
    return jobs


def _file() -> Path:
    return tickets.jobs_folder() / "slurm-queue.json"


def _users_folder() -> Path:
    return tickets.jobs_folder() / "slurm-users"


def _users() -> set[int]:
    """Whoever submitted jobs on this store, by file name, and this process's user."""
    folder = _users_folder()
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return {os.getuid(), *(int(name) for name in names if name.isdigit() and len(name) < 12)}
