"""Who is alive, told by the kernel: advisory locks that die with their holder, and the counter that orders the queue.

A pid can be reused and a file can lie; a `flock` is freed the instant its last holder is gone, even by SIGKILL or a
power cut. A holder takes the lock exclusively; a reader asks with a shared one, so that readers never see each other.
The lock belongs to the open file: a child that inherits the descriptor holds it too.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from gan.config import settings
from gan.io import file_lock
from gan.io.atomic import replacing, write_json
from gan.io.json_files import read_json
from gan.jobs import names

TICKETED = ("queued.json", "started.json", "end.json")
MAX_TICKET = 2**53
"""No counter comes so far: a larger number was made up."""


def jobs_folder() -> Path:
    """Where the locks, the ticket counter, pending stops and the queue's log lie."""
    return settings.store() / ".jobs"


@contextlib.contextmanager
def decision_lock() -> Iterator[None]:
    """Held for the few milliseconds in which somebody enqueues, cancels, starts or deletes: one decision at a time."""
    jobs_folder().mkdir(parents=True, exist_ok=True)
    with file_lock.exclusive(jobs_folder() / "deciding.lock"):
        yield


def next_ticket(folder: Path) -> int:
    """A number larger than every one given before; to be called while `decision_lock()`.

    A counter and not the clock orders the queue, because clocks are set back and twenty submissions share a second.
    Larger numbers in the files of `folder` came with a copy from another store: they become 0, so that they neither
    outrank this start nor move the counter.
    """
    counter = jobs_folder() / "ticket"
    try:
        last = int(counter.read_text())
    except (FileNotFoundError, ValueError):  # lost or damaged: go on above everything that is written down
        files = (path for name in TICKETED for path in names.job_files(name))
        last = max((written for path in files if (written := _written(path.parent)) < MAX_TICKET // 2), default=0)
    ticket = last + 1
    for name in TICKETED:
        document = read_json(folder / name)
        if document is not None and valid_ticket(document.get("ticket")) >= ticket:
            write_json(folder / name, document | {"ticket": 0})
    with replacing(counter) as temporary:
        temporary.write_text(str(ticket))
    return ticket


def _written(folder: Path) -> int:
    """The largest ticket in a job folder's files, 0 where there is none."""
    files = (read_json(folder / name) or {} for name in TICKETED)
    return max(valid_ticket(document.get("ticket")) for document in files)


def valid_ticket(value: object) -> int:
    """A ticket as read from a file: 0 for what cannot be one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TICKET else 0
