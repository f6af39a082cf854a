"""The faults that `python -m gan soak --fault NAME` plants, to show that the soak test finds them.

A fault is active only in a store that a soak test created and marked as its own.
"""

import os

from gan.config import settings

FAULTS = {
    "lock": "locks are shared instead of exclusive (gan/io/file_lock.py)",
    "flush": "points of the curves stay in the trainer's memory and are not written (gan/runs/metrics.py)",
}
VARIABLE = "GAN_SOAK_FAULT"
MARKER = ".soak"
"""The folder that marks a store as a soak test's own."""


def planted(name: str) -> bool:
    """Whether the fault of that name is active."""
    return os.environ.get(VARIABLE) == name and (settings.store() / MARKER).is_dir()
