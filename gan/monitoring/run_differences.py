"""The options in which runs differ, as text. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from gan.config import options
from gan.runs import parents
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
    configs = [parents.visible_options(run, run.config.flat()) for run in runs]
    differences = []
    for option in options.all_options():
        values = tuple(
            options.readable_value(option, config[option.path]) if option.applies(config["data.name"]) else ""
            for config in configs
        )
        if len(set(values)) > 1:
            differences.append(OptionDifference(option.path, option.label, option.unit, values))
    return differences
