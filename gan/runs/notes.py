"""What is kept about a run: title, tags, notes, whether it is archived, its sweep, its owner; in its about.json.

The folder keeps its name, so that links and commands keep working. Training and evaluation do not read this file: a
damaged one loses its texts, and only stewards see the run then. No torch.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gan.access.ownership import (
    PRIVATE,
    Target,
    checked_owner,
    checked_sharing,
    checked_visibility,
    new_ownership,
    ownership_in,
)
from gan.access.permissions import Action, require
from gan.config.names import NAME
from gan.errors import RunError
from gan.io.atomic import write_json
from gan.io.file_lock import exclusive
from gan.io.json_files import read_json

FILE = "about.json"
MAX_BYTES = 2**20
MAX_TIME = 1e11  # seconds since 1970: the year 5138, which calendars can show
MAX_TITLE, MAX_TAG, MAX_NOTES, MAX_TAGS = 80, 24, 4000, 12
"""Characters of a title, of a tag and of the notes; number of tags."""


@dataclass(frozen=True)
class About:
    """`created` in seconds since 1970; `title` may be empty; `archived` runs are kept but not listed; `sweep` is the
    name of the sweep that the run belongs to, or empty; `owner` and `visibility` as in `gan/access/ownership.py`."""

    created: float = 0.0
    title: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""
    archived: bool = False
    sweep: str = ""
    owner: str = ""
    visibility: str = PRIVATE


def read_about(folder: Path) -> About:
    """The about.json of a run's folder; missing, damaged or mistyped entries get their defaults.

    Raises OSError where the file cannot be read, so that nobody writes defaults over it.
    """
    document = read_json(folder / FILE, MAX_BYTES) or {}
    created, title, tags, notes = (document.get(key) for key in ("created", "title", "tags", "notes"))
    sweep, ownership = document.get("sweep"), ownership_in(document)
    return About(
        created=float(created)
        if isinstance(created, int | float) and 0 <= created <= MAX_TIME
        else config_time(folder),
        title=title[:MAX_TITLE] if isinstance(title, str) else "",
        tags=tuple(tag[:MAX_TAG] for tag in tags if isinstance(tag, str))[:MAX_TAGS] if isinstance(tags, list) else (),
        notes=notes[:MAX_NOTES] if isinstance(notes, str) else "",
        archived=document.get("archived") is True,
        sweep=sweep if isinstance(sweep, str) and NAME.fullmatch(sweep) else "",
        owner=ownership.owner,
        visibility=ownership.visibility,
    )


def begin_about(folder: Path, created: float, sweep: str = "", title: str = "") -> None:
    """Write the about.json of a run that the current person makes. Raises RunError as `update_about`."""
    own = new_ownership()
    about = About(created, title=title, sweep=sweep, owner=own.owner, visibility=own.visibility)
    write_json(folder / FILE, asdict(_checked(about)))


def update_about(folder: Path, **values: Any) -> About:
    """Change some fields, such as `title="Best so far"`; returns the new About.

    Raises AccessError where the current person may not, RunError for a text that is too long, and OSError if the folder
    cannot be written. Concurrent changes of different fields are all kept.
    """
    return _change(folder, lambda about: replace(about, **values), Action.CHANGE_RUN)


def share_run(folder: Path, visibility: str) -> About:
    """Change who may see a run: `private`, `all` or `group:NAME`; returns the new About.

    Raises ConfigError for another text or a group of others, and as `update_about`.
    """
    return _change(
        folder, lambda about: replace(about, visibility=checked_sharing(visibility)), Action.SHARE, visibility
    )


def give_run(folder: Path, owner: str) -> About:
    """Make a run another person's; returns the new About. Raises ConfigError for a text that is no name, and as
    `update_about`."""
    owner = checked_owner(owner)
    return _change(folder, lambda about: replace(about, owner=owner), Action.GIVE, f"to {owner}")


def change_tags(folder: Path, added: Sequence[str] = (), removed: Sequence[str] = ()) -> About:
    """Add and remove tags; the others stay. Returns the new About. Raises as `update_about` does."""

    def changed(about: About) -> About:
        return replace(about, tags=tuple(tag for tag in dict.fromkeys([*about.tags, *added]) if tag not in removed))

    return _change(folder, changed, Action.CHANGE_RUN)


def _change(folder: Path, change: Callable[[About], About], action: Action, detail: str = "") -> About:
    """Write what `change` makes of the About, so that no other change in between is lost."""
    before = read_about(folder)  # unlocked: who may not change it makes no lock file
    require(action, Target(f"run {folder.name}", before.owner, before.visibility), detail)
    with exclusive(folder / "about.lock"):
        about = _checked(change(read_about(folder)))
        write_json(folder / FILE, asdict(about))
    return about


def split_tags(text: str) -> tuple[str, ...]:
    """Unique tags from comma-separated text, without surrounding spaces."""
    tags = (re.sub(r"\s+", " ", part).strip() for part in text.split(","))
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def checked_title(title: str) -> str:
    """A title with normalised white space; raises RunError where it is too long."""
    title = re.sub(r"\s+", " ", title).strip()
    if len(title) > MAX_TITLE:
        raise RunError(f"The title has {len(title)} characters: it takes up to {MAX_TITLE}. Use the notes for more.")
    return title


def _checked(about: About) -> About:
    """The same with normalised white space; raises RunError for texts that are too long."""
    title = checked_title(about.title)
    if len(about.tags) > MAX_TAGS:
        raise RunError(f"There are {len(about.tags)} tags: a run takes up to {MAX_TAGS}.")
    for tag in about.tags:
        if "," in tag or not 0 < len(tag) <= MAX_TAG:
            raise RunError(f"{tag!r} cannot be a tag: it takes 1 to {MAX_TAG} characters and no comma.")
    if len(about.notes) > MAX_NOTES:
        raise RunError(f"The notes have {len(about.notes):,} characters: they take up to {MAX_NOTES:,}.")
    checked_visibility(about.visibility)
    return replace(about, title=title, notes=about.notes.strip())


def config_time(folder: Path) -> float:
    """When config.json, which is written once, was written; 0 if it is missing or cannot be reached."""
    try:
        return (folder / "config.json").stat().st_mtime
    except OSError:  # `Run.config` says what is wrong with it
        return 0.0
