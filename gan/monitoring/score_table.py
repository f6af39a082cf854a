"""The scores of runs beside each other: values with intervals, differences from a baseline, the best. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from gan.evaluation.number_format import measure, percent, points
from gan.evaluation.records import results
from gan.evaluation.records.best_snapshot import best_snapshot
from gan.evaluation.records.interpretation import SCORES, Score
from gan.evaluation.records.results import FEATURES, EvaluationResult
from gan.runs.run import Run

REAL = Score("real_accuracy_balanced", "Real-trained accuracy", "share", "", "")
DIVERSITY = Score("diversity", "Diversity", "share", "", "")
COPIES = Score("near_copies", "Near copies", "share", "lower", "")
COLUMNS = (*SCORES, REAL, DIVERSITY, COPIES)
"""The scores of an evaluation, in the order of tables; `better` is "" where neither direction is."""

DIFFERENT = "these runs were scored on different data, features or counts of images"
"""Why scores are not comparable, after a colon."""


@dataclass(frozen=True)
class Measurement:
    """A score of a run: its value and its 95% interval, None where it has none."""

    value: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Cell:
    """A score of a run as text: "" where it was not measured. `delta` is the difference from the baseline, ""
    without one; `best`: no other run has a better value."""

    text: str
    delta: str = ""
    best: bool = False


@dataclass(frozen=True)
class ScoreRow:
    """A score with a cell for each run, in their order."""

    score: Score
    cells: tuple[Cell, ...]


def compared_evaluation(run: Run) -> EvaluationResult | None:
    """The evaluation of a run's best snapshot, else of its newest; None where there is none."""
    evaluations = results.list_results(run)
    if not evaluations:
        return None
    best = best_snapshot(run)
    return next((result for result in evaluations if result.snapshot == best), evaluations[-1])


def measurement(score: Score, result: EvaluationResult | None) -> Measurement | None:
    """A score of an evaluation; None where it was not measured."""
    if result is None:
        return None
    if score is DIVERSITY:
        ratio = result.diversity["ratio"]
        return None if ratio is None else Measurement(ratio)
    if score is COPIES:
        return Measurement(result.near_copies["count"] / max(result.near_copies["checked"], 1))
    low_high = result.intervals.get(score.key)
    return Measurement(float(getattr(result, score.key)), low_high and (low_high[0], low_high[1]))


def value_text(score: Score, value: float) -> str:
    """`91.2%` for shares, `0.0783` for distances."""
    return percent(value) if score.scale == "share" else measure(value)


def interval_text(score: Score, interval: tuple[float, float] | None) -> str:
    """`90.1% to 92.3%`; "" without an interval."""
    return "" if interval is None else " to ".join(value_text(score, end) for end in interval)


def cell_text(score: Score, measured: Measurement | None) -> str:
    """`91.2% (90.1% to 92.3%)`; "" where it was not measured."""
    if measured is None:
        return ""
    value = value_text(score, measured.value)
    return value if measured.interval is None else f"{value} ({interval_text(score, measured.interval)})"


def score_rows(evaluations: Sequence[EvaluationResult | None], baseline: int | None = None) -> list[ScoreRow]:
    """A row for each score that any evaluation has, with differences from that of the position `baseline`.

    Only where all are comparable (`comparable`) there are differences, and the best is marked, unless all are equal.
    """
    marked = comparable(evaluations)
    baseline = baseline if marked else None
    rows = []
    for score in COLUMNS:
        measured = [measurement(score, result) for result in evaluations]
        if any(one is not None for one in measured):
            rows.append(ScoreRow(score, _cells(score, measured, baseline, marked)))
    return rows


def comparable(evaluations: Sequence[EvaluationResult | None]) -> bool:
    """Whether there are two or more, on the same data, in the same features and with as many images."""
    settings = [
        (one.made_with["data_sha256"], one.made_with["features_sha256"], one.split, one.n["scores"])
        for one in evaluations
        if one is not None
    ]
    return len(settings) > 1 and all(one == settings[0] for one in settings)


def incomparable(evaluations: Sequence[EvaluationResult | None]) -> bool:
    """Whether there are two or more that are not comparable (`comparable`)."""
    return sum(one is not None for one in evaluations) > 1 and not comparable(evaluations)


def features_text(evaluations: Sequence[EvaluationResult | None]) -> str:
    """The features in which they were made, such as `ImageNet features`; all where they differ."""
    return " and ".join(dict.fromkeys(FEATURES[result.features] for result in evaluations if result is not None))


def _cells(
    score: Score, measured: Sequence[Measurement | None], baseline: int | None, marked: bool
) -> tuple[Cell, ...]:
    values = [one.value for one in measured if one is not None]
    best = None
    if marked and score.better and min(values) < max(values):
        best = {"higher": max, "lower": min}[score.better](values)
    base = measured[baseline] if baseline is not None else None
    cells = []
    for number, one in enumerate(measured):
        if one is None:
            cells.append(Cell(""))
            continue
        delta = "" if base is None or number == baseline else _delta_text(score, one.value - base.value)
        cells.append(Cell(cell_text(score, one), delta, one.value == best))
    return tuple(cells)


def _delta_text(score: Score, difference: float) -> str:
    """`+2.0 points` for shares, `−0.0120` for distances."""
    if score.scale == "share":
        return f"{points(difference)} points"
    return f"{difference:+.3g}".replace("-", "−")
