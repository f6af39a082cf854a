"""Images that are not of the set: masks beside images or in folders of their own, and copies of the whole tree."""

import glob
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from gan.data.ingest.labels.folder_names import MASKS, is_content, is_mask_folder
from gan.data.ingest.labels.split_words import split_folders, split_word

MASK_WORDS = (
    "masks?|segmentations?|segmented|seg|labels?|gt|ground[_ -]?truth|annotations?|annotated|contours?|overlays?|roi"
)
SUFFIX = re.compile(
    rf"(?P<stem>.+?)(?P<suffix>[ _.\-(]+(?:{MASK_WORDS})\)?)(?P<number>[ _.\-]?\(?\d+\)?)?", re.IGNORECASE
)
PREFIX = re.compile(rf"(?P<prefix>(?:{MASK_WORDS})[ _.\-]+)(?P<stem>.+)", re.IGNORECASE)
MOST = 0.8
"""Share of names that must have a partner, so that one odd file decides nothing."""


def mask_patterns(images: Sequence[str]) -> tuple[str, ...]:
    """Patterns (fnmatch on the path) of masks: `x_mask.png` where `x.png` is beside it, and folders `masks` whose files
    are named like those of a folder beside them."""
    beside = _masks_beside(images)
    return (*beside, *_mask_folders(images))


def copy_patterns(images: Sequence[str]) -> tuple[str, ...]:
    """Patterns of folders that hold the same tree again: `chest_xray/chest_xray/train` beside `chest_xray/train`, or
    `oct2017/OCT2017/train` beside `OCT2017/train`."""
    below: dict[str, set[str]] = defaultdict(set)
    for image in images:
        parts = image.split("/")
        for depth in range(min(len(parts) - 1, 4)):
            below["/".join(parts[:depth])].add("/".join(parts[depth:]))
    copies = []
    for folder, paths in below.items():
        parent, _, name = folder.rpartition("/")
        if not folder or split_word(name):
            continue
        beside = {path for path in below[parent] if not path.startswith(f"{name}/")}
        deep = {path for path in paths if "/" in path}
        if len(deep) >= 2 and len(deep & beside) >= MOST * len(paths):
            copies.append(folder)
    copies += _same_named_copies(below)
    outer = [folder for folder in copies if not any(folder.startswith(f"{other}/") for other in copies)]
    return tuple(f"{glob.escape(folder)}/*" for folder in sorted(set(outer)))


def _same_named_copies(below: dict[str, set[str]]) -> list[str]:
    """Folders of the same name and the same split folders and files as another one that is higher up."""
    first: dict[tuple[str, frozenset[str]], str] = {}
    copies = []
    for folder in sorted(below, key=lambda folder: (folder.count("/"), folder)):
        tops = {path.split("/")[0] for path in below[folder] if path.count("/") >= 2}
        if not folder or not tops or set(split_folders(sorted(tops))) != tops:
            continue
        name = re.sub(r"[\W_]+|\d+$|copy|kopie", "", folder.rpartition("/")[2].lower())
        key = (name, frozenset(below[folder]))
        if key in first:
            copies.append(folder)
        first.setdefault(key, folder)
    return copies


def _masks_beside(images: Sequence[str]) -> Iterable[str]:
    stems: dict[str, set[str]] = defaultdict(set)
    for image in images:
        path = PurePosixPath(image)
        stems[str(path.parent)].add(path.stem)
    total: Counter[str] = Counter()
    partners: Counter[str] = Counter()
    for folder, names in stems.items():
        for name in names:
            for pattern, stem in _as_mask(name):
                total[pattern] += 1
                partners[pattern] += stem in stems[folder]
    return sorted(pattern for pattern, count in partners.items() if count and count >= MOST * total[pattern])


def _as_mask(name: str) -> list[tuple[str, str]]:
    """If a name is that of a mask: the pattern of such names, and the name of its image."""
    found = []
    if match := SUFFIX.fullmatch(name):
        number = match["number"] or ""
        tail = re.sub(r"\d+", "[0-9]*", number.replace("[", "")) if number else ""
        found.append((f"*{glob.escape(match['suffix'])}{tail}.*", match["stem"]))
    if match := PREFIX.fullmatch(name):
        found.append((f"*{glob.escape(match['prefix'])}*", match["stem"]))
    return found


def _mask_folders(images: Sequence[str]) -> Iterable[str]:
    inside: dict[str, set[str]] = defaultdict(set)
    names: dict[str, set[str]] = defaultdict(set)
    for image in images:
        *folders, file = image.split("/")
        stem = PurePosixPath(file).stem.lower()
        for depth, name in enumerate(folders):
            parent = "/".join(folders[:depth])
            names[parent].add(name)
            inside[f"{parent}/{name}" if parent else name].add(stem)
    found: dict[str, list[str]] = defaultdict(list)
    for parent, siblings in names.items():
        if any(re.search(r"(?i)\b(no|non|without|with)(?![a-z])", name.replace("_", " ")) for name in siblings):
            continue
        masks = {name for name in siblings if _has_mask_word(name)}
        path = {name: f"{parent}/{name}" if parent else name for name in siblings}
        others = set().union(*(inside[path[name]] for name in siblings - masks)) if siblings - masks else set()
        for name in masks:
            plain, suffixed = _partners(inside[path[name]], others)
            if suffixed >= MOST or (plain >= MOST and (is_mask_folder(name) or is_content(name))):
                found[name].append(path[name])
    return sorted(
        f"{glob.escape(paths[0])}/*" if len(paths) == 1 else f"*/{glob.escape(name)}/*" for name, paths in found.items()
    )


def _partners(stems: set[str], others: set[str]) -> tuple[float, float]:
    """Shares of stems that are also in `others`: as they are or without what marks a mask, and only the latter."""
    suffixed = sum(any(stem in others for _, stem in _as_mask(name)) for name in stems)
    plain = sum(name in others for name in stems)
    return (plain + suffixed) / len(stems), suffixed / len(stems)


def _has_mask_word(name: str) -> bool:
    words = re.split(r"[\W_\d]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    return any(word in MASKS.split() for word in words) or (is_mask_folder(name) and split_word(name) is None)
