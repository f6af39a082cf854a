"""What happened to a run beside the points of its curves: snapshots, resumptions, and since when a warning holds.

Snapshots are found in the run's folder. The trainer notes where it went on in `events.jsonl`: one JSON object a line,
written at once, so that a reader sees whole lines. No torch.
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

Kind = Literal["snapshot", "resumed", "warning"]


class _Resumed(TypedDict):
    seen: Annotated[int, Field(ge=0)]
    time: Timestamp


RESUMED = TypeAdapter(_Resumed)


@dataclass(frozen=True)
class Event:
    """One thing that happened after `seen` images, in a few words."""

    seen: int
    kind: Kind
    text: str


def record_resumption(run: Run, seen: int) -> None:
    """Write down that the run goes on from `seen` images; nothing for one that begins."""
    if seen:
        append_json_line(run.path / "events.jsonl", {"seen": seen, "time": time.time()})


def read_resumptions(run: Run) -> list[tuple[int, float]]:
    """Images seen, and the time in seconds since 1970, at which the run went on; a damaged line is left out."""
    return [(row["seen"], row["time"]) for row in read_json_lines(run.path / "events.jsonl", RESUMED)]


def run_events(run: Run, warnings: Mapping[str, int]) -> list[Event]:
    """All events of a run by images seen, ascending; `warnings` are headlines and since when they hold."""
    found = [Event(seen, "snapshot", f"Snapshot after {seen:,} images") for seen in run.snapshots()]
    for seen, moment in read_resumptions(run):
        when = time.strftime("%d %b %Y, %H:%M", time.localtime(moment))
        found.append(Event(seen, "resumed", f"Resumed after {seen:,} images, on {when}"))
    found += [Event(seen, "warning", headline) for headline, seen in warnings.items()]
    return sorted(found, key=lambda event: (event.seen, event.kind))
