"""`data describe`, `data subset` and `data delete`: what is written about an added set, a smaller one, removing it."""

import argparse
import sys
from dataclasses import asdict, replace
from typing import Any

from gan.cli.arguments import AddCommand
from gan.errors import UserError
from gan.io.terminal import printable, show

HELP = {
    "title": "what to call it, in any words; its name stays",
    "description": "what the images show",
    "source": "where they come from",
    "licence": "under which licence they may be used",
    "consent": "consent of the persons, or the ethics approval",
}


def add_set_commands(command: AddCommand, parent: Any) -> None:
    """Add `data describe`, `data subset` and `data delete`."""
    describe = command("describe", describe_set, "Show what is written about an added set, or change it.", parent)
    describe.add_argument("set", help="its name, as `data list` shows it behind folder-")
    for name, text in HELP.items():
        describe.add_argument(f"--{name}", metavar="TEXT", help=text)
    subset = command(
        "subset", make_subset, "Make a smaller set from an added one: fewer or merged classes, fewer images.",
        parent,
    )  # fmt: skip
    subset.add_argument("set", help="its name, as `data list` shows it behind folder-")
    subset.add_argument("title", help="what to call the new set, in any words")
    subset.add_argument("--drop", nargs="+", default=[], metavar="CLASS", help="classes to leave out")
    subset.add_argument(
        "--merge", nargs="+", default=[], metavar="OLD=NEW", help="classes to rename; those of one new name are merged"
    )
    subset.add_argument("--most", type=int, metavar="N", help="keep at most N training images of a class")
    delete = command("delete", delete_set, "Delete an added set; its runs and their images stay.", parent)
    delete.add_argument("set", help="its name, as `data list` shows it behind folder-")
    delete.add_argument("--yes", action="store_true", help="do not ask")


def describe_set(parsed: argparse.Namespace) -> int:
    """Change the given texts of a set, and print all."""
    from gan.data import set_notes  # here: pydantic

    notes = set_notes.load_set_notes(set_notes.added_folder(parsed.set))
    given = {name: value for name in HELP if (value := getattr(parsed, name)) is not None}
    if given:
        set_notes.change_set_notes(parsed.set, replace(notes, **given))
        notes = set_notes.load_set_notes(set_notes.added_folder(parsed.set))
    for name, text in asdict(notes).items():
        show(printable(f"{name + ':':<13}{text or '-'}"))
    return 0


def make_subset(parsed: argparse.Namespace) -> int:
    """Make the set, and print its name."""
    from gan.data.ingest import subset  # here: it imports numpy

    wrong = next((text for text in parsed.merge if not all(text.partition("="))), None)
    if wrong is not None:
        raise UserError(f"--merge has {wrong!r}: it takes OLD=NEW, such as blast=abnormal.")
    rename = dict(text.partition("=")[::2] for text in parsed.merge)
    name = subset.make_subset(parsed.set, parsed.title, subset.Cut(parsed.drop, rename, parsed.most))
    show(printable(f"The set {parsed.title} was made: train on it with --data.name folder --data.path {name}."))
    return 0


def delete_set(parsed: argparse.Namespace) -> int:
    """Delete an added set, after a confirmation that says how many runs were trained on it."""
    from gan.data import set_notes
    from gan.runs import set_users  # here: both import numpy

    title = set_notes.set_title(set_notes.added_folder(parsed.set))
    if not parsed.yes:
        count = len(set_users.runs_on_set(parsed.set))
        runs = f"{count} run{'s' if count != 1 else ''} trained on it can then not be resumed or scored."
        if not sys.stdin.isatty():
            raise UserError(
                f"Deleting {parsed.set} needs a confirmation, and there is no terminal to ask on: add --yes."
            )
        if input(printable(f"Delete the set {title} permanently? {runs} [y/N] ")).strip().lower() not in ("y", "yes"):
            show("Nothing was deleted.")
            return 0
    set_users.delete_set(parsed.set)
    show(printable(f"The set {title} was deleted."))
    return 0
