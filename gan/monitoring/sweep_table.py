"""The runs of a sweep as a table: the options that differ, states and scores; and the mean over seeds. No torch."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from gan import jobs
from gan.evaluation.records.best_snapshot import best_snapshot
from gan.evaluation.records.interpretation import Score
from gan.evaluation.records.results import EvaluationResult
from gan.monitoring.run_differences import OptionDifference, option_differences
from gan.monitoring.score_table import COLUMNS, compared_evaluation, incomparable, measurement, value_text
from gan.runs.run import Run
from gan.runs.sweeps import SEED


@dataclass(frozen=True)
class SweepRow:
    """A run: the values of the options that differ, its state, the finished share from 0 to 1, and its scores as text,
    "" where not measured."""

    run: str
    values: tuple[str, ...]
    state: str
    share: float
    scores: tuple[str, ...]


@dataclass(frozen=True)
class SeedGroup:
    """Runs that differ by their seed only: the values of the other options, the number of runs with scores, and the
    mean of each score with the standard deviation over them (n - 1), as text; "" where they are not `comparable`."""

    values: tuple[str, ...]
    scored: int
    scores: tuple[str, ...]
    comparable: bool


@dataclass(frozen=True)
class SweepTable:
    """The columns are labels: of options, and of scores that at least one run has."""

    options: tuple[str, ...]
    scores: tuple[str, ...]
    rows: tuple[SweepRow, ...]
    group_options: tuple[str, ...]
    """The options of the groups: all that differ but the seed."""
    groups: tuple[SeedGroup, ...]
    """Empty where no two runs differ by their seed only."""
    of_best: bool
    """Whether all scores are of their run's best snapshot."""
    unreadable: tuple[str, ...]
    """Names of runs whose config cannot be read; they have no row."""


def sweep_table(runs: Sequence[Run]) -> SweepTable:
    """The table of these runs, in their order."""
    readable = [run for run in runs if not run.config_problem]
    differences = option_differences(readable)
    evaluations = [compared_evaluation(run) for run in readable]
    results = [_values(evaluation) for evaluation in evaluations]
    measured = [score for score in COLUMNS if any(score.key in result for result in results)]
    rows = [
        SweepRow(
            run.name,
            tuple(difference.values[number] for difference in differences),
            jobs.state(run.path).name,
            min(run.seen / run.total, 1.0),
            tuple(_scores_text([result.get(score.key)], score) for score in measured),
        )
        for number, (run, result) in enumerate(zip(readable, results, strict=True))
    ]
    others = [difference for difference in differences if difference.path != SEED]
    return SweepTable(
        options=tuple(map(_label, differences)),
        scores=tuple(score.name for score in measured),
        rows=tuple(rows),
        group_options=tuple(map(_label, others)),
        groups=tuple(_groups(others, evaluations, measured)) if len(others) < len(differences) else (),
        of_best=all(
            result is None or result.snapshot == best_snapshot(run)
            for run, result in zip(readable, evaluations, strict=True)
        ),
        unreadable=tuple(run.name for run in runs if run not in readable),
    )


def _groups(
    others: Sequence[OptionDifference], evaluations: Sequence[EvaluationResult | None], measured: Sequence[Score]
) -> list[SeedGroup]:
    members: dict[tuple[str, ...], list[EvaluationResult | None]] = {}
    for number, evaluation in enumerate(evaluations):
        members.setdefault(tuple(difference.values[number] for difference in others), []).append(evaluation)
    return [_group(values, group, measured) for values, group in members.items()]


def _group(
    values: tuple[str, ...], evaluations: Sequence[EvaluationResult | None], measured: Sequence[Score]
) -> SeedGroup:
    results = [_values(evaluation) for evaluation in evaluations]
    means = [_scores_text([result.get(score.key) for result in results], score) for score in measured]
    fit = not incomparable(evaluations)
    return SeedGroup(values, sum(map(bool, results)), tuple(mean if fit else "" for mean in means), fit)


def _values(result: EvaluationResult | None) -> dict[str, float]:
    """The measured scores of an evaluation by their keys; empty without one."""
    measured = ((score.key, measurement(score, result)) for score in COLUMNS)
    return {key: one.value for key, one in measured if one is not None}


def _scores_text(values: Sequence[float | None], score: Score) -> str:
    """The mean, with the standard deviation of two values or more; "" without any."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    mean = value_text(score, statistics.fmean(known))
    return f"{mean} ± {value_text(score, statistics.stdev(known))}" if len(known) > 1 else mean


def _label(difference: OptionDifference) -> str:
    return f"{difference.label} ({difference.unit})" if difference.unit else difference.label
