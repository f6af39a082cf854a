"""The runs of the store with their states, and which of them match a search."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from gan import jobs
from gan.evaluation import job
from gan.io.atomic import FileVersion, file_versions
from gan.runs.notes import About
from gan.runs.run import Run, all_runs
from pages.ui.runs import run_header

T = TypeVar("T")
ENDED = ("finished", "stopped", "failed")
MOST = 4000  # runs of which the state is kept
_ended: dict[Path, tuple[tuple[FileVersion, ...], jobs.State]] = {}
"""States of runs of this machine that have ended, with the versions of the files that say so."""


@dataclass(frozen=True)
class Listed:
    """A run and its current state."""

    run: Run
    state: jobs.State

    @cached_property
    def about(self) -> About:
        """Title, tags and notes, read once."""
        return self.run.about

    @cached_property
    def data(self) -> str:
        """The short name of the data set."""
        return run_header.data_label(self.run)

    @property
    def title(self) -> str:
        """The title, else the name."""
        return self.about.title or self.run.name

    @property
    def searched(self) -> str:
        """The text that is searched, in lower case."""
        return " ".join([self.run.name, self.title, self.data, *self.about.tags, self.about.notes]).lower()


SORTS: dict[str, Callable[[list[Listed]], list[Listed]]] = {
    "Newest first": lambda runs: runs,  # the order of `all_runs`
    "Oldest first": lambda runs: runs[::-1],
    "By title": lambda runs: sorted(runs, key=lambda entry: entry.title.lower()),
    "By data": lambda runs: sorted(runs, key=lambda entry: entry.data),
}


@dataclass(frozen=True)
class Filter:
    """The search; None or empty means any."""

    text: str = ""
    data: str | None = None
    state: str | None = None
    tag: str | None = None
    sort: str = "Newest first"
    archived: bool = False


def list_runs() -> list[Listed]:
    """All runs with their states, the newest first, damaged ones included."""
    return [Listed(run, current_state(run)) for run in all_runs()]


def current_state(run: Run) -> jobs.State:
    """The state of a run; that of one that has ended is computed again only when one of its files changes."""
    try:
        versions = file_versions(run.path, ("queued.json", "started.json", "end.json"))
    except OSError:  # the state says what is wrong
        return jobs.state(run.path)
    known = _ended.get(run.path)
    if known is not None and known[0] == versions:
        return known[1]
    state = jobs.state(run.path)
    if state.name in ENDED and state.engine == "local":
        if len(_ended) >= MOST:
            _ended.clear()
        _ended[run.path] = versions, state
    return state


def first_these(first: T, read: Callable[[], T]) -> Callable[[], T]:
    """A function that gives `first` at its first call, and what `read` gives at later calls.

    For a part of the page that is drawn again by itself: its first drawing is that of the page, which has just read
    the same.
    """
    given = [first]
    return lambda: given.pop() if given else read()


def running_studies(runs: Sequence[Listed]) -> list[Run]:
    """The runs of which an augmentation study works now; one that waits is in the queue."""
    states = [(entry.run, job.job_state(entry.run, "study")) for entry in runs]
    return [run for run, state in states if state is not None and state.alive and state.name != "queued"]


def running_and_requeued(
    alive: Sequence[Listed], queue: Sequence[jobs.QueueEntry]
) -> tuple[list[Listed], list[Listed]]:
    """The live runs that are not in the `queue`: those that train, and those that wait in the queue of Slurm again."""
    listed = {entry.name for entry in queue}
    unlisted = [entry for entry in alive if entry.run.name not in listed]
    waiting = [entry for entry in unlisted if entry.state.name == "queued"]
    return [entry for entry in unlisted if entry not in waiting], waiting


def matching_runs(runs: Sequence[Listed], query: Filter) -> list[Listed]:
    """The runs that match the query, in its order; every word of its text must occur in the run's."""
    parts = query.text.lower().split()
    kept = [
        entry
        for entry in runs
        if entry.about.archived == query.archived
        and query.state in (None, entry.state.name)
        and (query.tag is None or query.tag in entry.about.tags)
        and (query.data is None or query.data == entry.data)
        and (not parts or all(part in entry.searched for part in parts))
    ]
    return SORTS[query.sort](kept)
