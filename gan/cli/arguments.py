"""What the commands share: how the parser reports mistakes, and the options of a run.

The options come from `options.all_options()`, so that command line, form and README never differ. argparse passes on
only the options that were given, as text, and `options.build_config` validates them after a preset is applied. cyclopts
5.5, walking RunConfig itself, refused options that only the preset makes valid, and did not split lists at commas.
"""

import argparse
import difflib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from gan.config import options, presets
from gan.config.run_config import RunConfig
from gan.errors import UserError

AddCommand = Callable[..., argparse.ArgumentParser]
"""Adds a command: its name, what runs it, one line of help, and the parent of a command of commands."""


class CommandParser(argparse.ArgumentParser):
    """An ArgumentParser that raises UserError, one line, with the closest option where one is misspelt."""

    def __init__(self, **settings: Any) -> None:
        self.option_names: list[str] = []
        super().__init__(**settings)

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        action = super().add_argument(*names, **settings)
        self.option_names += action.option_strings
        return action

    def error(self, message: str) -> NoReturn:
        wrong = next((word for word in message.split() if word.startswith("--")), "")
        near = difflib.get_close_matches(wrong, self.option_names, n=1)
        help = f"Did you mean {near[0]}?" if near else f"`{self.prog} --help` lists what it takes."
        raise UserError(f"{message}. {help}")


def add_run_options(made: argparse.ArgumentParser, prefix: str = "") -> None:
    """Add every option of a RunConfig whose path starts with `prefix`, such as `--train.batch`."""
    for option in options.all_options():
        if option.path.startswith(prefix):
            unit = f" ({option.unit})" if option.unit else ""
            default = options.format_value(option.default)
            text = f"{option.help}{unit} Takes {option.takes}. Default: {default or 'empty'}."
            made.add_argument(f"--{option.path}", dest=option.path, metavar="VALUE", help=text.replace("%", "%%"))


def config_from_arguments(parsed: argparse.Namespace) -> RunConfig:
    """The config that the arguments ask for: a preset, or the defaults, with single options changed."""
    from gan.data.sources.folder import added_sets  # here: it imports numpy and every source of data

    given = {path: value for path, value in vars(parsed).items() if "." in path and value is not None}
    own = given.get("data.path")
    if own and own not in added_sets() and Path(own).expanduser().is_dir():
        given["data.path"] = str(Path(own).expanduser().resolve())  # a job runs in another folder
    if "preset" in parsed and parsed.preset == presets.AUTO:
        return _recommended(given)
    if "preset" in parsed and parsed.preset is not None:
        return options.replace_options(presets.find_preset(parsed.preset).config, given)
    return options.build_config(given)


def _recommended(given: dict[str, Any]) -> RunConfig:
    """The recipe for the data set that is asked for, with single options changed; says why, on stderr."""
    from gan.data.registry import load_image_set
    from gan.training import recommend  # here: these two import numpy and every source of data

    asked = options.build_config(given)
    found = recommend.recommend(asked.data, load_image_set(asked.data), asked.job.device)
    for text in (found.why, found.advice):
        if text:
            print(text, file=sys.stderr)
    return options.replace_options(found.config, given)
