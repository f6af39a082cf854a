"""What people say of a run: a title, tags, notes, and that it is archived; in the run folder's about.json.

The folder and its name never change, so that links and commands go on working. Nothing that trains or measures reads
this file: a damaged one costs its words and no more. No torch.
"""

import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gan.errors import RunError
from gan.io.atomic import write_json
from gan.io.file_lock import exclusive
from gan.io.json_files import read_json

FILE = "about.json"
LARGEST = 2**20  # bytes of the file
LAST_MOMENT = 1e11  # seconds since 1970: the year 5138, which every calendar has
LONGEST_TITLE, LONGEST_TAG, LONGEST_NOTES, MOST_TAGS = 80, 24, 4000, 12


@dataclass(frozen=True)
class About:
    """`created` in seconds since 1970; `title` is empty until somebody gives one; `tags` in the order they were given;
    `archived` runs are kept, and left out of lists."""

    created: float = 0.0
    title: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""
    archived: bool = False


def read_about(folder: Path) -> About:
    """What is said of the run in a folder; never fails: what is absent, damaged or of another kind is left out."""
    document = read_json(folder / FILE, LARGEST) or {}
    created, title, tags, notes = (document.get(key) for key in ("created", "title", "tags", "notes"))
    return About(
        created=float(created) if isinstance(created, int | float) and 0 <= created <= LAST_MOMENT else _made(folder),
        title=title[:LONGEST_TITLE] if isinstance(title, str) else "",
        tags=tuple(tag[:LONGEST_TAG] for tag in tags if isinstance(tag, str))[:MOST_TAGS]
        if isinstance(tags, list)
        else (),
        notes=notes[:LONGEST_NOTES] if isinstance(notes, str) else "",
        archived=document.get("archived") is True,
    )


def update_about(folder: Path, **values: Any) -> About:
    """Change some of what is said of a run, such as `title="Best so far"`, and give the whole.

    Raises RunError that names a text which is too long, and OSError where the folder cannot be written. Two people who
    change different things at once both get theirs.
    """
    with exclusive(folder / "about.lock"):
        about = _checked(replace(read_about(folder), **values))
        write_json(folder / FILE, asdict(about))
    return about


def split_tags(text: str) -> tuple[str, ...]:
    """Tags from words separated by commas, each once, without spaces around them."""
    found = (re.sub(r"\s+", " ", part).strip() for part in text.split(","))
    return tuple(dict.fromkeys(tag for tag in found if tag))


def _checked(about: About) -> About:
    """The same without stray spaces and line breaks; raises RunError for what is too long to be shown."""
    title = re.sub(r"\s+", " ", about.title).strip()
    if len(title) > LONGEST_TITLE:
        raise RunError(
            f"The title has {len(title)} characters: it takes up to {LONGEST_TITLE}. Use the notes for more."
        )
    if len(about.tags) > MOST_TAGS:
        raise RunError(f"There are {len(about.tags)} tags: a run takes up to {MOST_TAGS}.")
    for tag in about.tags:
        if "," in tag or not 0 < len(tag) <= LONGEST_TAG:
            raise RunError(f"{tag!r} cannot be a tag: it takes 1 to {LONGEST_TAG} characters and no comma.")
    if len(about.notes) > LONGEST_NOTES:
        raise RunError(f"The notes have {len(about.notes):,} characters: they take up to {LONGEST_NOTES:,}.")
    return replace(about, title=title, notes=about.notes.strip())


def _made(folder: Path) -> float:
    """When the run was made, by its config, which is written once; 0 where that is gone too."""
    try:
        return (folder / "config.json").stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return 0.0
