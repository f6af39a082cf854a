"""Which snapshot of a run is the best: that with the lowest kernel distance on the validation split. No torch.

Evaluations and light scores are never compared with each other: those of which more snapshots have some decide. Light
scores rank by ImageNet features where they have them. The features of a classifier that learned a small set tell its
classes apart and little else: with 834 blood cells they called blurred cells with a checkerboard, after 20 thousand
images, the best, and ImageNet features those after 50 thousand.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from gan.evaluation.records.light_scores import LightScore, list_light_scores
from gan.evaluation.records.results import EvaluationResult, list_results
from gan.runs.run import Run

SnapshotScore = EvaluationResult | LightScore


class KernelDistance(NamedTuple):
    """A kernel distance with its 95% interval, and its features: `own` or `ImageNet`."""

    value: float
    interval: tuple[float, float]
    features: str


def kernel_distance(score: SnapshotScore) -> KernelDistance:
    """The kernel distance by which a snapshot is ranked."""
    if isinstance(score, LightScore) and score.pretrained is not None:
        low, high = score.pretrained["intervals"]["kid"]
        return KernelDistance(score.pretrained["kid"], (low, high), "ImageNet")
    return KernelDistance(score.kid, score.intervals["kid"], "own")


def best_snapshot(run: Run) -> int | None:
    """The existing snapshot with the lowest kernel distance; None without scores."""
    best = best_score(run)
    return None if best is None else best.snapshot


def best_of_several(run: Run) -> int | None:
    """The best snapshot, to be marked as such; None where fewer than two existing snapshots have comparable scores."""
    best, scores = best_score(run), comparable_scores(run)
    return best.snapshot if best is not None and len(scores) > 1 else None


def best_score(run: Run) -> SnapshotScore | None:
    """The scores that make a snapshot the best; None without scores."""
    return min(comparable_scores(run), key=kernel_distance, default=None)


def best_text(run: Run) -> str:
    """The best snapshot and its score in a phrase, `after 120,000 images: kernel distance 0.012 (0.008 to 0.016) in own
    features, light scores on 500 images`; "" without scores."""
    best = best_score(run)
    if best is None:
        return ""
    distance, (low, high), features = kernel_distance(best)
    kind = "light scores" if isinstance(best, LightScore) else "scores"
    return (
        f"after {best.snapshot:,} images: kernel distance {distance:.3g} ({low:.3g} to {high:.3g}) in "
        f"{features} features, {kind} on {best.n['scores']:,} images"
    )


def score_summary(score: SnapshotScore) -> dict[str, Any]:
    """The main scores of a snapshot as a JSON document."""
    copies, distance = score.near_copies, kernel_distance(score)
    return {
        "snapshot": score.snapshot,
        "light": isinstance(score, LightScore),
        "n": score.n["scores"],
        "features": distance.features,
        "kid": distance.value,
        "kid_interval": list(distance.interval),
        "obedience_balanced": score.obedience_balanced,
        "coverage": score.coverage,
        "diversity": score.diversity["ratio"],
        "near_copies": [copies["count"], copies["checked"]],
    }


def scores_over_time(run: Run) -> Sequence[SnapshotScore]:
    """The scores of all snapshots, deleted ones too, that are comparable with the newest, ascending: evaluations, or
    light scores where more snapshots have these."""
    evaluations, light = like_newest(list_results(run)), like_newest(list_light_scores(run))
    return light if len(light) > len(evaluations) else evaluations


def comparable_scores(run: Run) -> Sequence[SnapshotScore]:
    """The scores of existing snapshots among which the best is chosen, by snapshot, ascending.

    They are evaluations, or light scores where more snapshots have these: only such as are comparable with the newest
    of their kind, with the same data, features, seed and number of images.
    """
    existing = set(run.snapshots())
    evaluations, light = (
        like_newest([score for score in scores if score.snapshot in existing])
        for scores in (list_results(run), list_light_scores(run))
    )
    return light if len(light) > len(evaluations) else evaluations


def like_newest(scores: Sequence[SnapshotScore]) -> Sequence[SnapshotScore]:
    """Those that are comparable with the newest: same data, features, seed and number of images."""
    if not scores:
        return []
    newest = max(scores, key=lambda score: float(score.made_with["time"]))
    return [score for score in scores if _settings(score) == _settings(newest)]


def _settings(score: SnapshotScore) -> tuple[Any, ...]:
    made = score.made_with
    features = made["features_sha256"], kernel_distance(score).features
    return made["data_sha256"], features, made["seed"], score.n["scores"]
