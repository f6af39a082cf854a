"""The events of a run beside its curves: snapshots, resumptions, warnings. No torch.

Snapshots are listed from the run's folder. The trainer appends resumptions to `events.jsonl`, one JSON object a line.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.io.atomic import append_json_line
from gan.io.json_files import read_json_lines
from gan.jobs.status import Timestamp
from gan.runs.run import Run

EventKind = Literal["snapshot", "resumed", "warning", "best"]


class _Resumption(TypedDict):
    seen: Annotated[int, Field(ge=0)]
    time: Timestamp


RESUMPTION = TypeAdapter(_Resumption)


@dataclass(frozen=True)
class Event:
    """An event after `seen` images; `text` is its label."""

    seen: int
    kind: EventKind
    text: str


def record_resumption(run: Run, seen: int) -> None:
    """Record that the run resumes after `seen` images; does nothing at 0, the beginning."""
    if seen:
        append_json_line(run.path / "events.jsonl", {"seen": seen, "time": time.time()})


def read_resumptions(run: Run) -> list[tuple[int, float]]:
    """Images seen and time (seconds since 1970) of each resumption; damaged lines are skipped."""
    return [(row["seen"], row["time"]) for row in read_json_lines(run.path / "events.jsonl", RESUMPTION)]


def run_events(run: Run, warnings: Mapping[str, int]) -> list[Event]:
    """All events by images seen, ascending; `warnings` maps each headline to the images seen when it first held."""
    events = [Event(seen, "snapshot", f"Snapshot after {seen:,} images") for seen in run.snapshots()]
    for seen, timestamp in read_resumptions(run):
        when = time.strftime("%d %b %Y, %H:%M", time.localtime(timestamp))
        events.append(Event(seen, "resumed", f"Resumed after {seen:,} images, on {when}"))
    events += [Event(seen, "warning", headline) for headline, seen in warnings.items()]
    return sorted(events, key=lambda event: (event.seen, event.kind))
