"""The command line: `python -m gan app|train|submit|sweep|runs|stop|resume|logs|data|evaluate|sample|export ...`.

Exit codes: 0 done; 1 a failed run or a bug; 2 a user's mistake, with one clear line and no traceback.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from gan import __version__
from gan.cli.arguments import CommandParser
from gan.config import settings
from gan.errors import STORE_FAULTS, GanError, UserError, describe_store_error
from gan.io.terminal import show

MODULES = {
    "app": ("app",),
    "train": ("train", "submit"),
    "sweep": ("sweep",),
    "runs": ("runs", "stop", "resume", "release", "delete", "logs", "tensorboard"),
    "data": ("data",),
    "user": ("user",),
    "doctor": ("doctor",),
    "bench": ("bench", "soak"),
    "evaluate": ("evaluate",),
    "export": ("sample", "export", "export-model"),
}
"""The commands of each module, in the order of the help."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        parsed, unknown = build_parser(*words[:1]).parse_known_args(words)
        if unknown:
            parsed.command_parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        return int(parsed.run_command(parsed))
    except UserError as error:
        show(f"gan: {error}", error=True)
        return 2
    except GanError as error:
        show(f"gan: {error}", error=True)
        return 1
    except BrokenPipeError:  # such as head, which closes the pipe early
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.errno not in STORE_FAULTS:
            raise
        show(f"gan: {describe_store_error(error)}", error=True)
        return 2
    except KeyboardInterrupt:
        show("gan: interrupted", error=True)
        return 1


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """The parser of all commands, or only of those in the module of `command`, which starts sooner."""
    parser = CommandParser(
        prog=settings.PROGRAM, description="Conditional GANs for small image sets.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="command", required=True)

    def add_command(name: str, run_command: Any, help: str, parent: Any = commands) -> argparse.ArgumentParser:
        subparser: argparse.ArgumentParser = parent.add_parser(name, help=help, description=help, allow_abbrev=False)
        subparser.set_defaults(run_command=run_command, command_parser=subparser)
        return subparser

    for module in [name for name, names in MODULES.items() if command in names] or MODULES:
        importlib.import_module(f"gan.cli.{module}").add_commands(add_command)
    return parser
