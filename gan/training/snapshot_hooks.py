"""What the trainer asks and tells about snapshots. The packages above training answer; none of it changes the maths."""

from collections.abc import Callable
from dataclasses import dataclass

from gan.runs.run import Run


@dataclass(frozen=True)
class SavedSnapshot:
    """A snapshot that was just saved, after `seconds` of training on `device`, such as "cpu"; `last`: training ends.

    `cores` of the CPU were at work on average in the trainer's processes.
    """

    seen: int
    seconds: float
    device: str
    cores: float
    last: bool


@dataclass(frozen=True)
class SnapshotHooks:
    """`best` gives the snapshot, by images seen, that is kept when older ones are deleted; None where there is none.

    `reason_to_end` is asked before a snapshot is saved: a sentence ends the training with that snapshot, "" does not.
    `saved` is told of every snapshot.
    """

    best: Callable[[Run], int | None] = lambda run: None
    reason_to_end: Callable[[Run], str] = lambda run: ""
    saved: Callable[[Run, SavedSnapshot], None] = lambda run, snapshot: None
