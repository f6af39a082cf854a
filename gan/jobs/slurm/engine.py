"""Slurm as an engine: gives jobs to sbatch, and says from the cached queue what became of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from gan.config import slurm_settings
from gan.jobs.engine import EngineJob, EngineName
from gan.jobs.slurm import commands, reasons, script
from gan.jobs.slurm.commands import SlurmJob
from gan.jobs.slurm.queue_cache import VANISHED, Entry, QueueCache


class SlurmEngine:
    """The cluster that this machine submits to."""

    name: EngineName = "slurm"

    def __init__(self) -> None:
        self._cache = QueueCache()

    def script(self, folder: Path, ticket: int, device: str, gpus: int) -> str:
        """The batch script of a job, as `submit` sends it; raises ConfigError for an invalid setting."""
        slurm = slurm_settings.slurm_settings()
        return script.batch_script(folder, ticket, script.resources(device, gpus, slurm.gpus_per_node), slurm)

    def submit(self, folder: Path, ticket: int, device: str, gpus: int) -> str:
        """Give the job to Slurm; returns its number. Raises SlurmError, with Slurm's own words, and ConfigError."""
        job_id = commands.run_sbatch(self.script(folder, ticket, device, gpus))
        self._cache.note_submitted([job_id])
        return job_id

    def submit_array(self, text: str, numbers: Sequence[int]) -> list[str]:
        """Give a script of `script.array_script` to Slurm; returns the name of each job. Raises SlurmError."""
        array = commands.run_sbatch(text)
        job_ids = [f"{array}_{number}" for number in numbers]
        self._cache.note_submitted(job_ids)
        return job_ids

    def ask_to_stop(self, job_id: str) -> None:
        """Signal a running job to save and end; raises SlurmError."""
        commands.run_scancel([job_id], "TERM")

    def cancel(self, job_id: str) -> None:
        """Take a job out of the queue, or end it after Slurm's own grace; raises SlurmError."""
        commands.run_scancel([job_id])
        self._cache.forget()

    def problem(self) -> str:
        """Why Slurm did not answer last; "" if it did."""
        return self._cache.error()

    def job_states(self, job_ids: Collection[str]) -> Mapping[str, EngineJob] | None:
        """The state of each of these jobs, at most a few seconds old; None while Slurm does not answer."""
        entries = self._cache.jobs(job_ids)
        if entries is None:
            return None
        places = _places(self._cache.all_jobs())
        gone = EngineJob("gone", reasons.FORGOTTEN, outcome="lost")
        return {
            job_id: _engine_job(entries[job_id], places.get(job_id)) if job_id in entries else gone
            for job_id in job_ids
        }


def _engine_job(entry: Entry, place: int | None) -> EngineJob:
    job = entry.job
    if job.state in reasons.WAITING_STATES:
        sentences = [reasons.waiting_reason(job.reason), _expected_start(job)]
        return EngineJob("waiting", " ".join(filter(None, sentences)), place=place, time=entry.seen)
    if job.state in reasons.RUNNING_STATES:
        reason = "Slurm has suspended it." if job.state in ("SUSPENDED", "STOPPED") else ""
        return EngineJob("running", reason, job.node)
    if job.state in reasons.ENDING_STATES:
        return EngineJob("ending", "", job.node)
    if job.state == VANISHED:
        return EngineJob("gone", reasons.FORGOTTEN, job.node, outcome="lost")
    reason, outcome = reasons.ended_reason(job.state)
    return EngineJob("gone", reason, job.node, outcome=outcome)


def _places(entries: Mapping[str, Entry]) -> dict[str, int]:
    """The places of this store's waiting jobs among themselves, in the order in which Slurm would start them."""
    waiting = [entry.job for entry in entries.values() if entry.job.state == "PENDING"]
    waiting.sort(key=lambda job: (-job.priority, [int(part) for part in job.job_id.split("_")]))
    return {job.job_id: place for place, job in enumerate(waiting, 1)}


def _expected_start(job: SlurmJob) -> str:
    """When Slurm expects to start it, "" without an estimate."""
    try:
        start = datetime.fromisoformat(job.start)
    except ValueError:
        return ""
    if start <= datetime.now():
        return ""
    today = start.date() == datetime.now().date()
    return f"Slurm expects to start it by {start.strftime('%H:%M' if today else '%d %B, %H:%M')}."
