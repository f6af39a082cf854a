"""How a run on several GPUs is started.

On one machine, by this machine's scheduler or by Slurm: as any job, by `kinds.job_command(folder)`, once. The process
of the job is rank 0: it starts the others itself, watches them and ends them (`gan/training/rank_processes.py`).

On several machines: by `torchrun_command` on each of them, as with

    srun --ntasks-per-node=1 python <arguments>

Every process that torchrun starts finds its rank in the environment. Rank 0, on the machine that torchrun chose, is the
worker of the job and does all that one process does: locks, status, metrics, snapshots, end.json. The others hold no
lock, ignore SIGTERM and Ctrl-C, and stop when rank 0 does, because torchrun passes a signal on to all of them. Ranks
are as many as `job.gpus`. A rank that dies ends the run; torchrun then ends the ranks that are left, and its exit code
is not 0.
"""

import os
from pathlib import Path

from gan.jobs import kinds

RANK_VARIABLE = "GAN_RANK"
"""In a process that rank 0 started: its number, their count, and the path of their store."""


def is_other_rank() -> bool:
    """Whether this process is a rank of a run other than 0, started by rank 0 or by torchrun."""
    return RANK_VARIABLE in os.environ or (by_torchrun() and os.environ.get("RANK") != "0")


def by_torchrun() -> bool:
    """Whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def torchrun_command(folder: Path, *, machines: int, per_machine: int, endpoint: str, job_id: str) -> list[str]:
    """The interpreter's arguments that start the job in `folder` on `machines` machines with `per_machine` ranks each.

    Args:
        endpoint: "HOST:PORT" of one of the machines, where the ranks find each other; the port is free there.
        job_id: the same text on all machines, and another one for another start.

    Raises RunError if no job may run in the folder.
    """
    return [
        "-m",
        "torch.distributed.run",
        f"--nnodes={machines}",
        f"--nproc-per-node={per_machine}",
        "--rdzv-backend=c10d",
        f"--rdzv-endpoint={endpoint}",
        f"--rdzv-id={job_id}",
        "--max-restarts=0",
        "--role=rank",
        "--tee=3",  # each line of a rank's output in the log begins with its number
        "-m",
        "--",  # else torchrun takes the job's options for abbreviations of its own
        *kinds.job_command(folder)[1:],
    ]
