"""The estimated duration of a study, timed by a task and kept in the run's folder for the page. No torch."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from gan.evaluation.job import job_folder
from gan.evaluation.study.study_options import StudyOptions
from gan.io.atomic import write_json
from gan.io.json_files import read_json, read_typed_or_none
from gan.runs.run import Run, format_seen


@dataclass(frozen=True)
class SavedEstimate:
    """How long a study takes: `classifiers` to train in about `seconds`. `sees` are lines on the gain that it can see;
    `lines` is the whole estimate as text."""

    classifiers: int
    seconds: float
    sees: list[str]
    lines: list[str]


class _File(TypedDict):
    """The file of an estimate; `generator_sha256` is the generator's, which a run trained again has not."""

    generator_sha256: str
    estimate: SavedEstimate


FILE = TypeAdapter(_File)


def cached_study_estimate(run: Run, snapshot: int, options: StudyOptions) -> SavedEstimate | None:
    """The estimate of a study of this snapshot on this machine; None where no task has timed it."""
    found = read_typed_or_none(_path(run, snapshot, options), FILE)
    return found["estimate"] if found is not None and found["generator_sha256"] == _sha256(run, snapshot) else None


def save_study_estimate(run: Run, snapshot: int, options: StudyOptions, estimate: SavedEstimate) -> None:
    """Keep an estimate for `cached_study_estimate`."""
    document = {"estimate": asdict(estimate), "generator_sha256": _sha256(run, snapshot)}
    write_json(_path(run, snapshot, options), document)


def _path(run: Run, snapshot: int, options: StudyOptions) -> Path:
    """The file of an estimate, named by a hash of the options. The device is not one of them: the job has one."""
    digest = hashlib.sha256(json.dumps(asdict(options) | {"device": ""}, sort_keys=True).encode()).hexdigest()[:16]
    return job_folder(run, "study-estimate") / f"{format_seen(snapshot)}-{digest}.json"


def _sha256(run: Run, snapshot: int) -> object:
    """Identifies the generator: a run that was deleted and trained again under its name has another."""
    return (read_json(run.snapshot(snapshot) / "ready.json") or {}).get("sha256")
