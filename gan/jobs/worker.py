"""The working side of a job: its locks, progress and end.

    with working(run.path, config.job.device) as worker:
        while ...:
            worker.report("training", seen, total)
            if worker.should_stop():
                save()
                worker.mark_stopped()
                break

A job that the scheduler started inherits its locks; a job in a terminal queues here and takes them itself.
"""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from gan.errors import GanError, RunError, StoppedError
from gan.io.atomic import open_for_append, remove, write_json
from gan.io.file_lock import same_file, try_lock
from gan.io.json_files import read_json
from gan.io.terminal import show
from gan.jobs import claims, device_list, end_file, kinds, names, processes, tickets, waiting_jobs
from gan.jobs.claims import Claim
from gan.jobs.heartbeat import Heartbeat
from gan.jobs.launch import write_started
from gan.jobs.slurm.batch_job import BatchJob, allotted_device, check_start, current_batch_job, last_signal, requeue

REPORT_SECONDS = 0.5  # between two reports of a phase
QUEUE_POLL_SECONDS = 0.3


class Worker:
    """A job at work; created by `working`."""

    def __init__(self, folder: Path, device: str, claim: Claim, alive: int, slots: Sequence[int] = ()):
        self.device = device
        """Such as "cpu", "cuda:1", or "cuda:0,cuda:2" for a job on several GPUs."""
        self.slots = tuple(slots)
        """Descriptors of its devices' locks: each process that uses the devices holds them."""
        self.ticket = claim.ticket
        self.claim = claim
        self._superseded = False
        self._folder = folder
        self._alive = alive
        self._pid = os.getpid()
        self._stop_signalled = False
        self._time_is_up = False
        self._waits_for: tuple[str, ...] = ()
        self.can_wait_for_jobs = False
        """Whether `wait_for_jobs` works: in a job of an engine that has a queue of its own."""
        self._was_stopped = False
        self._end_reason = ""
        self._phase: str | None = None
        self._phase_began = (0.0, 0.0)
        self._reported: float | None = None

    def should_stop(self) -> bool:
        """Whether the job was asked to stop: save, call `mark_stopped()` and leave the block of `working`.

        Raises RunError if the folder was given to another process, as after a user confirmed this one's death.
        """
        self._check_claim()
        signalled = last_signal(self._folder) if self.can_wait_for_jobs else ""
        self._time_is_up |= signalled == "USR1"
        self._stop_signalled |= signalled == "TERM"
        return self._stop_signalled or self._time_is_up or (self._folder / "stop").exists()

    def mark_stopped(self) -> None:
        """Record that the work ends because of a stop, and is not finished."""
        self._was_stopped = True

    def mark_ended_early(self, reason: str) -> None:
        """Record that the work is finished before its planned end, and why, in a sentence."""
        self._end_reason = reason

    @property
    def end_reason(self) -> str:
        """Why the work is finished before its planned end; "" where it is not."""
        return self._end_reason

    @property
    def time_is_up(self) -> bool:
        """Whether the job's time limit is near: it saves, as for a stop, and goes back into the queue."""
        return self._time_is_up

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The jobs given to `wait_for_jobs`."""
        return self._waits_for

    def wait_for_jobs(self, job_ids: Sequence[str]) -> None:
        """Go back into the engine's queue until these jobs of the engine have ended; leave the block of `working` next.

        The job then begins anew, and finds what they have done.
        """
        self._waits_for = tuple(job_ids)
        self.mark_stopped()

    @property
    def was_stopped(self) -> bool:
        """Whether the work ended because of a stop; read it after the block of `working`."""
        return self._was_stopped

    def progress(self, phase: str, done: float, **more: Any) -> None:
        """Report a phase and its finished share from 0 to 1; a `Progress` (gan/io/progress.py).

        Raises StoppedError if the job was asked to stop, by which `working` ends it as stopped.
        """
        self.report(phase, done, 1.0, **more)
        if self.should_stop():
            raise StoppedError

    def report(self, phase: str, done: float, total: float, **more: Any) -> None:
        """Write status.json: at once for a new phase and at the end of one, otherwise at most twice a second.

        `more` adds entries, such as `images_per_second`. `seconds_left` follows from the pace of this phase so far; it
        is None before there is one. Raises RunError as `should_stop` does.
        """
        self._check_claim()
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._phase_began, self._reported = phase, (now, done), None
        if self._reported is not None and now - self._reported < REPORT_SECONDS and done < total:
            return
        self._reported = now
        began, done_before = self._phase_began
        left = (total - done) * (now - began) / (done - done_before) if done > done_before else None
        document = {"phase": phase, "done": done, "total": total, "seconds_left": left, "time": time.time(), **more}
        write_json(self._folder / "status.json", document)

    @property
    def is_superseded(self) -> bool:
        """Whether the folder was given to another process, to which nothing may be written any more."""
        return self._superseded

    def look_at_claim(self) -> None:
        """See whether the folder was given to another process, which is rare: called with each heartbeat."""
        self._superseded = self._superseded or claims.is_superseded(self.claim)

    def _check_claim(self) -> None:
        if self._superseded:
            name = names.job_name(self._folder)
            raise RunError(f"{name} was given to another process, as this one was said to be dead: it ends here.")

    def fail_at_once(self, error: BaseException) -> None:
        """Write end.json for this error, and end the process without any tear-down: for a main thread that hangs."""
        if not self._superseded:
            end_file.write_failed(self._folder, self.ticket, error)
        os.kill(os.getpid(), signal.SIGKILL)

    def leave_in_child(self) -> None:
        """Call in a forked loading worker: it keeps only the device's lock, and signals end it."""
        if os.getpid() == self._pid:
            return
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the trainer ends its workers
        if same_file(self._alive, self._folder / "alive.lock"):
            os.close(self._alive)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self._stop_signalled:
            raise KeyboardInterrupt
        if number == signal.SIGUSR1:
            self._time_is_up = True
            return
        self._stop_signalled = True
        if number == signal.SIGINT:
            show("\nStopping: it saves first. Ctrl-C again ends it at once.", error=True)


@contextlib.contextmanager
def working(folder: Path, device: str | None = None, wait: bool = True, gpus: int = 1) -> Iterator[Worker]:
    """Be the one process that works in `folder`: takes its locks, and writes end.json when the block ends.

    `device` is a value of `job.device` ("auto", "cuda", "cuda:1", "mps", "cpu"), or None for work that needs no slot;
    `gpus` is a value of `job.gpus`.
    If the device is taken, a job in a terminal waits and prints what it waits for, or with `wait=False` raises
    RunError. RunError is also raised if another process works in the folder, or a symbolic link leads out of it. An
    exception in the block is recorded in end.json and re-raised; StoppedError ends the work as stopped instead.
    """
    kinds.check_links(folder)
    inherited, batch = _inherited_locks(folder), current_batch_job(folder)
    alive = inherited["alive"] if inherited else try_lock(folder / "alive.lock")
    if alive is None:
        name, pid = names.job_name(folder), (read_json(folder / "started.json") or {}).get("pid")
        raise RunError(f"{name} has a process at work already (process {pid}): stop it first, or wait for its end.")
    with contextlib.ExitStack() as at_end:
        if inherited:  # these locks are kept until the process exits and the GPU's memory is free
            claim = claims.adopt_claim(folder, inherited["claim"], inherited["token"], inherited["ticket"])
            worker = Worker(folder, inherited["device"], claim, alive, inherited["slots"])
            _complete_started(folder, worker)
            os.environ.pop(processes.JOB_VARIABLE)
        elif batch:
            at_end.callback(os.close, alive)
            worker = _begin_in_batch_job(folder, device, gpus, batch, alive, at_end)
        else:
            at_end.callback(_restore_handlers, _handlers())  # last: until the lock is free, a late stop may come
            at_end.callback(os.close, alive)
            worker = _begin_in_terminal(folder, device, gpus, wait, alive, at_end)
        at_end.callback(claims.release, worker.claim)
        at_end.callback(Heartbeat(folder, worker.ticket, worker.look_at_claim).close)
        end_file.reserve_space(folder)
        at_end.callback(_ignore_late_stops)
        _handle_signals(worker)
        try:
            yield worker
        except StoppedError:
            worker.mark_stopped()
        except BaseException as error:
            if worker.is_superseded:
                raise
            if worker.was_stopped and isinstance(error, GanError):
                _write_stopped_or_finished(folder, worker, batch)
            else:
                end_file.write_failed(folder, worker.ticket, error)
            raise
        _write_stopped_or_finished(folder, worker, batch)


def _inherited_locks(folder: Path) -> dict[str, Any] | None:
    """Ticket, device and lock descriptors that the scheduler passed for this folder; None in a terminal."""
    text = os.environ.get(processes.JOB_VARIABLE)
    if text is None:
        return None
    inherited: dict[str, Any] = json.loads(text)
    if not same_file(inherited["alive"], folder / "alive.lock"):
        return None
    for descriptor in (inherited["alive"], *inherited["slots"]):
        os.set_inheritable(descriptor, False)  # forked workers keep it, programs that we start do not
    return inherited


def _complete_started(folder: Path, worker: Worker) -> None:
    """Add our pid to started.json if the scheduler was killed before it could: without it nobody could stop us."""
    started = read_json(folder / "started.json") or {}
    if started.get("ticket") == worker.ticket and started.get("pid") is None:
        write_started(folder, worker.ticket, worker.device, os.getpid(), session=True)


def _begin_in_terminal(
    folder: Path, requested: str | None, gpus: int, wait: bool, alive: int, at_end: contextlib.ExitStack
) -> Worker:
    """Wait for slots of the requested devices, if any, and write started.json."""
    slots: list[int] = []
    if requested is None:
        with tickets.decision_lock():
            device = "cpu"
            claim = _start_here(folder, tickets.next_ticket(folder), device)
    else:
        if not device_list.candidates(requested, gpus)[0]:
            raise RunError(device_list.no_such_device(requested, gpus))
        claim, device, slots = _wait_for_slots(folder, requested, gpus, wait)
        for slot in slots:
            at_end.callback(os.close, slot)
    _select_device(device, at_end)
    with open_for_append(folder / "log.txt") as log:
        log.write(f"Started in a terminal on {device}: see its output there.\n".encode())
    return Worker(folder, device, claim, alive, slots)


def _begin_in_batch_job(
    folder: Path, requested: str | None, gpus: int, batch: BatchJob, alive: int, at_end: contextlib.ExitStack
) -> Worker:
    """Write started.json of a job that another engine started; a restart keeps its ticket, and a request to stop."""
    with tickets.decision_lock():
        restarted = check_start(folder, batch)
        if not restarted:
            (folder / "stop").unlink(missing_ok=True)
        device = "cpu" if requested is None else requested
        claim = claims.take_claim(folder, batch.ticket, engine="slurm", job_id=batch.job_id)
        write_started(folder, batch.ticket, device, os.getpid(), engine="slurm", job_id=batch.job_id)
        with contextlib.suppress(FileNotFoundError):
            remove(folder / "end.json")  # of the start before this restart
        waiting_jobs.dequeue(folder)
    try:
        device = allotted_device(requested, gpus)
    except RunError as error:
        claims.release(claim)
        end = {"state": "failed", "cause": str(error), "kind": "device", "ticket": batch.ticket, "time": time.time()}
        write_json(folder / "end.json", end)
        raise
    write_started(folder, batch.ticket, device, os.getpid(), engine="slurm", job_id=batch.job_id)
    _select_device(device, at_end)
    again = " again" if restarted else ""
    with open_for_append(folder / "log.txt") as log:
        log.write(f"Started{again} as Slurm's job {batch.job_id} on {processes.host()}, on {device}.\n".encode())
    worker = Worker(folder, device, claim, alive)
    worker.can_wait_for_jobs = True
    return worker


def _wait_for_slots(folder: Path, requested: str, gpus: int, wait: bool) -> tuple[Claim, str, list[int]]:
    """Queue until the devices are free; returns the claim, the devices and the descriptors of their slots."""
    with tickets.decision_lock():
        claims.check_free(folder)  # a queued run that works elsewhere would look stopped once its place is cancelled
        ticket = waiting_jobs.enqueue(folder, requested, gpus=gpus, in_terminal=True)
    name, printed = names.job_name(folder), None
    try:
        while True:
            with tickets.decision_lock():
                queue = waiting_jobs.queued_here()
                own = next((job for job in queue if job.folder == folder), None)
                if own is None:
                    raise RunError(f"{name} was taken out of the queue while it waited.")
                devices = next((names for job, names in waiting_jobs.startable(queue) if job.folder == folder), ())
                slots = device_list.take_slots(devices, own.name) if devices else None
                if slots is not None:
                    with contextlib.ExitStack() as if_refused:
                        for slot in slots:
                            if_refused.callback(os.close, slot)
                        device = ",".join(devices)
                        claim = _start_here(folder, ticket, device)
                        waiting_jobs.note_turn(own)
                        if_refused.pop_all()
                    return claim, device, slots
            blocker = waiting_jobs.blocking_job(own, queue) or "another run"
            if not wait:
                raise RunError(f"The device {requested} is taken by {blocker}: wait for its end, or stop it.")
            if blocker != printed:
                show(f"{name} waits for {blocker} to give the device back. Ctrl-C gives up.")
                printed = blocker
            time.sleep(QUEUE_POLL_SECONDS)
    finally:
        waiting_jobs.dequeue(folder)


def _start_here(folder: Path, ticket: int, device: str) -> Claim:
    """Claim the folder and write started.json; raises RunError where another machine holds the claim."""
    claim = claims.take_claim(folder, ticket)
    (folder / "stop").unlink(missing_ok=True)
    write_started(folder, ticket, device, os.getpid(), session=os.getsid(0) == os.getpid())
    return claim


def _select_device(device: str, at_end: contextlib.ExitStack) -> None:
    """Make "cuda" mean this device, or nothing for a job on the CPU; call it before torch initialises CUDA."""
    for name, value in device_list.visible_to_cuda(device).items():
        before = os.environ.get(name)
        os.environ[name] = value
        at_end.callback(_restore_variable, name, before)


def _restore_variable(name: str, before: str | None) -> None:
    if before is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = before


def _handle_signals(worker: Worker) -> None:
    """Make SIGTERM and Ctrl-C requests to stop.

    A job of the scheduler keeps the handlers until it exits, so that no late request interrupts its tear-down. Python
    allows signal handlers in the main thread only.
    """
    if threading.current_thread() is threading.main_thread():
        for number in _handlers():
            signal.signal(number, worker._on_signal)


def _handlers() -> dict[signal.Signals, Any]:
    """The present handlers of the signals that ask a job to stop."""
    more = [signal.SIGUSR1] if processes.BATCH_VARIABLE in os.environ else []
    return {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, *more)}


def _restore_handlers(before: dict[signal.Signals, Any]) -> None:
    """Restore handlers that `_handlers` gave."""
    if threading.current_thread() is threading.main_thread():
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_late_stops() -> None:
    """Ignore SIGTERM after end.json is written.

    The interpreter drops its handlers while it exits, and a signal would then kill it; an ignored one stays ignored.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _write_stopped_or_finished(folder: Path, worker: Worker, batch: BatchJob | None) -> None:
    kind = "early" if worker.end_reason else ""
    end = {"state": "stopped" if worker.was_stopped else "finished", "cause": worker.end_reason, "kind": kind}
    if worker.was_stopped and not (folder / "stop").exists():
        end |= _end_from_outside(worker, batch)
    end_file.write_end(folder, {**end, "ticket": worker.ticket})


def _end_from_outside(worker: Worker, batch: BatchJob | None) -> dict[str, str]:
    """The cause of a stop that no user asked for; at a batch job's time limit, the job goes back into the queue."""
    if batch is not None and worker.waits_for:
        refused = requeue(batch, worker.waits_for)
        cause = "It waits for its parts, which work as jobs of their own."
        if not refused:
            return {"cause": cause, "kind": "requeued"}
        return {"cause": f"{cause} {refused} Resume goes on when they have ended.", "kind": "time-limit"}
    if batch is None or not worker.time_is_up:
        cause = "It was ended from outside, as when the machine shuts down, and saved first."
        return {"cause": cause, "kind": "outside"}
    refused = requeue(batch)
    if refused:
        cause = f"It reached its time limit, and saved first. {refused} Resume goes on from there."
        return {"cause": cause, "kind": "time-limit"}
    return {"cause": "It reached its time limit, saved, and went back into the queue.", "kind": "requeued"}
