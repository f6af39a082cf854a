"""Find, configure, start, watch, stop and resume runs, and read their curves."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gan import jobs
from gan.config import options, presets
from gan.config.run_config import RunConfig
from gan.errors import ConfigError
from gan.runs import lifecycle
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run, all_runs, find_run

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RunProgress:
    """A run at one moment.

    `state` is "queued", "running", "stopping", "stopped", "finished", "failed", "lost", "unknown" or "unreadable";
    `cause` says why, "" where there is nothing to say. `seen` of `total` training images; `seconds_left` is None before
    a pace is known.
    """

    state: str
    cause: str
    phase: str
    seen: int
    total: int
    seconds_left: float | None


def load_run(name: str) -> Run:
    """The run of that name in the store (`GAN_STORE`); raises RunError where there is none."""
    return find_run(name)


def list_runs() -> list[Run]:
    """All runs of the store, newest first."""
    return all_runs()


def make_config(preset: str | None = None, values: Mapping[str, Any] | None = None) -> RunConfig:
    """The config of a preset, or the defaults, with some options replaced by dotted path, such as `{"train.kimg": 50}`.

    A config that is fitted to a data set, as by `--preset auto`, is made by the command line and the Train page alone.
    Raises ConfigError that names the option, its value and what it takes.
    """
    if preset is None:
        return options.build_config(values or {})
    return options.replace_options(presets.find_preset(preset).config, values or {})


def start_run(config: RunConfig, name: str | None = None) -> Run:
    """Create a run and put it into the queue; it trains in a process of its own, which outlives this one.

    Raises ConfigError for what would stop it, such as a missing data set, and RunError for a name that is taken.
    """
    from gan.training.estimate import estimate  # here: both import numpy and Pillow
    from gan.training.preflight import find_problems

    errors = [problem.text for problem in find_problems(config, estimate(config)) if problem.level == "error"]
    if errors:
        raise ConfigError(" ".join(errors))
    return lifecycle.start_run(config, name)


def watch_run(run: Run, every: float = 1.0) -> Iterator[RunProgress]:
    """The progress of a run every so many seconds, until it ends; the last one has its final state.

    Leaving the loop does not stop the run.
    """
    jobs.ensure_scheduler()
    while True:
        state, status = jobs.state(run.path), run.status()
        left = status.get("seconds_left") if state.alive else None
        yield RunProgress(state.name, state.cause, status.get("phase", ""), run.seen, run.total, left)
        if not state.alive:
            return
        time.sleep(every)


def stop_run(run: Run) -> str:
    """Ask a run to save and stop, or take it out of the queue; gives one sentence on what happened."""
    return jobs.stop(run.path)


def resume_run(run: Run, gpus: int | None = None) -> str:
    """Put a stopped, failed or lost run back into the queue; gives one sentence on what happened."""
    return lifecycle.resume_run(run, gpus)


def read_metrics(run: Run) -> "pd.DataFrame":
    """The curves of a run so far: a row for each point, with `seen` (training images), `seconds`, and the metrics of
    `gan/runs/metrics.py`, NaN where a point has no value."""
    import pandas as pd  # here: it takes half a second

    table = MetricsReader(run.path / "metrics.jsonl").read()
    return pd.DataFrame({"seen": table.seen} | {name: table.column(name) for name in table.names})
