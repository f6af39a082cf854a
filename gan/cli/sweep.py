"""`sweep`: start, stop, resume and list runs that belong together."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from gan import jobs
from gan.cli.arguments import AddCommand, add_run_options, config_from_arguments
from gan.config import presets
from gan.errors import ConfigError, UserError
from gan.io.terminal import printable, show
from gan.monitoring.score_table import DIFFERENT
from gan.monitoring.sweep_table import sweep_table
from gan.runs import sweeps
from gan.runs.sweeps import PlannedRun


def add_commands(command: AddCommand) -> None:
    """Add `sweep`."""
    parser = command("sweep", sweep, "Start runs with several values of some options, or stop, resume or list them.")
    parser.add_argument("words", nargs="+", metavar="NAME | stop NAME | resume NAME | status NAME")
    parser.add_argument("--preset", help=f"start from one of {', '.join([presets.AUTO, *presets.PRESETS])}")
    parser.add_argument(
        "--grid", action="append", default=[], metavar="OPTION=A,B", help="values of an option; repeat it for a grid"
    )
    parser.add_argument("--list", type=Path, metavar="FILE", help="one run a line: OPTION=VALUE OPTION=VALUE ...")
    parser.add_argument("--dry-run", action="store_true", help="show the runs, their time and problems; start nothing")
    parser.add_argument("--yes", action="store_true", help=f"allow more than {sweeps.MAX_UNCONFIRMED} runs")
    add_run_options(parser)


def sweep(parsed: argparse.Namespace) -> int:
    """Start a sweep, or do what the first word says with one."""
    jobs.ensure_scheduler()
    match parsed.words:
        case ["stop", name]:
            return _show_all(sweeps.stop_sweep(name), f"No run of the sweep {name} works or waits.")
        case ["resume", name]:
            return _show_all(sweeps.resume_sweep(name), f"No run of the sweep {name} can be resumed.")
        case ["status", name]:
            return _status(name)
        case [name]:
            return _start(name, parsed)
    raise UserError(
        f"{' '.join(parsed.words)} is no sweep: give its name, or one of {', '.join(sweeps.ACTIONS)} first."
    )


def _start(name: str, parsed: argparse.Namespace) -> int:
    base = config_from_arguments(parsed)
    planned = sweeps.plan_sweep(name, base, _variations(parsed))
    if _show_problems(planned):
        return 2
    if parsed.dry_run:
        return _show_plan(planned)
    if len(planned) > sweeps.MAX_UNCONFIRMED and not parsed.yes:
        raise UserError(
            f"The sweep {name} has {len(planned):,} runs: add --yes to start them all, or --dry-run to look."
        )
    for run in sweeps.start_sweep(name, planned):
        show(run.name)
    return 0


def _variations(parsed: argparse.Namespace) -> list[sweeps.Variation]:
    try:
        lines = sweeps.read_list(parsed.list.read_text()) if parsed.list else []
    except (OSError, ValueError) as error:  # no such file, no text, or a quotation mark that is not closed
        raise ConfigError(f"The list {parsed.list} cannot be read: {error}") from None
    if not lines and not parsed.grid:
        raise ConfigError("A sweep takes --grid OPTION=A,B or --list FILE.")
    return sweeps.combine(sweeps.read_grid(parsed.grid), lines)


def _show_problems(planned: Sequence[PlannedRun]) -> bool:
    """Print each problem of the runs once; whether one of them stops a run."""
    from gan.training.estimate import estimate
    from gan.training.preflight import find_problems

    problems = {
        (problem.level, problem.text): run.name
        for run in reversed(planned)
        for problem in find_problems(run.config, estimate(run.config))
        if problem.level != "note"
    }
    for (level, text), name in problems.items():
        show(f"{level}: {name}: {text}", error=True)
    return any(level == "error" for level, _ in problems)


def _show_plan(planned: Sequence[PlannedRun]) -> int:
    from gan.training.estimate import estimate

    times = [estimate(run.config).seconds for run in planned]
    rows = [
        [run.name, sweeps.describe(run.values), "-" if seconds is None else f"{seconds / 60:,.1f} min"]
        for run, seconds in zip(planned, times, strict=True)
    ]
    _show_table(["run", "options", "time"], rows)
    known = [seconds for seconds in times if seconds is not None]
    total = f"about {sum(known) / 3600:,.1f} hours one after another" if len(known) == len(times) else "time not known"
    show(f"{len(planned):,} runs, {total}. Nothing was started.")
    return 0


def _status(name: str) -> int:
    table = sweep_table(sweeps.find_sweep(name))
    rows = [[row.run, *row.values, row.state, f"{row.share:.0%}", *row.scores] for row in table.rows]
    _show_table(["run", *table.options, "state", "done", *table.scores], rows)
    if table.groups and table.scores:
        show("\nMean ± standard deviation over seeds")
        groups = [[*group.values, str(group.scored), *group.scores] for group in table.groups]
        _show_table([*table.group_options, "runs", *table.scores], groups)
        if not all(group.comparable for group in table.groups):
            show(f"No mean where scores are not comparable: {DIFFERENT}.")
    for run in table.unreadable:
        show(f"{run} cannot be read.")
    return 0


def _show_table(head: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        show(printable(line.rstrip(), kept=""))


def _show_all(sentences: Sequence[str], otherwise: str) -> int:
    for sentence in sentences or [otherwise]:
        show(sentence)
    return 0
