"""`data list`, `data check` and `data prepare`: list, check and read data sets (more in `labels.py`)."""

import argparse
import json
from pathlib import Path

from gan.cli.arguments import AddCommand, add_run_options, config_from_arguments
from gan.cli.labels import add_label_commands
from gan.cli.progress import show_progress
from gan.config import settings
from gan.errors import UserError
from gan.io.terminal import printable, show
from gan.jobs import kinds

DATA_PREFIX = "data."


def add_commands(command: AddCommand) -> None:
    """Add the commands of `data`."""
    data = command("data", None, "Look at data sets.").add_subparsers(metavar="command", required=True)
    command("list", list_data, "List the data sets, and which of them are on this machine.", data)
    check = command(
        "check",
        check_data,
        "Report on a folder or ZIP of your own images; exit code 2 where something must be fixed.",
        data,
    )
    check.add_argument("path", type=Path, nargs="?")
    check.add_argument("--task", help=argparse.SUPPRESS)
    check.add_argument("--json", action="store_true", help="print one JSON document")
    prepare = command("prepare", prepare_data, "Read a data set into the cache now.", data)
    prepare.add_argument("--task", help=argparse.SUPPRESS)
    add_run_options(prepare, DATA_PREFIX)
    add_label_commands(command, data)


def list_data(parsed: argparse.Namespace) -> int:
    """Print every data set."""
    from gan.data import catalogue

    for entry in catalogue.entries():
        where = "read" if entry.ready else "here" if entry.local else "to download"
        line = f"{entry.slug:<28} {'problem' if entry.problem else where:<12} {entry.problem or entry.title}"
        show(printable(line, kept=""))
    return 0


def check_data(parsed: argparse.Namespace) -> int:
    """Print the report on a folder or ZIP; with `--task`, check an upload as that background task."""
    from gan.data.ingest.checks.check import check_images

    if parsed.task is not None:
        return _check_upload(parsed.task)
    if parsed.path is None:
        raise UserError("data check takes the path of a folder or ZIP.")
    report = check_images(parsed.path, show_progress)
    if report.errors and not report.images and not parsed.json:
        raise UserError(report.errors[0].line)
    show(json.dumps(report.as_json(), indent=2) if parsed.json else report.as_text())
    return 2 if report.to_fix else 0


def _check_upload(identifier: str) -> int:
    from gan.data.ingest import staging
    from gan.jobs.worker import working

    folder = staging.upload_folder(identifier)
    with working(folder) as worker:
        staging.check_upload(folder, worker.progress)
    return 0


def prepare_data(parsed: argparse.Namespace) -> int:
    """Read a data set into the cache, in this process or as a background task."""
    from gan.data import catalogue, registry
    from gan.jobs.worker import working

    if parsed.task is None:
        image_set = registry.load_image_set(config_from_arguments(parsed).data, show_progress)
        show(f"{image_set.title}: {len(image_set):,} images are ready.")
        return 0
    task = settings.tasks() / parsed.task
    kinds.job_command(task)  # raises RunError for any other folder
    config = catalogue.find_entry(parsed.task.removeprefix("prepare-")).config
    with working(task) as worker:
        registry.load_image_set(config, worker.progress)
    return 0
