"""The levels of a tree of folders below the folders that all images share, and what the names of each level are."""

import glob
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.labels.folder_names import Kind, is_unlabelled, kind_of_names
from gan.data.ingest.labels.split_words import Split, fold_number, split_folders, split_word

Folder = tuple[str, ...]
MOST_PATTERNS = 20
"""Folders that are left out by their paths; more are by their name alone."""
FEW = 0.05
"""Share of the images that may lie elsewhere, such as a picture beside the class folders."""


@dataclass(frozen=True)
class Level:
    """One level of folders.

    kind       what most names are
    images     names, each with its number of images
    covered    share of the images, of the training split if there is one, that lie in a folder of this level
    recurring  how often names occur again in other parent folders: 0 if none does, 1 if all parents have the same
    splits     names that are splits, if this is the level of the splits
    """

    kind: Kind
    images: Mapping[str, int]
    covered: float
    recurring: float
    splits: Mapping[str, Split] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Names of the folders, sorted."""
        return sorted(self.images)


@dataclass(frozen=True)
class Tree:
    """The folders below `root` (relative to the folder of the set), with the number of images directly in each, and
    their levels. Those that match `left_out` (fnmatch on the path) are not among them."""

    root: str
    folders: Mapping[Folder, int]
    levels: tuple[Level, ...]
    left_out: tuple[str, ...]
    doubts: tuple[str, ...]


def read_tree(images: Sequence[str]) -> Tree:
    """The tree of images, given by their paths. Folders beside splits that are no splits are left out."""
    folders = Counter(tuple(image.split("/")[:-1]) for image in images)
    root = _shared(folders)
    below = Counter({folder[len(root) :]: count for folder, count in folders.items() if folder[: len(root)] == root})
    left_out: list[str] = []
    doubts: list[str] = []
    splits: dict[int, dict[str, Split]] = {}
    for depth in range(max(map(len, below))):
        names = {folder[depth] for folder in below if len(folder) > depth}
        found = {} if splits else split_folders(sorted(names))
        if not found:
            continue
        splits[depth] = found
        strangers = sorted(name for name in names if name not in found and not is_unlabelled(name))
        doubts += _same_classes(below, depth, strangers, found)
        left_out += folder_patterns("/".join(root), below, depth, strangers)
        below = Counter({f: count for f, count in below.items() if len(f) <= depth or f[depth] not in strangers})
    levels = tuple(_level(below, depth, splits) for depth in range(max(map(len, below))))
    return Tree("/".join(root), below, levels, tuple(left_out), tuple(doubts))


def folder_patterns(root: str, folders: Iterable[Folder], depth: int, names: Collection[str]) -> list[str]:
    """Patterns (fnmatch on the path) of the folders with some names on one level: their paths, or `*` for many."""
    if not names:
        return []
    paths = {folder[: depth + 1] for folder in folders if len(folder) > depth and folder[depth] in names}
    if depth and len(paths) > MOST_PATTERNS:
        paths = {("*", name) for name in names}
        return sorted(
            "/".join(filter(None, (glob.escape(root), *above, glob.escape(name), "*"))) for *above, name in paths
        )
    return sorted("/".join((*filter(None, [glob.escape(root)]), *map(glob.escape, path), "*")) for path in paths)


def _shared(folders: Mapping[Folder, int]) -> Folder:
    """The folders that nearly all images share, up to one of splits or folds, or the one that holds the images."""
    few = FEW * sum(folders.values())
    depth = 0
    while True:
        deeper = [folder for folder in folders if len(folder) > depth]
        names = {folder[depth] for folder in deeper}
        loose = sum(count for folder, count in folders.items() if len(folder) <= depth)
        if len(names) != 1 or loose > few:
            break
        name = names.pop()
        inside = sum(count for folder, count in folders.items() if len(folder) == depth + 1)
        if split_word(name) or fold_number(name) is not None or inside > few:
            break
        depth += 1
    return next((folder[:depth] for folder in folders if len(folder) >= depth), ())


def _same_classes(
    below: Mapping[Folder, int], depth: int, strangers: Sequence[str], splits: Mapping[str, Split]
) -> list[str]:
    """A doubt if folders beside splits hold the same class folders as these."""
    classes: dict[str, set[str]] = defaultdict(set)
    for folder in below:
        if len(folder) > depth + 1:
            classes[folder[depth]].add(folder[depth + 1])
    of_splits = set().union(*(classes[name] for name in splits))
    alike = [name for name in strangers if classes[name] & of_splits or name in of_splits]
    if not alike:
        return []
    return [f"{first_few(alike)} beside the splits {first_few(sorted(splits))} holds the same classes: it is left out."]


def _level(below: Mapping[Folder, int], depth: int, splits: Mapping[int, Mapping[str, Split]]) -> Level:
    images: Counter[str] = Counter()
    parents: dict[Folder, set[str]] = defaultdict(set)
    for folder, count in below.items():
        if len(folder) > depth:
            images[folder[depth]] += count
            parents[folder[:depth]].add(folder[depth])
    trained = {
        folder: count
        for folder, count in below.items()
        if not any(map(is_unlabelled, folder))
        and all(len(folder) > at and found.get(folder[at]) == "train" for at, found in splits.items() if at < depth)
    }
    trained = trained or dict(below)
    covered = sum(count for folder, count in trained.items() if len(folder) > depth) / sum(trained.values())
    occurrences = Counter(name for names in parents.values() for name in names)
    return Level(
        kind=kind_of_names(list(images)),
        images=images,
        covered=covered,
        recurring=(sum(occurrences.values()) / len(occurrences) - 1) / max(1, len(parents) - 1),
        splits=splits.get(depth, {}),
    )
