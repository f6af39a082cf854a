"""Listing: the images, tables and other files that a folder holds, by kind. Opens only files of unknown suffix."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath

from gan.data.ingest.files.file_kinds import IMAGE, LINKED_FOLDER, TABLE, UNKNOWN, UNREAD_KINDS, file_kind, read_head
from gan.data.ingest.files.member_names import NamesEncoding
from gan.data.ingest.files.unpack_record import load_record
from gan.data.sources.scan import Scan, scan_folder
from gan.errors import DataError

MANY_TEXTS = 100
"""Small text files in a folder from which they are annotations of single images, not tables."""


@dataclass(frozen=True)
class Listing:
    """What is below the folder `root`, in names relative to it with `/` as separator, sorted.

    images         files of image formats that are read, and DICOM files with or without suffix
    tables         csv, tsv, txt, json, jsonl, xlsx, xls, ods and parquet files
    others         files that are not read, by kind (keys of `file_kinds.UNREAD_KINDS`)
    empty_folders  folders without any file or folder
    names          how names in the archive were decoded, or None

    For a folder that `archive.unpack` filled, `others` also names members of the archive that were not unpacked.
    """

    root: Path
    images: tuple[str, ...]
    tables: tuple[str, ...]
    others: Mapping[str, tuple[str, ...]]
    empty_folders: tuple[str, ...]
    names: NamesEncoding | None = None


def list_folder(folder: Path) -> Listing:
    """What a folder holds, cached until a file's name, size or time changes. Raises DataError for no folder.

    Hidden files and what file managers leave behind are passed over; links to folders are not followed.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder. Give the folder that holds the images.")
    return _list_folder(folder, scan_folder(folder))


@lru_cache(maxsize=2)
def _list_folder(folder: Path, scan: Scan) -> Listing:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for file in scan.files:
        by_kind[file_kind(file.name, partial(read_head, folder / file.name))].append(file.name)
    by_kind[LINKED_FOLDER] += scan.linked_folders
    record = load_record(folder)
    for kind, names in record.left_out.items():
        by_kind[kind if kind in UNREAD_KINDS else UNKNOWN] += names
    images, tables = by_kind.pop(IMAGE, []), by_kind.pop(TABLE, [])
    annotations = annotation_files(tables, images)
    by_kind["annotation"] = [*by_kind["annotation"], *annotations]
    return Listing(
        root=folder,
        images=tuple(images),
        tables=tuple(name for name in tables if name not in annotations),
        others={kind: tuple(sorted(names)) for kind, names in sorted(by_kind.items()) if names},
        empty_folders=scan.empty_folders,
        names=record.names,
    )


def annotation_files(tables: Iterable[str], images: Iterable[str]) -> set[str]:
    """Those of the table-like files that annotate one image each, such as the `labels/0001.txt` of YOLO.

    Most in their folder are named like images, or there are too many of them to be tables.
    """
    folders: dict[str, list[str]] = defaultdict(list)
    for name in tables:
        if name.lower().endswith((".txt", ".json", ".csv", ".tsv")):
            folders[str(PurePosixPath(name).parent)].append(name)
    annotations: set[str] = set()
    stems = {_stem(name) for name in images} if folders else set()
    for names in folders.values():
        of_image = {name for name in names if _stem(name) in stems}
        if len(names) >= MANY_TEXTS or (len(of_image) >= 10 and 2 * len(of_image) > len(names)):
            annotations |= {name for name in names if name in of_image or not _is_list(name)}
        elif len(of_image) >= 3:
            annotations |= of_image
    return annotations


def _is_list(name: str) -> bool:
    """Whether a name is that of a list of classes or of a split, which lies beside annotations."""
    return bool(re.fullmatch(r"(?i)(classes|labels|names|obj|train|val|valid|test).*", PurePosixPath(name).stem))


def _stem(name: str) -> str:
    base = name.rpartition("/")[2].lower()
    return base.rpartition(".")[0] or base
