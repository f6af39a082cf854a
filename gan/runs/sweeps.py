"""Sweeps: runs that are started, stopped and compared together, such as one config with three seeds. No torch.

A sweep is a name that its runs have in their about.json.
"""

import contextlib
import itertools
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan import jobs
from gan.config import names, options, settings
from gan.config.run_config import RunConfig
from gan.errors import ConfigError, RunError, UserError
from gan.io.atomic import remove_folder
from gan.runs import lifecycle, notes
from gan.runs.run import Run, all_runs, stored_runs

ACTIONS = ("stop", "resume", "status")
"""Words of `gan sweep` that cannot name a sweep."""
MAX_UNCONFIRMED = 100
"""Runs that a sweep may have without a confirmation."""
SEED = "train.seed"

Variation = Mapping[str, str]
"""The options that a run of a sweep sets, by path, as text."""


@dataclass(frozen=True)
class PlannedRun:
    """A run that a sweep will create."""

    name: str
    config: RunConfig
    values: Variation


def read_grid(texts: Sequence[str]) -> list[Variation]:
    """Every combination of the values in texts such as `optim.lr=1e-4,2e-4`; those of the last text change first.

    An option is named by its path, or by the last part of it where that is enough. Raises ConfigError.
    """
    axes: dict[str, list[str]] = {}
    for text in texts:
        path, values = _assignment(text)
        if path in axes:
            raise ConfigError(f"The grid names {path} twice: give all its values at once, separated by commas.")
        axes[path] = list(dict.fromkeys(value.strip() for value in values.split(",") if value.strip()))
        if not axes[path]:
            raise ConfigError(f"The grid has no value of {path}: give some, separated by commas.")
    return [dict(zip(axes, combination, strict=True)) for combination in itertools.product(*axes.values())]


def read_list(text: str) -> list[Variation]:
    """One variation for each line such as `optim.lr=1e-4 train.seed=1`; # begins a comment. Raises ConfigError."""
    lines = [shlex.split(line, comments=True) for line in text.splitlines()]
    return [dict(_assignment(part) for part in line) for line in lines if line]


def combine(grid: Sequence[Variation], lines: Sequence[Variation]) -> list[Variation]:
    """Each line of a list with each combination of a grid; either may be empty."""
    return [{**line, **cell} for line in lines or [{}] for cell in grid or [{}]]


def seeds(config: RunConfig, count: int) -> list[Variation]:
    """The config's seed and the `count - 1` numbers after it."""
    return [{SEED: str(config.train.seed + number)} for number in range(count)]


def plan_sweep(sweep: str, base: RunConfig, variations: Sequence[Variation]) -> list[PlannedRun]:
    """The runs of a sweep: `base` with the options of each variation, and a short name from those that differ.

    Creates nothing. Raises ConfigError where a config is invalid or two are equal, and RunError where a name is taken
    or not allowed.
    """
    names.check_name(sweep)
    if sweep in ACTIONS:
        raise RunError(f"{sweep} cannot name a sweep: it is what `{settings.PROGRAM} sweep {sweep} NAME` does.")
    if sweep in list_sweeps(stored_runs()):
        raise RunError(f"There is a sweep {sweep} already: choose another name.")
    configs = [options.replace_options(base, variation) for variation in variations]
    for number, config in enumerate(configs):
        if config in configs[:number]:
            raise ConfigError(f"Two runs of the sweep are equal: {describe(variations[number])}. Leave one out.")
    planned = [
        PlannedRun(name, config, variation)
        for name, config, variation in zip(_run_names(sweep, variations), configs, variations, strict=True)
    ]
    for run in planned:
        if (settings.store() / run.name).exists():
            raise RunError(f"There is a run {run.name} already: choose another name for the sweep.")
    return planned


def describe(variation: Variation) -> str:
    """A variation as text: `optim.lr=1e-4 train.seed=1`."""
    return " ".join(f"{path}={value}" for path, value in variation.items())


def start_sweep(sweep: str, planned: Sequence[PlannedRun], title: str = "") -> list[Run]:
    """Create the planned runs, then put them into the queue of their engine in this order.

    With a `title`, each has it with the values that it sets: `My cells (seed 1)`.

    Raises UserError and keeps none where one may not be created, or where they are more than the current person may
    have in the queue. Raises it also where one cannot be queued, such as by an engine that refuses it: all are kept
    then, and `resume_sweep` starts those that are left.
    """
    if planned:
        jobs.check_submission(planned[0].config.job.device, len(planned))
    runs = []
    with contextlib.ExitStack() as if_refused:
        for planned_run in planned:
            runs.append(
                lifecycle.create_run(planned_run.config, planned_run.name, sweep, _run_title(title, planned_run))
            )
            if_refused.callback(remove_folder, runs[-1].path)
        if_refused.pop_all()
    for number, run in enumerate(runs):
        try:
            lifecycle.submit_run(run)
        except UserError as error:
            error.args = (
                f"{error} {number} of {len(runs)} runs are in the queue; all are kept. "
                f"`{settings.PROGRAM} sweep resume {sweep}` starts the others.",
            )
            raise
    return runs


def free_name(config: RunConfig) -> str:
    """A name for a sweep of this config, from its data set and the time, that no sweep or run has."""
    stem = lifecycle.dated_name(config)
    stored = stored_runs()
    taken = {*list_sweeps(stored), *(run.name for run in stored)}
    return next(name for name in (names.numbered(stem, n) for n in itertools.count(1)) if name not in taken)


def all_sweeps() -> dict[str, list[Run]]:
    """The sweeps of all runs that the current person may see, as `list_sweeps`."""
    return list_sweeps(all_runs())


def list_sweeps(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs of each sweep in the order of their creation, by its name; in the order of `runs`, newest first."""
    sweeps: dict[str, list[Run]] = {}
    for run in runs:
        if run.about.sweep:
            sweeps.setdefault(run.about.sweep, []).append(run)
    return {name: sorted(runs, key=lambda run: (run.created, run.name)) for name, runs in sweeps.items()}


def find_sweep(sweep: str) -> list[Run]:
    """The runs of a sweep; raises RunError where there is none."""
    sweeps = all_sweeps()
    if sweep not in sweeps:
        known = f"there are {', '.join(sweeps)}" if sweeps else "there is none yet"
        raise RunError(f"There is no sweep {sweep}: {known}.")
    return sweeps[sweep]


def stop_sweep(sweep: str) -> list[str]:
    """Stop all runs of a sweep; gives a sentence for each that worked or waited."""
    alive = [(jobs.state(run.path), run) for run in find_sweep(sweep)]
    alive = [(state, run) for state, run in alive if state.alive]
    order = sorted(alive, key=lambda pair: pair[0].name != "queued")  # else one that waits would start in between
    return [_sentence(jobs.stop, run.path) for _, run in order]


def resume_sweep(sweep: str) -> list[str]:
    """Put all runs of a sweep that have not finished back into the queue; gives a sentence for each of them."""
    ended = [run for run in find_sweep(sweep) if jobs.state(run.path).name in ("stopped", "failed", "lost")]
    return [_sentence(lifecycle.resume_run, run) for run in ended]


def _sentence(action: Callable[[Any], str], subject: Run | Path) -> str:
    """What the action says, or why it could not be done, so that the other runs have their turn."""
    try:
        return action(subject)
    except UserError as error:
        return str(error)


def _assignment(text: str) -> tuple[str, str]:
    """The path of an option and the value that a text such as `lr=1e-4` gives it."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"{text!r} sets no option: it takes an option and its value, as in train.seed=1.")
    return _option_path(name.strip()), value.strip()


def _option_path(name: str) -> str:
    paths = [option.path for option in options.all_options()]
    if name in paths:
        return name
    found = [path for path in paths if path.endswith(f".{name}")]
    if len(found) > 1:
        raise ConfigError(f"{name} is the end of {' and of '.join(found)}: give the whole path.")
    if not found:
        options.build_config({name: ""})  # raises ConfigError with a suggestion
    return found[0]


def _run_names(sweep: str, variations: Sequence[Variation]) -> list[str]:
    """`sweep-lr1e-4-seed0`: from the options whose values differ; numbered where that is too long or not unique, behind
    as much of the sweep's name as fits."""
    if len(variations) == 1:
        return [sweep]
    paths = list(dict.fromkeys(path for variation in variations for path in variation))
    varied = [path for path in paths if len({variation.get(path) for variation in variations}) > 1]
    ends = [path.partition(".")[2] for path in varied]
    labels = {
        path: end if ends.count(end) == 1 else path.replace(".", "_") for path, end in zip(varied, ends, strict=True)
    }
    made = [
        "-".join([sweep, *(_name_part(labels[path], variation[path]) for path in varied if path in variation)])
        for variation in variations
    ]
    if len(set(made)) == len(made) and all(names.NAME.fullmatch(name) for name in made):
        return made
    last = f"-{len(variations)}"
    stem = sweep[: names.MAX_NAME - len(last)].rstrip("-_")
    return [f"{stem}-{number}" for number in range(1, len(variations) + 1)]


def _run_title(title: str, run: PlannedRun) -> str:
    """The title with the values of one run, cut so that it fits; "" without a title."""
    values = ", ".join(f"{path.rpartition('.')[2]} {value}" for path, value in run.values.items())
    return f"{title[: notes.MAX_TITLE - len(values) - 3].rstrip()} ({values})" if title else ""


def _name_part(label: str, value: str) -> str:
    text = re.sub("[^a-z0-9-]+", "_", value.lower()).strip("_-")
    return f"{label}{text}" if text[:1].isdigit() else f"{label}-{text}"
