"""The name of a job: its folder's path below the store, that is a run's name, or `breast/evaluation/study`.

A device's lock file holds the name of the job that has the device.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from gan.config import settings

FOLDER_PATTERNS = (
    "*",
    "*/evaluation/*",
    "*/evaluation/study/parts/*",
    "*/exports/*",
    ".data/tasks/*",
    ".data/incoming/*",
)
"""Glob patterns of the folders in which jobs may lie; `kinds.py` decides."""
EVALUATION_TITLES = {"scores": "scoring", "membership": "membership test"}
"""Evaluations that are not called by their folder's name."""


def job_name(folder: Path) -> str:
    """The job's name; for a folder outside the store only the folder's own."""
    store = settings.store()
    return folder.relative_to(store).as_posix() if folder.is_relative_to(store) else folder.name


def run_name(name: str) -> str:
    """The name of the run that the job of that name belongs to."""
    return name.partition("/")[0]


def describe_job(name: str) -> str:
    """The job within a sentence: `the run breast`, `the study of breast`."""
    path = PurePosixPath(name)
    if len(path.parts) == 3 and path.parts[1] == "evaluation":
        return f"the {EVALUATION_TITLES.get(path.name, path.name)} of {path.parts[0]}"
    if len(path.parts) == 5 and path.parts[3] == "parts":
        return f"part {path.name} of the study of {path.parts[0]}"
    return f"the run {name}" if len(path.parts) == 1 else f"the task {path.name}"


def is_part(name: str) -> bool:
    """Whether the job of that name is a part of another, which waits for it."""
    return PurePosixPath(name).parts[3:4] == ("parts",)


def job_files(name: str) -> Iterator[Path]:
    """All files of that name, such as started.json, in folders in which jobs may lie."""
    for pattern in FOLDER_PATTERNS:
        yield from settings.store().glob(f"{pattern}/{name}")
