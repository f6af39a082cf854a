"""A comparison of runs: the options in which they differ, and their scores side by side. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gan.config import options
from gan.evaluation.records import results
from gan.evaluation.records.results import EvaluationResult
from gan.runs.run import Run


@dataclass(frozen=True)
class OptionDifference:
    """One option with the value of each run, in the order of the runs, as text."""

    path: str
    label: str
    unit: str
    values: tuple[str, ...]


def option_differences(runs: Sequence[Run]) -> list[OptionDifference]:
    """The options that differ between any two of the runs, in the order of the form.

    The value is "" where an option does not apply to a run's data set. Raises RunError where a config cannot be read.
    """
    configs = [run.config.flat() for run in runs]
    differences = []
    for option in options.all_options():
        values = tuple(
            _as_text(config[option.path]) if option.applies(config["data.name"]) else "" for config in configs
        )
        if len(set(values)) > 1:
            differences.append(OptionDifference(option.path, option.label, option.unit, values))
    return differences


def _as_text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else options.format_value(value)


SCORES = (
    ("cas_balanced", "A classifier trained on its images", "{:.1%}"),
    ("real_accuracy_balanced", "The same, trained on real images", "{:.1%}"),
    ("obedience_balanced", "Images that obey the condition", "{:.1%}"),
    ("kid", "Kernel distance to real images", "{:.3f}"),
    ("precision", "Precision", "{:.2f}"),
    ("recall", "Recall", "{:.2f}"),
    ("coverage", "Coverage", "{:.2f}"),
)


def compared_evaluation(run: Run) -> EvaluationResult | None:
    """The evaluation of a run's best snapshot, else of its newest; None where there is none."""
    evaluations = results.list_results(run)
    best = results.best_snapshot(run)
    return next((result for result in evaluations if result.snapshot == best), evaluations[-1] if evaluations else None)


def score_rows(compared: Sequence[EvaluationResult]) -> list[tuple[str, list[str]]]:
    """Each score's label with its value for each result; "" where it was not measured."""
    rows = [(label, [form.format(getattr(result, name)) for result in compared]) for name, label, form in SCORES]
    ratios = [result.diversity["ratio"] for result in compared]
    copies = [f"{r.near_copies['count']:,} of {r.near_copies['checked']:,}" for r in compared]
    rows.append(
        ("Diversity within a condition, of that of real images", ["" if r is None else f"{r:.2f}" for r in ratios])
    )
    return [*rows, ("Near copies of training images", copies)]
