"""Apply a Reading to the files of a folder: images with labels, splits and groups. Opens tables, but no image."""

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import UNLABELLED, Kind
from gan.data.ingest.checks.report import Finding, first_few
from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.class_changes import change_classes
from gan.data.ingest.labels.image_columns import unused_tables
from gan.data.ingest.labels.name_parts import group_name, name_parts
from gan.data.ingest.labels.reading import Reading, Role
from gan.data.ingest.labels.split_words import split_word
from gan.data.ingest.labels.table_labels import labels_from_table, unlabelled_finding
from gan.data.ingest.labels.table_rows import image_names
from gan.data.ingest.labels.tables import read_table
from gan.errors import DataError


@dataclass(frozen=True)
class Inventory:
    """Images with labels: `files` (N) relative to `root`, `conditions` uint8 (N, K), `split` and `group` (N).

    `split` and `group` are "" if unknown. `subgroups` has the (N,) values of each subgroup, "" where missing.
    An unlabelled image that is kept has the split UNLABELLED and a row of zeros.
    """

    root: Path
    files: list[str]
    conditions: NDArray[np.uint8]
    names: tuple[str, ...]
    kind: Kind
    split: list[str]
    group: list[str]
    findings: list[Finding]
    subgroups: dict[str, list[str]] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Images of each class or attribute."""
        return dict(zip(self.names, self.conditions.sum(axis=0, dtype=int).tolist(), strict=True))


@dataclass
class _Labels:
    """Labels of N images before classes are changed and splits understood."""

    conditions: NDArray[np.uint8]
    names: tuple[str, ...]
    kind: Kind
    labelled: NDArray[np.bool_]
    left_out: NDArray[np.bool_]
    split: list[str]
    group: list[str]
    subgroups: dict[str, tuple[str, ...]] = field(default_factory=dict)


def apply_reading(listing: Listing, reading: Reading) -> Inventory:
    """The images that a reading selects, with their labels; what it leaves out is counted in the findings.

    Raises DataError if no image gets a label, or if a table, class or folder of the reading does not exist.
    """
    findings: list[Finding] = []
    images = _selected(listing, reading, findings)
    labels = _labels(listing, images, reading, findings)
    used = (*(reading.table.all_files if reading.table else ()), *reading.split_lists)
    findings += unused_tables(listing, used)
    return _inventory(listing, reading, images, labels, findings)


def split_values(listing: Listing, reading: Reading) -> dict[str, int]:
    """What columns and folders call the splits, with the number of images of each; raises as `apply_reading`."""
    findings: list[Finding] = []
    images = _selected(listing, reading, findings)
    return dict(sorted(Counter(text for text in _labels(listing, images, reading, findings).split if text).items()))


def _labels(listing: Listing, images: Sequence[str], reading: Reading, findings: list[Finding]) -> _Labels:
    """The labels, groups and splits of images as tables and names give them."""
    folders = [_below_root(image, reading)[:-1] for image in images]
    table = labels_from_table(listing, images, reading) if reading.table else None
    findings += table.findings if table else ()
    if table is not None and reading.table is not None and reading.table.labels:
        labels = _Labels(
            conditions=table.conditions.copy(),
            names=table.names,
            kind=table.kind,
            labelled=table.labelled.copy(),
            left_out=table.left_out.copy(),
            split=list(table.split),
            group=list(table.group),
            subgroups=table.subgroups,
        )
    else:
        labels = _labels_from_names(images, folders, reading, findings)
        if table is not None:
            labels = replace(labels, split=list(table.split), group=list(table.group), subgroups=table.subgroups)
    split_folders = _folder_texts(folders, reading.levels, "split")
    if reading.table is not None and any(split_folders):
        text = f"Splits are taken from the folders {first_few(sorted(set(split_folders) - {''}))}."
        findings.append(Finding("splits-from-folders", "note", text))
    _fill(labels.split, split_folders)
    _fill(labels.group, _folder_texts(folders, reading.levels, "group"))
    if reading.group_parts:
        _fill(labels.group, [group_name(_stem(image), reading.group_parts) for image in images])
    if reading.split_lists:
        _fill(labels.split, _listed_splits(listing, images, reading))
    return labels


def _selected(listing: Listing, reading: Reading, findings: list[Finding]) -> list[str]:
    """The images below the reading's root that no pattern leaves out."""
    kept = [image for image in listing.images if not any(fnmatchcase(image, out) for out in reading.leave_out)]
    if len(kept) < len(listing.images):
        left_out = sorted(set(listing.images) - set(kept))
        text = f"Images left out by {', '.join(reading.leave_out)} ({len(left_out):,}): {first_few(left_out)}."
        findings.append(Finding("images-left-out", "note", text))
    selected = [image for image in kept if not reading.root or image.startswith(f"{reading.root}/")]
    if reading.root and kept and not selected:
        raise DataError(f"There is no folder {reading.root} with images.")
    if len(selected) < len(kept):
        outside = [image for image in kept if not image.startswith(f"{reading.root}/")]
        text = f"Images outside {reading.root} ({len(outside):,}): {first_few(outside)}."
        findings.append(Finding("images-elsewhere", "warning", text, "Left out."))
    if not selected:
        raise DataError("No image is left. Choose fewer images to leave out.")
    return selected


def _below_root(image: str, reading: Reading) -> tuple[str, ...]:
    """The parts of an image's path below the reading's root."""
    return tuple(image.split("/")[reading.root.count("/") + 1 if reading.root else 0 :])


def _stem(image: str) -> str:
    """The name of an image without its suffix."""
    name = image.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def _labels_from_names(
    images: Sequence[str], folders: Sequence[tuple[str, ...]], reading: Reading, findings: list[Finding]
) -> _Labels:
    """Classes from a folder level, or from parts of the file names."""
    if "class" in reading.levels:
        texts = _folder_texts(folders, reading.levels, "class")
    elif reading.class_part:
        texts = [_stem(image) for image in images]
    else:
        what = f"no column of {first_few([*reading.table.files])}" if reading.table else "neither a table"
        raise DataError(f"The images have no labels: {what}, nor a folder level or a part of the file names is chosen.")
    classes = [_part(text, reading.class_part) for text in texts]
    labelled = np.array([bool(name) for name in classes], dtype=bool)
    if not labelled.any():
        raise DataError("The images have no labels: none is in a class folder.")
    loose = [image for image, known in zip(images, labelled.tolist(), strict=True) if not known]
    if loose and reading.unlabelled == "leave-out":
        text = f"Images outside class folders ({len(loose):,}): {first_few(loose)}."
        findings.append(unlabelled_finding("unlabelled-images", text, reading))
    if any(len(folder) > len(reading.levels) for folder in folders) and "class" in reading.levels:
        findings.append(Finding("subfolders", "note", "Some class folders have subfolders.", "Subfolders are ignored."))
    names = tuple(sorted({name for name in classes if name}))
    index = {name: position for position, name in enumerate(names)}
    conditions = np.zeros((len(images), len(names)), dtype=np.uint8)
    for row, name in enumerate(classes):
        if name:
            conditions[row, index[name]] = 1
    nothing = [""] * len(images)
    return _Labels(conditions, names, "class", labelled, np.zeros_like(labelled), [*nothing], [*nothing])


def _part(text: str, part: int) -> str:
    """A part of a name as `Reading.class_part` counts them, or "" if it has no such part."""
    if not part:
        return text
    parts = name_parts(text)
    position = part - 1 if part > 0 else len(parts) + part
    return parts[position] if 0 <= position < len(parts) else ""


def _folder_texts(folders: Sequence[tuple[str, ...]], levels: Sequence[Role], role: Role) -> list[str]:
    """For each image, the names of its folders with a role, joined by `/`; "" if it lacks one of them."""
    positions = [position for position, other in enumerate(levels) if other == role]
    if not positions:
        return [""] * len(folders)
    return [
        "/".join(folder[position] for position in positions) if len(folder) > positions[-1] else ""
        for folder in folders
    ]


def _listed_splits(listing: Listing, images: Sequence[str], reading: Reading) -> list[str]:
    """For each image, the split of the list that names it."""
    names = image_names(listing.root, tuple(images))
    splits = [""] * len(images)
    for file, split in reading.split_lists.items():
        if file not in listing.tables:
            raise DataError(f"There is no file {file}. There are: {', '.join(listing.tables) or 'none'}.")
        listed = read_table(listing.root / file, header=False).frame.iloc[:, 0]
        for image in names.match([str(name) for name in listed]).pairs[:, 0].tolist():
            splits[image] = split
    return splits


def _fill(texts: list[str], others: Sequence[str]) -> None:
    """Replace empty texts by those of another source."""
    texts[:] = [text or other for text, other in zip(texts, others, strict=True)]


def _inventory(
    listing: Listing, reading: Reading, images: Sequence[str], labels: _Labels, findings: list[Finding]
) -> Inventory:
    """The labelled images after changes of classes, with splits understood."""
    unlabelled_names = [name for name in labels.names if reading.rename.get(name) == ""]
    for name in unlabelled_names:
        labels.labelled &= labels.conditions[:, labels.names.index(name)] == 0
    rename = {old: new for old, new in reading.rename.items() if new}
    conditions, names, kept = change_classes(
        labels.conditions, labels.names, labels.kind, (*reading.drop, *unlabelled_names), rename
    )
    if labels.kind == "attributes":
        names = _allowed_names(names, findings)
    kept = (kept | ~labels.labelled) & ~labels.left_out
    count = int((labels.labelled & ~kept & ~labels.left_out).sum())
    if count:
        text = f"Images of the classes {', '.join(reading.drop)}: {count:,}."
        findings.append(Finding("classes-dropped", "note", text, "Left out."))
    merged = [f"{old} to {new}" for old, new in rename.items()]
    if merged:
        findings.append(Finding("classes-renamed", "note", f"Renamed: {first_few(merged)}."))
    conditions[~labels.labelled] = 0
    split = _splits(labels.split, kept & labels.labelled, reading, findings)
    kept &= np.array([name != "leave-out" for name in split], dtype=bool)
    if reading.unlabelled == "keep":
        split = [name if known else UNLABELLED for name, known in zip(split, labels.labelled.tolist(), strict=True)]
        count = int((~labels.labelled & kept).sum())
        if count:
            text = f"Images without a label: {count:,}."
            findings.append(Finding("unlabelled-kept", "note", text, "They are kept without a condition."))
    else:
        kept &= labels.labelled
    rows = np.flatnonzero(kept).tolist()
    return Inventory(
        root=listing.root,
        files=[images[row] for row in rows],
        conditions=conditions[rows],
        names=names,
        kind=labels.kind,
        split=[split[row] for row in rows],
        group=[labels.group[row] for row in rows],
        findings=findings,
        subgroups={name: [values[row] for row in rows] for name, values in labels.subgroups.items()},
    )


def _allowed_names(names: tuple[str, ...], findings: list[Finding]) -> tuple[str, ...]:
    """Names of attributes without commas and equals signs, which stand between attributes in `Smiling=1,Male=0`."""
    allowed: list[str] = []
    for name in names:
        plain = new = " ".join(re.sub("[,=]", " ", name).split()) or "unnamed"
        while new in allowed or (new != name and new in names):
            new += "'"
        allowed.append(new)
        if plain != name:
            text = f"The attribute {name} is called {new}: commas and equals signs stand between attributes."
            findings.append(Finding("attribute-renamed", "note", text))
    return tuple(allowed)


def _splits(texts: Sequence[str], used: NDArray[np.bool_], reading: Reading, findings: list[Finding]) -> list[str]:
    """Split names, "" and "leave-out"; a value that is no split word is an error finding that asks what it is.

    Only images that are `used` count.
    """
    known = {text: reading.splits.get(text) or split_word(text) or "" for text in set(texts) if text}
    unclear = Counter(
        text for text, counts in zip(texts, used.tolist(), strict=True) if counts and text and not known[text]
    )
    if unclear:
        values = ", ".join(f"{value} ({count:,})" for value, count in sorted(unclear.items())[:10])
        text = f"Which split is meant by {values}?"
        words = ("train", "val", "test", "leave-out")
        option = "; ".join(f"--split-value {shlex.quote(f'{min(unclear)}={word}')}" for word in words)
        findings.append(
            Finding("split-unclear", "error", text, "Say what each means: train, val, test, or left out.", option)
        )
    left_out = sum(known.get(text) == "leave-out" for text in texts)
    if left_out:
        findings.append(Finding("images-left-out", "note", f"Images of splits that are not used: {left_out:,}."))
    return [known.get(text, "") for text in texts]
