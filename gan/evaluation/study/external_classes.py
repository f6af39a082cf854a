"""Which set of the store an external test set is, and which of its classes or attributes are the run's. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.config.run_config import DataConfig
from gan.data import catalogue, registry
from gan.data.ingest.import_plan import ImportPlan
from gan.data.sources.local_paths import added_set_folder
from gan.errors import UserError

TEST_ONLY = ":test"


def find_test_set(name: str, own: DataConfig) -> tuple[catalogue.Entry, bool]:
    """The set named by its slug or as an added set, and whether its test split alone is meant: `NAME:test`.

    Raises DataError for a set that is not there, UserError for the run's `own`.
    """
    plain = name.removesuffix(TEST_ONLY)
    entry = catalogue.find_entry(plain)
    if entry.slug == own.slug:
        raise UserError(f"{plain} is the set of the run itself, whose test images are tested anyway. Choose another.")
    return entry, name.endswith(TEST_ONLY)


def condition_names(config: DataConfig) -> tuple[str, ...] | None:
    """The names of a set's classes or attributes, without reading its images; None where they are not known yet."""
    folder = added_set_folder(config) if config.name == "folder" else None
    if folder is not None:
        return ImportPlan.load(folder).names
    images = registry.cached_image_set(config)
    return None if images is None else images.names


@dataclass(frozen=True)
class ClassMap:
    """Which of our classes, or attributes, theirs are: `ours` (K',) is the index of each of theirs, or -1 without a
    partner.

    `theirs` has the names of theirs by ours; ours without a partner are absent.
    """

    ours: NDArray[np.int64]
    theirs: Mapping[str, tuple[str, ...]]


def map_classes(
    ours: Sequence[str], theirs: Sequence[str], given: Mapping[str, str], title: str, kind: str = "class"
) -> ClassMap:
    """Their classes, or attributes where that is the `kind`, as ours: as `given` (ours by theirs), else by the same
    name in any case.

    Raises UserError for a given name that is not there, and where none is in common.
    """
    one, several = ("class", "classes") if kind == "class" else ("attribute", "attributes")
    for asked, names, whose in ((given, theirs, title), (given.values(), ours, "The run")):
        for name in asked:
            if name not in names:
                raise UserError(f"{whose} has no {one} {name!r}, which --map names. It has {', '.join(names)}.")
    partner = {name: given.get(name) or same_name(name, ours) for name in theirs}
    if not any(partner.values()):
        raise UserError(
            f"{title} has the {several} {', '.join(theirs)}, and the run {', '.join(ours)}: none is the same. Map "
            f"them, such as --map '{ours[0]}={theirs[0]}'."
        )
    return ClassMap(
        np.array([ours.index(partner[name]) if partner[name] else -1 for name in theirs], dtype=np.int64),
        {name: tuple(other for other in theirs if partner[other] == name) for name in ours if name in partner.values()},
    )


def same_name(name: str, others: Sequence[str]) -> str:
    """The first of the other names that is the same in any case; "" without one."""
    return next((other for other in others if other.casefold() == name.casefold()), "")
