"""File locks (flock): the kernel frees them when their holder dies."""

import contextlib
import fcntl
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from gan.io import fault_injection
from gan.io.atomic import open_for_append


def same_file(descriptor: int, path: Path) -> bool:
    """Whether an open descriptor is still the file at `path`."""
    try:
        named, opened = path.stat(), os.fstat(descriptor)
    except OSError:  # no such file, or no such descriptor
        return False
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


def try_lock(path: Path) -> int | None:
    """The descriptor of the lock, now held, or None where another process holds it. Never waits."""
    kind = fcntl.LOCK_SH if fault_injection.planted("lock") else fcntl.LOCK_EX
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            # `is_locked` takes a shared lock for microseconds. Where one of ours fits too, nobody holds the lock.
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            os.close(descriptor)
            time.sleep(random.uniform(0.0005, 0.003))
            continue
        if same_file(descriptor, path):
            return descriptor
        os.close(descriptor)  # the file was replaced between the two calls


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock. Never creates the file, so it works in a read-only store."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock during the block; waits for its holder."""
    with open_for_append(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
