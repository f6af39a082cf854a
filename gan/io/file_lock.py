"""File locks (flock): the kernel frees them when their holder dies.

A lock file is a regular file with one name. Through a link, the lock of one job would count as that of another.

Some shared file systems have no flock. There the lock is on a file of the same meaning in this machine's memory, which
excludes the processes of one user on one machine; between machines only a claim does (gan/jobs/claims.py). On others
flock is local to a machine, and nothing tells.
"""

import contextlib
import errno
import fcntl
import os
import random
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from gan.config import settings
from gan.errors import LockError
from gan.io import fault_injection
from gan.io.atomic import open_for_append
from gan.io.untrusted_files import not_regular

NO_FLOCK = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP})
"""What flock raises on a file system without locks, or whose lock service is down."""


RETRY_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between the tries of a lock that the file system refuses."""


def same_file(descriptor: int, path: Path) -> bool:
    """Whether an open descriptor is still the file at `path`, or stands for its lock."""
    try:
        named, opened = path.stat(), os.fstat(descriptor)
        if (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino):
            named = _substitute(path).stat()
    except OSError:  # no such file, or no such descriptor
        return False
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


def try_lock(path: Path) -> int | None:
    """The descriptor of the lock, now held, or None where another process holds it. Never waits.

    Raises DamagedFileError where the path is a link, or anything but a regular file with one name, and OSError where
    the file system refuses to answer.
    """
    if fault_injection.node():
        return _try_lock(_create_substitute(path))
    try:
        return _try_lock(path)
    except OSError as error:
        if error.errno not in NO_FLOCK:
            raise
        return _try_lock(_create_substitute(path))


def _try_lock(path: Path) -> int | None:
    kind = fcntl.LOCK_SH if fault_injection.planted("lock") else fcntl.LOCK_EX
    while True:
        descriptor = _open_lock(path, os.O_RDWR | os.O_CREAT)
        if descriptor is None:
            raise not_regular(path)
        try:
            locked = _flock(descriptor, kind, path)
            # `is_locked` takes a shared lock for microseconds. Where one of ours fits too, nobody holds the lock.
            held = not locked and not _flock(descriptor, fcntl.LOCK_SH, path)
        except OSError:
            os.close(descriptor)
            raise
        if locked and same_file(descriptor, path):
            return descriptor
        os.close(descriptor)
        if held:
            return None
        if not locked:
            time.sleep(random.uniform(0.0005, 0.003))
        # else the file was replaced between the two calls


def _flock(descriptor: int, kind: int, path: Path) -> bool:
    """Whether the lock could be taken at once; `path` is where it is."""
    if not _is_substitute(path) or fault_injection.node():
        fault_injection.raise_flock_error(path)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock. Never creates the file, so it works in a read-only store.

    Raises OSError where the file system refuses to answer.
    """
    if fault_injection.node():
        return _is_locked(_substitute(path))
    try:
        return _is_locked(path)
    except OSError as error:
        if error.errno not in NO_FLOCK:
            raise
        return _is_locked(_substitute(path))


def has_flock(path: Path) -> bool:
    """Whether the file system of a lock file has flock, so that a lock that is free was left by every process here."""
    try:
        _is_locked(path)
    except OSError as error:
        if error.errno in NO_FLOCK:
            return False
        raise
    return True


def _is_locked(path: Path) -> bool:
    try:
        descriptor = _open_lock(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if descriptor is None:
        return False
    try:
        return not _flock(descriptor, fcntl.LOCK_SH, path)
    finally:
        os.close(descriptor)


def holds(pid: int, path: Path) -> bool:
    """Whether that process has the lock file open: only the job that works in a folder does. Linux; elsewhere True."""
    descriptors = Path(f"/proc/{pid}/fd")
    if not Path("/proc/self/fd").exists():
        return True
    locks = []
    for file in (path, _substitute(path)):
        with contextlib.suppress(OSError):
            locks.append(file.lstat())
    try:
        return any(_same(descriptor, lock) for descriptor in descriptors.iterdir() for lock in locks)
    except OSError:  # no such process, or another user's process
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
    """Hold the lock during the block; waits for its holder.

    Raises LockError where the file system refuses to lock, after some tries: a network can fail for a moment.
    """
    with contextlib.ExitStack() as at_end:
        for pause in (*RETRY_PAUSES, None):
            file = at_end.enter_context(open_for_append(path))
            try:
                _wait_for_lock(file, path)
                break
            except OSError as error:
                if error.errno in NO_FLOCK:
                    substitute = _create_substitute(path)
                    _wait_for_lock(at_end.enter_context(open_for_append(substitute)), substitute)
                    break
                if pause is None:
                    raise LockError(
                        f"{path} cannot be locked ({error.strerror}): try again. "
                        f"`{settings.PROGRAM} doctor` says what the store's file system can do."
                    ) from None
                time.sleep(pause)
        yield


def _wait_for_lock(file: IO[bytes], path: Path) -> None:
    if not _is_substitute(path):
        fault_injection.raise_flock_error(path)
        if fault_injection.node():
            raise OSError(errno.ENOSYS, "the locks of a machine that plays in a soak are its own")
    fcntl.flock(file, fcntl.LOCK_EX)


def _substitute(path: Path) -> Path:
    """The file on this machine that stands for a lock file: of another name where its folder is another one."""
    try:
        inode = path.parent.stat().st_ino
    except OSError:  # no such folder: nothing holds a lock in it
        inode = 0
    return _substitutes() / f"{inode}-{path.name}"


def _substitutes() -> Path:
    memory = Path("/dev/shm")  # not $TMPDIR: a service, a shell and a job of one user may each have another
    shared = memory if memory.is_dir() else Path(tempfile.gettempdir())
    return fault_injection.node_locks() or shared / f"gan-locks-{os.getuid()}"


def _is_substitute(path: Path) -> bool:
    return path.parent == _substitutes()


def _create_substitute(path: Path) -> Path:
    """The same, with its folder, which only this user may enter; creates the lock file too, by which others see it."""
    descriptor = _open_lock(path, os.O_RDWR | os.O_CREAT)
    if descriptor is None:
        raise not_regular(path)
    os.close(descriptor)
    substitute = _substitute(path)
    substitute.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if substitute.parent.lstat().st_uid != os.getuid() or substitute.parent.is_symlink():
        raise not_regular(substitute.parent)
    return substitute
