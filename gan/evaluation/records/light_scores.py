"""The light scores of a snapshot, stored in the run's folder as `evaluation/<seen>-light.json`. No torch.

They use fewer images than an evaluation (`results.py`), train no classifier on synthetic images and read the validation
split only, so that every snapshot can have them while the run trains. They never replace an evaluation.
"""

import functools
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.config import settings
from gan.errors import DamagedFileError, RunError
from gan.evaluation.number_format import percent
from gan.evaluation.records.result_document import Interval, Share, Whole
from gan.evaluation.records.results import FEATURES, document_version, round_floats
from gan.io.atomic import FileVersion, write_json
from gan.io.json_files import read_json, validated
from gan.io.untrusted_files import log_damaged
from gan.jobs.status import Count, Timestamp
from gan.runs.run import Run, format_seen
from gan.runs.snapshots import is_overwritten

VERSION = 2
PATTERN = "?????????-light.json"


@dataclass(frozen=True)
class LightScore:
    """One snapshot against real validation images. Shares are from 0 to 1; intervals are 95%.

    Fields have the meaning that they have in `EvaluationResult`. `obedience_balanced` is beside
    `real_accuracy_balanced`, the accuracy of the same classifier on real images; `kid` and `coverage`, in `features`,
    are beside `floor` at the counts of `like_floor`, and `own` has all of these in own features; `near_copies` has its
    rate among real images in `held_out`.
    """

    version: int
    run: str
    snapshot: int
    features: str
    n: dict[str, int]
    obedience_balanced: float
    real_accuracy_balanced: float
    chance: float
    kid: float
    coverage: float
    floor: dict[str, float]
    like_floor: dict[str, float]
    own: dict[str, Any] | None
    diversity: dict[str, float | None]
    near_copies: dict[str, Any]
    intervals: dict[str, tuple[float, float]]
    notices: list[str]
    made_with: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The scores as a JSON document, numbers rounded to six significant digits."""
        document: dict[str, Any] = round_floats(asdict(self)) | {"light": True}
        return document

    def as_text(self) -> str:
        """The scores for a terminal, each beside its floor."""
        n, copies, held = self.n["scores"], self.near_copies, self.near_copies["held_out"]
        lines = [f"{self.run} after {self.snapshot:,} images, light scores against {n:,} real validation images"]
        low, high = self.intervals["obedience_balanced"]
        lines.append(
            f"  {'obedience':<24} {percent(self.obedience_balanced):>9}  ({percent(low)} to {percent(high)}); "
            f"real images {percent(self.real_accuracy_balanced)}"
        )
        for features, scores in ((self.features, asdict(self)), ("own", self.own)):
            if scores is not None:
                lines.append(f"  compared in {FEATURES[features]}:")
                for name in ("kid", "coverage"):
                    low, high = scores["intervals"][name]
                    beside = f"at n = {scores['floor']['n']:.0f} {scores['like_floor'][name]:.3f}, "
                    beside += f"real against real {scores['floor'][name]:.3f}"
                    lines.append(f"  {name:<24} {scores[name]:9.3f}  ({low:.3f} to {high:.3f}); {beside}")
        if self.diversity["ratio"] is not None:
            lines.append(
                f"  {'diversity':<24} {self.diversity['ratio']:9.2f}  of that of real images, within a condition"
            )
        lines.append(
            f"  {'near copies':<24} {copies['count']:9,}  of {copies['checked']:,}; of real images "
            f"{held['count']:,} of {held['checked']:,}"
        )
        return "\n".join([*lines, *(f"  Note: {notice}" for notice in self.notices)])

    def save(self, run: Run) -> Path:
        """Write the scores into the run's folder, replacing earlier light ones of the same snapshot."""
        path = light_score_path(run, self.snapshot)
        path.parent.mkdir(exist_ok=True)
        write_json(path, {key: value for key, value in self.as_json().items() if key != "light"})
        return path


def light_score_path(run: Run, snapshot: int) -> Path:
    """The file of a snapshot's light scores."""
    return run.path / "evaluation" / f"{format_seen(snapshot)}-light.json"


def load_light_score(run: Run, snapshot: int) -> LightScore:
    """The light scores of a snapshot; raises RunError where there are none of its generator, or they are unreadable."""
    score = _read(light_score_path(run, snapshot))
    if score is None or is_overwritten(run.snapshot_folder(snapshot), score.made_with):
        raise RunError(
            f"The snapshot {snapshot} of {run.name} has no light scores: "
            f"`{settings.PROGRAM} evaluate {run.name} --snapshot {snapshot} --light` makes them."
        )
    return score


def list_light_scores(run: Run) -> list[LightScore]:
    """All readable light scores, by snapshot, ascending, without those of generators that were overwritten."""
    scores = (_read(path) for path in sorted((run.path / "evaluation").glob(PATTERN)))
    return [
        score
        for score in scores
        if score is not None and not is_overwritten(run.snapshot_folder(score.snapshot), score.made_with)
    ]


class _Counts(TypedDict):
    scores: Whole
    floor: Whole


class _Distances(TypedDict):
    kid: float
    coverage: float
    n: float


class _OwnIntervals(TypedDict):
    kid: tuple[float, float]
    coverage: Interval


class _InOwnFeatures(TypedDict):
    kid: float
    coverage: float
    floor: _Distances
    like_floor: _Distances
    intervals: _OwnIntervals


class _Intervals(_OwnIntervals):
    obedience_balanced: Interval
    real_accuracy_balanced: Interval


class _HeldOut(TypedDict):
    count: Whole
    checked: Annotated[int, Field(ge=1)]


class _NearCopies(TypedDict):
    count: Whole
    checked: Annotated[int, Field(ge=1)]
    interval: Interval
    held_out: _HeldOut


class _Diversity(TypedDict):
    ratio: Count | None


class _MadeWith(TypedDict):
    time: Timestamp
    cpu_seconds: Count
    start_cpu_seconds: Count
    seed: Whole
    data_sha256: dict[str, str]
    features_sha256: str
    generator_sha256: str
    seconds: NotRequired[Count]


class _Parts(TypedDict):
    """The parts that pages read."""

    snapshot: Whole
    features: Literal["imagenet", "own"]
    n: _Counts
    obedience_balanced: Share
    real_accuracy_balanced: Share
    floor: _Distances
    like_floor: _Distances
    own: _InOwnFeatures | None
    diversity: _Diversity
    near_copies: _NearCopies
    intervals: _Intervals
    made_with: _MadeWith


PARTS, SCORE = TypeAdapter(_Parts), TypeAdapter(LightScore)


def _read(path: Path) -> LightScore | None:
    return _read_version(path, document_version(path))


@functools.lru_cache(maxsize=4000)  # a page with a run of many snapshots reads each several times
def _read_version(path: Path, version: FileVersion) -> LightScore | None:
    document = read_json(path)
    if document is None or document.get("version") != VERSION:
        return None
    if document.keys() != {field.name for field in fields(LightScore)}:
        return None
    try:
        validated(path, document, PARTS)
        return validated(path, document, SCORE)
    except DamagedFileError as error:
        log_damaged(path, error)
        return None
