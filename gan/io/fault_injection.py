"""The faults that `python -m gan soak` plants, to show what the product bears and that the soak test finds the rest.

A fault is active only in a store that a soak test created and marked as its own.
"""

import errno
import os
import random
from pathlib import Path

from gan.config import settings

FAULTS = {
    "lock": "locks are shared instead of exclusive (gan/io/file_lock.py)",
    "flush": "points of the curves stay in the trainer's memory and are not written (gan/runs/metrics.py)",
}
NODE_FAULTS = {
    "host": "a job of another machine is told by this machine's locks (gan/jobs/holders.py)",
}
"""The faults of a soak of several machines."""
VARIABLE = "GAN_SOAK_FAULT"
NODE_VARIABLE = "GAN_SOAK_NODE"
"""The name of the machine that a process of `python -m gan soak --nodes 2` plays."""
BOOT_VARIABLE = "GAN_SOAK_BOOT"
"""How often that machine has been restarted."""
PACE_VARIABLE = "GAN_SOAK_PACE"
"""A factor for the times that depend on network file systems, so that a soak need not wait for minutes."""
FLOCK_VARIABLE = "GAN_SOAK_FLOCK"
"""The error of flock, and its probability: `ENOSYS` for a file system without locks, `EIO 0.01` for a bad network."""
MARKER = ".soak"
"""The folder that marks a store as a soak test's own."""


def planted(name: str) -> bool:
    """Whether the fault of that name is active."""
    return os.environ.get(VARIABLE) == name and _in_soak()


def node() -> str:
    """The name of the machine that this process plays, with its own boot and its own locks; "" outside of a soak."""
    name = os.environ.get(NODE_VARIABLE, "")
    return name if name.isalnum() and _in_soak() else ""


def boot() -> str:
    """The boot of the machine that this process plays."""
    return f"{node()} {os.environ.get(BOOT_VARIABLE, '')}"


def pace() -> float:
    """The factor for times that depend on network file systems; 1 outside of a soak."""
    text = os.environ.get(PACE_VARIABLE, "")
    return float(text) if text and _in_soak() else 1.0


def node_locks() -> Path | None:
    """The folder of the locks of the machine that this process plays: a machine whose locks no other sees."""
    return settings.store() / MARKER / "locks" / node() if node() else None


def raise_flock_error(path: object) -> None:
    """Raise the OSError that is planted for flock, with its probability."""
    text = os.environ.get(FLOCK_VARIABLE, "")
    if not text or not _in_soak():
        return
    name, _, probability = text.partition(" ")
    if random.random() < float(probability or 1):
        number = getattr(errno, name)
        raise OSError(number, os.strerror(number), str(path))


def _in_soak() -> bool:
    return (settings.store() / MARKER).is_dir()
