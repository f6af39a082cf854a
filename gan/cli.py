"""The commands: `python -m gan train|submit|runs|stop|resume|delete|logs|data|sample|export|bench|soak`.

Options of a run are made from `options.options()`, so the command line, the page's form and the README never differ.
Exit codes: 0 done, 2 a mistake of the user's (one clear line, no traceback), 1 our fault or a run that failed.
What each command does is in `commands.py`.
"""

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from gan import __version__, auto, commands, export_command, options, presets
from gan.errors import STORE_FAULTS, GanError, UserError, store_in_words
from gan.evaluation import command as evaluation
from gan.faults import FAULTS

DATA_PREFIX = "data."
Command = Callable[..., argparse.ArgumentParser]
"""Adds a command: its name, what runs it, one line of help, and the parent of a command of commands."""


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
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.errno not in STORE_FAULTS:
            raise
        print(f"gan: {store_in_words(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("gan: interrupted", file=sys.stderr)
        return 1


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
    named = whole.add_subparsers(metavar="command", required=True, parser_class=_Parser)

    def command(name: str, run_command: Any, help: str, parent: Any = named) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = parent.add_parser(name, help=help, description=help, allow_abbrev=False)
        made.set_defaults(run_command=run_command, command_parser=made)
        return made

    _add_runs(command)
    _add_data(command)
    _add_measuring(command)
    evaluate = command("evaluate", commands.evaluate, "Score snapshots against real images that they have not seen.")
    evaluation.add_options(evaluate)
    sample = command("sample", commands.make_sample, "Make images into a folder or a ZIP.")
    export_command.add_sample_options(sample)
    export = command("export", commands.make_export, "Make a ZIP of synthetic images, labelled and documented.")
    export_command.add_export_options(export)
    return whole


def _add_runs(command: Command) -> None:
    """What starts, lists, ends and tells of runs."""
    train = command("train", commands.train_run, "Train in the foreground; Ctrl-C saves and stops.")
    train.add_argument("--run", help=argparse.SUPPRESS)  # a run that exists: what the queue starts
    for made in (train, command("submit", commands.submit, "Train in the background; prints the run's name.")):
        made.add_argument("--preset", help=f"start from one of {', '.join([auto.NAME, *presets.PRESETS])}")
        made.add_argument("--name", help="the run's name; made from the data and the time where left out")
        made.add_argument(
            "--dry-run", action="store_true", help="show the estimate and the problems, and start nothing"
        )
        _add_options(made)

    listing = command("runs", commands.list_runs, "List the runs, the newest first.")
    listing.add_argument("--json", action="store_true", help="print one JSON list")
    listing.add_argument("--disk", action="store_true", help="show what each run takes on the disk")
    listing.add_argument("--archived", action="store_true", help="list the archived runs too")
    command("stop", commands.stop, "Ask a run to save and stop, or take it out of the queue.").add_argument("run")
    command("resume", commands.resume, "Go on with a run from its last snapshot.").add_argument("run")
    delete = command("delete", commands.delete, "Remove a run with its snapshots, samples and exports; asks first.")
    delete.add_argument("run")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    logs = command("logs", commands.logs, "Print what a run's trainer printed.")
    logs.add_argument("run")
    logs.add_argument("--follow", action="store_true", help="go on printing until the run ends")
    events = command(
        "tensorboard", commands.tensorboard, "Write a run's curves and samples as TensorBoard event files."
    )
    events.add_argument("run")
    events.add_argument("--out", type=Path, required=True, help="an empty or new folder")


def _add_data(command: Command) -> None:
    """What looks at data sets, and reads them in."""
    data = command("data", None, "Look at data sets.").add_subparsers(metavar="command", required=True)
    data._parser_class = _Parser
    command("list", commands.list_data, "List the data sets and whether they are here.", data)
    check = command(
        "check",
        commands.check_data,
        "Report on a folder or ZIP of your own images; exit code 2 where there is something to mend.",
        data,
    )
    check.add_argument("path", type=Path)
    check.add_argument("--json", action="store_true", help="print one JSON document")
    prepare = command("prepare", commands.prepare_data, "Read a data set into the cache now.", data)
    prepare.add_argument("--task", type=Path, help=argparse.SUPPRESS)
    _add_options(prepare, DATA_PREFIX)


def _add_measuring(command: Command) -> None:
    """What measures this machine and this program."""
    bench = command("bench", commands.bench, "Measure how fast this machine trains, against the textbook's loop.")
    bench.add_argument("--json", action="store_true", help="print one JSON document")
    bench.add_argument("--export", action="store_true", help="measure an export too")
    bench.add_argument("--loading", action="store_true", help="measure the loading of 200,000 images of 128 px too")
    bench.add_argument("--pages", action="store_true", help="measure the app's pages over 200 long runs too")
    bench.add_argument(
        "--size", type=int, action="append", choices=(32, 64, 128), help="only this size; may be repeated"
    )
    soak = command("soak", commands.soak, "Submit, stop, kill and resume at random, and check that all stays true.")
    soak.add_argument("--minutes", type=float, default=10.0, help="how long (default 10)")
    soak.add_argument("--seed", type=int, help="the seed that an earlier soak printed, to do the same again")
    soak.add_argument("--fault", help=f"break one thing on purpose, which has to be found: {', '.join(FAULTS)}")


def _add_options(made: argparse.ArgumentParser, prefix: str = "") -> None:
    for option in options.options():
        if option.path.startswith(prefix):
            unit = f" ({option.unit})" if option.unit else ""
            default = options.written(option.default)
            text = f"{option.help}{unit} Takes {option.takes}. Default: {default or 'empty'}."
            made.add_argument(f"--{option.path}", dest=option.path, metavar="VALUE", help=text.replace("%", "%%"))
