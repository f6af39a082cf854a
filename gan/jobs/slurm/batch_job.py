"""The job's own side, on a node: which start it is, and going back into the queue at the time limit."""

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan.errors import RunError
from gan.io.json_files import read_json
from gan.jobs import device_list, names, processes, tickets
from gan.jobs.several_gpus import by_torchrun
from gan.jobs.slurm import commands
from gan.jobs.slurm.script import SIGNAL_FILE

WAIT_TRIES, WAIT_SECONDS = 40, 0.25
"""How often, and how long apart, a job tries to make itself wait for others."""


@dataclass(frozen=True)
class BatchJob:
    """The start of a job that this process is: the ticket it was submitted with, and Slurm's number."""

    ticket: int
    job_id: str
    slurm_id: str
    """As `job_id`, but also of one job of an array a number of its own, which `scontrol` takes."""


def current_batch_job(folder: Path) -> BatchJob | None:
    """The batch job that this process is, if it is that of `folder`; None otherwise."""
    ticket, _, name = os.environ.get(processes.BATCH_VARIABLE, "").partition(" ")
    slurm_id = os.environ.get("SLURM_JOB_ID", "")
    if not slurm_id or not ticket.isdigit() or name != names.job_name(folder):
        return None
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID", ""), os.environ.get("SLURM_ARRAY_TASK_ID", "")
    return BatchJob(int(ticket), f"{array}_{task}" if array and task else slurm_id, slurm_id)


def is_batch_job() -> bool:
    """Whether this process belongs to a batch job of ours: it starts no processes that would outlive it."""
    return processes.BATCH_VARIABLE in os.environ


def check_start(folder: Path, batch: BatchJob) -> bool:
    """Whether this is a restart, as after the time limit; raises RunError where the job was cancelled or replaced.

    Hold `tickets.decision_lock()`.
    """
    queued, started = (read_json(folder / f"{name}.json") or {} for name in ("queued", "started"))
    queued_ticket, started_ticket = (tickets.valid_ticket(document.get("ticket")) for document in (queued, started))
    if batch.ticket not in (queued_ticket, started_ticket) or batch.ticket < max(queued_ticket, started_ticket):
        raise RunError(f"{names.job_name(folder)} was cancelled or submitted again: this job does nothing.")
    return started_ticket == batch.ticket


def allotted_device(requested: str | None, gpus: int) -> str:
    """The devices that Slurm gave to this job, such as "cuda:0,cuda:1"; raises RunError where they do not fit.

    Arguments are values of `job.device`, None for a task, and `job.gpus`. One GPU such as cuda:1 is any GPU here.
    """
    if requested is None:
        return "cpu"
    if by_torchrun():
        gpus = int(os.environ["LOCAL_WORLD_SIZE"])  # of this node
    wanted = "cuda" if requested.startswith("cuda:") else requested
    found, count = device_list.candidates(wanted, gpus)
    if not found:
        raise RunError(
            f"{device_list.no_such_device(wanted, gpus)} Slurm gave it no such device: check GAN_SLURM_GRES."
        )
    return ",".join(found[:count])


def last_signal(folder: Path) -> str:
    """The last signal to the batch script of a run on several nodes, "TERM" or "USR1"; "" if there was none."""
    try:
        return (folder / SIGNAL_FILE).read_text().strip() if by_torchrun() else ""
    except OSError:  # none yet, or it is being written
        return ""


def requeue(batch: BatchJob, after: Sequence[str] = ()) -> str:
    """Go back into Slurm's queue, until the jobs `after` have ended; returns why that failed, "" if it did not.

    Slurm ends this process some seconds later. A job cannot wait for others before it is back in the queue. Where this
    process ends before that, the job starts at once, and finds that they still work.
    """
    try:
        commands.run_requeue(batch.slurm_id)
    except RunError as error:
        return str(error)
    for _ in range(WAIT_TRIES if after else 0):
        with contextlib.suppress(RunError):  # it is still ending here
            commands.run_set_dependency(batch.slurm_id, after)
            break
        time.sleep(WAIT_SECONDS)
    return ""
