"""The counter that orders the queue, and the lock that makes its decisions one at a time.

Whether a job is alive is told by advisory file locks (`gan/io/file_lock.py`): a pid can be reused and a file can lie,
but the kernel frees a lock the instant its last holder is gone, even after SIGKILL or a power cut. A child process that
inherits the descriptor holds the lock too.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from gan.config import settings
from gan.io import file_lock
from gan.io.atomic import replacing, write_json
from gan.io.json_files import read_json
from gan.io.untrusted_files import skipping_unreadable
from gan.jobs import names, processes

TICKETED_FILES = ("queued.json", "started.json", "end.json")
MAX_HOST = 100
"""Characters of a folder's name."""
GIVEN_KEPT = 1000
"""Tickets whose files are kept, so that no machine gives one of them again after it read an old counter."""
MAX_TICKET = 2**53
"""No counter gets this far: a larger number is forged."""


def jobs_folder() -> Path:
    """The folder of the queue, the ticket counter and, for each machine, its locks."""
    return settings.store() / ".jobs"


def host_folder(host: str | None = None) -> Path:
    """The folder of one machine, by default this one: its scheduler's lock and log, its devices' locks, its stops.

    Machines that share a store each have a scheduler and devices of their own: `cuda:0` is another one on each.
    """
    name = re.sub(r"[^A-Za-z0-9._-]", "_", processes.host() if host is None else host)
    return jobs_folder() / "hosts" / (name.lstrip(".")[:MAX_HOST] or "unknown")


@contextlib.contextmanager
def decision_lock() -> Iterator[None]:
    """Serialise the decisions of all processes; held for milliseconds while a job is queued, started or deleted."""
    jobs_folder().mkdir(parents=True, exist_ok=True)
    with file_lock.exclusive(jobs_folder() / "deciding.lock"):
        yield


def next_ticket(folder: Path) -> int:
    """A number larger than all given before; hold `decision_lock()`.

    A counter orders the queue, not the clock: clocks are set back, and twenty submissions may share a second. Larger
    tickets in the files of `folder` come from another store, with a copied run: they are set to 0, so that they neither
    outrank this start nor move the counter.
    """
    counter = jobs_folder() / "ticket"
    try:
        last = int(counter.read_text())
    except (FileNotFoundError, ValueError):  # lost or damaged: continue above every ticket on the disk
        files = (path for name in TICKETED_FILES for path in names.job_files(name))
        last = max((ticket for path in files if (ticket := _largest(path.parent)) < MAX_TICKET // 2), default=0)
    ticket = _give(last + 1)
    for name in TICKETED_FILES:
        document = read_json(folder / name)
        if document is not None and valid_ticket(document.get("ticket")) >= ticket:
            write_json(folder / name, document | {"ticket": 0})
    with replacing(counter) as temporary:
        temporary.write_text(str(ticket))
    return ticket


def _give(ticket: int) -> int:
    """The first number from `ticket` that no machine has given: creating a file succeeds once, whatever locks do."""
    given = jobs_folder() / "given"
    given.mkdir(exist_ok=True)
    while True:
        try:
            os.close(os.open(given / str(ticket), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            ticket += 1
            continue
        (given / str(ticket - GIVEN_KEPT)).unlink(missing_ok=True)
        return ticket


def valid_ticket(value: object) -> int:
    """A ticket as read from a file; 0 for a value that is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TICKET else 0


def _largest(folder: Path) -> int:
    """The largest ticket in a job folder's files; 0 without any, and where they cannot be read, which is logged."""
    with skipping_unreadable(folder):
        documents = [read_json(folder / name) or {} for name in TICKETED_FILES]
        return max(valid_ticket(document.get("ticket")) for document in documents)
    return 0
