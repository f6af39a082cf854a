"""The estimated duration of a study, timed by a task and kept in the run's folder for the page. No torch."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from gan.evaluation.job import job_folder
from gan.evaluation.study.study_options import StudyOptions
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.runs.run import Run, format_seen


def cached_study_estimate(run: Run, snapshot: int, options: StudyOptions) -> list[str] | None:
    """How long a study of this snapshot takes on this machine, in lines of text; None where no task has timed it."""
    document = read_json(_path(run, snapshot, options)) or {}
    lines = document.get("lines")
    if document.get("generator_sha256") != _generator_sha256(run, snapshot) or not isinstance(lines, list):
        return None
    return [str(line) for line in lines]


def save_study_estimate(run: Run, snapshot: int, options: StudyOptions, lines: list[str]) -> None:
    """Keep an estimate for `cached_study_estimate`."""
    document = {"lines": lines, "generator_sha256": _generator_sha256(run, snapshot)}
    write_json(_path(run, snapshot, options), document)


def _path(run: Run, snapshot: int, options: StudyOptions) -> Path:
    """The file of an estimate, named by a hash of the options. The device is not one of them: the job has one."""
    digest = hashlib.sha256(json.dumps(asdict(options) | {"device": ""}, sort_keys=True).encode()).hexdigest()[:16]
    return job_folder(run, "study-estimate") / f"{format_seen(snapshot)}-{digest}.json"


def _generator_sha256(run: Run, snapshot: int) -> object:
    """Identifies the generator: a run that was deleted and trained again under its name has another."""
    return (read_json(run.snapshot(snapshot) / "ready.json") or {}).get("sha256")
