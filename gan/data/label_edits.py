"""Decisions on the labels of an added set's training images: keep, relabel or drop, in the set's `edits.json`.

They are applied each time the set is opened, to the training split alone, and undone by removing them. The images and
the import plan stay as they are. No torch.

    edits.json    {"version": 1, "edits": {file: {"action", "class", "time"}, ...}}
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.access.permissions import Action, require
from gan.data.image_set import DROPPED, ImageSet
from gan.data.ingest.import_plan import ImportPlan
from gan.data.set_access import folder_target
from gan.data.set_notes import added_folder
from gan.errors import DamagedFileError, DataError
from gan.io.atomic import file_version, write_json
from gan.io.file_lock import exclusive
from gan.io.json_files import read_typed
from gan.io.untrusted_files import damaged_file

FILE = "edits.json"
VERSION = 1
MAX_EDITS = 20_000
"""Edits of one set: more than anybody decides by hand, few enough to write all of them at each click."""

EditAction = Literal["keep", "relabel", "drop"]


@dataclass(frozen=True)
class Edit:
    """A decision on one training image, made at `time` (seconds since the epoch).

    keep      somebody looked, and the label is right
    relabel   it belongs to `label`, a class of the set
    drop      it is left out of the training images
    """

    action: EditAction
    label: str = ""
    time: float = field(default_factory=time.time, compare=False)


# "class" is a word of Python, so the type is written as a call
_EditJson = TypedDict("_EditJson", {"action": EditAction, "class": str, "time": Annotated[float, Field(ge=0)]})


class _Document(TypedDict):
    version: int
    edits: dict[str, _EditJson]


EDITS = TypeAdapter(_Document)


def load_edits(folder: Path) -> dict[str, Edit]:
    """The edits of the set in `folder` by file, in the order in which they were made.

    Raises DataError where the file is damaged, so that no decision is lost silently.
    """
    path = folder / FILE
    try:
        document = read_typed(path, EDITS)
        if document is None:
            return {}
        if document["version"] != VERSION:
            raise damaged_file(path, f"it is of version {document['version']}, not {VERSION}")
        edits = {file: Edit(row["action"], row["class"], row["time"]) for file, row in document["edits"].items()}
        _check(path, edits, ImportPlan.load(folder))
    except DamagedFileError as error:
        raise DataError(f"{error} Delete it to undo all decisions on the labels of the set {folder.name}.") from None
    return edits


def change_edits(name: str, changes: Mapping[str, Edit | None]) -> dict[str, Edit]:
    """Set edits by file, or remove them where the value is None; returns all edits of the set.

    A lock keeps the changes of several people apart. An edit that changes moves to the end. Raises DataError for a file
    that is no training image, a class that the set lacks, a class that would lose its last training image, and above
    `MAX_EDITS`.
    """
    folder = added_folder(name)
    require(Action.CHANGE_SET, folder_target(folder))
    with exclusive(folder / "edits.lock"):
        plan, edits = ImportPlan.load(folder), load_edits(folder)
        for file, edit in changes.items():
            if edit is None:
                edits.pop(file, None)
            elif edits.get(file) != edit:
                edits.pop(file, None)
                edits[file] = edit
        problem = _problem(edits, plan) or _lost_class(edits, plan)
        if problem:
            raise DataError(f"{problem} Nothing was changed.")
        if len(edits) > MAX_EDITS:
            raise DataError(
                f"{len(edits):,} decisions on the labels of one set: it takes up to {MAX_EDITS:,}. "
                "Correct the labels in the files and add the set again."
            )
        rows = {file: {"action": edit.action, "class": edit.label, "time": edit.time} for file, edit in edits.items()}
        write_json(folder / FILE, {"version": VERSION, "edits": rows})
    return edits


def edits_version(folder: Path) -> str:
    """A text that changes with the edits of the set in `folder`, as part of a cache key."""
    return str(file_version(folder / FILE))


def edit_image_set(images: ImageSet, folder: Path) -> ImageSet:
    """The set read by the plan in `folder`, with its edits applied: dropped images get the split `DROPPED`."""
    edits = load_edits(folder)
    if not edits:
        return images
    plan = ImportPlan.load(folder)
    conditions, split = edited_labels(plan, edits)
    actions = [edit.action for edit in edits.values()]
    counts = {"relabelled": actions.count("relabel"), "left out": actions.count("drop")}
    texts = [f"{count:,} {what}" for what, count in counts.items() if count]
    notice = f"By decisions on this set's labels, training images were changed: {', '.join(texts)}."
    return replace(
        images,
        conditions=conditions.astype(np.float32),
        split=split,
        notices=(*images.notices, notice) if texts else images.notices,
    )


def edited_labels(plan: ImportPlan, edits: Mapping[str, Edit]) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    """Conditions (N, K) and split (N,) of a plan's images after the edits; the plan's own arrays stay as they are."""
    row_of = _rows(plan, edits)
    conditions = plan.conditions.copy()
    split = plan.split.astype(f"U{max(len(DROPPED), plan.split.itemsize // 4)}")
    for file, edit in edits.items():
        if edit.action == "relabel":
            conditions[row_of[file]] = 0
            conditions[row_of[file], plan.names.index(edit.label)] = 1
        elif edit.action == "drop":
            split[row_of[file]] = DROPPED
    return conditions, split


def _rows(plan: ImportPlan, edits: Mapping[str, Edit]) -> dict[str, int]:
    """The row of each edited file that the plan has."""
    return {file: row for row, file in enumerate(plan.files) if file in edits}


def _check(path: Path, edits: Mapping[str, Edit], plan: ImportPlan) -> None:
    problem = _problem(edits, plan)
    if problem:
        raise damaged_file(path, problem.rstrip("."))


def _problem(edits: Mapping[str, Edit], plan: ImportPlan) -> str:
    """Why edits do not fit the plan, as a sentence; "" if they do."""
    row_of = _rows(plan, edits)
    for file, edit in edits.items():
        if file not in row_of:
            return f"The set has no image {file}."
        split = str(plan.split[row_of[file]])
        if split != "train":
            return f"{file} is in the split {split}: only labels of training images can be changed."
        if edit.action == "relabel" and plan.kind != "class":
            return f"{file} cannot be relabelled: the set has attributes, not classes."
        if edit.action == "relabel" and edit.label not in plan.names:
            return f"The set has no class {edit.label!r}. Its classes: {', '.join(plan.names[:20])}."
    return ""


def _lost_class(edits: Mapping[str, Edit], plan: ImportPlan) -> str:
    """Which class would have no training image any more, as a sentence; "" if none."""
    conditions, split = edited_labels(plan, edits)
    before, after = plan.conditions[plan.split == "train"].any(axis=0), conditions[split == "train"].any(axis=0)
    lost = [name for name, had, has in zip(plan.names, before, after, strict=True) if had and not has]
    return f"No training image of {lost[0]} would be left." if lost else ""
