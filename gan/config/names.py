"""Valid names of runs and added data sets."""

import re

from gan.errors import RunError

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""Safe as the name of a folder and as a part of a URL."""


def check_name(name: str) -> None:
    """Raise RunError unless `name` can name a run."""
    if not NAME.fullmatch(name):
        raise RunError(
            f"{name!r} cannot name a run: use 1 to 64 lowercase letters, digits, - and _, the first a letter or digit."
        )
