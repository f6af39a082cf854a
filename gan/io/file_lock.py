"""File locks (flock): the kernel frees them when their holder dies.

A lock file is a regular file with one name. Through a link, the lock of one job would count as that of another.
"""

import contextlib
import errno
import fcntl
import os
import random
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from gan.io import fault_injection
from gan.io.atomic import open_for_append
from gan.io.untrusted_files import not_regular


def same_file(descriptor: int, path: Path) -> bool:
    """Whether an open descriptor is still the file at `path`."""
    try:
        named, opened = path.stat(), os.fstat(descriptor)
    except OSError:  # no such file, or no such descriptor
        return False
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


def try_lock(path: Path) -> int | None:
    """The descriptor of the lock, now held, or None where another process holds it. Never waits.

    Raises DamagedFileError where the path is a link, or anything but a regular file with one name.
    """
    kind = fcntl.LOCK_SH if fault_injection.planted("lock") else fcntl.LOCK_EX
    while True:
        descriptor = _open_lock(path, os.O_RDWR | os.O_CREAT)
        if descriptor is None:
            raise not_regular(path)
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
        descriptor = _open_lock(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if descriptor is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def holds(pid: int, path: Path) -> bool:
    """Whether that process has the lock file open: only the job that works in a folder does. Linux; elsewhere True."""
    descriptors = Path(f"/proc/{pid}/fd")
    if not Path("/proc/self/fd").exists():
        return True
    try:
        lock = path.lstat()
        return any(_same(descriptor, lock) for descriptor in descriptors.iterdir())
    except OSError:  # no such process or lock, or another user's process
        return False


def _same(descriptor: Path, lock: os.stat_result) -> bool:
    try:
        opened = descriptor.stat()
    except OSError:  # closed in the meantime
        return False
    return (opened.st_dev, opened.st_ino) == (lock.st_dev, lock.st_ino)


def _open_lock(path: Path, flags: int) -> int | None:
    """A descriptor of a lock file; None if the path is a link, or no regular file with one name. Never waits."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            return None
        raise
    file = os.fstat(descriptor)
    if stat.S_ISREG(file.st_mode) and file.st_nlink <= 1:
        return descriptor
    os.close(descriptor)
    return None


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock during the block; waits for its holder."""
    with open_for_append(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
