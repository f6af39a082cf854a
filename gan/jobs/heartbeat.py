"""The sign of life of a job: heartbeat.json, a counter that its process raises every ten seconds.

Machines that share a store can neither see each other's processes nor compare their clocks. A reader that looks again
sees whether the counter changes, by its own clock. The first look has the file's age alone, which is the file server's
time against ours, and takes it for a sign of life only within a generous limit. No sign of life proves nothing.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gan.errors import UserError
from gan.io import fault_injection
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.jobs import tickets

FILE = "heartbeat.json"
BEAT_SECONDS = 10.0
SILENT_SECONDS = 120.0
"""Without a new beat for so long a job counts as silent: machines may show a file as it was 60 s ago."""
MOST_WATCHED = 1000
LOGGER = logging.getLogger(__name__)


class Heartbeat:
    """Beats in a thread until it is closed. `on_beat` is called before each beat but the first."""

    def __init__(self, folder: Path, ticket: int, on_beat: Callable[[], None]):
        self._path = folder / FILE
        self._ticket = ticket
        self._on_beat = on_beat
        self._count = 0
        self._closed = threading.Event()
        self._beat()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; returns when nothing is written any more."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(BEAT_SECONDS * fault_injection.pace()):
            try:
                self._on_beat()
            except OSError as error:
                LOGGER.warning("The claim of %s cannot be read: %s", self._path.parent, error)
            self._beat()

    def _beat(self) -> None:
        self._count += 1
        document = {"ticket": self._ticket, "count": self._count, "time": time.time(), "pid": os.getpid()}
        try:
            write_json(self._path, document)
        except (OSError, UserError) as error:  # a full disk, or the run was deleted: the job itself says so
            if self._count == 1 or not isinstance(error, FileNotFoundError):
                LOGGER.warning("%s cannot be written: %s", self._path, error)


@dataclass(frozen=True)
class _Look:
    """A counter, with its ticket, and when it was written as far as this process can tell (monotonic)."""

    beat: tuple[int, int]
    since: float


_looks: dict[Path, _Look] = {}


def silent_after() -> float:
    """Seconds without a sign of life after which a job counts as silent."""
    return SILENT_SECONDS * fault_injection.pace()


def silence(folder: Path, ticket: int) -> float | None:
    """Seconds since the last sign of life of the start with that ticket; None without any."""
    path = folder / FILE
    document = read_json(path)
    count = (document or {}).get("count")
    if document is None or tickets.valid_ticket(document.get("ticket")) != ticket or not isinstance(count, int):
        return None
    beat, now, last = (ticket, count), time.monotonic(), _looks.get(path)
    if last is None or last.beat != beat:
        age = time.time() - path.stat().st_mtime
        fresh = abs(age) < silent_after() or (last is not None and last.beat[0] == ticket)
        last = _Look(beat, now if fresh else now - max(age, silent_after()))
        _looks.pop(path, None)
        _looks[path] = last
        for oldest in list(_looks)[:-MOST_WATCHED]:
            _looks.pop(oldest, None)
    return now - last.since


def is_beating(folder: Path, ticket: int) -> bool:
    """Whether the start with that ticket has given a sign of life lately."""
    silent = silence(folder, ticket)
    return silent is not None and silent < silent_after()
