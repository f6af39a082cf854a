"""Labels that a user gives to the images of an upload in the browser, where nothing else names their classes.

<upload>/hand_labels.json    classes, and the class of each image that has one
<upload>/images/labels.csv   the same as a table, once the user is done: the check then reads it as any other
"""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from gan.access.permissions import Action, require
from gan.data.ingest import upload_check
from gan.data.ingest.upload_images import IMAGES
from gan.data.set_access import folder_target
from gan.errors import DataError
from gan.io.atomic import replacing, write_json
from gan.io.file_lock import exclusive
from gan.io.json_files import read_typed

FILE, TABLE = "hand_labels.json", "labels.csv"
MAX_CLASSES = 50
MAX_NAME = 80  # characters of a class
MAX_IMAGES = 20_000
"""Images of a set that is labelled by hand, at most: more than anybody does, few enough to write at each click."""


@dataclass(frozen=True)
class HandLabels:
    """The classes in their order, and the class by file."""

    classes: tuple[Annotated[str, Field(min_length=1, max_length=MAX_NAME)], ...] = ()
    labels: dict[str, str] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """The images of each class."""
        given = list(self.labels.values())
        return {name: given.count(name) for name in self.classes}


HAND_LABELS = TypeAdapter(HandLabels)


def load_hand_labels(folder: Path) -> HandLabels:
    """The labels given so far to the upload in `folder`; raises DamagedFileError."""
    return read_typed(folder / FILE, HAND_LABELS) or HandLabels()


def set_classes(folder: Path, names: Iterable[str]) -> None:
    """Set the classes to choose from. Raises DataError for fewer than two, and for one that is gone but in use."""
    classes = tuple(dict.fromkeys(" ".join(name.split()) for name in names if name.strip()))
    if not 2 <= len(classes) <= MAX_CLASSES or any(len(name) > MAX_NAME for name in classes):
        raise DataError(f"These are {len(classes)} classes: it takes 2 to {MAX_CLASSES}, of up to {MAX_NAME} letters.")
    require(Action.CHANGE_SET, folder_target(folder))
    with exclusive(folder / "hand_labels.lock"):
        before = load_hand_labels(folder)
        gone = [name for name, count in before.counts().items() if count and name not in classes]
        if gone:
            raise DataError(f"Images are labelled {gone[0]}: label them otherwise before you remove the class.")
        write_json(folder / FILE, asdict(replace(before, classes=classes)))


def set_label(folder: Path, file: str, label: str) -> None:
    """Give an image of an upload a class, or none where `label` is "".

    Raises DataError for a file or class that is not there.
    """
    require(Action.CHANGE_SET, folder_target(folder))
    with exclusive(folder / "hand_labels.lock"):
        before = load_hand_labels(folder)
        listed = upload_check.upload_listing(folder).images
        if file not in listed or len(listed) > MAX_IMAGES:
            raise DataError(f"{file} cannot be labelled: it is no image of this upload, or there are too many.")
        if label and label not in before.classes:
            raise DataError(f"There is no class {label}. The classes are {', '.join(before.classes)}.")
        labels = {name: given for name, given in before.labels.items() if name != file}
        write_json(folder / FILE, asdict(replace(before, labels=labels | ({file: label} if label else {}))))


def use_hand_labels(folder: Path) -> None:
    """Write the labels as a table beside the images, for the next check. Raises DataError unless two classes have some.

    Images in a folder on the server are not written to.
    """
    require(Action.CHANGE_SET, folder_target(folder))
    labels = load_hand_labels(folder)
    if sum(count > 0 for count in labels.counts().values()) < 2:
        raise DataError("Label images of at least two classes first.")
    root = upload_check.upload_listing(folder).root
    if root != folder / IMAGES:
        raise DataError(f"{root} is a folder on the server, where nothing is written. Add its images as a ZIP.")
    with replacing(root / TABLE) as temporary, open(temporary, "w", newline="") as file:
        csv.writer(file).writerows([("file", "class"), *sorted(labels.labels.items())])
    upload_check.check_anew(folder)
