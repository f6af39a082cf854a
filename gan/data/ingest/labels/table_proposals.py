"""Propose readings of a folder's tables: which column names the images, and which the classes, groups and splits."""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.cell_values import attribute_value, divide_cell, merge_spellings, plain_values
from gan.data.ingest.labels.columns import (
    PERSON,
    READERS,
    Column,
    class_rank,
    flag_of_split,
    group_rank,
    in_words,
    names_splits,
    nothing_values,
    one_hot_share,
    separator_of,
    without_twins,
)
from gan.data.ingest.labels.folder_names import is_uncertain
from gan.data.ingest.labels.image_columns import ImageColumn, image_columns
from gan.data.ingest.labels.joins import completed
from gan.data.ingest.labels.left_out import copy_patterns, mask_patterns
from gan.data.ingest.labels.reading import Proposal, Reading, TableReading
from gan.data.ingest.labels.subgroups import subgroup_columns
from gan.data.ingest.labels.table_rows import image_names
from gan.data.ingest.labels.table_splits import SplitWay, split_ways
from gan.data.ingest.labels.unclear_labels import plausible_answers
from gan.data.ingest.pixels.formats import may_be_dicom
from gan.io.atomic import FileVersion, file_version

ONE_HOT = 0.5
"""Share of the rows with exactly one 1 from which columns may be classes although none is 1 in other rows."""
MOST_WAYS = 8
"""Proposed ways to take the labels. The user may choose any other column."""


@dataclass(frozen=True)
class _Labels:
    """A way to take labels from columns: `fields` of a TableReading and new names of classes, and reasons to ask."""

    title: str
    fields: dict[str, Any]
    rename: dict[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


def propose_tables(listing: Listing) -> list[Proposal]:
    """The plausible readings of the tables of a folder, best first: empty if none names labels of its images.

    Tables that cannot be read are passed over: `unused_tables` reports them.
    """
    found: list[tuple[float, Proposal]] = []
    tables, patterns, count = _tables(listing)
    for table in tables:
        found += [(table.matches.matched / count, proposal) for proposal in _proposals(table, patterns)]
    found.sort(key=lambda pair: -pair[0])
    plausible = [proposal for share, proposal in found if share >= found[0][0] / 2]
    files = {proposal.reading.table.files for proposal in plausible if proposal.reading.table}
    if len(plausible) == 1 and not plausible[0].doubts:
        return [replace(plausible[0], sure=True)]
    several = (f"{len(files)} tables name labels: choose one.",) if len(files) > 1 else ()
    return [replace(proposal, doubts=(*several, *proposal.doubts)) for proposal in plausible]


def propose_groups(listing: Listing) -> list[Proposal]:
    """Readings of the table that names the groups, splits or subgroups of most images, but no labels, best first."""
    tables, _, count = _tables(listing)
    for table in sorted(tables, key=lambda table: -table.matches.matched):
        columns = table.columns()
        if 2 * table.matches.matched < count or _labels(table, _label_columns(columns)):
            continue
        group = _group_column(columns)
        wanted = bool(group or _subgroups(table, columns, group, (), SplitWay()))
        splits = [split for split in split_ways(table, columns) if split.fields or wanted]
        if splits:
            way = _Labels(f"; groups from column {group}" if group else "", {})
            return [_proposal(table, way, split, group, ()) for split in splits]
    return []


def _tables(listing: Listing) -> tuple[list[ImageColumn], tuple[str, ...], int]:
    """The tables that name images, joined with those that add what they lack; patterns of images that are left out,
    and the number of the others. Cached until a table changes, since labels and groups are both looked for in them."""
    if not listing.tables:
        return [], (), len(listing.images)
    read = (*listing.tables, *filter(may_be_dicom, listing.images))
    versions = tuple(file_version(listing.root / name) for name in read)
    return _read_tables(listing.root, listing.images, listing.tables, versions)


@lru_cache(maxsize=1)
def _read_tables(
    root: Path, images: tuple[str, ...], tables: tuple[str, ...], versions: tuple[FileVersion, ...]
) -> tuple[list[ImageColumn], tuple[str, ...], int]:
    listing = Listing(root, images, tables, {}, ())
    patterns = (*copy_patterns(images), *mask_patterns(images))
    images = tuple(image for image in images if not any(fnmatchcase(image, pattern) for pattern in patterns))
    if not images:
        return [], patterns, 0
    found = image_columns(listing, image_names(root, images))
    labelled = [table for table in found if _labels(table, _label_columns(table.columns()))]
    joined: list[ImageColumn] = []
    for table in sorted(found, key=lambda table: table not in labelled):
        if not any({*table.rows.files} <= other.rows.all_files for other in joined):
            joined.append(completed(listing, table, labels=not labelled))
    return joined, patterns, len(images)


def _group_column(columns: list[Column]) -> str:
    """The column that names the widest groups, "" without one."""
    splits = {column.name for column in columns if names_splits(column) or flag_of_split(column)}
    ranks = {column.name: group_rank(column) for column in columns if column.name not in splits}
    ranked = {name: rank for name, rank in ranks.items() if rank is not None}
    return min(ranked, key=lambda name: ranked[name], default="")


def _subgroups(
    table: ImageColumn, columns: list[Column], group: str, labels: Sequence[str], split: SplitWay
) -> dict[str, str]:
    """The columns of subgroups, without those that are used for something else."""
    return subgroup_columns(columns, (table.name, group, *labels, split.fields.get("split", "")))


def _label_columns(columns: list[Column]) -> list[Column]:
    """The columns that are neither groups nor splits."""
    return [
        column
        for column in columns
        if group_rank(column) is None and not names_splits(column) and flag_of_split(column) is None
    ]


def _proposals(table: ImageColumn, leave_out: tuple[str, ...]) -> list[Proposal]:
    """Each plausible way to take labels from the other columns, with each way to take the splits."""
    columns = table.columns()
    ways, splits = _labels(table, _label_columns(columns)), split_ways(table, columns)
    group = _group_column(columns)
    return [_proposal(table, way, split, group, leave_out) for way, split in itertools.product(ways, splits)]


def _proposal(table: ImageColumn, way: _Labels, split: SplitWay, group: str, leave_out: tuple[str, ...]) -> Proposal:
    named = not {"folder", "start of the name"}.isdisjoint(table.matches.way)  # DICOM: the hash of the patient
    reading = TableReading.model_validate(
        {
            "files": table.rows.files,
            "image": table.name,
            "joins": table.rows.joins,
            "group": group or (table.name if named else ""),
            "header": table.header,
            "subgroups": _subgroups(table, table.columns(), group, way.fields.get("labels", ()), split),
            **way.fields,
            **split.fields,
        }
    )
    rivals = [table.name, *table.rivals]
    doubt = (f"{len(rivals)} columns name images, each other ones: {first_few(rivals)}.",) if rivals[1:] else ()
    files = reading.all_files
    where = files[0] if len(files) == 1 else f"{len(files)} tables ({first_few(list(files))})"
    return Proposal(
        reading=Reading(table=reading, rename=way.rename, splits=split.splits, leave_out=leave_out),
        title=f"{where}: {way.title}{split.title}",
        doubts=(*doubt, *way.doubts, *split.doubts),
    )


def _labels(image_column: ImageColumn, columns: list[Column]) -> list[_Labels]:
    """The plausible labels, best first, at most MOST_WAYS. A class column whose name decides leaves out the others."""
    ranked = [(class_rank(column), column) for column in columns]
    bits = [column for rank, column in ranked if rank < 2 and column.is_attribute and not set(column.words) & PERSON]
    if not any(attribute_value(value) in (0, 1) for column in bits for value in column.distinct):
        bits = []
    best = max((rank for rank, _ in ranked), default=-1)
    classes = [column for rank, column in ranked if rank == best >= 0]
    if best <= 0 and len(bits) > 1:
        classes = []
    if not image_column.header and len(bits) == 1 and best < 1:
        classes, bits = bits, []  # a list of files with 0 or 1 has no name for an attribute
    if image_column.by_folder:
        classes = [column for column in classes if len(column.distinct) < column.filled]
    ways = [way for column in in_words(without_twins(classes), ranked) for way in _class_ways(image_column, column)]
    if bits and (best < 1 or (best == 1 and len(bits) > 1)):
        ways += _attribute_ways(image_column, bits)
    if not ways:
        readers = [
            column for column in columns if set(column.words) & READERS and 2 <= len(column.distinct) <= MOST_WAYS
        ]
        doubt = "These columns may hold what each reader says, or who it was."
        ways = [_doubted(way, doubt) for column in readers for way in _class_ways(image_column, column)]
    if len(ways) > 1:
        chosen = list(dict.fromkeys(way.fields["labels"] for way in ways))
        doubt = f"More than one column can be the label: {first_few([labels[0] for labels in chosen])}."
        ways = [_doubted(way, doubt) for way in ways] if len(chosen) > 1 else ways
    return ways[:MOST_WAYS]


def _class_ways(image_column: ImageColumn, column: Column) -> list[_Labels]:
    """A column as classes, or as several labels in a cell or in the rows of an image."""
    separator = separator_of(column)
    values = [value for value in plain_values(column.values) if value]
    as_class = _Labels(f"classes from column {column.name}", {"labels": (column.name,)}, merge_spellings(values))
    nothing = nothing_values(column, separator or "|")
    many = "several in a cell" if separator else "one in each row of an image"
    several = _Labels(
        f"attributes from column {column.name}, {many}",
        {"labels": (column.name,), "encoding": "several", "separator": separator or "|", "nothing": nothing},
        merge_spellings([label for value in values for label in divide_cell(value, separator or "|")]),
    )
    if separator in ("|", ";", ","):
        ways = _decided(several, plain_values(column.values))
        if separator != ",":
            return ways
        doubt = f"Column {column.name} has values with commas: several labels, or names with a comma?"
        return [_doubted(way, doubt) for way in [*ways, as_class]]
    contradicting = _contradicting(image_column, column)
    if contradicting:
        doubt = f"{contradicting:,} images have several rows with different values of {column.name}."
        left = _doubted(as_class, doubt, ", without images that have several")
        return [_doubted(several, doubt), left]
    uncertain = [value for value in column.distinct if is_uncertain(value)]
    if uncertain and len(column.distinct) - len(uncertain) >= 2:
        doubt = f"{first_few(uncertain)} may be a class, or images whose class nobody knows."
        unlabelled = replace(as_class, rename={**as_class.rename, **dict.fromkeys(uncertain, "")})
        return [_doubted(as_class, doubt), _doubted(unlabelled, doubt, f"; {first_few(uncertain)} has no label")]
    if len(column.distinct) > max(10, column.filled / 2):
        return [
            _doubted(as_class, f"Column {column.name} has {len(column.distinct):,} values in {column.filled:,} rows.")
        ]
    return [as_class]


def _contradicting(image_column: ImageColumn, column: Column) -> int:
    """Images with rows that name different classes."""
    if not image_column.matches.repeated:
        return 0
    values = plain_values(image_column.rows.column(column.name))
    named: dict[int, set[str]] = defaultdict(set)
    for image, row in image_column.matches.pairs.tolist():
        named[image].add(values[row])
    return sum(len(found - {""}) > 1 for found in named.values())


def _attribute_ways(image_column: ImageColumn, columns: list[Column]) -> list[_Labels]:
    """0/1 columns as one class or as attributes, with what empty and uncertain labels may mean."""
    names = tuple(column.name for column in columns)
    share = 0.0 if image_column.matches.repeated else one_hot_share(columns)
    one_hot = _Labels(
        f"classes from {len(names)} columns, one of which is 1 in each row", {"labels": names, "encoding": "one-hot"}
    )
    if share == 1:
        return [one_hot]
    if share >= ONE_HOT:
        doubt = f"In some rows, none of the columns {first_few(list(names))} is 1: no class, or no attribute?"
        others = [_doubted(way, doubt) for way in _as_attributes(columns)]
        return [_doubted(one_hot, doubt, ", none in some"), *others]
    return _as_attributes(columns)


def _as_attributes(columns: list[Column]) -> list[_Labels]:
    """0/1 columns as attributes, with each plausible meaning of empty and uncertain labels."""
    names = tuple(column.name for column in columns)
    title = (
        f"attributes from {len(names)} columns of 0 and 1" if len(names) > 1 else f"attribute from column {names[0]}"
    )
    way = _Labels(title, {"labels": names, "encoding": "attributes"})
    return _decided(way, plain_values(value for column in columns for value in column.values))


def _decided(way: _Labels, cells: Sequence[str]) -> list[_Labels]:
    """A way with each plausible meaning of empty and uncertain cells."""
    return [
        replace(
            way,
            title=way.title + answer.title,
            fields={**way.fields, "empty": answer.empty, "uncertain": answer.uncertain},
            doubts=(*way.doubts, *answer.doubts),
        )
        for answer in plausible_answers(way.fields["encoding"], cells)
    ]


def _doubted(way: _Labels, doubt: str, title: str = "") -> _Labels:
    return replace(way, title=way.title + title, doubts=(*way.doubts, doubt))
