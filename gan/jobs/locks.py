"""Who is alive, told by the kernel: advisory locks that die with their holder, and the counter that orders the queue.

A pid can be reused and a file can lie; a `flock` is freed the instant its last holder is gone, even by SIGKILL or a
power cut. A holder takes the lock exclusively; a reader asks with a shared one, so that readers never see each other.
The lock belongs to the open file: a child that inherits the descriptor holds it too.
"""

import contextlib
import fcntl
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from gan import faults
from gan.config import settings
from gan.files import exclusive, read_json, replacing, write_json
from gan.jobs import names

TICKETED = ("queued.json", "started.json", "end.json")
LARGEST = 2**53
"""No counter comes so far: a larger number was made up."""


def jobs_folder() -> Path:
    """Where the locks, the ticket counter, pending stops and the queue's log lie."""
    return settings.store() / ".jobs"


def held(path: Path) -> bool:
    """Whether some process holds the lock file; never creates it, so that it works on a read-only store."""
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


def take(path: Path) -> int | None:
    """Take the lock and give its descriptor, or None where another process holds it. Never waits for a holder."""
    kind = fcntl.LOCK_SH if faults.planted("lock") else fcntl.LOCK_EX  # a soak's fault: see faults.py
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            # Readers' shared locks are in the way for microseconds only: where one of ours fits beside them, try again.
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


def same_file(descriptor: int, path: Path) -> bool:
    """Whether an open descriptor is the file that the path names now."""
    try:
        named, opened = path.stat(), os.fstat(descriptor)
    except OSError:  # no such file, or no such descriptor: then they are not the same
        return False
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


@contextlib.contextmanager
def deciding() -> Iterator[None]:
    """Held for the few milliseconds in which somebody enqueues, cancels, starts or deletes: one decision at a time."""
    jobs_folder().mkdir(parents=True, exist_ok=True)
    with exclusive(jobs_folder() / "deciding.lock"):
        yield


def next_ticket(folder: Path) -> int:
    """A number larger than every one given before; to be called while `deciding()`.

    A counter and not the clock orders the queue, because clocks are set back and twenty submissions share a second.
    Larger numbers in the files of `folder` came with a copy from another store: they become 0, so that they neither
    outrank this start nor move the counter.
    """
    counter = jobs_folder() / "ticket"
    try:
        last = int(counter.read_text())
    except (FileNotFoundError, ValueError):  # lost or damaged: go on above everything that is written down
        files = (path for name in TICKETED for path in names.files(name))
        last = max((written for path in files if (written := _written(path.parent)) < LARGEST // 2), default=0)
    ticket = last + 1
    for name in TICKETED:
        document = read_json(folder / name)
        if document is not None and number(document.get("ticket")) >= ticket:
            write_json(folder / name, document | {"ticket": 0})
    with replacing(counter) as temporary:
        temporary.write_text(str(ticket))
    return ticket


def _written(folder: Path) -> int:
    """The largest ticket in a job folder's files, 0 where there is none."""
    files = (read_json(folder / name) or {} for name in TICKETED)
    return max(number(document.get("ticket")) for document in files)


def number(value: object) -> int:
    """A ticket as read from a file: 0 for what cannot be one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST else 0
