"""`data list`, `data check`, `data add` and `data prepare`: list, check, add and read sets.

More commands of `data` are in `labels.py`, `added_sets.py` and `share.py`.
"""

import argparse
import json
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gan.cli.added_sets import add_set_commands
from gan.cli.arguments import AddCommand, add_run_options, config_from_arguments
from gan.cli.labels import add_label_commands
from gan.cli.progress import show_progress
from gan.cli.reading_options import add_reading_options, choose_reading, reading_options
from gan.cli.share import add_share_command
from gan.config import settings
from gan.errors import UserError
from gan.io.atomic import remove_folder
from gan.io.terminal import printable, show
from gan.jobs import kinds

if TYPE_CHECKING:
    from gan.data.ingest.checks.report import CheckReport

DATA_PREFIX = "data."


def add_commands(command: AddCommand) -> None:
    """Add the commands of `data`."""
    data = command("data", None, "Look at data sets.").add_subparsers(metavar="command", required=True)
    command("list", list_data, "List the data sets, and which of them are on this machine.", data)
    check = command(
        "check",
        check_data,
        "Report on your own images: a folder, ZIP or tar. Exit code 2 where they cannot be used, or can be read in "
        "several ways; the report then lists the options that choose one.",
        data,
    )
    check.add_argument("path", type=Path, nargs="?")
    check.add_argument("--task", help=argparse.SUPPRESS)
    check.add_argument("--json", action="store_true", help="print one JSON document")
    _add_names_encoding(check)
    add_reading_options(check)
    add = command(
        "add",
        add_data,
        "Check your own images and keep them as a set for --data.path NAME, with the way they are read.",
        data,
    )
    add.add_argument("name", help="what to call the set, in any words")
    add.add_argument("path", type=Path)
    _add_names_encoding(add)
    add_reading_options(add)
    prepare = command("prepare", prepare_data, "Read a data set into the cache now.", data)
    prepare.add_argument("--task", help=argparse.SUPPRESS)
    add_run_options(prepare, DATA_PREFIX)
    add_label_commands(command, data)
    add_set_commands(command, data)
    add_share_command(command, data)


def _add_names_encoding(parser: argparse.ArgumentParser) -> None:
    text = "encoding of the names in a ZIP, such as gb18030 or cp932, if the detected one is wrong"
    parser.add_argument("--names-encoding", default="", metavar="NAME", help=text)


def list_data(parsed: argparse.Namespace) -> int:
    """Print every data set."""
    from gan.data import catalogue

    for entry in catalogue.entries():
        where = "read" if entry.ready else "here" if entry.local else "to download"
        line = f"{entry.slug:<28} {'problem' if entry.problem else where:<12} {entry.problem or entry.title}"
        show(printable(line, kept=""))
    return 0


def check_data(parsed: argparse.Namespace) -> int:
    """Print the report on a folder or archive; with `--task`, check an upload as that background task."""
    from gan.data.ingest.checks.check import check_images

    if parsed.task is not None:
        return _check_upload(parsed.task)
    if parsed.path is None:
        raise UserError("data check takes the path of a folder, ZIP or tar.")
    choose = partial(choose_reading, parsed)
    report = check_images(parsed.path, show_progress, choose=choose, names_encoding=parsed.names_encoding)
    if parsed.json:
        show(json.dumps(report.as_json(), indent=2))
    else:
        _show_report(report, f"data check {shlex.quote(str(parsed.path))}")
    return 0 if report.ok else 2


def add_data(parsed: argparse.Namespace) -> int:
    """Check a folder or archive and accept it as an added set; prints the report."""
    from gan.data.ingest import accepted_sets, staging, upload_check

    folder = staging.stage_path(parsed.name, parsed.path, parsed.names_encoding)
    try:
        report = upload_check.check_upload(folder, show_progress, partial(choose_reading, parsed))
        _show_report(report, f"data add {shlex.quote(parsed.name)} {shlex.quote(str(parsed.path))}")
        if report.ok:
            name = accepted_sets.accept(report)
            show(f"Added. Train on it with --data.name folder --data.path {name}.")
        return 0 if report.ok else 2
    finally:
        remove_folder(folder)


def _show_report(report: "CheckReport", command: str) -> None:
    """Print a report; where it asks for a reading, with a command line for each. Raises UserError if all is refused."""
    from gan.data.ingest.checks.report import first_few  # here: it imports numpy

    if report.errors and not report.images and not report.proposals:
        raise UserError(report.errors[0].command_line)
    show(report.as_text())
    if report.reading is None:
        for number, proposal in enumerate(report.proposals, 1):
            counts = [f"{name} ({count:,})" for name, count in proposal.counts.items()]
            doubts = [doubt for doubt in proposal.doubts if doubt not in report.proposals[0].doubts]
            show(f"{number}. {' '.join((proposal.title + '.', *doubts))}")
            show(f"   {first_few(counts)}")
            if proposal.reading.table is not None and proposal.reading.table.subgroups:
                show(f"   Kept for results by subgroup: {', '.join(proposal.reading.table.subgroups)}")
            show(f"   {settings.PROGRAM} {command} {reading_options(proposal.reading)}\n")


def _check_upload(identifier: str) -> int:
    from gan.data.ingest import staging, upload_check
    from gan.jobs.worker import working

    folder = staging.upload_folder(identifier)
    with working(folder) as worker:
        upload_check.check_upload(folder, worker.progress)
    return 0


def prepare_data(parsed: argparse.Namespace) -> int:
    """Read a data set into the cache, in this process or as a background task."""
    from gan.data import catalogue, registry
    from gan.data.ingest.labels.subgroups import count_values, counts_text
    from gan.jobs.worker import working

    if parsed.task is None:
        image_set = registry.load_image_set(config_from_arguments(parsed).data, show_progress)
        show(f"{image_set.title}: {len(image_set):,} images are ready.")
        if image_set.subgroups:
            show(f"Kept for results by subgroup: {counts_text(count_values(image_set.subgroups))}.")
        return 0
    task = settings.tasks() / parsed.task
    kinds.job_command(task)  # raises RunError for any other folder
    config = catalogue.find_entry(parsed.task.removeprefix("prepare-")).config
    with working(task) as worker:
        registry.load_image_set(config, worker.progress)
    return 0
