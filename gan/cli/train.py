"""`train` and `submit`: start a run, in this process or in the queue."""

import argparse
from pathlib import Path

from gan import jobs
from gan.cli.arguments import AddCommand, add_run_options, config_from_arguments
from gan.config import options, presets, settings
from gan.config.run_config import RunConfig
from gan.errors import RunError
from gan.evaluation import beside_training
from gan.io.terminal import show
from gan.jobs import kinds
from gan.jobs.several_gpus import is_other_rank
from gan.runs import lifecycle
from gan.runs.data_paths import readable_data
from gan.runs.run import Run, find_run


def add_commands(command: AddCommand) -> None:
    """Add `train` and `submit`."""
    training = command("train", train, "Train in the foreground; Ctrl-C saves and stops.")
    training.add_argument("--run", help=argparse.SUPPRESS)  # an existing run, which the scheduler starts
    training.add_argument("--timing", help=argparse.SUPPRESS)  # a task that times some steps
    for parser in (training, command("submit", submit, "Train in the background; prints the run's name.")):
        parser.add_argument("--preset", help=f"start from one of {', '.join([presets.AUTO, *presets.PRESETS])}")
        parser.add_argument("--name", help="the run's name (default: from the data set and the time)")
        parser.add_argument("--dry-run", action="store_true", help="show the estimate and the problems; start nothing")
        add_run_options(parser)


def train(parsed: argparse.Namespace) -> int:
    """Train a new run in this process, or the existing run that the scheduler names."""
    if parsed.timing is not None:
        return _time_steps(settings.tasks() / parsed.timing)
    if parsed.run is not None:
        return _train_run(find_run(parsed.run))
    config = config_from_arguments(parsed)
    if not _can_start(config, parsed.dry_run):
        return 2
    if parsed.dry_run:
        return 0
    run = lifecycle.create_run(config, parsed.name)
    show(f"Run {run.name}: {run.path}")
    return _train_run(run)


def _train_run(run: Run) -> int:
    """Train a run in this process; gives the exit code."""
    from gan.jobs.worker import working

    if is_other_rank():
        from gan.training.train import follow

        follow(run)
        return 0
    from gan.data.registry import load_image_set  # here: it imports numpy

    jobs.ensure_scheduler()
    config, is_worker = run.config, False
    try:
        with working(run.path, config.job.device, gpus=config.job.gpus) as worker:
            is_worker = True
            from gan.evaluation.pseudo_labels import label_unlabelled_images
            from gan.training.train import train  # once the device is chosen: torch must see no other

            if config.data.pseudo_labels:
                images = load_image_set(readable_data(run), worker.progress)
                label_unlabelled_images(run, images, worker.progress, worker.device.partition(":")[0])
            train(run, worker, hooks=beside_training.training_hooks())
    except Exception as error:
        if not is_worker:
            raise  # the run's folder has the cause of an earlier failure, not of this one
        cause = jobs.state(run.path).cause or str(error)  # `working` wrote it, with a traceback where it is a bug
        show(f"gan: {run.name} failed: {cause}", error=True)
        return 1
    show(f"{run.name} {jobs.state(run.path).name} after {run.seen:,} of {run.total:,} images.")
    return 0


def _time_steps(folder: Path, wait: bool = True) -> int:
    """Time some training steps, as the job in `folder`; without `wait` raises RunError where the device is taken."""
    from gan.jobs.worker import working
    from gan.training.measured_speed import read_timing  # here: it imports numpy

    kinds.job_command(folder)  # raises RunError for any other folder
    config = options.config_from_json(read_timing(folder).config.encode())
    with working(folder, config.job.device if folder.name.startswith("timing-gpu-") else None, wait) as worker:
        from gan.training.timing import time_training  # once the device is chosen: torch must see no other

        time_training(folder, worker)
    return 0


def submit(parsed: argparse.Namespace) -> int:
    """Put a new run into the queue."""
    config = config_from_arguments(parsed)
    if not _can_start(config, parsed.dry_run):
        return 2
    if parsed.dry_run and config.job.engine == "slurm":
        show(lifecycle.preview_script(config, parsed.name))
    if not parsed.dry_run:
        show(lifecycle.start_run(config, parsed.name).name)
    return 0


def _can_start(config: RunConfig, dry_run: bool) -> bool:
    """Whether the run can start. Prints its problems to stderr and, for a dry run, the notes and the estimate."""
    from gan.training.estimate import estimate
    from gan.training.preflight import find_problems

    expected = estimate(config)
    if dry_run and expected.speed is None:
        _measure_speed(config)
        expected = estimate(config)
    problems = find_problems(config, expected)
    errors = [problem for problem in problems if problem.level == "error"]
    for problem in problems if dry_run else errors or problems:
        if dry_run or problem.level != "note":
            show(f"{problem.level}: {problem.text}", error=True)
    if dry_run:
        show("\n".join(expected.lines()))
    return not errors


def _measure_speed(config: RunConfig) -> None:
    """Measure the speed of a config by some steps in this process, where this machine can do so now."""
    from gan.training.measured_speed import timing_folder, write_timing  # here: it imports numpy

    folder = timing_folder(config)
    if folder is None:
        return
    write_timing(folder, config)
    try:
        _time_steps(folder, wait=False)
    except RunError as error:
        show(f"note: the time is not known: {error}", error=True)
