"""The images of an external test set of a study, as its result stores them. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ExternalImages:
    """An external test set, `name` as the user gave it.

    `images`, `groups`, `grouped`, `per_class` and `groups_per_class` as in `StudyResult.test`, of the images that are
    tested. `classes` has the names of its classes by ours, `left_out` the images of its classes without a partner, and
    `lacking` our classes without images. `near_copies` of training images are left out. `looks` counts the studies that
    read these images.
    """

    name: str
    images: int
    groups: int
    grouped: bool
    per_class: dict[str, int]
    groups_per_class: dict[str, int]
    classes: dict[str, list[str]]
    left_out: dict[str, int]
    lacking: list[str]
    near_copies: int
    looks: int

    def sentences(self) -> list[str]:
        """What the images are and which are not tested, one sentence each."""
        tested = f"{self.images:,} images" + (f" of {self.groups:,} groups" if self.grouped else "")
        found = [f"External test set {self.name}: {tested}; {classes_text(self.classes)}."]
        if self.left_out:
            counts = ", ".join(f"{name} ({count:,})" for name, count in self.left_out.items())
            found.append(f"Its images of classes that the run does not have are left out: {counts}.")
        if self.lacking:
            found.append(f"It has no image of {', '.join(self.lacking)}: nothing is said of them there.")
        if self.near_copies:
            found.append(f"{self.near_copies:,} of its images are near copies of training images, and are left out.")
        if self.looks > 1:
            found.append(
                f"This is look {self.looks} at these images, by studies of this store. Nothing corrects for the looks "
                "before."
            )
        return found


def classes_text(classes: Mapping[str, Sequence[str]]) -> str:
    """Which of their classes are which of ours: `its bacterial and viral are pneumonia`."""
    parts = [
        f"its {' and '.join(theirs)} {'is' if len(theirs) == 1 else 'are'} {ours}" for ours, theirs in classes.items()
    ]
    return ", ".join(parts)
