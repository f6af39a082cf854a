"""The command line: `python -m gan train|submit|runs|stop|resume|delete|logs|data|evaluate|sample|export|bench|soak`.

Exit codes: 0 done, 2 a mistake of the user's (one clear line, no traceback), 1 our fault or a run that failed.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from gan import __version__
from gan.cli.arguments import CommandParser
from gan.errors import STORE_FAULTS, GanError, UserError, describe_store_error

MODULES = {
    "train": ("train", "submit"),
    "runs": ("runs", "stop", "resume", "delete", "logs", "tensorboard"),
    "data": ("data",),
    "bench": ("bench", "soak"),
    "evaluate": ("evaluate",),
    "export": ("sample", "export"),
}
"""The commands of each module of this package, in the order of the help."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        parsed, unknown = build_parser(*words[:1]).parse_known_args(words)
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
        print(f"gan: {describe_store_error(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("gan: interrupted", file=sys.stderr)
        return 1


def build_parser(asked: str = "") -> argparse.ArgumentParser:
    """The whole command line, or only what is in the module of the command asked for, so that it starts sooner."""
    whole = CommandParser(
        prog="python -m gan", description="Conditional GANs for small image sets.", allow_abbrev=False
    )
    whole.add_argument("--version", action="version", version=__version__)
    named = whole.add_subparsers(metavar="command", required=True)

    def command(name: str, run_command: Any, help: str, parent: Any = named) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = parent.add_parser(name, help=help, description=help, allow_abbrev=False)
        made.set_defaults(run_command=run_command, command_parser=made)
        return made

    for module in [name for name, commands in MODULES.items() if asked in commands] or MODULES:
        importlib.import_module(f"gan.cli.{module}").add_commands(command)
    return whole
