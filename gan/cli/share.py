"""`share` and `data share`: to whom a run or an added set belongs, and who else may see it."""

import argparse
from collections.abc import Callable
from typing import Any

from gan.access.permissions import Owned
from gan.cli.arguments import AddCommand
from gan.io.terminal import printable, show


def add_commands(command: AddCommand) -> None:
    """Add `share`."""
    sharing = command("share", share_run, "Show or change who may see a run, and whose it is (docs/server.md).")
    sharing.add_argument("run")
    _add_options(sharing)


def add_share_command(command: AddCommand, parent: Any) -> None:
    """Add `data share`."""
    sharing = command("share", share_set, "Show or change who may see an added set, and whose it is.", parent)
    sharing.add_argument("set", help="its name, as `data list` shows it behind folder-")
    _add_options(sharing)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--visibility", metavar="WHO", help="private, group:NAME or all")
    parser.add_argument("--owner", metavar="NAME", help="the person whose it is from now on")


def share_run(parsed: argparse.Namespace) -> int:
    """Change what is given of a run, and print all."""
    from gan.runs import notes
    from gan.runs.run import Run, find_run  # here: pydantic

    path = find_run(parsed.run).path
    return _share(
        parsed, lambda text: notes.share_run(path, text), lambda name: notes.give_run(path, name), lambda: Run(path)
    )


def share_set(parsed: argparse.Namespace) -> int:
    """Change what is given of an added set, and print all."""
    from gan.data import set_notes
    from gan.data.set_access import folder_target  # here: pydantic

    name = parsed.set
    set_notes.added_folder(name)
    return _share(
        parsed,
        lambda text: set_notes.share_set(name, text),
        lambda owner: set_notes.give_set(name, owner),
        lambda: folder_target(set_notes.added_folder(name)),
    )


def _share(
    parsed: argparse.Namespace,
    share: Callable[[str], object],
    give: Callable[[str], object],
    target: Callable[[], Owned],
) -> int:
    """Do what the options ask for; `target` gives the run or set as it is then."""
    if parsed.visibility is not None:
        share(parsed.visibility)
    if parsed.owner is not None:
        give(parsed.owner)
    now = target()
    show(printable(f"The {now.subject} belongs to {now.owner or 'nobody'} and is visible to: {now.visibility}."))
    return 0
