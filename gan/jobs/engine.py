"""What an engine is: a system that runs jobs on other machines and can be asked for them, such as Slurm.

Jobs of this machine's own scheduler have no engine to ask: their locks and processes are here (`states.py`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

EngineName = Literal["local", "slurm"]
"""Values of `engine` in `queued.json` and `started.json`."""
Phase = Literal["waiting", "running", "ending", "gone"]


@dataclass(frozen=True)
class EngineJob:
    """What an engine says of one of its jobs.

    A job is `waiting` also when it was put back into the queue, and `gone` when it has ended or the engine does not
    know it. `reason` is a sentence ("" if there is nothing to say), `node` the machine it runs on ("" if none), and
    `place` in the engine's queue counts from 1 (None if unknown).
    """

    phase: Phase
    reason: str = ""
    node: str = ""
    place: int | None = None


class Engine(Protocol):
    """Asked from pages every two seconds by many readers: an engine caches its answers and never waits long."""

    @property
    def name(self) -> EngineName:
        """The value of `engine` in the files of its jobs."""

    def job_states(self, job_ids: Collection[str]) -> Mapping[str, EngineJob] | None:
        """The state of each of these jobs, or None if the engine does not answer, so that nobody can tell."""
