"""The side of the process that works: its locks, its progress, its last word.

    with working(run.path, config.job.device) as worker:
        while ...:
            worker.report("training", seen, total)
            if worker.should_stop():
                save()
                worker.mark_stopped()
                break

A job that the queue started inherits its locks; one in a terminal takes them here and waits its turn.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from gan.errors import GanError, RunError, StoppedError
from gan.io.atomic import write_json
from gan.io.file_lock import same_file, try_lock
from gan.io.json_files import read_json
from gan.jobs import device_list, failures, kinds, names, processes, schedule, tickets
from gan.jobs.launch import write_started

REPORT_EVERY = 0.5  # seconds
LAST_WORD_BYTES = 4096


class Worker:
    """One job at work; made by `working`."""

    def __init__(self, folder: Path, device: str, ticket: int, alive: int):
        self.device = device
        self.ticket = ticket
        self._folder = folder
        self._alive = alive
        self._pid = os.getpid()
        self._stop_signalled = False
        self._was_stopped = False
        self._phase: str | None = None
        self._phase_began = (0.0, 0.0)
        self._reported: float | None = None

    def should_stop(self) -> bool:
        """Whether somebody asked this job to stop: save, call `mark_stopped()` and leave."""
        return self._stop_signalled or (self._folder / "stop").exists()

    def mark_stopped(self) -> None:
        """Say that the work ends because it was asked to, and not because it is done."""
        self._was_stopped = True

    @property
    def was_stopped(self) -> bool:
        """Whether the work ended because it was asked to; to be read after the block of `working`."""
        return self._was_stopped

    def progress(self, phase: str, done: float, **more: Any) -> None:
        """Report a phase and its finished share from 0 to 1, as a `Progress` (gan/io/progress.py) does.

        Raises StoppedError where the job was asked to stop: `working` then ends it as stopped.
        """
        self.report(phase, done, 1.0, **more)
        if self.should_stop():
            raise StoppedError

    def report(self, phase: str, done: float, total: float, **more: Any) -> None:
        """Write status.json, at most twice a second but for a new phase and the end.


        `more` adds columns, such as `images_per_second`. `seconds_left` goes by the phase's own pace so far, and is
        None before there is one.
        """
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._phase_began, self._reported = phase, (now, done), None
        if self._reported is not None and now - self._reported < REPORT_EVERY and done < total:
            return
        self._reported = now
        began, done_before = self._phase_began
        left = (total - done) * (now - began) / (done - done_before) if done > done_before else None
        document = {"phase": phase, "done": done, "total": total, "seconds_left": left, "time": time.time(), **more}
        write_json(self._folder / "status.json", document)

    def leave_in_child(self) -> None:
        """To be called in a forked loading worker: it then holds the device's lock only, and signals end it."""
        if os.getpid() == self._pid:
            return
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the trainer ends its workers
        if same_file(self._alive, self._folder / "alive.lock"):
            os.close(self._alive)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self._stop_signalled:
            raise KeyboardInterrupt
        self._stop_signalled = True
        if number == signal.SIGINT:
            print("\nStopping: it saves first. Ctrl-C again ends it at once.", file=sys.stderr, flush=True)


@contextlib.contextmanager
def working(folder: Path, device: str | None = None, wait: bool = True) -> Iterator[Worker]:
    """Be the one process that works in `folder`, from its locks to its last word in end.json.

    `device` is what the config asks for ("auto", "cuda", "cuda:1", "mps", "cpu"), or None for work beside the devices.
    Where the device is taken, a job in a terminal waits and prints for whom, or with `wait=False` raises RunError; that
    is also raised where another process works in the folder, and where a symbolic link leads out of it. An error in the
    block is told in end.json and goes on, but for StoppedError, which ends the work as stopped.
    """
    kinds.check_links(folder)
    given = _given_by_queue(folder)
    alive = given["alive"] if given else try_lock(folder / "alive.lock")
    if alive is None:
        name, pid = names.job_name(folder), (read_json(folder / "started.json") or {}).get("pid")
        raise RunError(f"{name} has a process at work already (process {pid}): stop it first, or wait for its end.")
    with contextlib.ExitStack() as at_end:
        if given:  # the locks stay with the process to its very end, while the GPU's memory is given back
            worker = Worker(folder, given["device"], given["ticket"], alive)
            _say_which_process(folder, worker)
            os.environ.pop(processes.JOB_VARIABLE)
        else:
            at_end.callback(os.close, alive)
            worker = _begin_in_terminal(folder, device, wait, alive, at_end)
        _reserve_last_word(folder)
        if given:
            at_end.callback(_ignore_late_requests)
        _handle_signals(worker, at_end if given is None else contextlib.ExitStack())
        try:
            yield worker
        except StoppedError:
            worker.mark_stopped()
        except BaseException as error:
            if worker._was_stopped and isinstance(error, GanError):
                _say_stopped_or_finished(folder, worker)  # it left from deep inside, by an error of ours
            else:
                _end_with(folder, worker, error)
            raise
        _say_stopped_or_finished(folder, worker)


def _given_by_queue(folder: Path) -> dict[str, Any] | None:
    """The locks that the queue process handed over for this folder; None in a terminal."""
    text = os.environ.get(processes.JOB_VARIABLE)
    if text is None:
        return None
    given: dict[str, Any] = json.loads(text)
    if not same_file(given["alive"], folder / "alive.lock"):
        return None
    for descriptor in (given["alive"], given["slot"]):
        if descriptor is not None:
            os.set_inheritable(descriptor, False)  # a forked worker still has it; a program that we call has not
    return given


def _say_which_process(folder: Path, worker: Worker) -> None:
    """Name ourselves in started.json where the queue process was killed before it could: else nobody could end us."""
    started = read_json(folder / "started.json") or {}
    if started.get("ticket") == worker.ticket and started.get("pid") is None:
        write_started(folder, worker.ticket, worker.device, os.getpid(), session=True)


def _begin_in_terminal(folder: Path, asked: str | None, wait: bool, alive: int, at_end: contextlib.ExitStack) -> Worker:
    """Wait for the device's turn where one is asked for, and write started.json."""
    if asked is None:
        with tickets.decision_lock():
            ticket, device = tickets.next_ticket(folder), "cpu"
            _start_here(folder, ticket, device)
    else:
        if not device_list.matching_devices(asked):
            raise RunError(device_list.no_such_device(asked))
        ticket, device, slot = _take_turn(folder, asked, wait)
        at_end.callback(os.close, slot)
    _use_device(device, at_end)
    with open(folder / "log.txt", "a") as log:
        print(f"Started in a terminal on {device}: what it prints is there.", file=log)
    return Worker(folder, device, ticket, alive)


def _take_turn(folder: Path, asked: str, wait: bool) -> tuple[int, str, int]:
    """Stand in the row with everybody else until the device is ours; gives the ticket, the device and its lock."""
    with tickets.decision_lock():
        ticket = schedule.enqueue(folder, asked, in_terminal=True)
    name, told = names.job_name(folder), None
    try:
        while True:
            with tickets.decision_lock():
                waiting = schedule.queued_jobs()
                own = next((one for one in waiting if one.folder == folder), None)
                if own is None:
                    raise RunError(f"{name} was taken out of the queue while it waited for its turn.")
                device = next((device for one, device in schedule.startable(waiting) if one.folder == folder), None)
                slot = device_list.take_slot(device, own.name) if device else None
                if device is not None and slot is not None:
                    _start_here(folder, ticket, device)
                    return ticket, device, slot
            holder = schedule.blocking_job(own, waiting) or "another run"
            if not wait:
                raise RunError(f"The device {asked} is taken by {holder}: wait for its end, or stop it.")
            if holder != told:
                print(f"{name} waits for {holder} to give the device back. Ctrl-C gives up.", flush=True)
                told = holder
            time.sleep(0.3)
    finally:
        schedule.dequeue(folder)


def _start_here(folder: Path, ticket: int, device: str) -> None:
    (folder / "stop").unlink(missing_ok=True)
    write_started(folder, ticket, device, os.getpid(), session=os.getsid(0) == os.getpid())


def _use_device(device: str, at_end: contextlib.ExitStack) -> None:
    """Let "cuda" mean this device for the block, or nothing at all; torch must not have touched a GPU before."""
    for name, value in device_list.visible_to_cuda(device).items():
        before = os.environ.get(name)
        os.environ[name] = value
        at_end.callback(_restore_variable, name, before)


def _restore_variable(name: str, before: str | None) -> None:
    if before is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = before


def _handle_signals(worker: Worker, at_end: contextlib.ExitStack) -> None:
    """Make SIGTERM and Ctrl-C requests to stop; what they were comes back where `at_end` is closed.

    A job of the queue keeps this to its very end, so that no late request cuts its tear-down short. Only a program's
    main thread can handle signals, and only it is ever signalled.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        at_end.callback(signal.signal, number, signal.signal(number, worker._on_signal))


def _ignore_late_requests() -> None:
    """Let no request to stop that comes after the last word end the process.

    Python gives up its own handlers while it ends, and a signal that is sent then would kill it; one that is ignored
    stays ignored.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _say_stopped_or_finished(folder: Path, worker: Worker) -> None:
    word = {"state": "stopped" if worker._was_stopped else "finished", "cause": "", "kind": ""}
    if worker._was_stopped and not (folder / "stop").exists():
        word["cause"] = "It was told to end from outside, as when the machine shuts down, and saved first."
    _say_last_word(folder, {**word, "ticket": worker.ticket})


def _end_with(folder: Path, worker: Worker, error: BaseException) -> None:
    """Tell why an error ended the work; one that is not written for the user leaves its traceback in the log too."""
    if isinstance(error, KeyboardInterrupt):
        word: dict[str, Any] = {"state": "stopped", "cause": "It was ended at once by Ctrl-C.", "kind": "interrupted"}
    else:
        cause = failures.cause_from_error(error)
        word = {"state": "failed", "cause": cause.text, "kind": cause.kind, "advice": dict(cause.advice)}
    _say_last_word(folder, {**word, "ticket": worker.ticket})
    if not isinstance(error, GanError | KeyboardInterrupt):
        with contextlib.suppress(OSError), open(folder / "log.txt", "a") as log:  # a full disk has been told above
            traceback.print_exception(error, file=log)


def _reserve_last_word(folder: Path) -> None:
    """Set a block aside for end.json, so that a job which fills the disk can still say so."""
    (folder / ".last_word").write_text(" " * LAST_WORD_BYTES)


def _say_last_word(folder: Path, word: dict[str, Any]) -> None:
    """Write end.json into the block set aside, in place, and give it its name: neither takes room on the disk."""
    text = json.dumps({**word, "time": time.time()})
    if len(text.encode()) > LAST_WORD_BYTES:
        text = json.dumps({**word, "cause": str(word["cause"])[:400], "time": time.time()})
    reserved = folder / ".last_word"
    try:
        with open(reserved, "r+b") as file:
            file.write(text.encode().ljust(LAST_WORD_BYTES))
            os.fsync(file.fileno())
        reserved.replace(folder / "end.json")
    except FileNotFoundError:  # the run's folder was removed under us: nobody is left to tell
        return
