"""What users write about an added set: title, description, source, licence and consent, in its notes.json. No torch.

The folder keeps its name, so that runs, links and commands keep working when the title changes.
"""

import itertools
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from gan.access.ownership import checked_owner, checked_sharing, read_ownership, write_ownership
from gan.access.permissions import Action, decide, require
from gan.config import names, settings
from gan.data.set_access import folder_target
from gan.errors import DataError
from gan.io.atomic import write_json
from gan.io.file_lock import exclusive
from gan.io.json_files import read_typed_or_none

FILE = "notes.json"
MAX_TITLE, MAX_TEXT = 80, 2000
"""Characters of a title, and of each other text."""
Text = Annotated[str, Field(max_length=MAX_TEXT)]


@dataclass(frozen=True)
class SetNotes:
    """Texts about a set, each may be empty. A set without a title is called by its folder's name."""

    title: Annotated[str, Field(max_length=MAX_TITLE)] = ""
    description: Text = ""
    """What the images show."""
    source: Text = ""
    """Where they come from: a hospital, a paper, a public collection."""
    licence: Text = ""
    consent: Text = ""
    """Consent of the persons, or the ethics approval, under which they may be used."""


NOTES = TypeAdapter(SetNotes)


def load_set_notes(folder: Path) -> SetNotes:
    """The notes of the set in `folder`; empty ones where there is no file, or a damaged one, which is logged."""
    return read_typed_or_none(folder / FILE, NOTES) or SetNotes()


def save_set_notes(folder: Path, notes: SetNotes) -> None:
    """Write the notes of a set, with white space tidied; raises DataError for a text that is too long."""
    notes = replace(
        notes,
        title=re.sub(r"\s+", " ", notes.title).strip(),
        **{name: getattr(notes, name).strip() for name in ("description", "source", "licence", "consent")},
    )
    for field in fields(notes):
        length, most = len(getattr(notes, field.name)), MAX_TITLE if field.name == "title" else MAX_TEXT
        if length > most:
            raise DataError(f"The {field.name} has {length:,} characters: it takes up to {most:,}.")
    write_json(folder / FILE, asdict(notes))


def added_folder(name: str) -> Path:
    """The folder of an added set; raises DataError if there is none of that name that the current person may see."""
    folder = settings.added_sets() / name
    is_set = bool(names.NAME.fullmatch(name)) and (folder / "plan.json").is_file()
    if not is_set or not decide(Action.SEE, folder_target(folder)):
        raise DataError(f"There is no added set {name}. `{settings.PROGRAM} data list` shows the sets.")
    return folder


def change_set_notes(name: str, notes: SetNotes) -> None:
    """Replace the notes of an added set; raises DataError if there is no such set, or another one has that title, and
    AccessError where the current person may not."""
    folder = added_folder(name)
    require(Action.CHANGE_SET, folder_target(folder))
    with exclusive(settings.added_sets() / "notes.lock"):
        if notes.title.strip() and [other for other in sets_with_title(notes.title) if other != name]:
            raise DataError(f"There is already a set {notes.title.strip()}. Choose another name.")
        save_set_notes(folder, notes)


def share_set(name: str, visibility: str) -> None:
    """Change who may see an added set and its images: `private`, `all` or `group:NAME`.

    Raises AccessError where the current person may not, DataError without such a set, and ConfigError for another text
    or a group of others.
    """
    folder = added_folder(name)
    require(Action.SHARE, folder_target(folder), visibility)
    _change_ownership(folder, visibility=checked_sharing(visibility))


def give_set(name: str, owner: str) -> None:
    """Make an added set another person's; raises as `share_set` does, and ConfigError for a text that is no name."""
    folder, owner = added_folder(name), checked_owner(owner)
    require(Action.GIVE, folder_target(folder), f"to {owner}")
    _change_ownership(folder, owner=owner)


def _change_ownership(folder: Path, **values: str) -> None:
    with exclusive(settings.added_sets() / "notes.lock"):
        write_ownership(folder, replace(read_ownership(folder), **values))


def set_title(folder: Path) -> str:
    """The title of the set in `folder`, or the folder's name."""
    return load_set_notes(folder).title or folder.name


def sets_with_title(title: str) -> list[str]:
    """The names of the added sets of that title that the current person may see, upper and lower case alike."""
    plans = settings.added_sets().glob("*/plan.json")
    wanted = re.sub(r"\s+", " ", title).strip().casefold()
    called = (plan.parent for plan in plans if wanted in (set_title(plan.parent).casefold(), plan.parent.name))
    return [folder.name for folder in called if decide(Action.SEE, folder_target(folder))]


def new_set_name(title: str) -> str:
    """A name for the folder of a new set of that title; raises DataError where a set is called so already."""
    name = names.name_from_title(title)
    if not name:
        raise DataError("The set has no name. Give it one, in any words.")
    if sets_with_title(title):
        raise DataError(f"There is already a set {title}. Choose another name, or remove that set first.")
    folder = settings.added_sets()
    return next(free for n in itertools.count(1) if not (folder / (free := names.numbered(name, n))).exists())


def free_title(title: str) -> str:
    """The title, with a number behind it where a set is called so already."""
    titles = (title if number == 1 else f"{title} {number}" for number in itertools.count(1))
    return next(free for free in titles if not sets_with_title(free))
