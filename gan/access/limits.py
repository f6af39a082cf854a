"""`GAN_LIMIT_*`: how much one person may have waiting and running, train, keep and export on a server with sign-in.

Read at each call, like `settings`. Nothing is limited by default, for the system's user, and for administrators.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from gan.access.identity import Role, current
from gan.access.sign_in_settings import sign_in
from gan.config import settings
from gan.errors import AccessError, ConfigError
from gan.io.json_files import read_json
from gan.io.untrusted_files import skipping_unreadable

JOBS, TASKS, KIMG = "GAN_LIMIT_JOBS", "GAN_LIMIT_TASKS", "GAN_LIMIT_KIMG"
DISK, IMAGES = "GAN_LIMIT_DISK_GB", "GAN_LIMIT_IMAGES"
MAX_BYTES = 2**20  # of a file that names an owner


def limit(name: str) -> int | None:
    """The value of a limit for the current person; None where there is none. Raises ConfigError."""
    text = os.environ.get(name, "").strip()
    if text and not re.fullmatch(r"0*[1-9][0-9]{0,17}", text):
        raise ConfigError(f"The environment variable {name} is {text[:40]!r}: it takes a whole number of at least 1.")
    applies = sign_in() != "none" and current().role < Role.ADMIN
    return int(text) if text and applies else None


def check_limits() -> None:
    """Raise ConfigError where a limit is no number, so that a server does not start."""
    for name in (JOBS, TASKS, KIMG, DISK, IMAGES):
        limit(name)


def check_waiting_jobs(waiting: int, more: int = 1) -> None:
    """Raise AccessError where the current person, with `waiting` jobs in the queue, may not add so many `more`."""
    most = limit(JOBS)
    if most is None or waiting + more <= most:
        return
    if more == 1:
        raise _exceeded(f"You have {waiting:,} jobs in the queue", f"{most:,}", "wait until one has started")
    what = f"With {more:,} more you would have {waiting + more:,} jobs in the queue"
    raise _exceeded(what, f"{most:,}", "start fewer at a time")


def check_tasks(count: int) -> None:
    """Raise AccessError where the current person has as many tasks that wait or run as they may."""
    most = limit(TASKS)
    if most is not None and count >= most:
        what = f"You have {count:,} tasks (tests, imports, downloads) that wait or run"
        raise _exceeded(what, f"{most:,}", "wait until one has ended, or stop one")


def check_kimg(kimg: float) -> None:
    """Raise AccessError where a run is longer, in thousands of images, than the current person may train."""
    most = limit(KIMG)
    if most is not None and kimg > most:
        raise _exceeded(f"train.kimg is {kimg:,g}", f"{most:,}", "train for less, and clone the run to go on")


def check_images(count: int) -> None:
    """Raise AccessError where an export has more images than the current person may take at a time."""
    most = limit(IMAGES)
    if most is not None and count > most:
        raise _exceeded(f"The download would have {count:,} images", f"{most:,}", "make several")


def check_disk(disk_usage: Callable[[Path], int]) -> None:
    """Raise AccessError where the runs, sets and uploads of the current person take more of the disk than they may.

    `disk_usage` gives the bytes of a folder. It is only called where there is a limit.
    """
    most = limit(DISK)
    if most is None:
        return
    taken = sum(disk_usage(folder) for folder in _own_folders(current().name))
    if taken >= most * 1e9:
        raise _exceeded(f"Your runs and sets take {taken / 1e9:,.1f} GB", f"{most:,} GB", "delete what you do not need")


def _own_folders(name: str) -> Iterator[Path]:
    """The folders of runs, sets and uploads that belong to a person."""
    store = settings.store()
    files = [*store.glob("*/about.json"), *store.glob(".data/sets/*/access.json")]
    for file in [*files, *store.glob(".data/incoming/*/access.json")]:
        with skipping_unreadable(file):
            if (read_json(file, MAX_BYTES) or {}).get("owner") == name:
                yield file.parent


def _exceeded(what: str, most: str, otherwise: str) -> AccessError:
    return AccessError(f"{what}: you may have {most}. Ask an administrator of this server, or {otherwise}.")
