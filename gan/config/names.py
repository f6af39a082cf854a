"""Valid names of runs and added data sets, and names made from titles."""

import hashlib
import re
import unicodedata

from gan.errors import RunError

MAX_NAME = 64
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""Safe as the name of a folder and as a part of a URL."""
MAX_FROM_TITLE = 56
"""Characters of a name made from a title, so that a number fits behind it."""


def check_name(name: str) -> None:
    """Raise RunError unless `name` can name a run."""
    if not NAME.fullmatch(name):
        raise RunError(
            f"{name!r} cannot name a run: use 1 to 64 lowercase letters, digits, - and _, the first a letter or digit."
        )


def name_from_title(title: str) -> str:
    """A valid name made from a title in any words: `Blood cells (2024)` gives `blood-cells-2024`.

    A valid name stays as it is. A title without Latin letters or digits gets a name from its hash. "" for white space.
    """
    title = title.strip()
    if NAME.fullmatch(title):
        return title
    latin = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub("[^a-z0-9]+", "-", latin).strip("-")[:MAX_FROM_TITLE].rstrip("-")
    if name or not title:
        return name
    return f"set-{hashlib.sha256(title.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def numbered(name: str, number: int) -> str:
    """The name for the first, second, ... of several that would be called the same: `cells`, `cells-2`."""
    return name if number == 1 else f"{name}-{number}"
