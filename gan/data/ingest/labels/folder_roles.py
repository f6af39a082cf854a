"""What the levels of a tree of folders name beside the classes: splits, folds and groups."""

from dataclasses import dataclass

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.labels.folder_names import is_unlabelled
from gan.data.ingest.labels.folder_tree import Level, Tree
from gan.data.ingest.labels.reading import Role, SplitName
from gan.data.ingest.labels.split_words import fold_number, split_word

DISTINCT = 0.5
"""`Level.recurring` below which names are those of single things, such as patients."""
FEWEST_THINGS = 5
"""Slides or videos from which splits by them are possible."""
MANY_THINGS = 10
"""Slides or videos above which they are groups although their names occur again in other folders."""


@dataclass(frozen=True)
class Roles:
    """Roles of the levels, the splits of names that are no split words, and doubts about them."""

    levels: tuple[Role, ...]
    splits: dict[str, SplitName]
    doubts: tuple[str, ...]
    folds: bool


def read_roles(tree: Tree, class_depth: int | None) -> Roles:
    """What each level names, if the level `class_depth` names the classes; None if no level does."""
    roles: list[Role] = []
    splits: dict[str, SplitName] = {}
    doubts: list[str] = []
    folds = False
    patients = any(level.kind == "patients" for level in tree.levels)
    split_below_folds = any(level.splits for level in tree.levels)
    for depth, level in enumerate(tree.levels):
        role: Role = "ignore"
        above = class_depth is not None and depth < class_depth
        if depth == class_depth:
            role = "class"
        elif level.splits:
            role = "split"
            splits |= {name: split for name, split in level.splits.items() if split_word(name) != split}
            splits |= {name: "train" for name in level.names if is_unlabelled(name)}
        elif level.kind == "folds" and split_below_folds and len(level.images) > 1:
            doubts.append(f"{first_few(level.names)} are folds with splits of their own: choose one of them.")
        elif level.kind == "folds" and not folds and len(level.images) > 1:
            role, folds = "split", True
            last = max(level.names, key=lambda name: fold_number(name) or 0)
            splits |= {name: "test" if name == last else "train" for name in level.names if not split_word(name)}
            doubts.append(f"{first_few(level.names)} look like folds of cross-validation: choose the one to test on.")
        elif level.kind == "patients" and len(level.images) > 1:
            role = "group"
        elif level.kind == "content" and above and len(level.images) > 1:
            doubts.append(f"{first_few(level.names)} may hold the same images in several forms: keep one of them.")
        elif not patients and len(level.images) > 1 and _are_single_things(level, above):
            role = "group"
            if level.kind not in ("slides", "videos"):
                doubts.append(
                    f"{first_few(level.names)} may be patients, or parts of the set: they are taken as groups."
                )
        roles.append(role)
    while roles and roles[-1] == "ignore":
        roles.pop()
    return Roles(tuple(roles), splits, tuple(doubts), folds)


def _are_single_things(level: Level, above: bool) -> bool:
    """Whether folders are slides or videos, or numbered things above the classes: groups worth keeping together."""
    if level.kind in ("slides", "videos"):
        few_parents = level.recurring < DISTINCT or len(level.images) > MANY_THINGS
        return few_parents and len(level.images) >= FEWEST_THINGS
    return above and level.recurring < DISTINCT and level.kind in ("numbers", "numbered", "hashes")
