"""The scores of a snapshot, stored in the run's folder as `evaluation/<seen>[-test].json`. No torch.

Scores for choosing a snapshot are computed on the validation split. The test split is read only on request; its results
are separate files, and nothing is chosen by them. `made_with` holds everything needed to compute a result again.
"""

import functools
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from gan.config import settings
from gan.errors import DamagedFileError, RunError
from gan.evaluation.records.result_document import PARTS
from gan.io.atomic import FileVersion, file_version, write_json
from gan.io.json_files import read_json, validated
from gan.io.untrusted_files import log_damaged
from gan.runs.run import Run, format_seen
from gan.runs.snapshots import is_overwritten

VERSION = 4
SPLITS = ("val", "test")
FEATURES = {"imagenet": "ImageNet features", "own": "own features"}
"""Features in which images are compared, and their names: of EfficientNet-Lite0, or of the reference classifier."""


@dataclass(frozen=True)
class EvaluationResult:
    """One snapshot against the real images of one split. Shares are from 0 to 1; intervals are 95%.

    `obedience`: accuracy of the reference classifier on synthetic images. `cas`: accuracy on the split's real images of
    a classifier trained on synthetic images alone. `real_accuracy`: accuracy of the reference classifier on the same
    images. Each `_balanced` weighs conditions equally, and guessing reaches `chance` in it.

    `precision` to `frechet` compare `n["scores"]` real with as many synthetic images in `features`, a key of FEATURES;
    so do those of `per_condition`, and `features_ratio` of `diversity`. `floor` has the same scores between two halves
    of the real images, `like_floor` between one of these halves and as many synthetic images: compare those two.
    `own` has all of these, with their `intervals`, in own features, where `features` are others: they tell the classes
    apart and little else, so that they rank no snapshot, but their coverage says which kinds of images are missing.
    `diversity` is the pixel spread within a condition, `near_copies` as in `near_copies.py`. `split_copies` counts the
    compared real images that are near copies of training images, and has the scores `without` them, None where there
    is none or too few others; it is None where they were not counted. `per_condition` has one row per condition,
    `combinations` one per unseen pair of attributes.
    """

    version: int
    run: str
    snapshot: int
    split: str
    features: str
    n: dict[str, int]
    obedience: float
    obedience_balanced: float
    cas: float
    cas_balanced: float
    real_accuracy: float
    real_accuracy_balanced: float
    chance: float
    precision: float
    recall: float
    density: float
    coverage: float
    kid: float
    frechet: float
    floor: dict[str, float]
    like_floor: dict[str, float]
    own: dict[str, Any] | None
    diversity: dict[str, float | None]
    near_copies: dict[str, Any]
    split_copies: dict[str, Any] | None
    per_condition: list[dict[str, Any]]
    combinations: list[dict[str, Any]]
    intervals: dict[str, tuple[float, float]]
    notices: list[str]
    made_with: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON document, numbers rounded to six significant digits."""
        document: dict[str, Any] = round_floats(asdict(self))
        return document

    def as_text(self) -> str:
        """The main scores for a terminal, each beside its floor."""
        split = {"val": "validation", "test": "test"}[self.split]
        lines = [f"{self.run} after {self.snapshot:,} images, against {self.n['scores']:,} real {split} images"]
        for name, label in (("obedience", "obedience"), ("cas", "CAS"), ("real_accuracy", "trained on real images")):
            low, high = self.intervals[name]
            balanced = getattr(self, f"{name}_balanced")
            lines.append(
                f"  {label:<24} {getattr(self, name):6.1%}  ({low:.1%} to {high:.1%}); balanced {balanced:.1%}"
            )
        for features, scores in ((self.features, asdict(self)), ("own", self.own)):
            if scores is not None:
                lines.append(f"  compared in {FEATURES[features]}:")
                lines.append(f"  {'score':<24} {'synthetic':>9}  at n = {self.n['floor']:<5} real against real")
                for name in ("precision", "recall", "density", "coverage", "kid", "frechet"):
                    now, like, floor = scores[name], scores["like_floor"][name], scores["floor"][name]
                    lines.append(f"  {name:<24} {now:9.3f}  {like:11.3f} {floor:17.3f}")
        ratio, copies = self.diversity["ratio"], self.near_copies
        if ratio is not None:
            lines.append(f"  {'diversity':<24} {ratio:9.2f}  of the diversity of real images, within a condition")
        lines.append(f"  {'near copies':<24} {copies['count']:9,}  of {copies['checked']:,} synthetic images")
        if self.split_copies is not None:
            real = self.split_copies
            lines.append(f"  {'':<24} {real['count']:9,}  of {real['checked']:,} real {split} images")
        return "\n".join([*lines, *(f"  Note: {notice}" for notice in self.notices)])

    def save(self, run: Run) -> Path:
        """Write the result into the run's folder, replacing an earlier one of the same snapshot and split."""
        path = result_path(run, self.snapshot, self.split)
        path.parent.mkdir(exist_ok=True)
        write_json(path, self.as_json())
        return path


def result_path(run: Run, snapshot: int, split: str = "val") -> Path:
    """The file of a snapshot's result on a split."""
    return run.path / "evaluation" / f"{format_seen(snapshot)}{_suffix(split)}.json"


def _suffix(split: str) -> str:
    return "" if split == "val" else f"-{split}"


def load_result(run: Run, snapshot: int, split: str = "val") -> EvaluationResult:
    """The result of a snapshot; raises RunError where there is none of its generator, or it cannot be read."""
    result = _read(result_path(run, snapshot, split))
    if result is None or is_overwritten(run.snapshot_folder(snapshot), result.made_with):
        raise RunError(
            f"The snapshot {snapshot} of {run.name} has no evaluation on the {split} split: "
            f"`{settings.PROGRAM} evaluate {run.name} --snapshot {snapshot}` makes it."
        )
    return result


def list_results(run: Run, split: str = "val") -> list[EvaluationResult]:
    """All readable results on a split, by snapshot, ascending, without those of generators that were overwritten."""
    return [
        result
        for result in list_all_results(run, split)
        if not is_overwritten(run.snapshot_folder(result.snapshot), result.made_with)
    ]


def list_all_results(run: Run, split: str = "val") -> list[EvaluationResult]:
    """As `list_results`, with those of generators that were overwritten since."""
    pattern = "?" * 9 + _suffix(split) + ".json"
    results = (_read(path) for path in sorted((run.path / "evaluation").glob(pattern)))
    return [result for result in results if result is not None]


def document_version(path: Path) -> FileVersion:
    """The version of a document as a cache key; None where there is none, or reading it will say what is wrong."""
    try:
        return file_version(path)
    except OSError:
        return None


def round_floats(value: Any) -> Any:
    """A JSON document with its numbers at six significant digits."""
    if isinstance(value, float):
        return round(value, 3) if abs(value) > 1000 else float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: round_floats(part) for key, part in value.items()}
    return [round_floats(part) for part in value] if isinstance(value, list | tuple) else value


def _read(path: Path) -> EvaluationResult | None:
    return _read_version(path, document_version(path))


@functools.lru_cache(maxsize=4000)  # a page with a run of many snapshots reads each several times
def _read_version(path: Path, version: FileVersion) -> EvaluationResult | None:
    document = read_json(path)
    if document is None or document.get("version") != VERSION:
        return None
    if document.keys() != {field.name for field in fields(EvaluationResult)}:
        return None
    try:
        validated(path, document, PARTS)
        return validated(path, document, RESULT)
    except DamagedFileError as error:
        log_damaged(path, error)
        return None


RESULT = TypeAdapter(EvaluationResult)
