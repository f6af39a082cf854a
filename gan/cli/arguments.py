"""What the commands share: how the parser reports mistakes, and the options of a run.

The options come from `options.all_options()`, so that command line, form and README never differ. argparse passes on
only the options that were given, as text, and `options.build_config` validates them after a preset is applied. cyclopts
5.5, walking RunConfig itself, refused options that only the preset makes valid, and did not split lists at commas.
"""

import argparse
import difflib
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gan.config import options, presets
from gan.config.run_config import ModelConfig, RunConfig
from gan.errors import DataError, UserError
from gan.io.terminal import show

if TYPE_CHECKING:
    from gan.data.training_size import Sides

AddCommand = Callable[..., argparse.ArgumentParser]
"""`add_command(name, function, help, parent)`: adds a command and returns its parser."""


class CommandParser(argparse.ArgumentParser):
    """An ArgumentParser that raises a one-line UserError, and suggests the closest option for a misspelt one."""

    def __init__(self, **settings: Any) -> None:
        self.option_names: list[str] = []
        super().__init__(**settings)

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        action = super().add_argument(*names, **settings)
        self.option_names += action.option_strings
        return action

    def error(self, message: str) -> NoReturn:
        option = next((word for word in message.split() if word.startswith("--")), "")
        near = difflib.get_close_matches(option, self.option_names, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"`{self.prog} --help` lists what it takes."
        raise UserError(f"{message}. {hint}")


def add_run_options(parser: argparse.ArgumentParser, prefix: str = "") -> None:
    """Add every option of a RunConfig whose path starts with `prefix`, such as `--train.batch`."""
    for option in options.all_options():
        if option.path.startswith(prefix):
            unit = f" ({option.unit})" if option.unit else ""
            default = options.format_value(option.default)
            text = f"{option.help}{unit} Takes {option.takes}. Default: {default or 'empty'}."
            parser.add_argument(f"--{option.path}", dest=option.path, metavar="VALUE", help=text.replace("%", "%%"))


def config_from_arguments(parsed: argparse.Namespace) -> RunConfig:
    """The config that the arguments ask for: a preset or the defaults, with the given options replaced."""
    from gan.data.sources.folder import added_sets  # here: it imports numpy

    given = {path: value for path, value in vars(parsed).items() if "." in path and value is not None}
    path = given.get("data.path")
    if path and path not in added_sets() and Path(path).expanduser().is_dir():
        given["data.path"] = str(Path(path).expanduser().resolve())  # a job has another working folder
    preset = parsed.preset if "preset" in parsed else None
    if preset is None or preset == presets.AUTO:
        requested = options.build_config(given)
    else:
        found = presets.find_preset(preset, f", or {presets.AUTO} for a fitted one")
        requested = options.replace_options(found.config, given)
    sides = None
    if requested.data.name == "folder" and "data.image_size" not in given:
        requested, sides = _with_size_of_images(requested)
    return _recommended(requested, given, sides) if preset == presets.AUTO else requested


def _with_size_of_images(requested: RunConfig) -> "tuple[RunConfig, Sides | None]":
    """The config with the size that the images' own sides propose, and these. Prints it with the reason to stderr."""
    from gan.data.sources.folder import image_sides
    from gan.data.training_size import proposed_size, size_reason  # here: both import numpy

    try:
        sides = image_sides(requested.data)
    except DataError:  # what is wrong with the images is reported where they are read
        return requested, None
    size = proposed_size(sides)
    show(f"data.image_size {size}: {size_reason(sides, size)}", error=True)
    return options.replace_options(requested, {"data.image_size": size}), sides


def _recommended(requested: RunConfig, given: dict[str, Any], sides: "Sides | None") -> RunConfig:
    """The recommended config for the data set, with the given options replaced.

    Prints the reason to stderr, and a run to start from as a proposal, which is not taken.
    """
    from gan.data.registry import load_image_set
    from gan.monitoring.parent_proposal import propose_parent
    from gan.training import recommend  # here: all import numpy

    images = load_image_set(requested.data)
    recommended = recommend.recommend(requested.data, images, requested.job, sides)
    show(recommended.why, error=True)
    if given.get("model.family", recommended.config.model.family) != recommended.config.model.family:
        given = {"model.upsampling": ModelConfig().upsampling} | given  # the other families have one way each
    config = options.replace_options(recommended.config, given)
    proposal = propose_parent(config, images) if "train.start_from" not in given else None
    if proposal is not None:
        flags = shlex.join(options.to_arguments(options.replace_options(config, dict(proposal.options)), config))
        show(
            f"Not taken, but proposed: {flags} starts from the run {proposal.run.title} ({proposal.set_title}, "
            f"{proposal.images:,} images). {proposal.reason}",
            error=True,
        )
    return config
