"""List a user's images with labels, from a labels.csv or from class folders. Opens no image."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import Kind
from gan.data.ingest.checks.report import Finding, first_few
from gan.data.ingest.files.findings import file_findings, no_images, unused_tables
from gan.data.ingest.files.listing import Listing, list_folder
from gan.data.ingest.labels.labels_csv import SPLIT_NAMES, read_labels
from gan.data.ingest.pixels.formats import SUFFIXES
from gan.errors import DataError

LABELS = "labels.csv"
LAYOUTS = "Use a folder for each class, with or without train/, val/ and test/ above, or images with a labels.csv."


@dataclass(frozen=True)
class Inventory:
    """Images: `files` (N) relative to `root`, `conditions` uint8 (N, K), `split` and `group` (N), "" if unknown."""

    root: Path
    files: list[str]
    conditions: NDArray[np.uint8]
    names: tuple[str, ...]
    kind: Kind
    split: list[str]
    group: list[str]
    findings: list[Finding]


def list_images(folder: Path, shown_as: str = "") -> Inventory:
    """The labelled images in a folder; raises DataError if there are none. Messages call the folder `shown_as`."""
    shown_as = shown_as or str(folder)
    if not folder.is_dir():
        raise DataError(f"{shown_as} is not a folder. {LAYOUTS}")
    return _label_images(list_folder(folder), shown_as)


def _label_images(listing: Listing, shown_as: str) -> Inventory:
    if not listing.images:
        raise no_images(listing, shown_as)
    parts = [PurePosixPath(file).parts for file in (*listing.images, *listing.tables)]
    depth = _depth(parts)
    root = listing.root.joinpath(*parts[0][:depth])
    images = ["/".join(part[depth:]) for part in parts[: len(listing.images)]]
    findings = file_findings(listing)
    if (root / LABELS).is_file():
        return _from_table(root, images, findings)
    return _from_folders(root, images, [*findings, *unused_tables(listing.tables)])


def _depth(files: list[tuple[str, ...]]) -> int:
    """The number of folders that all files share above the labels: a ZIP often has a single top folder."""
    depth = 0
    while True:
        if len({parts[depth] for parts in files}) != 1 or any(len(parts) == depth + 1 for parts in files):
            return depth
        if files[0][depth].lower() in SPLIT_NAMES:
            return depth
        below = [parts[-1] for parts in files if len(parts) == depth + 2]
        if LABELS not in below and any(name.lower().endswith(SUFFIXES) for name in below):
            return depth  # this folder is a class
        depth += 1


def _from_table(root: Path, images: list[str], findings: list[Finding]) -> Inventory:
    labels = read_labels(root / LABELS)
    present, named = set(images), set(labels.files)
    missing = [file for file in labels.files if file not in present]
    if len(missing) == len(labels.files):
        raise DataError(
            f"None of the {len(missing):,} files in labels.csv exists ({first_few(missing)}). "
            "Paths are relative to the folder of labels.csv."
        )
    if missing:
        text = f"Missing files named in labels.csv ({len(missing):,}): {first_few(missing)}."
        findings.append(Finding("missing-files", "warning", text, "Left out."))
    unnamed = [file for file in images if file not in named]
    if unnamed:
        text = f"Images not named in labels.csv ({len(unnamed):,}): {first_few(unnamed)}."
        findings.append(Finding("unlabelled-images", "warning", text, "Left out."))
    rows = [row for row, file in enumerate(labels.files) if file in present]
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
    """Images in class folders; if all top folders are named like splits, the class folders are below them."""
    parts = [PurePosixPath(file).parts for file in images]
    top = {part[0].lower() for part in parts if len(part) > 1}
    with_splits = bool(top) and top <= set(SPLIT_NAMES) and any(len(part) > 2 for part in parts)
    depth = 2 if with_splits else 1
    labelled = [row for row, part in enumerate(parts) if len(part) > depth]
    if not labelled:
        raise DataError(f"The images have no labels: none is in a class folder. {LAYOUTS}")
    if len(labelled) < len(images):
        loose = sorted(set(images) - {images[row] for row in labelled})
        text = f"Images outside class folders ({len(loose):,}): {first_few(loose)}."
        findings.append(Finding("unlabelled-images", "warning", text, "Left out."))
    if any(len(parts[row]) > depth + 1 for row in labelled):
        text = "Some class folders have subfolders."
        action = "Subfolders are ignored. To name patients, use a column `group` in a labels.csv."
        findings.append(Finding("subfolders", "note", text, action))
    classes = [parts[row][depth - 1] for row in labelled]
    names = tuple(sorted(set(classes)))
    index = {name: position for position, name in enumerate(names)}
    return Inventory(
        root=root,
        files=[images[row] for row in labelled],
        conditions=np.eye(len(names), dtype=np.uint8)[[index[name] for name in classes]],
        names=names,
        kind="class",
        split=[SPLIT_NAMES[parts[row][0].lower()] if with_splits else "" for row in labelled],
        group=[""] * len(labelled),
        findings=findings,
    )
