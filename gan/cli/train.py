"""`train` and `submit`: start a run, here or in the queue."""

import argparse
import sys

from gan import jobs
from gan.cli.arguments import AddCommand, add_run_options, config_from_arguments
from gan.config import presets
from gan.config.run_config import RunConfig
from gan.evaluation.records.results import best_snapshot
from gan.runs import lifecycle
from gan.runs.run import Run, find_run


def add_commands(command: AddCommand) -> None:
    """Add `train` and `submit`."""
    training = command("train", train, "Train in the foreground; Ctrl-C saves and stops.")
    training.add_argument("--run", help=argparse.SUPPRESS)  # a run that exists: what the queue starts
    for made in (training, command("submit", submit, "Train in the background; prints the run's name.")):
        made.add_argument("--preset", help=f"start from one of {', '.join([presets.AUTO, *presets.PRESETS])}")
        made.add_argument("--name", help="the run's name; made from the data and the time where left out")
        made.add_argument(
            "--dry-run", action="store_true", help="show the estimate and the problems, and start nothing"
        )
        add_run_options(made)


def train(parsed: argparse.Namespace) -> int:
    """Train a new run in this process, or the one that the queue names."""
    if parsed.run is not None:
        return _work(find_run(parsed.run))
    config = config_from_arguments(parsed)
    if not _fit_to_start(config, parsed.dry_run):
        return 2
    if parsed.dry_run:
        return 0
    run = lifecycle.create_run(config, parsed.name)
    print(f"Run {run.name}: {run.path}", flush=True)
    return _work(run)


def _work(run: Run) -> int:
    """Be the trainer of a run; its cause of failure is in its folder, for pages, and on stderr, for whoever watches."""
    from gan.jobs.worker import working

    jobs.ensure_scheduler()
    config, began = run.config, False
    try:
        with working(run.path, config.job.device) as worker:
            began = True
            from gan.training.train import train  # after the device was chosen: torch must not see another

            train(run, worker, protected=best_snapshot)
    except Exception as error:
        if not began:
            raise  # it never became the trainer: what the folder tells is of an earlier start
        cause = jobs.state(run.path).cause or str(
            error
        )  # `working` has told it, with a traceback where it is our fault
        print(f"gan: {run.name} failed: {cause}", file=sys.stderr, flush=True)
        return 1
    print(f"{run.name} {jobs.state(run.path).name} after {run.seen:,} of {run.total:,} images.", flush=True)
    return 0


def submit(parsed: argparse.Namespace) -> int:
    """Put a new run into the queue."""
    config = config_from_arguments(parsed)
    if not _fit_to_start(config, parsed.dry_run):
        return 2
    if not parsed.dry_run:
        run = lifecycle.create_run(config, parsed.name)
        lifecycle.submit_run(run)
        print(run.name)
    return 0


def _fit_to_start(config: RunConfig, in_full: bool) -> bool:
    """Print what stands against starting, on stderr, and in a dry run the estimate; False where it cannot start."""
    from gan.training.estimate import estimate
    from gan.training.preflight import find_problems

    expected = estimate(config)
    found = find_problems(config, expected)
    errors = [problem for problem in found if problem.level == "error"]
    for problem in found if in_full else errors or found:
        if in_full or problem.level != "note":
            print(f"{problem.level}: {problem.text}", file=sys.stderr)
    if in_full:
        print("\n".join(expected.lines()))
    return not errors
