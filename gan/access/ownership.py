"""To whom runs, added sets and uploads belong, and who else may see them.

A run has both in its about.json (`gan/runs/notes.py`), a set and an upload in the access.json of its folder. What is
missing or damaged is private and belongs to nobody: only stewards see it then.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gan.access.identity import SYSTEM, Identity, Role, current
from gan.errors import ConfigError
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.io.untrusted_files import skipping_unreadable

FILE = "access.json"
ALL, PRIVATE, GROUP = "all", "private", "group:"
VISIBILITY = re.compile(r"all|private|group:[^\x00-\x1f\x7f]{1,100}")
MAX_BYTES = 2**20
MAX_OWNER = 200
"""Characters of a person's name."""
NAME = r"[a-z0-9][a-z0-9._@+-]{0,127}"
"""A person's name, in lower case."""


@dataclass(frozen=True)
class Ownership:
    """`owner` is a person's name, "" for nobody; `visibility` is `all`, `private` or `group:NAME`."""

    owner: str = ""
    visibility: str = PRIVATE


@dataclass(frozen=True)
class Target:
    """What a person acts on, as `permissions.decide` takes it; `subject` names it in a sentence: "set breast"."""

    subject: str
    owner: str = ""
    visibility: str = PRIVATE


@dataclass(frozen=True)
class StoredTarget:
    """As `Target`, but owner and visibility are read from a folder's file, and only where a decision needs them."""

    subject: str
    folder: Path
    file: str = FILE

    @cached_property
    def ownership(self) -> Ownership:
        """As the file has it."""
        return read_ownership(self.folder, self.file)

    @property
    def owner(self) -> str:
        """The person to whom it belongs."""
        return self.ownership.owner

    @property
    def visibility(self) -> str:
        """Who else may see it."""
        return self.ownership.visibility


@dataclass(frozen=True)
class JobTarget:
    """A job as a target: to whoever started it, it belongs as to the owner of the run, set or upload that it is of."""

    subject: str
    owner: str
    visibility: str
    starter: str = ""


def new_ownership() -> Ownership:
    """That of what the current person makes: private, but visible to all where the system's user makes it."""
    who = current()
    return Ownership(who.name[:MAX_OWNER], ALL if who is SYSTEM else PRIVATE)


def ownership_in(document: Mapping[str, Any]) -> Ownership:
    """The ownership in a JSON object; of nobody and private where it is missing or damaged."""
    owner, visibility = document.get("owner"), document.get("visibility")
    if not isinstance(owner, str) or len(owner) > MAX_OWNER or not isinstance(visibility, str):
        return Ownership()
    return Ownership(owner, visibility) if VISIBILITY.fullmatch(visibility) else Ownership()


def read_ownership(folder: Path, file: str = FILE) -> Ownership:
    """The ownership of what is in a folder: of a set or an upload, or of a run where `file` is about.json."""
    with skipping_unreadable(folder / file):
        return ownership_in(read_json(folder / file, MAX_BYTES) or {})
    return Ownership()


def write_ownership(folder: Path, ownership: Ownership) -> None:
    """Write the ownership of the set or upload in a folder."""
    write_json(folder / FILE, asdict(ownership))


def checked_visibility(visibility: str) -> str:
    """The visibility if it is a valid one, else raises ConfigError."""
    if not VISIBILITY.fullmatch(visibility):
        raise ConfigError(f"The visibility is {visibility!r}: it takes private, all, or group:NAME.")
    return visibility


def checked_sharing(visibility: str) -> str:
    """The visibility if the current person may choose it: a group takes a member of it, or a steward."""
    checked_visibility(visibility)
    who, group = current(), visibility.removeprefix(GROUP)
    if visibility.startswith(GROUP) and who.role < Role.STEWARD and group not in who.groups:
        groups = ", ".join(sorted(who.groups)) or "none"
        raise ConfigError(f"You are not in the group {group}. Your groups: {groups}.")
    return visibility


def checked_owner(name: str) -> str:
    """The name of a person as owners are written; raises ConfigError for a text that is no name."""
    name = name.strip().lower()
    if not re.fullmatch(NAME, name, re.ASCII):
        raise ConfigError(f"The owner is {name!r}: it takes a name, such as accounts have: letters, digits and ._@+-.")
    return name


def is_owner(owner: str, who: Identity) -> bool:
    """Whether what has this owner belongs to a person."""
    return bool(owner) and owner == who.name


def is_visible(owner: str, visibility: str, who: Identity) -> bool:
    """Whether a person may see what has this owner and visibility; stewards see everything."""
    if who.role >= Role.STEWARD:
        return True
    if who.role == Role.NOBODY:
        return False
    group = visibility.removeprefix(GROUP) if visibility.startswith(GROUP) else None
    return visibility == ALL or is_owner(owner, who) or group in who.groups
