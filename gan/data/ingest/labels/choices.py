"""What a user can choose from where a reading is changed: levels of folders, parts of names, groups, columns."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.name_parts import GroupCandidate, group_candidates, name_parts
from gan.data.ingest.labels.reading import Join
from gan.data.ingest.labels.table_rows import read_rows

if TYPE_CHECKING:
    import pandas as pd

FIRST = 4
"""Names shown of a level or part."""
MOST_LEVELS = 8
MOST_PARTS = 6
NEARLY_ALL = 0.95


@dataclass(frozen=True)
class Names:
    """The names of a level of folders or of a part of names: the first few, and how many there are."""

    first: tuple[str, ...]
    count: int


def folder_levels(listing: Listing, root: str) -> list[Names]:
    """The names of each level of folders below `root`."""
    levels = [parts[:-1] for parts in _below(listing, root)]
    deepest = min(MOST_LEVELS, max(map(len, levels), default=0))
    return [_names(Counter(parts[depth] for parts in levels if len(parts) > depth)) for depth in range(deepest)]


def roots(listing: Listing) -> list[str]:
    """Folders from which levels may be counted: that of the set, and those that hold nearly all images."""
    found = [""]
    while True:
        below = _below(listing, found[-1])
        heads = Counter(parts[0] for parts in below if len(parts) > 1)
        name, count = heads.most_common(1)[0] if heads else ("", 0)
        if count < NEARLY_ALL * len(listing.images) or len(found) > MOST_LEVELS:
            return found
        found.append(f"{found[-1]}/{name}".removeprefix("/"))


def class_part_choices(listing: Listing, root: str, level: int | None) -> dict[int, Names]:
    """The values of each part of the names of files, or of the folders of a level, by `Reading.class_part`."""
    below = _below(listing, root)
    texts = (
        [parts[-1].rpartition(".")[0] or parts[-1] for parts in below]
        if level is None
        else [parts[level] for parts in below if len(parts) > level + 1]
    )
    divided = [name_parts(text) for text in texts]
    fewest = min(map(len, divided), default=0)
    if fewest < 2:
        return {}
    positions = [*range(1, min(fewest, MOST_PARTS) + 1), *range(-1, -min(fewest, 3), -1)]
    return {
        position: _names(Counter(parts[position - 1 if position > 0 else position] for parts in divided))
        for position in positions
    }


def group_choices(listing: Listing, root: str, classes: int) -> list[GroupCandidate]:
    """Groups that parts of the file names give."""
    names = ["/".join(parts) for parts in _below(listing, root)]
    return [candidate for candidate in group_candidates(names, classes) if candidate.group_parts]


def table_head(
    listing: Listing, files: Sequence[str], header: bool, joins: Sequence[Join] = (), rows: int = 8
) -> "pd.DataFrame":
    """The first rows of tables, with the columns that all of them have. Raises DataError if one cannot be read."""
    found = read_rows(listing.root, files, header, joins)
    return found.frames[0][found.columns].head(rows)


def _below(listing: Listing, root: str) -> list[list[str]]:
    """The parts of the paths of images below a folder."""
    start = f"{root}/" if root else ""
    return [image[len(start) :].split("/") for image in listing.images if image.startswith(start)]


def _names(counted: Counter[str]) -> Names:
    return Names(tuple(sorted(counted)[:FIRST]), len(counted))
