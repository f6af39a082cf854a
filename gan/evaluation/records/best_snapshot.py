"""Which snapshot of a run is the best: that with the lowest kernel distance on the validation split. No torch.

Evaluations and light scores are never compared with each other: those of which more snapshots have some decide. Nor are
scores in different features (`gan/evaluation/feature_choice.py`).
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from gan.evaluation.number_format import measure
from gan.evaluation.records.light_scores import LightScore, list_light_scores
from gan.evaluation.records.results import FEATURES, EvaluationResult, list_results
from gan.runs.run import Run

SnapshotScore = EvaluationResult | LightScore
Scored = TypeVar("Scored", bound=SnapshotScore)


def kernel_distance(score: SnapshotScore) -> float:
    """The number by which snapshots are ranked, in `score.features`: lower is better."""
    return score.kid


def best_snapshot(run: Run) -> int | None:
    """The existing snapshot with the lowest kernel distance; None without scores."""
    best = best_score(run)
    return None if best is None else best.snapshot


def best_of_several(run: Run) -> int | None:
    """The best snapshot, to be marked as such; None where fewer than two existing snapshots have comparable scores."""
    best, scores = best_score(run), comparable_scores(run)
    return best.snapshot if best is not None and len(scores) > 1 else None


def default_snapshot(run: Run, requested: int | None) -> int | None:
    """The requested snapshot, else the best where several were scored; None, the newest, without such scores."""
    return best_of_several(run) if requested is None else requested


def best_score(run: Run) -> SnapshotScore | None:
    """The scores that make a snapshot the best; None without scores."""
    return min(comparable_scores(run), key=kernel_distance, default=None)


def best_text(run: Run) -> str:
    """The best snapshot and its score in a phrase, `after 120,000 images: kernel distance 0.012 (0.008 to 0.016) in
    ImageNet features, light scores on 500 images`; "" without scores."""
    best = best_score(run)
    if best is None:
        return ""
    low, high = best.intervals["kid"]
    kind = "light scores" if isinstance(best, LightScore) else "scores"
    return (
        f"after {best.snapshot:,} images: kernel distance {measure(best.kid)} ({measure(low)} to {measure(high)}) in "
        f"{FEATURES[best.features]}, {kind} on {best.n['scores']:,} images"
    )


def best_among(run: Run, shown: Sequence[SnapshotScore]) -> int | None:
    """The best snapshot, to be marked in a chart of the `shown` scores; None where other scores decide which it is."""
    return best_of_several(run) if best_score(run) in shown else None


def best_sentence(run: Run, shown: Sequence[EvaluationResult]) -> str:
    """The best snapshot in a sentence below a chart of the `shown` scores, and why it may not be the best of the chart;
    "" where fewer than two existing snapshots have comparable scores."""
    best = best_score(run)
    if best is None or best_of_several(run) is None:
        return ""
    text = f"Best snapshot, by the lowest kernel distance on the validation split: {best_text(run)}."
    if isinstance(best, LightScore):
        text += " More snapshots have light scores than those of the chart, so the light ones decide."
    elif best in shown and any(score.kid < best.kid for score in shown):
        text += " Those of the chart with a lower one were deleted."
    return f"{text} Where intervals overlap, the difference may be due to chance."


def score_summary(score: SnapshotScore) -> dict[str, Any]:
    """The main scores of a snapshot as a JSON document."""
    copies = score.near_copies
    return {
        "snapshot": score.snapshot,
        "light": isinstance(score, LightScore),
        "n": score.n["scores"],
        "features": score.features,
        "kid": score.kid,
        "kid_interval": list(score.intervals["kid"]),
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


def like_newest(scores: Sequence[Scored]) -> Sequence[Scored]:
    """Those that are comparable with the newest: same data, features, seed and number of images."""
    if not scores:
        return []
    newest = max(scores, key=lambda score: float(score.made_with["time"]))
    return [score for score in scores if _settings(score) == _settings(newest)]


def _settings(score: SnapshotScore) -> tuple[Any, ...]:
    made = score.made_with
    return made["data_sha256"], made["features_sha256"], made["seed"], score.n["scores"]
