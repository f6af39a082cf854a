"""`sample`, `export` and `export-model`: synthetic images of a run, and its generator.

`sample` makes the images at given positions of a seed's stream, near copies included: to view or to reproduce them.
`export` makes a download, and `export-model` writes the generator for other programs. torch is imported only when the
work begins.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from gan.cli.arguments import AddCommand
from gan.cli.chosen_snapshot import chosen_snapshot
from gan.cli.progress import show_progress
from gan.errors import UserError
from gan.export import balance, exports, generator_files
from gan.export.formats import FORMATS
from gan.export.model_export import MODEL_FORMATS, export_model
from gan.export.request import ExportRequest, equal_subclasses, items_per_condition
from gan.export.writer import write_export
from gan.io.terminal import show
from gan.jobs.worker import working
from gan.runs.run import Run, find_run
from gan.sampling import marks


def add_commands(command: AddCommand) -> None:
    """Add `sample`, `export` and `export-model`."""
    _add_sample_options(command("sample", make_sample, "Make images into a folder or a ZIP."))
    _add_export_options(command("export", make_export, "Make a ZIP of labelled, documented synthetic images."))
    _add_model_options(
        command("export-model", make_model_export, "Write the generator into files that open without this program.")
    )


def _add_sample_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=64, help="images of each condition (default 64)")
    parser.add_argument("--start", type=int, default=0, help="position of the first image in the seed's stream")
    _add_common_options(parser)


def _add_export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--per-class", type=int, help="images of each class, or of each --condition")
    parser.add_argument("--balance", action="store_true", help="bring every class to the count of the largest")
    parser.add_argument(
        "--bring-to",
        type=int,
        metavar="N",
        help="bring each class, or each --condition, to N, real and synthetic together",
    )
    parser.add_argument(
        "--equal-subclasses",
        action="store_true",
        help="equally many images of each subclass of a class, not as often as in the training images",
    )
    parser.add_argument("--kept", action="store_true", help="exactly the images marked keep in the gallery")
    parser.add_argument(
        "--keep-rate", type=float, default=1.0, help="keep this share of the candidates, the best-scored (default 1)"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="folder",
        help="npz: as in MedMNIST; dicom: Secondary Capture (default folder)",
    )
    parser.add_argument(
        "--with-near-copies",
        action="store_true",
        help="keep near copies of training images, which are otherwise left out and replaced",
    )
    parser.add_argument("--task", help=argparse.SUPPRESS)
    _add_common_options(parser)


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    parser.add_argument(
        "--format",
        choices=MODEL_FORMATS,
        default="torch",
        help="torch: a program of torch.export (default); onnx; safetensors: weights, and the network as Python code",
    )
    parser.add_argument("--snapshot", type=int, help="by images seen (default: the best by scores, else the newest)")
    parser.add_argument("--out", type=Path, help="a file that ends in .zip, or an empty or new folder")
    parser.add_argument("--task", help=argparse.SUPPRESS)


def _add_common_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    parser.add_argument(
        "--condition", action="append", help='a class, "7, subclass 3", "Smiling=1,Male=0", or "any"; may be repeated'
    )
    parser.add_argument("--snapshot", type=int, help="by images seen (default: the best by scores, else the newest)")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other images (default 0)")
    parser.add_argument("--truncation", type=float, default=1.0, help="below 1: more typical, less varied (default 1)")
    parser.add_argument("--out", type=Path, help="a file that ends in .zip, or an empty or new folder")


def make_sample(parsed: argparse.Namespace) -> int:
    """Make images of some conditions."""
    items = tuple((condition, parsed.count) for condition in parsed.condition or ["any"])
    snapshot = chosen_snapshot(find_run(parsed.run), parsed.snapshot)
    request = ExportRequest(items, snapshot, parsed.seed, parsed.truncation, parsed.start)
    return _write(parsed, replace(request, with_near_copies=True, with_rejected=True))


def make_export(parsed: argparse.Namespace) -> int:
    """Make a documented download, in this process or as a background task."""
    run = find_run(parsed.run)
    if parsed.task is not None:
        return _run_task(run, parsed.task)
    return _write(parsed, _request(run, parsed))


def make_model_export(parsed: argparse.Namespace) -> int:
    """Write the generator of a snapshot, without the discriminator, in this process or as a background task."""
    run = find_run(parsed.run)
    if parsed.task is not None:
        with working(generator_files.find_generator_file(run, parsed.task).folder) as worker:
            generator_files.run_task(run, parsed.task, worker.progress)
        return 0
    result = export_model(run, parsed.format, _out(parsed), chosen_snapshot(run, parsed.snapshot), show_progress)
    show(
        f"The generator after {result.snapshot:,} images in {parsed.out}; README.md there says how to use it. Loaded "
        f"again, its images differ by at most {result.difference:.1g} in [-1, 1]."
    )
    return 0


def _request(run: Run, parsed: argparse.Namespace) -> ExportRequest:
    """The request in the arguments; raises UserError where they contradict each other."""
    ways = {
        "--per-class N, the images of each class": parsed.per_class is not None,
        "--balance": parsed.balance,
        "--bring-to N": parsed.bring_to is not None,
        "--kept": parsed.kept,
    }
    if sum(ways.values()) != 1:
        raise UserError(f"export takes one of {'; '.join(ways)}.")
    if parsed.condition and parsed.per_class is None and parsed.bring_to is None:
        raise UserError(
            "--condition goes with --per-class or --bring-to: the other ways choose the classes themselves."
        )
    if parsed.kept:
        if parsed.keep_rate != 1 or parsed.equal_subclasses:
            raise UserError("--kept makes exactly the marked images: leave --keep-rate and --equal-subclasses out.")
        origins = marks.basket(run)
        if not origins:
            raise UserError(f"No image of a snapshot of {run.name} is marked keep: mark some in the gallery first.")
        return replace(ExportRequest.of_basket(origins, parsed.format), with_near_copies=parsed.with_near_copies)
    if parsed.per_class is not None:
        items = items_per_condition(run.info(), parsed.per_class, parsed.condition)
    else:
        items = balance.balance_items(run.info(), parsed.bring_to, parsed.condition)
    if parsed.equal_subclasses:
        items = equal_subclasses(items, run.info())
    return ExportRequest(
        items,
        chosen_snapshot(run, parsed.snapshot),
        parsed.seed,
        parsed.truncation,
        start=None,
        with_near_copies=parsed.with_near_copies,
        keep_rate=parsed.keep_rate,
        format=parsed.format,
    )


def _write(parsed: argparse.Namespace, request: ExportRequest) -> int:
    result = write_export(find_run(parsed.run), request, _out(parsed), show_progress)
    show("\n".join([f"{result.count:,} images in {parsed.out}", *result.notices]))
    return 0


def _out(parsed: argparse.Namespace) -> Path:
    if parsed.out is None:
        raise UserError("--out is missing: it takes a file that ends in .zip, or an empty or new folder.")
    return Path(parsed.out)


def _run_task(run: Run, identifier: str) -> int:
    with working(exports.find_export(run, identifier).folder) as worker:
        exports.run_task(run, identifier, worker.progress)
    return 0
