"""List a user's images and their labels: from a labels.csv, or from the folders they lie in. Opens no image."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import Kind
from gan.data.ingest.image_file import SUFFIXES
from gan.data.ingest.labels_csv import SPLIT_NAMES, read_labels
from gan.data.ingest.report import Finding, first_few
from gan.data.sources.scan import ScannedFile, scan
from gan.errors import DataError

LABELS = "labels.csv"
LAYOUTS = "It takes a folder for each class, with or without train/, val/ and test/ above, or images with a labels.csv."


@dataclass(frozen=True)
class Inventory:
    """Images by name: `files` (N) below `root`, `conditions` uint8 (N, K), `split` and `group` (N, "" if unknown)."""

    root: Path
    files: list[str]
    conditions: NDArray[np.uint8]
    names: tuple[str, ...]
    kind: Kind
    split: list[str]
    group: list[str]
    findings: list[Finding]


def list_images(folder: Path, shown_as: str = "") -> Inventory:
    """The images in a folder, in messages `shown_as`; raises DataError where there are none or none are labelled."""
    shown_as = shown_as or str(folder)
    if not folder.is_dir():
        raise DataError(f"{shown_as} is not a folder. {LAYOUTS}")
    return _list_images(folder, scan(folder), shown_as)


@lru_cache(maxsize=2)
def _list_images(folder: Path, files: tuple[ScannedFile, ...], shown_as: str) -> Inventory:
    """The same for the files in it: sorted again, and labels.csv read again, only where one of them changed."""
    parts = [PurePosixPath(file.name).parts for file in files]
    depth = _depth(parts) if parts else 0
    root = folder.joinpath(*parts[0][:depth]) if parts else folder
    images: list[str] = []
    others: list[str] = []
    for file in ("/".join(part[depth:]) for part in parts):
        (images if file.lower().endswith(SUFFIXES) else others).append(file)
    if not images:
        raise DataError(f"{shown_as} holds no images (PNG, JPEG, BMP or TIFF). {LAYOUTS}")
    findings = []
    others = [file for file in others if PurePosixPath(file).name != LABELS]
    if others:
        kinds = Counter(PurePosixPath(file).suffix or file for file in others)
        text = f"Files that are no images of a kind that is read ({len(others):,}): {first_few(list(kinds))}."
        findings.append(Finding("note", text, "Left out."))
    if (root / LABELS).is_file():
        return _from_table(root, images, findings)
    return _from_folders(root, images, findings)


def _depth(files: list[tuple[str, ...]]) -> int:
    """How many folders the parts of all files share above their labels: a ZIP may put everything below a single one."""
    depth = 0
    while True:
        if len({parts[depth] for parts in files}) != 1 or any(len(parts) == depth + 1 for parts in files):
            return depth
        if files[0][depth].lower() in SPLIT_NAMES:
            return depth
        below = [parts[-1] for parts in files if len(parts) == depth + 2]
        if LABELS not in below and any(name.lower().endswith(SUFFIXES) for name in below):
            return depth  # it is a class
        depth += 1


def _from_table(root: Path, images: list[str], findings: list[Finding]) -> Inventory:
    labels = read_labels(root / LABELS)
    there, named = set(images), set(labels.files)
    absent = [file for file in labels.files if file not in there]
    if len(absent) == len(labels.files):
        raise DataError(
            f"None of the {len(absent):,} files that labels.csv names is there ({first_few(absent)}): "
            "its paths start at the folder in which labels.csv lies."
        )
    if absent:
        text = f"Absent files named in labels.csv ({len(absent):,}): {first_few(absent)}."
        findings.append(Finding("warning", text, "Left out."))
    unnamed = [file for file in images if file not in named]
    if unnamed:
        text = f"Images not named in labels.csv ({len(unnamed):,}): {first_few(unnamed)}."
        findings.append(Finding("warning", text, "Left out."))
    rows = [row for row, file in enumerate(labels.files) if file in there]
    return Inventory(
        root=root,
        files=[labels.files[row] for row in rows],
        conditions=labels.conditions[rows],
        names=labels.names,
        kind=labels.kind,
        split=[labels.split[row] for row in rows],
        group=[labels.group[row] for row in rows],
        findings=findings,
    )


def _from_folders(root: Path, images: list[str], findings: list[Finding]) -> Inventory:
    """Class folders; where all the top folders are named like splits, the classes lie below them."""
    parts = [PurePosixPath(file).parts for file in images]
    above = {part[0].lower() for part in parts if len(part) > 1}
    with_splits = bool(above) and above <= set(SPLIT_NAMES) and any(len(part) > 2 for part in parts)
    depth = 2 if with_splits else 1
    placed = [row for row, part in enumerate(parts) if len(part) > depth]
    if not placed:
        raise DataError(f"The images have no labels: they lie in no class folder. {LAYOUTS}")
    if len(placed) < len(images):
        loose = sorted(set(images) - {images[row] for row in placed})
        text = f"Images in no class folder ({len(loose):,}): {first_few(loose)}."
        findings.append(Finding("warning", text, "Left out."))
    if any(len(parts[row]) > depth + 1 for row in placed):
        text = "Some images lie in folders below the class folders."
        action = "The class counts, the deeper folders do not; patients are named in the column group of a labels.csv."
        findings.append(Finding("note", text, action))
    classes = [parts[row][depth - 1] for row in placed]
    names = tuple(sorted(set(classes)))
    index = {name: position for position, name in enumerate(names)}
    return Inventory(
        root=root,
        files=[images[row] for row in placed],
        conditions=np.eye(len(names), dtype=np.uint8)[[index[name] for name in classes]],
        names=names,
        kind="class",
        split=[SPLIT_NAMES[parts[row][0].lower()] if with_splits else "" for row in placed],
        group=[""] * len(placed),
        findings=findings,
    )
