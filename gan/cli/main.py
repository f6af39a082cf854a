"""The command line: `python -m gan app|train|submit|sweep|runs|stop|resume|logs|data|evaluate|sample|export ...`.

Exit codes: 0 done; 1 a failed run or a bug; 2 a user's mistake, with one clear line and no traceback.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from gan import __version__
from gan.access.permissions import Action, check
from gan.cli.arguments import CommandParser
from gan.config import settings
from gan.errors import STORE_FAULTS, GanError, UserError, describe_store_error
from gan.io.terminal import show

MODULES = {
    "app": ("app",),
    "train": ("train", "submit"),
    "sweep": ("sweep",),
    "runs": ("runs", "stop", "resume", "release", "delete", "logs", "log"),
    "share": ("share",),
    "data": ("data",),
    "user": ("user",),
    "audit": ("audit",),
    "doctor": ("doctor",),
    "bench": ("bench", "soak"),
    "evaluate": ("evaluate",),
    "export": ("sample", "export", "export-model"),
}
"""The commands of each module, in the order of the help."""

ACTIONS = {
    "app": Action.SEE_SYSTEM,
    "train": Action.START_RUN,
    "submit": Action.START_RUN,
    "sweep": Action.START_RUN,
    "runs": Action.SEE,
    "stop": Action.STOP_JOB,
    "resume": Action.CHANGE_RUN,
    "release": Action.RELEASE_JOB,
    "delete": Action.DELETE_RUN,
    "logs": Action.SEE,
    "log": Action.SEE,
    "share": Action.SEE,
    "data list": Action.USE_SET,
    "data check": Action.ADD_SET,
    "data add": Action.ADD_SET,
    "data prepare": Action.USE_SET,
    "data suspects": Action.CHANGE_SET,
    "data relabel": Action.CHANGE_SET,
    "data describe": Action.CHANGE_SET,
    "data subset": Action.ADD_SET,
    "data share": Action.USE_SET,
    "data delete": Action.REMOVE_SET,
    "user": Action.MANAGE_USERS,
    "user add": Action.MANAGE_USERS,
    "user change": Action.MANAGE_USERS,
    "user list": Action.MANAGE_USERS,
    "user password": Action.MANAGE_USERS,
    "user remove": Action.MANAGE_USERS,
    "user sign-out": Action.MANAGE_USERS,
    "audit": Action.SEE_AUDIT,
    "audit list": Action.SEE_AUDIT,
    "audit verify": Action.SEE_AUDIT,
    "doctor": Action.SEE_SYSTEM,
    "bench": Action.SEE_SYSTEM,
    "soak": Action.SEE_SYSTEM,
    "evaluate": Action.EVALUATE,
    "sample": Action.EXPORT_NEAR_COPIES,
    "export": Action.EXPORT,
    "export-model": Action.EXPORT_MODEL,
}
"""What each command takes; the system's user, whose the command line is, may do everything."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        parsed, unknown = build_parser(*words[:1]).parse_known_args(words)
        if unknown:
            parsed.command_parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        name = parsed.command_parser.prog.removeprefix(settings.PROGRAM).strip()
        check(ACTIONS.get(name, Action.MANAGE_USERS))
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
