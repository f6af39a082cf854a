"""The name of a job: its folder's path below the store, that is a run's name, or `breast/evaluation/study`.

A device's lock file holds the name of the job that has the device.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from gan.config import settings
from gan.jobs.job_access import may_see_job

FOLDER_PATTERNS = (
    "*",
    "*/evaluation/*",
    "*/evaluation/study/parts/*",
    "*/exports/*",
    ".data/tasks/*",
    ".data/incoming/*",
)
"""Glob patterns of the folders in which jobs may lie; `kinds.py` decides."""
EVALUATION_TITLES = {
    "scores": "scoring",
    "snapshot-scores": "scoring of all snapshots",
    "membership": "membership test",
    "selector": "training of the classifier that selects images",
    "calibration": "calibration of near copies",
    "study-estimate": "time estimate of the study",
}
"""Evaluations that are not called by their folder's name."""
OF_OTHERS = "a job of somebody else"
TASK_TITLES = {"prepare": "the reading of", "suspects": "the search for wrong labels in", "doctor": "the system check"}
"""Tasks that belong to no run, by the first part of their folder's name; the rest names the set."""


def job_name(folder: Path) -> str:
    """The job's name; for a folder outside the store only the folder's own."""
    store = settings.store()
    return folder.relative_to(store).as_posix() if folder.is_relative_to(store) else folder.name


def run_name(name: str) -> str:
    """The name of the run that the job of that name belongs to."""
    return name.partition("/")[0]


def describe_job(name: str) -> str:
    """The job within a sentence: `the run breast`, `the study of breast`, `a download of breast`.

    A job that the current person may not see has no name.
    """
    if not may_see_job(name):
        return OF_OTHERS
    path = PurePosixPath(name)
    if len(path.parts) == 3 and path.parts[1] == "evaluation":
        return f"the {EVALUATION_TITLES.get(path.name, path.name)} of {path.parts[0]}"
    if len(path.parts) == 5 and path.parts[3] == "parts":
        return f"part {path.name} of the study of {path.parts[0]}"
    if len(path.parts) == 3 and path.parts[1] == "exports" and path.name.startswith("generator-"):
        return f"the writing of the generator of {path.parts[0]}"
    if len(path.parts) == 3 and path.parts[1] == "exports":
        return f"a download of {path.parts[0]}"
    if path.parts[:2] == (".data", "incoming"):
        return "the check of added images"
    if path.parts[:2] == (".data", "tasks"):
        kind, _, subject = path.name.partition("-")
        if kind == "timing":
            return "the timing of some training steps"
        return f"{TASK_TITLES.get(kind, f'the task {kind}')} {subject}".strip()
    return f"the run {name}"


def capitalised(text: str) -> str:
    """The text as the beginning of a sentence."""
    return text[0].upper() + text[1:]


def is_part(name: str) -> bool:
    """Whether the job of that name is a part of another, which waits for it."""
    return PurePosixPath(name).parts[3:4] == ("parts",)


def job_files(name: str) -> Iterator[Path]:
    """All files of that name, such as started.json, in folders in which jobs may lie."""
    for pattern in FOLDER_PATTERNS:
        yield from settings.store().glob(f"{pattern}/{name}")
