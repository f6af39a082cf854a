"""Readings of a tree of folders: which level names the classes, and what the levels above and below it name."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.folder_names import (
    MEANINGS,
    is_copy,
    is_labelled,
    is_uncertain,
    is_unlabelled,
    no_class_names,
    suspicious,
)
from gan.data.ingest.labels.folder_roles import DISTINCT, read_roles
from gan.data.ingest.labels.folder_tree import FEW, Tree, folder_patterns, read_tree
from gan.data.ingest.labels.left_out import copy_patterns, mask_patterns
from gan.data.ingest.labels.name_parts import class_parts
from gan.data.ingest.labels.reading import Proposal, Reading, Role
from gan.data.ingest.labels.split_words import split_word

COVERED = 0.5
"""Share of the images that must lie in a folder of a level, so that it may be the level of the classes."""
RECURRING = 0.9
"""`Level.recurring` from which names are the same everywhere, as those of classes are."""
FEWEST_DIFFERENT = 5
"""Folders from which names that are in one split only are no classes."""
MOST_NAME_PROPOSALS = 2
WHOLE = ("all", "alle", "total", "complete", "full", "combined", "everything", "mixed")
"""Names of a folder that may hold the images of all others again."""
ALIKE = 0.8
"""Share of the numbers of images from which two folders may hold the same images."""
MOST_CLASSES = 2000
"""Folders up to which each name is looked at."""
TILE = re.compile(r"(.*/)?[^/]+_files/\d+/\d+_\d+\.\w+")
"""A tile of DeepZoom, which cuts a slide into tiles at several magnifications."""


def propose_folders(listing: Listing) -> list[Proposal]:
    """The plausible readings of the folders of a set, best first; empty if neither folders nor names hold classes.

    One that is `sure` comes alone: its classes are ordinary words, and no other reading is plausible.
    """
    patterns = (*copy_patterns(listing.images), *mask_patterns(listing.images))
    images = [image for image in listing.images if not any(fnmatchcase(image, pattern) for pattern in patterns)]
    if not images:
        return []
    tree = read_tree(images)
    tree = replace(tree, left_out=(*patterns, *tree.left_out))
    candidates = [depth for depth in range(len(tree.levels)) if _may_be_classes(tree, depth)]
    candidates = candidates or [depth for depth in range(len(tree.levels)) if _may_be_classes(tree, depth, FEW)]
    ordinary = [depth for depth in candidates if _are_classes(tree, depth, candidates)]
    ordinary.sort(key=lambda depth: tree.levels[depth].recurring < RECURRING)
    proposals = [proposal for depth in ordinary for proposal in _class_proposals(tree, depth, ordinary)]
    if not _has_classes(tree, ordinary) and not all(map(TILE.fullmatch, images)):
        proposals = [*_name_proposals(tree, images), *proposals]
    if not ordinary and not all(map(TILE.fullmatch, images)):
        words = [depth for depth in candidates if tree.levels[depth].kind == "classes"]
        others = [depth for depth in candidates if depth not in words]
        proposals = [found for depth in words for found in _class_proposals(tree, depth, candidates)] + proposals
        for depth in sorted(others, key=lambda depth: tree.levels[depth].kind != "numbers"):
            proposals += _class_proposals(tree, depth, candidates)
    if len(proposals) == 1 and not proposals[0].doubts:
        return [replace(proposals[0], sure=True)]
    return proposals


def _has_classes(tree: Tree, depths: Sequence[int]) -> bool:
    """Whether one of the levels has several classes."""
    return any(len(tree.levels[depth].images) > 1 for depth in depths)


def _may_be_classes(tree: Tree, depth: int, covered: float = COVERED) -> bool:
    """Whether a level can name classes at all: it is no level of splits or folds, and says more than the one above."""
    level = tree.levels[depth]
    if level.splits or level.kind == "folds" or level.covered < covered or no_class_names(level.names):
        return False
    if all(is_labelled(name) or is_unlabelled(name) for name in level.images):
        return False
    if depth and set(level.names) <= set(tree.levels[depth - 1].names):
        return False  # seg_train/seg_train
    if depth and all(name.endswith("_files") for name in tree.levels[depth - 1].names):
        return False  # levels of a pyramid of tiles
    several = any(len(other.images) > 1 and not other.splits for other in tree.levels)
    return len(level.images) > 1 or (not several and level.kind == "classes")


def _are_classes(tree: Tree, depth: int, candidates: Sequence[int]) -> bool:
    """Whether names are ordinary words, or numbers that are the same in all folders above: `train/0`, `test/0`."""
    level = tree.levels[depth]
    if level.kind == "numbers":
        return level.recurring > DISTINCT
    if _differ_in_splits(tree, depth):
        return False
    above = any(other < depth and tree.levels[other].kind == "classes" for other in candidates)
    single_things = above and len(level.images) > 10 and sum(level.images.values()) < 3 * len(level.images)
    return level.kind == "classes" and not single_things


def _differ_in_splits(tree: Tree, depth: int) -> bool:
    """Whether each split has other names at a level, as cities or patients would be."""
    for above, level in enumerate(tree.levels[:depth]):
        if level.splits:
            names: dict[str, set[str]] = defaultdict(set)
            for folder in tree.folders:
                if len(folder) > depth:
                    names[folder[above]].add(_plain(folder[depth]))
            every = [name for found in names.values() for name in found]
            return len(names) > 1 and len(set(every)) == len(every) >= FEWEST_DIFFERENT
    return False


def _class_proposals(tree: Tree, depth: int, candidates: Sequence[int]) -> list[Proposal]:
    """Readings with the classes at one level: folds and folders without a class each give two."""
    level = tree.levels[depth]
    roles = read_roles(tree, depth)
    doubts = [*tree.doubts, *roles.doubts, *_doubts_about_classes(tree, depth, candidates)]
    names = level.names
    reading = Reading(
        root=tree.root,
        levels=roles.levels,
        splits=roles.splits,
        leave_out=tree.left_out,
        rename={**twins(level.images), **{name: "" for name in level.names if is_unlabelled(name)}},
        unlabelled="keep" if _has_unlabelled(tree) else "leave-out",
    )
    title = _title(names, roles.levels, reading.rename) + _ignored(tree, roles.levels)
    proposal = Proposal(reading, title, doubts=tuple(doubts))
    if roles.folds:
        ignored: list[Role] = ["ignore" if role == "split" else role for role in roles.levels]
        whole = changed(reading, levels=ignored, splits={})
        return [proposal, Proposal(whole, f"{_title(names, ignored)}; folds are not used", doubts=tuple(doubts))]
    whole_sets = [at for at, other in enumerate(tree.levels) if other.kind in ("folds", "content") and at < depth]
    if whole_sets and len(tree.levels[whole_sets[0]].images) > 1:
        return _one_of(tree, whole_sets[0], depth, proposal)
    return _about_unlabelled(tree, depth, proposal)


def _one_of(tree: Tree, depth: int, class_depth: int, proposal: Proposal) -> list[Proposal]:
    """The proposal for one folder of a level, each of which holds all classes, and for all of them."""
    names = tree.levels[depth].names
    classes: dict[str, set[str]] = {name: set() for name in names}
    for folder in tree.folders:
        if len(folder) > class_depth:
            classes[folder[depth]].add(folder[class_depth])
    kept = max(names, key=lambda name: (len(classes[name]), "orig" in name.lower() or "raw" in name.lower()))
    others = folder_patterns(tree.root, tree.folders, depth, [name for name in names if name != kept])
    rename = {name: new for name, new in proposal.reading.rename.items() if name in classes[kept]}
    one = changed(proposal.reading, leave_out=(*proposal.reading.leave_out, *others), rename=rename)
    return [replace(proposal, reading=one, title=f"{proposal.title}, only in {kept}"), proposal]


def _doubts_about_classes(tree: Tree, depth: int, candidates: Sequence[int]) -> list[str]:
    level, doubts = tree.levels[depth], []
    if level.kind != "classes" and not _are_classes(tree, depth, candidates):
        doubts.append(suspicious(level.names))
    elif _differ_in_splits(tree, depth):
        doubts.append(
            f"Each split has other folders, such as {first_few(level.names)}: they may be groups, not classes."
        )
    others = [other for other in candidates if other != depth]
    if others:
        texts = " or ".join(first_few(tree.levels[other].names) for other in sorted(candidates))
        doubts.append(f"Folders of {len(candidates)} levels may be the classes: {texts}.")
    if any(other.names[0].endswith("_files") for other in tree.levels):
        doubts.append("The images are tiles of slides at several magnifications.")
    if level.covered < COVERED:
        doubts.append(f"Only {level.covered:.0%} of the images are in folders that may be classes; others lie beside.")
    if len(level.images) == 1:
        doubts.append(f"All images are in one folder, {level.names[0]}: there is a single class.")
    if len(level.images) >= 5 and sum(level.images.values()) < 2 * len(level.images):
        doubts.append(f"Most of the {len(level.images):,} folders hold one image, such as {level.names[0]}.")
    return doubts


def _about_unlabelled(tree: Tree, depth: int, proposal: Proposal) -> list[Proposal]:
    """The proposal and its alternatives, if folders are named `unlabelled`, `unknown`, or like no class."""
    level, reading = tree.levels[depth], proposal.reading
    if len(level.images) > MOST_CLASSES:
        return [proposal]
    uncertain = [name for name in level.names if is_uncertain(name)]
    strange = [name for name in level.names if _is_strange(name, tree, depth)]
    if len(level.names) - len(strange) >= 2 and strange:
        patterns = folder_patterns(tree.root, tree.folders, depth, strange)
        rename = {name: new for name, new in reading.rename.items() if name not in strange}
        left_out = changed(reading, leave_out=(*reading.leave_out, *patterns), rename=rename)
        names = [name for name in level.names if name not in strange]
        doubts = proposal.doubts or (f"{first_few(strange)} may be no class, or hold copies of other images.",)
        return [Proposal(left_out, _title(names, reading.levels), doubts=doubts), replace(proposal, doubts=doubts)]
    if uncertain:
        doubt = f"{first_few(uncertain)} may be a class, or images whose class nobody knows."
        unlabelled = changed(reading, rename={**reading.rename, **dict.fromkeys(uncertain, "")}, unlabelled="keep")
        doubts = (*proposal.doubts, doubt)
        title = f"{proposal.title}; {first_few(uncertain)} has no label"
        return [replace(proposal, doubts=doubts), Proposal(unlabelled, title, doubts=doubts)]
    if reading.unlabelled == "keep":
        doubts = (
            *proposal.doubts,
            "Some folders hold images without labels: they can be kept without a class, or left out.",
        )
        keep = replace(proposal, title=f"{proposal.title}; images without labels are kept", doubts=doubts)
        title = f"{proposal.title}; images without labels are left out"
        return [keep, Proposal(changed(reading, unlabelled="leave-out"), title, doubts=doubts)]
    return [proposal]


def _is_strange(name: str, tree: Tree, depth: int) -> bool:
    """Whether a name beside classes is that of no class, of a copy, of all images together, or of a split again."""
    images = tree.levels[depth].images
    if no_class_names([name]) or is_copy(name, images):
        return True
    if name.lower() in WHOLE and len(images) > 2:
        return ALIKE * images[name] <= sum(images.values()) - images[name] <= images[name] / ALIKE
    return split_word(name) is not None and any(level.splits for level in tree.levels[:depth])


def _has_unlabelled(tree: Tree) -> bool:
    return any(is_unlabelled(name) for level in tree.levels for name in level.images)


def changed(reading: Reading, **changes: object) -> Reading:
    """The reading with some fields changed."""
    return Reading.model_validate({**reading.model_dump(), **changes})


def _name_proposals(tree: Tree, images: Sequence[str]) -> list[Proposal]:
    """Readings with the class in the file names."""
    inside = [image for image in images if not any(fnmatchcase(image, pattern) for pattern in tree.left_out)]
    trained = [image for image in inside if any(split_word(folder) == "train" for folder in image.split("/")[:-1])]
    stems = [image.rpartition("/")[2].rpartition(".")[0] for image in trained or inside]
    roles = read_roles(tree, None)
    proposals = []
    for part, names in class_parts(stems)[:MOST_NAME_PROPOSALS]:
        reading = Reading(
            root=tree.root, levels=roles.levels, splits=roles.splits, leave_out=tree.left_out, class_part=part
        )
        where = "first" if part == 1 else "last" if part == -1 else f"{abs(part)}."
        title = f"Classes {first_few(names)} from the {where} part of the file names"
        doubt = f"No folder names a class; the file names may, such as {stems[0]}."
        proposals.append(Proposal(reading, title, doubts=(*tree.doubts, *roles.doubts, doubt)))
    return proposals


def _title(names: Sequence[str], roles: Sequence[Role], merged: Mapping[str, str] | None = None) -> str:
    """What the labels are taken from, and which names are merged. `merged` is `Reading.rename`."""
    merged = merged or {}
    at = roles.index("class")
    classes = sorted({merged.get(name, name) for name in names} - {""})
    parts = [f"Classes {first_few(classes)} from folders"]
    other_spellings = [name for name, new in merged.items() if new and name.strip() != new]
    if other_spellings:
        parts.append(f"which are also written {first_few(other_spellings)}")
    for role, what in (("split", "splits"), ("group", "groups")):
        if role in roles:
            parts.append(f"{what} from the folders {'above' if roles.index(role) < at else 'below'}")
    return ", ".join(parts)


def _ignored(tree: Tree, roles: Sequence[Role]) -> str:
    """What the title says of levels whose names are not used, such as magnifications."""
    texts = [
        f"{first_few(level.names)} ({MEANINGS[level.kind]}) not used"
        for depth, level in enumerate(tree.levels)
        if len(level.images) > 1 and level.kind in MEANINGS and (depth >= len(roles) or roles[depth] == "ignore")
        if not (level.splits or level.kind == "content")
    ]
    return "".join(f"; {text}" for text in texts)


def _plain(name: str) -> str:
    """A name without what does not tell classes apart: case, separators, and spaces around it."""
    return re.sub(r"[\s_\-]+", " ", unicodedata.normalize("NFKC", name).strip().casefold())


def twins(images: Mapping[str, int]) -> dict[str, str]:
    """New names that merge classes which differ only in case, spaces or separators: {"benign": "Benign"}.

    The name with the most images stays, without spaces around it.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for name in images:
        alike[_plain(name)].append(name)
    renamed = {name: name.strip() for name in images if name != name.strip()}
    for names in alike.values():
        best = max(names, key=lambda name: images[name])
        renamed |= {name: best.strip() for name in names if len(names) > 1 and name != best.strip()}
    return renamed
