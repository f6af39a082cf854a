"""The stored studies of a run: found, and read as `StudyResult`. No torch.

Anybody may have damaged or forged their files: what does not have the form of a study of this version is as good as
missing, and logged.
"""

import functools
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.config import settings
from gan.errors import DamagedFileError, RunError
from gan.evaluation.records.results import document_version
from gan.evaluation.records.study_results import VERSION, StudyResult, study_path
from gan.evaluation.study.arms import ArmPlan
from gan.io.atomic import FileVersion
from gan.io.json_files import read_json, validated
from gan.io.untrusted_files import log_damaged
from gan.runs.run import Run
from gan.runs.snapshots import is_overwritten


def load_study(run: Run, snapshot: int) -> StudyResult:
    """The study of a snapshot; raises RunError where there is none of its generator, or it cannot be read."""
    result, again = (
        _read_study(study_path(run, snapshot)),
        f"`{settings.PROGRAM} evaluate {run.name} --snapshot {snapshot} --study`",
    )
    if result is None and is_outdated(run, snapshot):
        raise RunError(
            f"The augmentation study of the snapshot {snapshot} of {run.name} cannot be read: it is damaged or from "
            f"another version. {again} runs it again."
        )
    if result is None or is_overwritten(run.snapshot_folder(snapshot), result.made_with):
        raise RunError(f"The snapshot {snapshot} of {run.name} has no augmentation study: {again} runs it.")
    return result


def is_outdated(run: Run, snapshot: int) -> bool:
    """Whether there is a study of this snapshot that cannot be read."""
    path = study_path(run, snapshot)
    return read_json(path) is not None and _read_study(path) is None


def list_studies(run: Run) -> list[StudyResult]:
    """All readable studies of a run, by snapshot, ascending, without those of generators that were overwritten."""
    results = (_read_study(path) for path in sorted((run.path / "evaluation").glob("?????????-study.json")))
    return [
        result
        for result in results
        if result is not None and not is_overwritten(run.snapshot_folder(result.snapshot), result.made_with)
    ]


def _read_study(path: Path) -> StudyResult | None:
    return _read_version(path, document_version(path))


@functools.lru_cache(maxsize=500)  # a page reads it several times, and a study of many attributes is large
def _read_version(path: Path, version: FileVersion) -> StudyResult | None:
    document = read_json(path)
    if document is None or document.get("version") != VERSION:
        return None
    if document.keys() != {field.name for field in fields(StudyResult)}:
        return None
    try:
        for regime in document["regimes"]:
            for key in ("arms", "tested"):
                regime[key] = [_nested(arm) for arm in regime[key]]
        validated(path, document, PARTS)
        return validated(path, document, RESULT)
    except (TypeError, KeyError, AttributeError, DamagedFileError) as error:
        log_damaged(path, error)
        return None


def _nested(arm: dict[str, Any]) -> dict[str, Any]:
    """An arm's document with its plan nested under `plan`, as in `Arm`."""
    planned = {field.name for field in fields(ArmPlan)}
    plan = {name: value for name, value in arm.items() if name in planned}
    return {name: value for name, value in arm.items() if name not in planned} | {"plan": plan}


class _SealedTest(TypedDict):
    """The keys of `StudyResult.test` that pages and reports read."""

    images: Annotated[int, Field(ge=0)]
    groups: Annotated[int, Field(ge=0)]
    grouped: bool
    groups_per_class: dict[str, int]
    near_copies: Annotated[int, Field(ge=0)]
    folds: Annotated[int, Field(ge=1)]


class _Generator(TypedDict):
    """The keys of `Regime.generator` that every generator has."""

    name: str
    kimg: float


class _Guard(TypedDict):
    """The keys of `Regime.guard`."""

    images: int
    near_copies: int
    kept: int


class _RegimeParts(TypedDict):
    generator: _Generator
    guard: _Guard
    test: _SealedTest


class _Parts(TypedDict):
    test: _SealedTest
    regimes: list[_RegimeParts]


RESULT = TypeAdapter(StudyResult)
PARTS = TypeAdapter(_Parts)
