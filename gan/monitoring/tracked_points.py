"""What a tracker of experiments gets of a run: its curves, and the scores of its snapshots. No torch."""

from dataclasses import dataclass

from gan.evaluation.records import results
from gan.evaluation.records.best_snapshot import like_newest
from gan.evaluation.records.interpretation import SCORES
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run


@dataclass(frozen=True)
class Point:
    """Values by metric at a number of images `seen`; `time` is in seconds since 1970."""

    seen: int
    time: float
    values: dict[str, float]


def tracked_points(run: Run) -> list[Point]:
    """The points of a run, ascending: the metrics of its curves, and `scores/<score>` of snapshots scored on validation
    images; without scores that are not comparable with the newest."""
    points: dict[int, Point] = {}
    for row in MetricsReader(run.path / "metrics.jsonl").read():
        values = {name: float(value) for name, value in row.items() if name != "seen"}
        points[row["seen"]] = Point(row["seen"], run.created + values.get("seconds", 0.0), values)
    for result in like_newest(results.list_results(run)):
        scores = {f"scores/{score.key}": float(getattr(result, score.key)) for score in SCORES}
        known = points.get(result.snapshot, Point(result.snapshot, float(result.made_with["time"]), {}))
        points[result.snapshot] = Point(known.seen, known.time, known.values | scores)
    return [points[seen] for seen in sorted(points)]
