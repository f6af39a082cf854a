"""Images that are not of the set: masks and thumbnails beside images or in folders of their own, and copies of the
whole tree."""

import glob
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from gan.data.ingest.labels.folder_names import MASKS, is_content, is_mask_folder
from gan.data.ingest.labels.split_words import split_folders, split_word

MASK_WORDS = (
    "masks?|segmentations?|segmented|seg|labels?|gt|ground[_ -]?truth|annotations?|annotated|contours?|overlays?|roi"
    "|thumbs?|thumbnails?|previews?"
)
SUFFIX = re.compile(
    rf"(?P<stem>.+?)(?P<suffix>[ _.\-(]+(?:{MASK_WORDS})\)?)(?P<number>[ _.\-]?\(?\d+\)?)?", re.IGNORECASE
)
PREFIX = re.compile(rf"(?P<prefix>(?:{MASK_WORDS})[ _.\-]+)(?P<stem>.+)", re.IGNORECASE)
HINTS = (
    "mas",
    "seg",
    "label",
    "gt",
    "truth",
    "annot",
    "contour",
    "overlay",
    "roi",
    "box",
    "heatmap",
    "thumb",
    "preview",
)
"""What every word for masks and thumbnails holds."""
THUMBNAILS = frozenset(("thumb", "thumbs", "thumbnail", "thumbnails", "preview", "previews"))
MOST_LEVELS = 5
"""Levels of folders at which copies are looked for."""
MOST = 0.8
"""Share of names that must have a partner, so that one odd file decides nothing."""


def mask_patterns(images: Sequence[str]) -> tuple[str, ...]:
    """Patterns (fnmatch on the path) of masks and thumbnails: `x_mask.png` where `x.png` is beside it, and folders
    `masks` whose files are named like those above or in a folder beside them, or share their number (DRIVE)."""
    names = "\n".join(images).lower()
    if not any(hint in names for hint in HINTS):  # most sets have no masks, and may have 100,000 images
        return ()
    return (*_masks_beside(images), *_mask_folders(images))


def copy_patterns(images: Sequence[str]) -> tuple[str, ...]:
    """Patterns of folders that hold the same tree again: `chest_xray/chest_xray/train` beside `chest_xray/train`, or
    `oct2017/OCT2017/train` beside `OCT2017/train`."""
    below: dict[str, set[str]] = defaultdict(set)
    for folder in {image.rpartition("/")[0] for image in images}:
        parts = folder.split("/")
        for depth in range(min(len(parts), MOST_LEVELS)):
            below["/".join(parts[:depth])].add("/".join(parts[depth:]))
    copies = []
    for first, second in (*_inner_copies(below), *_same_named_copies(below)):
        files = _files_below(images, second)
        if len(files & _files_below(images, first)) >= MOST * len(files):
            copies.append(second)
    outer = {folder for folder in copies if not any(folder.startswith(f"{other}/") for other in copies)}
    return tuple(f"{glob.escape(folder)}/*" for folder in sorted(outer))


def _files_below(images: Sequence[str], folder: str) -> set[str]:
    """Paths of the images below a folder, relative to it."""
    start = f"{folder}/" if folder else ""
    return {image[len(start) :] for image in images if image.startswith(start)}


def _inner_copies(below: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Folders, and folders in them that hold most of their folders again."""
    for folder, inside in below.items():
        parent, _, name = folder.rpartition("/")
        again = any(inside) and 2 * len(inside & below[parent]) >= len(inside)
        if folder and again and not split_word(name):
            yield parent, folder


def _same_named_copies(below: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Folders, and folders of the same name and with the same splits and classes that are further down."""
    first: dict[tuple[str, frozenset[str]], str] = {}
    for folder in sorted(below, key=lambda folder: (folder.count("/"), folder)):
        tops = {path.split("/")[0] for path in below[folder] if "/" in path}
        if not folder or not tops or set(split_folders(sorted(tops))) != tops:
            continue
        name = re.sub(r"\(\d+\)$|[\W_]+|copy|kopie", "", folder.rpartition("/")[2].lower())
        key = (name, frozenset(below[folder]))
        if key in first:
            yield first[key], folder
        first.setdefault(key, folder)


def _masks_beside(images: Sequence[str]) -> list[str]:
    stems: dict[str, set[str]] = defaultdict(set)
    for image in images:
        folder, _, file = image.rpartition("/")
        stems[folder].add(_stem(file))
    total: Counter[str] = Counter()
    partners: Counter[str] = Counter()
    for folder, names in stems.items():
        for name in names:
            for pattern, stem in _as_mask(name):
                total[pattern] += 1
                partners[pattern] += stem in stems[folder]
    return sorted(pattern for pattern, count in partners.items() if count and count >= MOST * total[pattern])


def _stem(file: str) -> str:
    """The name of a file without extension."""
    return file.rpartition(".")[0] or file


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


def _mask_folders(images: Sequence[str]) -> list[str]:
    inside: dict[str, set[str]] = defaultdict(set)
    names: dict[str, set[str]] = defaultdict(set)
    loose: dict[str, set[str]] = defaultdict(set)
    for image in images:
        *folders, file = image.split("/")
        stem = _stem(file).lower()
        loose["/".join(folders)].add(stem)
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
        others = set().union(loose[parent], *(inside[path[name]] for name in siblings - masks))
        for name in masks:
            plain, suffixed, begun = _partners(inside[path[name]], others)
            content = is_mask_folder(name) or is_content(name) or name.lower() in THUMBNAILS
            if suffixed >= MOST or (plain >= MOST and content) or (begun >= MOST and is_mask_folder(name)):
                found[name].append(path[name])
    return sorted(
        f"{glob.escape(paths[0])}/*" if len(paths) == 1 else f"*/{glob.escape(name)}/*" for name, paths in found.items()
    )


def _partners(stems: set[str], others: set[str]) -> tuple[float, float, float]:
    """Shares of stems that have a partner in `others`: as they are or without what marks a mask; only the latter; and
    by a first part with a number, as `21_manual1` and `21_training` have."""
    suffixed = sum(any(stem in others for _, stem in _as_mask(name)) for name in stems)
    plain = sum(name in others for name in stems)
    starts = {start for name in others for start in _numbered_starts(name)}
    begun = sum(not starts.isdisjoint(_numbered_starts(name)) for name in stems)
    return (plain + suffixed) / len(stems), suffixed / len(stems), begun / len(stems)


def _numbered_starts(stem: str) -> Iterator[str]:
    """The first parts of a name, up to each that ends in a number."""
    return (stem[: match.end()] for match in re.finditer(r"\d+(?=[_\-.\s]|$)", stem))


def _has_mask_word(name: str) -> bool:
    words = {
        *re.split(r"[\W_\d]+", name.lower()),
        *re.split(r"[\W_\d]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()),
    }
    return not words.isdisjoint((*MASKS.split(), *THUMBNAILS)) or is_mask_folder(name)
