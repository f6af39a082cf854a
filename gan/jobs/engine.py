"""What an engine is: a system that runs jobs on other machines and can be asked for them, such as Slurm.

Jobs of this machine's own scheduler have no engine to ask: their locks and processes are here (`states.py`).
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

EngineName = Literal["local", "slurm"]
"""Values of `engine` in `queued.json` and `started.json`."""
ENGINE_TITLES: dict[EngineName, str] = {"local": "this machine", "slurm": "Slurm"}
Phase = Literal["waiting", "running", "ending", "gone"]
Outcome = Literal["stopped", "lost"]
"""How a job ended that left no result: by a user's command to the engine, or otherwise."""


@dataclass(frozen=True)
class EngineJob:
    """What an engine says of one of its jobs.

    A job is `waiting` also when it was put back into the queue, and `gone` when it has ended or the engine does not
    know it. `reason` is a sentence ("" if there is nothing to say), `node` the machine it runs on ("" if none), and
    `place` in the engine's queue counts from 1 (None if unknown). `outcome` is of a job that is gone. `time`
    is when the engine said so, in seconds since 1970, infinity for an answer of this moment.
    """

    phase: Phase
    reason: str = ""
    node: str = ""
    place: int | None = None
    outcome: Outcome = "lost"
    time: float = math.inf


class Engine(Protocol):
    """Asked from pages every two seconds by many readers: an engine caches its answers and never waits long."""

    @property
    def name(self) -> EngineName:
        """The value of `engine` in the files of its jobs."""

    def submit(self, folder: Path, ticket: int, device: str, gpus: int) -> str:
        """Give it the job in `folder`, for values of `job.device` and `job.gpus`; returns its name of the job.

        Raises UserError in the engine's own words where it refuses the job, which then leaves nothing behind.
        """

    def ask_to_stop(self, job_id: str) -> None:
        """Ask a running job to save and end, or raise UserError. Repeated by the caller: a signal may be lost."""

    def cancel(self, job_id: str) -> None:
        """Take a job out of its queue, or end it with little grace; raises UserError."""

    def job_states(self, job_ids: Collection[str]) -> Mapping[str, EngineJob] | None:
        """The state of each of these jobs, or None if the engine does not answer, so that nobody can tell."""
