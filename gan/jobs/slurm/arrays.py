"""Job arrays: the jobs in the folders `<parent>/<number>`, given to Slurm by one sbatch, in the order of a packing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan.config.slurm_settings import slurm_settings
from gan.errors import UserError
from gan.io.json_files import read_json
from gan.jobs import kinds, tickets, waiting_jobs
from gan.jobs.engines import SLURM
from gan.jobs.holders import read_holder
from gan.jobs.slurm import script
from gan.jobs.slurm.packing import MOST_AT_ONCE, PackedArray


@dataclass(frozen=True)
class SubmittedPack:
    """The job of a pack: its folder, Slurm's number, and the keys of its units."""

    folder: Path
    job_id: str
    keys: tuple[str, ...]


def submit_arrays(
    parent: Path, arrays: Sequence[PackedArray], device: str, gpus: int = 1, first: int = 0
) -> list[SubmittedPack]:
    """Submit packed arrays; the jobs get the folders `<parent>/<first>`, `<parent>/<first + 1>`, ... in order.

    `device` and `gpus` are values of `job.device` and `job.gpus`. Each job finds its units by its folder's number. It
    starts once those that it waits for have succeeded, and is cancelled where one has failed. Raises SlurmError with
    Slurm's own words where an array is refused; the arrays before it are then cancelled, and no folder stays queued.
    """
    submitted: list[SubmittedPack] = []
    try:
        for packed in arrays:
            jobs = {key: pack.job_id for pack in submitted for key in pack.keys}
            after = sorted({jobs[key] for key in packed.after}, key=_order)
            begin = first + len(submitted)
            folders = [parent / str(begin + number) for number in range(len(packed.packs))]
            job_ids = _submit(folders, device, gpus, after)
            keys = [pack.keys for pack in packed.packs]
            submitted += [SubmittedPack(*parts) for parts in zip(folders, job_ids, keys, strict=True)]
    except UserError:
        for pack in submitted:
            SLURM.cancel(pack.job_id)
            with tickets.decision_lock():
                waiting_jobs.dequeue(pack.folder)
        raise
    return submitted


def job_id_of(folder: Path) -> str:
    """Slurm's number of the job in a folder; "" where it has none."""
    queued = waiting_jobs.queued_job(folder)
    return queued.job_id if queued else read_holder(read_json(folder / "started.json") or {}).job_id


def _submit(folders: list[Path], device: str, gpus: int, after: list[str]) -> list[str]:
    """Submit one array; gives the numbers of its jobs."""
    with tickets.decision_lock():
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            kinds.check_folder(folder)
            waiting_jobs.enqueue(folder, device, gpus=gpus, engine="slurm")
        given = [tickets.valid_ticket((read_json(folder / "queued.json") or {}).get("ticket")) for folder in folders]
    try:
        asked = script.resources(device, gpus)
        text = script.array_script(folders, given, asked, slurm_settings(), after, MOST_AT_ONCE)
        job_ids = SLURM.submit_array(text, [int(folder.name) for folder in folders])
    except UserError:
        with tickets.decision_lock():
            for folder in folders:
                waiting_jobs.dequeue(folder)
        raise
    with tickets.decision_lock():
        for folder, job_id, ticket in zip(folders, job_ids, given, strict=True):
            waiting_jobs.set_job_id(folder, job_id, ticket)
    return job_ids


def _order(job_id: str) -> list[int]:
    return [int(part) for part in job_id.split("_")]
