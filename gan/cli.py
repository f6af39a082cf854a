"""The commands: `python -m gan train|submit|runs|stop|resume|delete|logs|data|sample|export`.

Options of a run are made from `options.options()`, so the command line, the page's form and the README never differ.
Exit codes: 0 done, 2 a mistake of the user's (one clear line, no traceback), 1 our fault or a run that failed.
torch is imported only by the commands that need it.
"""

import argparse
import difflib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from gan import __version__, jobs, options, presets, runs
from gan.config import RunConfig
from gan.errors import GanError, RunError, UserError
from gan.runs import Run

DATA_PREFIX = "data."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    try:
        parsed, unknown = parser().parse_known_args(arguments)
        if unknown:
            parsed.command_parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        return int(parsed.run_command(parsed))
    except UserError as error:
        print(f"gan: {error}", file=sys.stderr)
        return 2
    except GanError as error:
        print(f"gan: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("gan: interrupted", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        sys.stderr.close()
        return 0


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaint is one line, with the closest option where one is misspelt."""

    def error(self, message: str) -> NoReturn:
        wrong = next((word for word in message.split() if word.startswith("--")), "")
        near = difflib.get_close_matches(wrong, self._option_string_actions, n=1)
        help = f"Did you mean {near[0]}?" if near else f"`{self.prog} --help` lists what it takes."
        raise UserError(f"{message}. {help}")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    whole = _Parser(prog="python -m gan", description="Conditional GANs for small image sets.", allow_abbrev=False)
    whole.add_argument("--version", action="version", version=__version__)
    commands = whole.add_subparsers(metavar="command", required=True, parser_class=_Parser)

    def command(name: str, run_command: Any, help: str, parent: Any = commands) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = parent.add_parser(name, help=help, description=help, allow_abbrev=False)
        made.set_defaults(run_command=run_command, command_parser=made)
        return made

    train = command("train", _train, "Train in the foreground; Ctrl-C saves and stops.")
    train.add_argument("--run", help=argparse.SUPPRESS)  # a run that exists: what the queue starts
    for made in (train, command("submit", _submit, "Train in the background; prints the run's name.")):
        made.add_argument("--preset", help=f"start from one of {', '.join(presets.PRESETS)}")
        made.add_argument("--name", help="the run's name; made from the data and the time where left out")
        made.add_argument(
            "--dry-run", action="store_true", help="show the estimate and the problems, and start nothing"
        )
        _add_options(made)

    listing = command("runs", _runs, "List the runs, the newest first.")
    listing.add_argument("--json", action="store_true", help="print one JSON list")
    listing.add_argument("--disk", action="store_true", help="show what each run takes on the disk")
    command("stop", _stop, "Ask a run to save and stop, or take it out of the queue.").add_argument("run")
    command("resume", _resume, "Go on with a run from its last snapshot.").add_argument("run")
    delete = command("delete", _delete, "Remove a run with its snapshots, samples and exports; asks first.")
    delete.add_argument("run")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    logs = command("logs", _logs, "Print what a run's trainer printed.")
    logs.add_argument("run")
    logs.add_argument("--follow", action="store_true", help="go on printing until the run ends")

    data = command("data", None, "Look at data sets.").add_subparsers(metavar="command", required=True)
    data._parser_class = _Parser
    command("list", _data_list, "List the data sets and whether they are here.", data)
    check = command(
        "check",
        _data_check,
        "Report on a folder or ZIP of your own images; exit code 2 where there is something to mend.",
        data,
    )
    check.add_argument("path", type=Path)
    check.add_argument("--json", action="store_true", help="print one JSON document")
    prepare = command("prepare", _data_prepare, "Read a data set into the cache now.", data)
    prepare.add_argument("--task", type=Path, help=argparse.SUPPRESS)
    _add_options(prepare, DATA_PREFIX)

    sample = command("sample", _sample, "Make images into a folder or a ZIP.")
    sample.add_argument("--count", type=int, default=64, help="images of each condition (default 64)")
    sample.add_argument("--start", type=int, default=0, help="position of the first image in the seed's stream")
    export = command("export", _export, "Make a ZIP of synthetic images, labelled and documented.")
    export.add_argument("--per-class", type=int, help="images of each class, or of each --condition")
    export.add_argument("--balance", action="store_true", help="bring every class to the count of the commonest")
    export.add_argument("--task", help=argparse.SUPPRESS)
    for made in (sample, export):
        made.add_argument("run")
        made.add_argument(
            "--condition", action="append", help='a class, or "Smiling=1,Male=0", or "any"; may be repeated'
        )
        made.add_argument("--snapshot", type=int, help="by images seen (default: the newest)")
        made.add_argument("--seed", type=int, default=0, help="another seed makes other images (default 0)")
        made.add_argument(
            "--truncation", type=float, default=1.0, help="below 1: more typical, less varied (default 1)"
        )
        made.add_argument("--out", type=Path, help="a file that ends in .zip, or an empty or new folder")
    return whole


def _add_options(made: argparse.ArgumentParser, prefix: str = "") -> None:
    for option in options.options():
        if option.path.startswith(prefix):
            unit = f" ({option.unit})" if option.unit else ""
            default = options.written(option.default)
            text = f"{option.help}{unit} Takes {option.takes}. Default: {default or 'empty'}."
            made.add_argument(f"--{option.path}", dest=option.path, metavar="VALUE", help=text.replace("%", "%%"))


def _config(parsed: argparse.Namespace) -> RunConfig:
    """The config that the arguments ask for: a preset, or the defaults, with single options changed."""
    given = {path: value for path, value in vars(parsed).items() if "." in path and value is not None}
    if "preset" in parsed and parsed.preset is not None:
        return options.changed(presets.preset(parsed.preset).config, given)
    return options.build(given)


def _train(parsed: argparse.Namespace) -> int:
    if parsed.run is not None:
        return _work(runs.find(parsed.run))
    config = _config(parsed)
    if not _fit_to_start(config, parsed.dry_run):
        return 2
    if parsed.dry_run:
        return 0
    run = runs.create(config, parsed.name)
    print(f"Run {run.name}: {run.path}", flush=True)
    return _work(run)


def _work(run: Run) -> int:
    """Be the trainer of a run; its cause of failure is in its folder, for pages, and on stderr, for whoever watches."""
    from gan.jobs.worker import working

    config = run.config
    try:
        with working(run.path, config.job.device) as worker:
            from gan.train import train  # after the device was chosen: torch must not see another

            train(run, worker)
    except Exception:
        state = jobs.state(run.path)
        if state.name != "failed":
            raise  # it never became the trainer
        print(f"gan: {run.name} failed: {state.cause}", file=sys.stderr, flush=True)
        return 1
    print(f"{run.name} {jobs.state(run.path).name} after {run.seen:,} of {run.total:,} images.", flush=True)
    return 0


def _submit(parsed: argparse.Namespace) -> int:
    config = _config(parsed)
    if not _fit_to_start(config, parsed.dry_run):
        return 2
    if not parsed.dry_run:
        run = runs.create(config, parsed.name)
        jobs.submit(run)
        print(run.name)
    return 0


def _fit_to_start(config: RunConfig, in_full: bool) -> bool:
    """Print what stands against starting, on stderr, and in a dry run the estimate; False where it cannot start."""
    from gan.estimate import estimate
    from gan.problems import problems

    found = problems(config)
    errors = [problem for problem in found if problem.level == "error"]
    for problem in found if in_full else errors or found:
        if in_full or problem.level != "note":
            print(f"{problem.level}: {problem.text}", file=sys.stderr)
    if in_full:
        print("\n".join(estimate(config).lines()))
    return not errors


def _runs(parsed: argparse.Namespace) -> int:
    rows = [_row(run, parsed.disk) for run in runs.all_runs()]
    if parsed.json:
        print(json.dumps(rows, indent=2))
        return 0
    for row in rows:
        disk = f"  {row['disk'] / 1e6:8.1f} MB" if parsed.disk else ""
        seen = f"{row['seen']:,} of {round(row['kimg'] * 1000):,}" if row["kimg"] else "-"
        print(f"{row['name']:<32} {row['state']:<9} {row['data']:<24} {seen:>24}{disk}  {row['cause']}".rstrip())
    if not rows:
        print("No runs yet. `python -m gan submit --preset digits-quick` starts one.")
    return 0


def _row(run: Run, disk: bool) -> dict[str, Any]:
    state = jobs.state(run.path)
    row: dict[str, Any] = {"name": run.name, "title": run.title, "state": state.name, "cause": state.cause}
    try:
        row |= {"data": run.config.data.slug, "kimg": run.config.train.kimg}
    except RunError as error:
        row |= {"data": "", "kimg": 0, "cause": str(error)}
    created = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(run.created))
    row |= {"seen": run.seen, "device": state.device, "created": created}
    return row | ({"disk": jobs.disk_usage(run.path)} if disk else {})


def _stop(parsed: argparse.Namespace) -> int:
    print(jobs.stop(runs.find(parsed.run).path))
    return 0


def _resume(parsed: argparse.Namespace) -> int:
    print(jobs.resume(runs.find(parsed.run)))
    return 0


def _delete(parsed: argparse.Namespace) -> int:
    run = runs.find(parsed.run)
    if not parsed.yes:
        size = jobs.disk_usage(run.path) / 1e6
        question = f"Delete {run.name} with its snapshots, samples and exports, {size:,.0f} MB, for good? [y/N] "
        if not sys.stdin.isatty():
            raise UserError(f"Nobody is there to ask whether {run.name} may be deleted: add --yes.")
        if input(question).strip().lower() not in ("y", "yes"):
            print("Nothing was deleted.")
            return 0
    print(jobs.delete(run))
    return 0


def _logs(parsed: argparse.Namespace) -> int:
    folder = runs.find(parsed.run).path
    if parsed.follow:
        for line in jobs.follow(folder):
            print(line, end="", flush=True)
    elif (folder / "log.txt").exists():
        print((folder / "log.txt").read_text(errors="replace"), end="")
    return 0


def _data_list(parsed: argparse.Namespace) -> int:
    from gan.data import catalogue

    for entry in catalogue.entries():
        where = "read" if entry.ready else "here" if entry.local else "to download"
        print(f"{entry.slug:<28} {'problem' if entry.problem else where:<12} {entry.problem or entry.title}")
    return 0


def _data_check(parsed: argparse.Namespace) -> int:
    from gan.data.check import check

    report = check(parsed.path, lambda phase, done: _show(phase, done, 1.0))
    if report.errors and not report.images and not parsed.json:
        raise UserError(report.errors[0].line)
    print(json.dumps(report.as_json(), indent=2) if parsed.json else report.as_text())
    return 0 if all(finding.level == "note" for finding in report.problems) else 2


def _data_prepare(parsed: argparse.Namespace) -> int:
    from gan import data
    from gan.jobs.worker import working

    config = _config(parsed).data
    if parsed.task is None:
        image_set = data.load(config, lambda phase, done: _show(phase, done, 1.0))
        print(f"{image_set.title}: {len(image_set):,} images are ready.")
        return 0
    with working(parsed.task) as worker:

        def report(phase: str, done: float) -> None:
            worker.report(phase, done, 1.0)
            worker.leave_if_asked()

        data.load(config, report)
    return 0


def _sample(parsed: argparse.Namespace) -> int:
    items = tuple((condition, parsed.count) for condition in parsed.condition or ["any"])
    return _make(parsed, items, parsed.start)


def _export(parsed: argparse.Namespace) -> int:
    from gan import export

    run = runs.find(parsed.run)
    if parsed.task is not None:
        return _export_task(run, parsed.task)
    if parsed.balance:
        if parsed.per_class is not None or parsed.condition:
            raise UserError("--balance decides the counts itself: leave --per-class and --condition out.")
        return _make(parsed, export.balanced(run.facts()), 0)
    if parsed.per_class is None:
        raise UserError("export takes --per-class N, the images of each class, or --balance.")
    return _make(parsed, export.of_each(run.facts(), parsed.per_class, parsed.condition), 0)


def _make(parsed: argparse.Namespace, items: tuple[tuple[str, int], ...], start: int) -> int:
    from gan import export

    if parsed.out is None:
        raise UserError("--out is missing: it takes a file that ends in .zip, or an empty or new folder.")
    request = export.ExportRequest(items, parsed.snapshot, parsed.seed, parsed.truncation, start)
    export.write(runs.find(parsed.run), request, parsed.out, lambda done, total: _show("making images", done, total))
    print(f"{request.count:,} images in {parsed.out}")
    return 0


def _export_task(run: Run, identifier: str) -> int:
    from gan import export
    from gan.jobs.worker import working

    with working(export.find(run, identifier).folder) as worker:

        def report(done: int, total: int) -> None:
            worker.report("making images", done, total)

        if not export.run_task(run, identifier, report, worker.should_stop):
            worker.stopped()
    return 0


def _show(phase: str, done: float, total: float) -> None:
    """A progress bar on a terminal; nothing where stderr goes to a file."""
    if sys.stderr.isatty():
        share = done / total if total else 1.0
        bar = "#" * round(30 * share)
        print(f"\r{phase:<24} [{bar:<30}] {share:4.0%}", end="\n" if done >= total else "", file=sys.stderr, flush=True)
