"""The runs of a sweep as a table: the options that differ, states and scores; and the mean over seeds. No torch."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from gan import jobs
from gan.errors import RunError
from gan.monitoring.run_differences import SCORES, OptionDifference, compared_evaluation, option_differences
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
    mean of each score with the standard deviation over them (n - 1), as text."""

    values: tuple[str, ...]
    scored: int
    scores: tuple[str, ...]


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
    unreadable: tuple[str, ...]
    """Names of runs whose config cannot be read; they have no row."""


def sweep_table(runs: Sequence[Run]) -> SweepTable:
    """The table of these runs, in their order."""
    readable = [run for run in runs if _is_readable(run)]
    differences = option_differences(readable)
    evaluations = [compared_evaluation(run) for run in readable]
    results = [
        {} if result is None else {name: getattr(result, name) for name, _, _ in SCORES} for result in evaluations
    ]
    measured = [score for score in SCORES if any(result.get(score[0]) is not None for result in results)]
    rows = [
        SweepRow(
            run.name,
            tuple(difference.values[number] for difference in differences),
            jobs.state(run.path).name,
            min(run.seen / run.total, 1.0),
            tuple(_scores_text([result.get(name)], form) for name, _, form in measured),
        )
        for number, (run, result) in enumerate(zip(readable, results, strict=True))
    ]
    others = [difference for difference in differences if difference.path != SEED]
    return SweepTable(
        options=tuple(map(_label, differences)),
        scores=tuple(label for _, label, _ in measured),
        rows=tuple(rows),
        group_options=tuple(map(_label, others)),
        groups=tuple(_groups(others, results, measured)) if len(others) < len(differences) else (),
        unreadable=tuple(run.name for run in runs if run not in readable),
    )


def _groups(
    others: Sequence[OptionDifference], results: Sequence[dict[str, float]], measured: Sequence[tuple[str, str, str]]
) -> list[SeedGroup]:
    members: dict[tuple[str, ...], list[dict[str, float]]] = {}
    for number, result in enumerate(results):
        members.setdefault(tuple(difference.values[number] for difference in others), []).append(result)
    return [
        SeedGroup(
            values,
            sum(bool(result) for result in group),
            tuple(_scores_text([result.get(name) for result in group], form) for name, _, form in measured),
        )
        for values, group in members.items()
    ]


def _scores_text(values: Sequence[float | None], form: str) -> str:
    """The mean, with the standard deviation of two values or more; "" without any."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    mean = form.format(statistics.fmean(known))
    return f"{mean} ± {form.format(statistics.stdev(known))}" if len(known) > 1 else mean


def _label(difference: OptionDifference) -> str:
    return f"{difference.label} ({difference.unit})" if difference.unit else difference.label


def _is_readable(run: Run) -> bool:
    try:
        run.config  # noqa: B018
    except RunError:
        return False
    return True
