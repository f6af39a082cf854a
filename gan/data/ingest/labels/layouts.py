"""Known sets and export formats, recognised by their structure: HAM10000, NIH ChestX-ray14, MURA, Roboflow and others.

`layout_table.py` lists them; this module looks for them in a folder.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.cell_values import plain_values
from gan.data.ingest.labels.columns import Column, group_rank
from gan.data.ingest.labels.folders import TILE, changed, propose_folders
from gan.data.ingest.labels.image_columns import ImageColumn
from gan.data.ingest.labels.joins import completed
from gan.data.ingest.labels.layout_table import FOLDER_LAYOUTS, TABLE_LAYOUTS, FolderLayout, TableLayout
from gan.data.ingest.labels.left_out import mask_patterns
from gan.data.ingest.labels.name_parts import name_parts
from gan.data.ingest.labels.outer_levels import outer_levels
from gan.data.ingest.labels.reading import Encoding, Proposal, Reading, TableReading
from gan.data.ingest.labels.row_matching import ImageNames
from gan.data.ingest.labels.split_words import split_word
from gan.data.ingest.labels.subgroups import subgroup_columns
from gan.data.ingest.labels.table_rows import image_names, read_rows
from gan.data.ingest.labels.tables import Table, read_table
from gan.data.ingest.labels.unclear_labels import Answer, plausible_answers
from gan.errors import DataError

MOST_TABLES = 100
"""Tables that are looked at; more are annotations of single images."""
ENOUGH = 0.3
"""Share of the images, or of the rows, that a table must name."""
SAMPLE = 500
FEWEST_OF_SAMPLE = 0.3
"""Share of some SAMPLE images that must have paths of a layout, before all are looked at."""
MOST = 0.8
"""Share of the images whose paths must be those of a layout."""


def known_layout(listing: Listing) -> list[Proposal]:
    """The readings of a known set or export format, best first; empty if there is none.

    A single one that is `sure`, unless something in it must be chosen.
    """
    for layout in TABLE_LAYOUTS:
        proposals = _table_proposals(listing, layout)
        if proposals:
            return proposals
    found = next(filter(None, (_folder_proposal(listing, layout) for layout in FOLDER_LAYOUTS)), None)
    return [found] if found else []


def refusal(listing: Listing) -> str:
    """Why the images of a known kind of set have no labels, and what to do: for boxes, masks and tiles. Else ""."""
    if listing.images and all(map(TILE.fullmatch, listing.images)):
        return (
            "They are tiles of whole slides (DeepZoom): the folders are magnifications. Choose one magnification, and "
            "put its tiles into a folder for each class."
        )
    files = [*listing.tables, *(name for names in listing.others.values() for name in names)]
    if _has_boxes(listing, files):
        return (
            "There are boxes (YOLO, Pascal VOC or COCO), but no label for a whole image. Cut out the boxes into a "
            "folder for each class, or write a labels.csv with the columns file and class."
        )
    if mask_patterns(listing.images):
        return (
            "There are images and masks, but no classes. Write a labels.csv with the columns file and class, or put "
            "the images into a folder for each class."
        )
    return ""


def _has_boxes(listing: Listing, files: Sequence[str]) -> bool:
    """Whether a text or XML file lies beside most images or in a folder `labels`, or a file is named like COCO's."""
    if not files:
        return False
    stems = {PurePosixPath(image).stem for image in listing.images}
    annotated = {PurePosixPath(file).stem for file in files if file.lower().endswith((".txt", ".xml", ".json"))} & stems
    coco = re.compile(
        r"(instances|captions|person_keypoints|panoptic)_.*\.json|_annotations\.coco\.json|.*coco.*\.json"
    )
    named = any(coco.fullmatch(PurePosixPath(file).name.lower()) for file in files)
    return named or (bool(stems) and len(annotated) > len(stems) / 2)


def _table_proposals(listing: Listing, layout: TableLayout) -> list[Proposal]:
    """The proposals for the tables of a layout; none if it has none that names the images."""
    tables = _tables_with(listing, layout)
    if not tables:
        return []
    if layout.images:
        pattern = re.compile(layout.images)
        fitting = sum(bool(pattern.fullmatch(PurePosixPath(image).stem)) for image in listing.images)
        if fitting < MOST * len(listing.images):
            return []
    first = next(iter(tables.values()))
    columns = [str(column) for column in first.frame.columns]
    image = _first(columns, layout.image)
    labels = _label_columns(columns, layout, image)
    if not image or not labels or not _name_images(listing, tables, image):
        return []
    table = TableReading(
        files=tuple(tables),
        image=image,
        labels=tuple(labels),
        encoding=_encoding(tables, labels, layout),
        nothing=layout.nothing,
        group=_first(columns, (layout.group,)),
    )
    if not table.group and not layout.group_parts:
        table = _with_groups(listing, table)
    cells_of = {name: [str(cell) for found in tables.values() for cell in found.frame[name]] for name in columns}
    described = [Column(name, tuple(cells)) for name, cells in cells_of.items()]
    subgroups = subgroup_columns(described, (image, *labels, table.group))
    table = table.model_copy(update={"subgroups": subgroups})
    what = f"column {labels[0]}" if len(labels) == 1 else f"{len(labels)} columns"
    title = f"{layout.name}: {what} of {PurePosixPath(table.files[0]).name}"
    if table.group or layout.group_parts:
        title += f", groups from {table.group or 'the file names'}"
    cells = plain_values(str(value) for found in tables.values() for name in labels for value in found.frame[name])
    answers, outers = plausible_answers(table.encoding, cells), outer_levels(listing.images)
    proposals = [
        _layout_proposal(listing, layout, table, outer, answer, title) for outer in outers for answer in answers
    ]
    boxes = _doubts(listing, tables)
    if len(proposals) == 1 and not (proposals[0].doubts or boxes):
        return [replace(proposals[0], sure=True)]
    return [replace(proposal, doubts=(*boxes, *proposal.doubts)) for proposal in proposals]


def _with_groups(listing: Listing, table: TableReading) -> TableReading:
    """The table, joined with one that names the groups of its images, such as the lesions of ISIC 2019."""
    rows = read_rows(listing.root, table.files)
    matches = image_names(listing.root, listing.images).match(rows.column(table.image), rows.folders(listing.images))
    unused = frozenset(name for name in rows.columns if name not in table.labels)
    found = completed(listing, ImageColumn(rows, True, table.image, matches, unused=unused))
    groups = [column.name for column in found.columns() if group_rank(column) is not None]
    return table.model_copy(update={"joins": found.rows.joins, "group": groups[0]}) if groups else table


def _layout_proposal(
    listing: Listing, layout: TableLayout, table: TableReading, outer: Proposal, answer: Answer, title: str
) -> Proposal:
    """The proposal of a layout with one answer for unclear labels, and one way to read the folders."""
    split_of = {file: split_word(PurePosixPath(file).stem) for file in table.files}
    several = len(set(split_of.values())) > 1 and None not in split_of.values()
    given = {
        "empty": answer.empty,
        "uncertain": answer.uncertain,
        "split_by_table": several and "split" not in outer.reading.levels,
    }
    lists = {file: split for file in listing.tables if (split := layout.split_lists.get(PurePosixPath(file).name))}
    reading = changed(
        outer.reading,
        layout=layout.name,
        table=table.model_copy(update=given).model_dump(),
        group_parts=layout.group_parts,
        split_lists=lists,
    )
    return Proposal(reading, title + answer.title + outer.title, doubts=(*answer.doubts, *outer.doubts))


def _tables_with(listing: Listing, layout: TableLayout) -> dict[str, Table]:
    """The tables of a layout that have the same columns, by name."""
    found: dict[str, Table] = {}
    for file in listing.tables[:MOST_TABLES]:
        if file.lower().endswith(".txt") or not fnmatchcase(PurePosixPath(file).name.lower(), layout.files.lower()):
            continue
        try:
            table = read_table(listing.root / file)
        except DataError:
            continue  # no table of a known set; the check of tables reports it
        columns = {str(column).lower() for column in table.frame.columns}
        same = not found or list(table.frame.columns) == list(next(iter(found.values())).frame.columns)
        if same and columns >= {column.lower() for column in layout.columns}:
            found[file] = table
    return found


def _first(columns: Sequence[str], wanted: Sequence[str]) -> str:
    """The first of the wanted columns that is there, as it is written; "" if none is."""
    by_name = {column.lower(): column for column in columns}
    return next((by_name[name.lower()] for name in wanted if name.lower() in by_name), "")


def _label_columns(columns: Sequence[str], layout: TableLayout, image: str) -> list[str]:
    if layout.take == "rest":
        return [column for column in columns if column != image and column.lower() not in layout.other]
    found = [name for name in layout.labels if _first(columns, (name,))]
    return [_first(columns, (name,)) for name in (found[:1] if layout.take == "first" else found)]


def _name_images(listing: Listing, tables: dict[str, Table], image: str) -> bool:
    """Whether a column names enough of the images, or enough of its rows name one."""
    values = [str(value) for table in tables.values() for value in table.frame[image]]
    folders = [str(PurePosixPath(file).parent) for file, table in tables.items() for _ in range(len(table.frame))]
    folders = ["" if folder == "." else folder for folder in folders]
    matched = ImageNames(listing.images).match(values, folders).matched
    return matched >= ENOUGH * min(len(listing.images), max(1, len(set(values))))


def _encoding(tables: dict[str, Table], labels: Sequence[str], layout: TableLayout) -> Encoding:
    """The encoding of a layout; a single column of it is a class, and columns that are no one-hot are attributes."""
    frames = [table.frame for table in tables.values()]
    if layout.encoding == "one-hot":
        if len(labels) == 1:
            return "class"
        rows = [[str(value) for value in row] for frame in frames for row in frame[list(labels)].to_numpy()]
        one_hot = all(sum(value in ("1", "1.0") for value in row) <= 1 for row in rows)
        return "one-hot" if one_hot else "attributes"
    if layout.encoding == "several" and not layout.nothing:
        cells = [str(value) for frame in frames for value in frame[labels[0]]]
        return "class" if all(cells) and not any("|" in cell for cell in cells) else "several"
    return layout.encoding


def _doubts(listing: Listing, tables: dict[str, Table]) -> tuple[str, ...]:
    """Doubts about COCO, whose categories may be those of boxes."""
    for file in tables:
        if file.lower().endswith(".json") and re.search(
            rb'"bbox"\s*:\s*\[\s*[\d.]', (listing.root / file).read_bytes()
        ):
            return ("The annotations are boxes: an attribute would say that a category is anywhere in the image.",)
    return ()


def _folder_proposal(listing: Listing, layout: FolderLayout) -> Proposal | None:
    """The proposal for a layout of folders; None if most images are elsewhere."""
    pattern = re.compile(layout.images)
    sample = listing.images[:: max(1, len(listing.images) // SAMPLE)]
    if sum(bool(pattern.fullmatch(image)) for image in sample) < FEWEST_OF_SAMPLE * len(sample):
        return None
    masks = mask_patterns(listing.images)
    images = [image for image in listing.images if not any(fnmatchcase(image, mask) for mask in masks)]
    matches = [match for image in images if (match := pattern.fullmatch(image))]
    if not matches or len(matches) < MOST * len(images):
        return None
    if layout.needs and not any(re.fullmatch(layout.needs, image) for image in listing.images):
        return None
    if "levels" in layout.changes:
        root = Counter(match["root"] for match in matches).most_common(1)[0][0].rstrip("/")
        reading = changed(Reading(layout=layout.name, root=root), **layout.changes)
        return Proposal(reading, f"{layout.name}: {layout.note}", sure=True)
    proposals = propose_folders(listing)
    if not proposals:
        return None
    changes = {**layout.changes, **_source_images(listing, layout)}
    best = proposals[0]
    title = ", ".join(filter(None, (f"{layout.name}: {best.title}", layout.note)))
    return replace(best, reading=changed(best.reading, layout=layout.name, **changes), title=title)


def _source_images(listing: Listing, layout: FolderLayout) -> dict[str, object]:
    """For Roboflow: the parts of the file names that name the image from which several altered ones were made."""
    stems = [name_parts(PurePosixPath(image).stem) for image in listing.images]
    counts = {len(parts) for parts in stems}
    if layout.name != "Roboflow" or len(counts) != 1 or (parts := counts.pop()) < 3:
        return {}
    folders: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for image, name in zip(listing.images, stems, strict=True):
        folders[tuple(name[: parts - 2])].add(image.rpartition("/")[0])
    if len(folders) == len(stems) or any(len(found) > 1 for found in folders.values()):
        return {}  # nothing repeats, or different images have the same name
    return {"group_parts": parts - 2}
