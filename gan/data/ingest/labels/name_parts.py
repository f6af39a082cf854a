"""Parts of file names that repeat: what they may say about the class or the patient of an image."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gan.data.ingest.labels.folder_names import kind_of_names
from gan.data.ingest.labels.split_words import split_word

NO_CLASSES = """left right l r od os frontal lateral lat ap pa cc mlo axial coronal sagittal mask jpg jpeg png tif crop
    patch tile aug rot flip original copy img image photo"""
"""Values of a part that say how an image was made, not what it shows."""
SMALLEST_GROUPS = 2.0
"""Images in a group on average, from which a pattern is worth offering."""
FEWEST_GROUPS = 4
MOST_PARTS = 8
MOST = 0.95
"""Share of the names that must have several parts."""


@dataclass(frozen=True)
class GroupCandidate:
    """Groups that a pattern of names gives: the first `group_parts` parts of the file name, or folders of `level`.

    level             folder level below the root of the reading, or None for parts of file names
    groups            number of groups
    images_per_group  mean number of images
    example           a group's name, such as `P012`
    """

    group_parts: int
    level: int | None
    groups: int
    images_per_group: float
    example: str


def name_parts(stem: str) -> list[str]:
    """The parts of a file name without extension: `_`, `-`, `.`, spaces and brackets separate them."""
    return [part for part in re.split(r"[_\-.\s()\[\]{}]+", stem) if part]


def group_name(stem: str, parts: int) -> str:
    """The first parts of a file name, as it is written: `SOB_B_A-14-22549AB-40-001` with 5 is `SOB_B_A-14-22549AB`."""
    ends = _ends(stem)
    return stem[: ends[parts - 1]] if 0 < parts <= len(ends) else stem


def _ends(stem: str) -> list[int]:
    """Where the parts of a file name end."""
    return [match.end() for match in re.finditer(r"[^_\-.\s()\[\]{}]+", stem)]


def group_candidates(images: Sequence[str], classes: int = 2) -> list[GroupCandidate]:
    """Groups that names of files give, best first; empty if nothing repeats as patients would.

    `images` are paths below the root of a reading, `classes` the number of its classes. A pattern counts if it gives
    more groups than classes, with at least two images each on average. Parts that all names share, and running
    numbers, give none.
    """
    candidates = _folder_groups(images, classes)
    stems = [image.rpartition("/")[2].rpartition(".")[0] for image in images]
    ends = [_ends(stem) for stem in stems]
    fewest = min(map(len, ends), default=0)
    for parts in range(1, min(fewest, MOST_PARTS + 1)):
        groups = Counter(stem[: ends_of_stem[parts - 1]] for stem, ends_of_stem in zip(stems, ends, strict=True))
        candidate = _candidate(groups, parts, None)
        if _plausible(candidate, classes) and (not candidates or candidate.groups != candidates[-1].groups):
            candidates.append(candidate)
    return candidates


def class_parts(stems: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Parts of file names that may be the class: (`class_part` of a Reading, names of classes), best first."""
    split = [parts for stem in stems if len(parts := name_parts(stem)) > 1]
    if len(split) < MOST * len(stems):
        return []
    found: list[tuple[int, list[str]]] = []
    fewest = min((len(parts) for parts in split), default=0)
    for position in [1, -1, *range(2, fewest), *range(-2, -fewest, -1)]:
        values = Counter(parts[position - 1 if position > 0 else position] for parts in split)
        names = sorted(values)
        if (_may_be_classes(values) or (position == -1 and _are_flags(split))) and not any(
            names == others for _, others in found
        ):
            found.append((position, names))
    return found


def _may_be_classes(values: Counter[str]) -> bool:
    """Whether the values of a part are a few words, each of several images."""
    total = values.total()
    words = all(re.search(r"[^\W\d_]{2}", value) and not re.search(r"\d{2}", value) for value in values)
    return (
        2 <= len(values) <= min(50, total // 4)
        and words
        and min(values.values()) >= 2
        and not any(value.lower() in NO_CLASSES.split() or split_word(value) for value in values)
        and kind_of_names(list(values)) == "classes"
    )


def _are_flags(stems: Sequence[Sequence[str]]) -> bool:
    """Whether the last part is 0 or 1, once for each image: `CHNCXR_0001_0`, not both for one name as for two views."""
    flags = Counter(parts[-1] for parts in stems)
    names = {tuple(parts[:-1]) for parts in stems}
    return flags.keys() == {"0", "1"} and len(names) == len(stems) and min(flags.values()) > len(stems) / 20


def _folder_groups(images: Sequence[str], classes: int) -> list[GroupCandidate]:
    """Folder levels whose names are those of patients, or of many more things than there are classes."""
    folders = [image.split("/")[:-1] for image in images]
    found: list[GroupCandidate] = []
    for level in range(min((len(parts) for parts in folders), default=0)):
        groups = Counter(parts[level] for parts in folders)
        candidate = _candidate(groups, 0, level)
        kind = kind_of_names(list(groups))
        if kind == "patients" and len(groups) > 1:
            found.insert(0, candidate)
        elif kind in ("slides", "studies", "numbered", "hashes") and _plausible(candidate, classes):
            found.append(candidate)
    return found


def _candidate(groups: Counter[str], parts: int, level: int | None) -> GroupCandidate:
    example = next(iter(groups))
    return GroupCandidate(parts, level, len(groups), groups.total() / len(groups), example)


def _plausible(candidate: GroupCandidate, classes: int) -> bool:
    return candidate.groups > max(FEWEST_GROUPS, classes) and candidate.images_per_group >= SMALLEST_GROUPS
