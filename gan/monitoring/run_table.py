"""Runs as a table: progress, training time, options, scores. Made for stores of hundreds of runs. No torch.

What a run's files say is read again only where one of them has changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from gan.config import options
from gan.config.options import Option
from gan.errors import RunError
from gan.evaluation.records.results import EvaluationResult
from gan.io.atomic import FileVersion, file_versions
from gan.io.untrusted_files import skipping_unreadable
from gan.monitoring.score_table import compared_evaluation
from gan.runs import metrics, parents
from gan.runs.run import Run

DATA_OPTIONS = ("data.name", "data.flag", "data.path")
"""Options that a table shows in one column, the data set."""
KEPT = 4000
"""Runs of which the records are kept in memory."""
SOURCES = ("config.json", "data.json", "status.json", "metrics.jsonl", "snapshots", "evaluation")
"""Files and folders of a run that its records are read from."""


@dataclass(frozen=True)
class RunRecords:
    """What the files of a run say.

    `seen` images of `total`, None where the config cannot be read; `seconds` of training over all resumptions, None
    before the first point of the curves; `options` by path, empty where the config cannot be read; `result` has the
    scores of its best snapshot, None without scores. `versions` are those of SOURCES.
    """

    seen: int
    total: int | None
    seconds: float | None
    options: Mapping[str, Any]
    result: EvaluationResult | None
    versions: tuple[FileVersion, ...] = ()

    @property
    def share(self) -> float | None:
        """The finished share of the training, from 0 to 1; None where the config cannot be read."""
        return None if self.total is None else min(self.seen / self.total, 1.0)


UNREADABLE = RunRecords(0, None, None, {}, None)
"""The records of a run whose folder cannot be read; its state says why."""


def run_records(run: Run) -> RunRecords:
    """The records of a run as they are now; those of UNREADABLE where its folder cannot be read, which is logged."""
    with skipping_unreadable(run.path):
        records = _records(run.path, file_versions(run.path, SOURCES))
        visible = parents.visible_options(run, records.options)
        return records if visible == records.options else replace(records, options=visible)
    return UNREADABLE


@lru_cache(maxsize=KEPT)
def _records(path: Path, versions: tuple[FileVersion, ...]) -> RunRecords:
    run = Run(path)
    try:
        flat, total = run.config.flat(), run.total
    except RunError:
        flat, total = {}, None
    row = metrics.last_row(path / "metrics.jsonl") or {}
    return RunRecords(run.seen, total, row.get(metrics.SECONDS), flat, compared_evaluation(run), versions)


def differing_options(records: Sequence[RunRecords]) -> list[Option]:
    """The options in which any two of the runs to which they apply differ, in the order of the form.

    Those that name the data set are left out.
    """
    configs = [record.options for record in records]
    return [
        option
        for option in options.all_options()
        if option.path not in DATA_OPTIONS and len({option_value(option, config) for config in configs} - {None}) > 1
    ]


def option_value(option: Option, config: Mapping[str, Any]) -> Any:
    """An option's value in a flat config; None where it does not apply to the data set, or the config is empty."""
    if not config or not option.applies(config["data.name"]):
        return None
    return config[option.path]
