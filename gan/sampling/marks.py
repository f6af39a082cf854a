"""Marks on generated images, keep or reject, in the run's `marks.json`. No torch.

An image is identified by its `Origin`. The kept images whose snapshots exist are the run's basket; rejected images are
left out of exports.

    marks.json    {"version": 1, "marks": [{"snapshot", "seed", "index", "condition", "truncation", "mark"}, ...]}
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.access.permissions import Action, require
from gan.errors import DamagedFileError, RunError, UserError
from gan.io.atomic import write_json
from gan.io.file_lock import exclusive
from gan.io.json_files import read_typed
from gan.runs.run import Run
from gan.sampling.provenance import Origin

VERSION = 1

Whole = Annotated[int, Field(ge=0)]
Mark = Literal["keep", "reject"]
KEEP: Mark = "keep"
REJECT: Mark = "reject"


class _Row(TypedDict):
    snapshot: Whole
    seed: Whole
    index: Whole
    condition: Annotated[str, Field(max_length=10_000)]
    truncation: Annotated[float, Field(ge=0.05, le=1)]
    mark: Mark


class _Document(TypedDict):
    version: int
    marks: list[_Row]


MARKS = TypeAdapter(_Document)


def load(run: Run) -> dict[Origin, Mark]:
    """All marks of a run, in the order in which they were set.

    Raises RunError where the file is damaged or of another version, so that no reject is lost silently.
    """
    path = run.path / "marks.json"
    try:
        document = read_typed(path, MARKS)
    except DamagedFileError as error:
        raise RunError(f"The marks of {run.name} cannot be read: {error}") from None
    if document is None:
        return {}
    if document["version"] != VERSION:
        raise RunError(
            f"The marks of {run.name} are of another version of this program: update it, or delete its {path.name}."
        )
    return {
        Origin(row["snapshot"], row["seed"], row["index"], row["condition"], row["truncation"]): row["mark"]
        for row in document["marks"]
    }


def kept(run: Run) -> list[Origin]:
    """The images marked keep, in the order in which they were."""
    return [origin for origin, mark in load(run).items() if mark == KEEP]


def basket(run: Run) -> list[Origin]:
    """The kept images whose snapshots exist, so that they can be made again."""
    snapshots = set(run.snapshots())
    return [origin for origin in kept(run) if origin.snapshot in snapshots]


def rejected(run: Run) -> frozenset[Origin]:
    """The images marked reject."""
    return frozenset(origin for origin, mark in load(run).items() if mark == REJECT)


def change(run: Run, changes: Mapping[Origin, Mark | None], max_marks: int = 20_000) -> dict[Origin, Mark]:
    """Set marks, or remove them where the value is None; gives all marks of the run.

    A lock keeps the changes of several people apart. A mark that changes moves to the end. Every change writes all
    marks, so a run has at most `max_marks`: more than anybody sets by hand. Raises UserError above that, and RunError
    where the run is gone or as `load`.
    """
    if not run.path.is_dir():
        raise RunError(f"The run {run.name} was deleted or moved away.")
    require(Action.MARK_IMAGES, run)
    with exclusive(run.path / "marks.lock"):
        marks = load(run)
        for origin, mark in changes.items():
            if mark is None:
                marks.pop(origin, None)
            elif marks.get(origin) != mark:
                marks.pop(origin, None)
                marks[origin] = mark
        if len(marks) > max_marks:
            raise UserError(
                f"{len(marks):,} marks on one run: it takes up to {max_marks:,}. Download the basket, then clear it."
            )
        rows = [asdict(origin) | {"mark": mark} for origin, mark in marks.items()]
        write_json(run.path / "marks.json", {"version": VERSION, "marks": rows})
    return marks


def clear(run: Run, origins: Iterable[Origin]) -> dict[Origin, Mark]:
    """Remove the marks of these images; gives those that remain."""
    return change(run, dict.fromkeys(origins))
