"""The faults that `python -m gan soak --fault NAME` plants, to show that the soak would find them.

Each is asked for in one place only. None can be left on by accident: they are honoured only in a store that a soak has
made and marked as its own.
"""

import os

from gan.config import settings

FAULTS = {
    "lock": "locks exclude nobody (gan/io/file_lock.py)",
    "flush": "points of the curves stay in the trainer's memory instead of going to the file (gan/runs/metrics.py)",
}
VARIABLE = "GAN_SOAK_FAULT"
MARKER = ".soak"
"""The folder in a store that says: a soak made this, and may break it."""


def planted(name: str) -> bool:
    """Whether the fault of that name is to be shown here."""
    return os.environ.get(VARIABLE) == name and (settings.store() / MARKER).is_dir()
