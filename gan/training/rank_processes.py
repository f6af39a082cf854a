"""The processes of a run on several GPUs: started, connected, watched and ended.

On one machine the job's process is rank 0 and starts the others. torchrun would do this too, but it gives its processes
sessions of their own and closes the descriptors of the locks that they should inherit, so that a killed job would leave
them behind on devices that count as free. On several machines torchrun is needed: see `gan/jobs/several_gpus.py`.

- The other ranks hold the locks of the devices but not `alive.lock`: the job is dead when rank 0 is.
- They die with rank 0, because its end closes their standard input.
- When one of them dies, the run fails with the cause: the exchange with it fails, or after `HANG_SECONDS` a thread of
  rank 0 ends the job. Where all live and one does not answer, the exchange fails after `ANSWER_TIMEOUT`.
- What they print is in the log of the job, each line with their number.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed.nn.functional  # keeps the group of all ranks alive if it is imported later: see `_group`
from torch import distributed
from torch.distributed.distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous

from gan.config import settings
from gan.errors import RunError, TrainingError
from gan.io.terminal import show
from gan.jobs import failures, kinds
from gan.jobs.several_gpus import RANK_VARIABLE, by_torchrun
from gan.jobs.worker import Worker
from gan.runs.run import Run
from gan.training.ranks import ALONE, Ranks

ANSWER_TIMEOUT = timedelta(minutes=10)
"""How long a rank waits for the others in one exchange: longer than rank 0 takes to write a snapshot."""
READY_TIMEOUT = timedelta(days=1)
"""How long ranks of torchrun wait while rank 0 reads or downloads the images."""
HANG_SECONDS = 20.0
"""From the death of a rank until rank 0 is ended, should it hang in an exchange with the dead one."""
END_SECONDS = 60.0
"""How long the other ranks may take to exit after the last step."""
LOST = 3
"""Exit code of a rank that lost the connection to the others: not the cause of a failure."""
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"


@contextlib.contextmanager
def connected_ranks(
    run: Run, worker: Worker, timeout: timedelta = ANSWER_TIMEOUT
) -> Iterator[tuple[Ranks, torch.device]]:
    """For rank 0: start the other ranks of the run and connect to them; gives the ranks and the device of this one.

    A run on one GPU has no others. Call it once the others can read the images. Raises TrainingError where a rank
    fails or does not answer within the `timeout`, and StoppedError where a stop is requested before all are there.
    Leaving the block ends the others.
    """
    kind = worker.device.partition(":")[0]
    if by_torchrun():
        with _connected_by_torchrun(run, kind, timeout) as ranks:
            yield ranks, _device(kind, int(os.environ["LOCAL_RANK"]))
    elif run.config.job.gpus == 1:
        yield ALONE, torch.device(kind)
    else:
        with _started_ranks(run, worker, kind, timeout) as ranks:
            yield ranks, _device(kind, 0)


@contextlib.contextmanager
def joined_ranks(run: Run) -> Iterator[tuple[Ranks, torch.device]]:
    """For another rank: connect to rank 0, once it is ready; gives the ranks and the device of this one.

    The cause of an error is sent to rank 0. Where rank 0 or another rank is gone, the process exits quietly.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # rank 0 gets it too, and all stop after the same step
    text = os.environ.pop(RANK_VARIABLE, None)
    if text is None:
        store, rank, count = next(rendezvous("env://"))
        local_rank = int(os.environ["LOCAL_RANK"])
    else:
        rank, count, path = json.loads(text)
        local_rank = rank
        threading.Thread(target=_die_with_rank_0, daemon=True).start()
        store = distributed.FileStore(path, count)  # type: ignore[attr-defined]
        store.set(f"joined/{rank}", "1")
    try:
        store.wait(["ready"], READY_TIMEOUT)
        kind = store.get("ready").decode()
        device = _device(kind, local_rank)
        with _group(store, rank, count, kind, ANSWER_TIMEOUT) as ranks:
            yield ranks, device
    except Exception as error:
        if is_lost_connection(error):
            show(f"The connection to the other ranks was lost: {_first_line(error)}", error=True)
            raise SystemExit(LOST) from None
        cause = failures.cause_from_error(error)
        store.set(f"failed/{rank}", json.dumps([cause.kind, cause.text, dict(cause.advice)]))
        raise


def is_lost_connection(error: BaseException) -> bool:
    """Whether an exchange failed because another rank is gone or does not answer."""
    return isinstance(error, distributed.DistError) or (isinstance(error, RuntimeError) and "gloo/" in str(error))


def _device(kind: str, local_rank: int) -> torch.device:
    if kind != "cuda":
        return torch.device(kind)
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


@contextlib.contextmanager
def _group(store: Store, rank: int, count: int, kind: str, timeout: timedelta) -> Iterator[Ranks]:
    """Connect with all ranks: what is on a GPU by NCCL, what is on the CPU by gloo.

    Leaving the block must end the threads of the group: one that outlives Python aborts the process. Functions of
    `torch.distributed.nn`, which an optimiser imports, take the group of their import for a default and keep it alive.
    """
    backend = "cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo"
    distributed.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=timeout)
    try:
        yield Ranks(rank, count)
    finally:
        distributed.destroy_process_group()


@contextlib.contextmanager
def _connected_by_torchrun(run: Run, kind: str, timeout: timedelta) -> Iterator[Ranks]:
    store, rank, count = next(rendezvous("env://"))
    if count != run.config.job.gpus:
        raise RunError(f"job.gpus of {run.name} is {run.config.job.gpus}, and torchrun started {count} processes.")
    store.set("ready", kind)
    try:
        with _group(store, rank, count, kind, timeout) as ranks:
            yield ranks
    except Exception as error:
        if not is_lost_connection(error):
            raise
        raise _failure(_reported(store, count), {}, error) from error


@dataclass
class _Others:
    """The ranks other than 0, as processes that this one started."""

    processes: dict[int, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    printers: list[threading.Thread] = field(default_factory=list)
    ending: bool = False
    """Whether they are to exit, so that no exit is a failure."""

    def failed(self) -> dict[int, int]:
        """The exit codes of those that ended before the last step, by rank."""
        codes = {rank: process.poll() for rank, process in self.processes.items()}
        return {rank: code for rank, code in codes.items() if code}

    def kill(self) -> None:
        """End them at once, and wait until their output is printed."""
        self.ending = True
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()
        for printer in self.printers:
            printer.join(timeout=5)
        for process in self.processes.values():
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


@contextlib.contextmanager
def _started_ranks(run: Run, worker: Worker, kind: str, timeout: timedelta) -> Iterator[Ranks]:
    """Start the other ranks on this machine, and connect to them."""
    count, folder, others = run.config.job.gpus, Path(tempfile.mkdtemp(prefix="gan-ranks-")), _Others()
    for variable in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):  # nothing listens to other machines
        os.environ.setdefault(variable, LOOPBACK)
    store = distributed.FileStore(str(folder / "store"), count)  # type: ignore[attr-defined]
    try:
        for rank in range(1, count):
            _start(others, rank, count, run, worker, folder / "store")
        _wait_until_joined(others, store, worker, count)
        store.set("ready", kind)
        threading.Thread(target=_end_if_hanging, args=(others, store, count, worker), daemon=True).start()
        with _group(store, 0, count, kind, timeout) as ranks:
            yield ranks
        _wait_until_ended(others)
    except Exception as error:
        if not is_lost_connection(error):
            raise
        _wait_for_an_end(others)
        raise _failure(_reported(store, count), others.failed(), error) from error
    finally:
        others.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _start(others: _Others, rank: int, count: int, run: Run, worker: Worker, store: Path) -> None:
    """Start one rank, with the locks of the devices, and a thread that prints its lines."""
    process = subprocess.Popen(
        [sys.executable, *kinds.job_command(run.path)],
        cwd=settings.ROOT,
        env=os.environ | {RANK_VARIABLE: json.dumps([rank, count, str(store)])},
        stdin=subprocess.PIPE,  # its end tells the rank that this process is gone
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=worker.slots,
    )
    others.processes[rank] = process
    printer = threading.Thread(target=_print_lines, args=(process, rank), daemon=True)
    others.printers.append(printer)
    printer.start()


def _print_lines(process: "subprocess.Popen[bytes]", rank: int) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        text = line.decode(errors="replace").rstrip().removeprefix(f"[rank{rank}]: ")  # torch's, before a traceback
        show(f"[rank {rank}] {text}")


def _wait_until_joined(others: _Others, store: Store, worker: Worker, count: int) -> None:
    """Wait until all ranks have loaded their libraries; raises TrainingError if one ends before."""
    joined = 1
    while joined < count:
        worker.progress("starting the ranks", joined / count)
        if others.failed():
            raise _failure(_reported(store, count), others.failed(), None)
        time.sleep(0.05)
        joined = 1 + sum(store.check([f"joined/{rank}"]) for rank in range(1, count))


def _wait_until_ended(others: _Others) -> None:
    """Give the ranks time to exit after the last step."""
    others.ending = True
    deadline = time.monotonic() + END_SECONDS
    for process in others.processes.values():
        with contextlib.suppress(subprocess.TimeoutExpired):  # it is killed
            process.wait(timeout=max(deadline - time.monotonic(), 0))


def _wait_for_an_end(others: _Others) -> None:
    """After a lost connection: a rank that closed it exits in a moment, one that hangs does not."""
    deadline = time.monotonic() + 5
    while set(others.failed().values()) <= {LOST} and time.monotonic() < deadline:
        time.sleep(0.05)


def _end_if_hanging(others: _Others, store: Store, count: int, worker: Worker) -> None:
    """End this process where a rank is dead and the main thread has not noticed after `HANG_SECONDS`."""
    dead_since: float | None = None
    while not others.ending:
        time.sleep(0.2)
        dead_since = dead_since or (time.monotonic() if others.failed() else None)
        if dead_since is not None and time.monotonic() - dead_since > HANG_SECONDS and not others.ending:
            worker.fail_at_once(_failure(_reported(store, count), others.failed(), None))


def _reported(store: Store, count: int) -> dict[int, list[Any]]:
    """What failed ranks said of their errors: kind, text and advice, by rank."""
    try:
        failed = [rank for rank in range(1, count) if store.check([f"failed/{rank}"])]
        return {rank: json.loads(store.get(f"failed/{rank}")) for rank in failed}
    except RuntimeError:  # the machine that holds the store is gone
        return {}


def _failure(reported: dict[int, list[Any]], ended: dict[int, int], error: BaseException | None) -> TrainingError:
    """The error of a run of which a rank failed: from what it reported, else from its exit code."""
    for rank, (kind, text, advice) in reported.items():
        return TrainingError(f"Rank {rank} failed: {text}", "rank" if kind == "bug" else kind, advice)
    culprits = {rank: code for rank, code in ended.items() if code != LOST} or ended
    for rank, code in culprits.items():
        why = "by the signal " + signal.Signals(-code).name if code < 0 else f"with exit code {code}"
        text = f"Rank {rank} ended {why}, and a run on several GPUs needs all its ranks: its log says more. "
        return TrainingError(text + "Resume goes on from its last snapshot.", "rank", {})
    text = f"A rank is gone or did not answer in time ({_first_line(error)}). "
    return TrainingError(text + "Resume goes on from the last snapshot.", "rank", {})


def _first_line(error: BaseException | None) -> str:
    return str(error).partition("\n")[0][:200]


def _die_with_rank_0() -> None:
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGKILL)
