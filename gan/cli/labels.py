"""`data suspects` and `data relabel`: look for wrong labels in an added set, and decide on them."""

import argparse
import json
from dataclasses import asdict
from typing import Any

from gan.cli.arguments import AddCommand
from gan.cli.progress import show_progress
from gan.config import settings
from gan.errors import StoppedError
from gan.evaluation import suspect_search
from gan.io.terminal import printable, show
from gan.jobs.worker import working


def add_label_commands(command: AddCommand, parent: Any) -> None:
    """Add `data suspects` and `data relabel`."""
    suspects = command(
        "suspects",
        show_suspects,
        "Look for wrong labels among the training images of an added set, by cross-validation.",
        parent,
    )
    suspects.add_argument("set", nargs="?", help="its name, as `data list` shows it behind folder-")
    suspects.add_argument("--again", action="store_true", help="look again where there is a result already")
    suspects.add_argument("--json", action="store_true", help="print one JSON document")
    suspects.add_argument("--task", help=argparse.SUPPRESS)
    relabel = command(
        "relabel", relabel_images, "Decide on the labels of training images of an added set; undone by --undo.", parent
    )
    relabel.add_argument("set", help="its name, as `data list` shows it behind folder-")
    relabel.add_argument("files", nargs="+", metavar="FILE", help="as `data suspects` prints it")
    action = relabel.add_mutually_exclusive_group(required=True)
    action.add_argument("--class", dest="label", metavar="CLASS", help="the class that the images belong to")
    action.add_argument("--drop", dest="action", action="store_const", const="drop", help="leave the images out")
    action.add_argument("--keep", dest="action", action="store_const", const="keep", help="the labels are right")
    action.add_argument("--undo", dest="action", action="store_const", const="undo", help="remove earlier decisions")


def show_suspects(parsed: argparse.Namespace) -> int:
    """Print the suspect labels of a set, the most suspect first; with `--task`, look for them as that task."""
    from gan.data import label_edits, set_notes
    from gan.errors import UserError
    from gan.evaluation.records.suspects import load_suspects

    if parsed.task is not None:
        _search(suspect_search.set_name(parsed.task))
        return 0
    if parsed.set is None:
        raise UserError(f"data suspects takes the name of an added set. `{settings.PROGRAM} data list` shows the sets.")
    folder = set_notes.added_folder(parsed.set)
    if parsed.again or load_suspects(folder) is None:
        _search(parsed.set)
    suspects, edits = load_suspects(folder), label_edits.load_edits(folder)
    if suspects is None:
        raise StoppedError
    if parsed.json:
        decisions = {file: {"action": edit.action, "class": edit.label} for file, edit in edits.items()}
        show(json.dumps(asdict(suspects) | {"decisions": decisions}, indent=2))
        return 0
    show(f"About {suspects.wrong:,} labels of {suspects.checked:,} training images are wrong. The most suspect first:")
    for suspect in suspects.labels:
        edit = edits.get(suspect.file)
        line = f"{suspect.file}  {suspect.given} ({suspect.confidence:.2f}), likely {suspect.likely} "
        decision = "" if edit is None else f"  [{edit.action}{f' {edit.label}' if edit.label else ''}]"
        show(printable(f"{line}({suspect.probability:.2f}){decision}"))
    return 0


def _search(name: str) -> None:
    """Look for wrong labels, as the background task of the set does."""
    from gan.data import set_notes

    set_notes.added_folder(name)  # raises DataError before a folder is made
    task = settings.tasks() / suspect_search.task_name(name)
    task.mkdir(parents=True, exist_ok=True)
    with working(task) as worker:
        from gan.evaluation.suspect_labels import search_added_set  # after `working`: torch must not see a GPU

        def report(phase: str, done: float) -> None:
            show_progress(phase, done)
            worker.progress(phase, done)

        search_added_set(name, report)


def relabel_images(parsed: argparse.Namespace) -> int:
    """Record a decision on each file, or remove it."""
    from gan.data import label_edits

    edit = None
    if parsed.action != "undo":
        edit = (
            label_edits.Edit("relabel", parsed.label) if parsed.label is not None else label_edits.Edit(parsed.action)
        )
    label_edits.change_edits(parsed.set, dict.fromkeys(parsed.files, edit))
    done = "Undone" if edit is None else f"Recorded: {edit.action}{f' {edit.label}' if edit.label else ''}"
    count = len(parsed.files)
    show(printable(f"{done}, {count:,} image{'s' if count > 1 else ''} of {parsed.set}."))
    return 0
