"""Slurm's programs, as plain commands. Each error has Slurm's own words."""

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gan.errors import RunError
from gan.jobs import processes

TIMEOUT = 30.0  # seconds for each command; Slurm's own clients give up after about ten
FORMAT = "%i|%T|%r|%N|%Q|%S|%j"
"""Of squeue: id, state, reason, nodes, priority, start, name. Text, as `--json` ignores squeue's filters in Slurm 22
and changes its fields from version to version; this format is the same in all."""
PASSED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "SLURM_CONF", "KRB5CCNAME", "XDG_RUNTIME_DIR")
"""Variables for Slurm's programs. No other SLURM_* or SBATCH_*, which would change a job: the server may be a job."""


class SlurmError(RunError):
    """What a program of Slurm's said, or that it did not answer."""


@dataclass(frozen=True)
class SlurmJob:
    """A job as squeue lists it. `priority` is larger for jobs that start earlier; `start` is its expected time."""

    job_id: str
    state: str
    reason: str
    node: str
    priority: int
    start: str
    name: str


def is_installed() -> bool:
    """Whether this machine can submit jobs."""
    return shutil.which("sbatch") is not None


def run_sbatch(script: str) -> str:
    """Submit a batch script; returns the job's id. Raises SlurmError with the words of sbatch."""
    printed = _run(["sbatch", "--parsable"], script, environment=processes.job_environment(os.environ))
    job_id = printed.strip().split(";")[0]
    if not re.fullmatch("[0-9]+", job_id):
        raise SlurmError(f"sbatch printed no job's number but: {printed.strip()[:200]}")
    return job_id


def run_squeue(users: Collection[int]) -> list[SlurmJob]:
    """All jobs of these users (numbers of accounts), with those that ended a few minutes ago; one line of an array
    each. Raises SlurmError where Slurm does not answer."""
    arguments = ["squeue", "--noheader", "--array", "--states=all", f"--format={FORMAT}"]
    printed = _run([*arguments, f"--user={','.join(map(str, sorted(users)))}"])
    return [job for line in printed.splitlines() if (job := _parsed(line))]


def run_scancel(job_ids: Sequence[str], signal: str = "") -> None:
    """End jobs, or send a signal to their main processes only; nothing happens to jobs that have ended.

    Raises SlurmError.
    """
    signalled = ["--batch", f"--signal={signal}"] if signal else []
    try:
        _run(["scancel", *signalled, *job_ids])
    except SlurmError as error:
        if not re.search(r"Invalid job id|already complet|Job/step already", str(error)):
            raise


def run_requeue(job_id: str) -> None:
    """Put a running job back into Slurm's queue; raises SlurmError."""
    _run(["scontrol", "requeue", job_id])


def run_set_dependency(job_id: str, after: Sequence[str]) -> None:
    """Have a waiting job start only after other jobs have ended, however they end; raises SlurmError."""
    _run(["scontrol", "update", f"jobid={job_id}", f"dependency=afterany:{':'.join(after)}"])


def version() -> str:
    """Such as "slurm-wlm 22.05.8"; raises SlurmError where Slurm is not installed."""
    return _run(["squeue", "--version"]).strip()


def _parsed(line: str) -> SlurmJob | None:
    parts = line.strip().split("|", 6)
    if len(parts) < 7:
        return None
    job_id, state, reason, node, priority, start, name = parts
    return SlurmJob(job_id, state, reason, node, int(priority) if priority.isdigit() else 0, start, name)


def _run(command: Sequence[str], text: str = "", environment: dict[str, str] | None = None) -> str:
    program = command[0]
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    clean = {name: v for name, v in (environment or {}).items() if not name.startswith(("SLURM_", "SBATCH_"))}
    try:
        done = subprocess.run(
            command,
            input=text,
            env={**clean, **passed},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        advice = "Install Slurm's programs on this machine, or set job.engine to local."
        raise SlurmError(f"There is no program {program} on this machine. {advice}") from None
    except subprocess.TimeoutExpired:
        raise SlurmError(f"Slurm does not answer: {program} gave nothing within {TIMEOUT:.0f} s.") from None
    if done.returncode:
        words = [line.strip().removeprefix(f"{program}: ").removeprefix("error: ") for line in done.stderr.splitlines()]
        said = " ".join(dict.fromkeys(word for word in words if word)) or f"it ended with exit code {done.returncode}"
        raise SlurmError(f"Slurm refused ({program}): {said[:600]}")
    return done.stdout
