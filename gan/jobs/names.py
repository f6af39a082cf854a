"""What a job is called: its folder's path below the store, which is a run's name, or `breast/evaluation/study`.

A device's lock holds this name while the job has the device.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from gan.config import settings

PLACES = ("*", "*/evaluation/*", "*/exports/*", ".data/tasks/*", ".data/incoming/*")
"""Where the folders of jobs lie; which job each is, and whether it is one, says `kinds.py`."""
CALLED = {"scores": "scoring", "membership": "membership test"}
"""Evaluations whose folder's name is no name of the work."""


def job_name(folder: Path) -> str:
    """The job's name; of a folder outside the store only its own."""
    store = settings.store()
    return folder.relative_to(store).as_posix() if folder.is_relative_to(store) else folder.name


def run_name(name: str) -> str:
    """The run that a job works for: itself, where it is a run."""
    return name.partition("/")[0]


def describe_job(name: str) -> str:
    """`the run breast`, or for work beside a run `the study of breast`, as sentences go on."""
    path = PurePosixPath(name)
    if len(path.parts) == 3 and path.parts[1] == "evaluation":
        return f"the {CALLED.get(path.name, path.name)} of {path.parts[0]}"
    if path.parts[:2] == (".data", "incoming"):
        return "the check of an upload"
    return f"the run {name}" if len(path.parts) == 1 else f"the task {path.name}"


def job_files(name: str) -> Iterator[Path]:
    """The files of that name, such as started.json, in every folder that can be a job's."""
    for pattern in PLACES:
        yield from settings.store().glob(f"{pattern}/{name}")
