"""Propose readings of a folder's tables: which column names the images, and which the classes, groups and splits."""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.cell_values import attribute_value, divide_cell, merge_spellings, plain_values
from gan.data.ingest.labels.columns import (
    PERSON,
    Column,
    are_one_hot,
    class_rank,
    flag_of_split,
    group_rank,
    names_splits,
    nothing_values,
    separator_of,
)
from gan.data.ingest.labels.image_columns import ImageColumn, image_columns
from gan.data.ingest.labels.left_out import copy_patterns, mask_patterns
from gan.data.ingest.labels.reading import Proposal, Reading, SplitName, TableReading, Unclear
from gan.data.ingest.labels.split_words import fold_number, split_word
from gan.data.ingest.labels.table_rows import image_names, table_names

MOST_WAYS = 8
"""Proposed ways to take the labels. The user may choose any other column."""


@dataclass(frozen=True)
class _Labels:
    """A way to take labels from columns: `fields` of a TableReading and new names of classes, and reasons to ask."""

    title: str
    fields: dict[str, Any]
    rename: dict[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Split:
    """A way to take splits from columns or the names of tables."""

    title: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    splits: dict[str, SplitName] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


def propose_tables(listing: Listing) -> list[Proposal]:
    """The plausible readings of the tables of a folder, best first: empty if none names labels of its images.

    Tables that cannot be read are passed over: `unused_tables` reports them.
    """
    patterns = (*copy_patterns(listing.images), *mask_patterns(listing.images))
    images = tuple(image for image in listing.images if not any(fnmatchcase(image, pattern) for pattern in patterns))
    if not images:
        return []
    found: list[tuple[float, Proposal]] = []
    for image_column in image_columns(listing, image_names(listing.root, images)):
        share = image_column.matches.matched / len(images)
        found += [(share, proposal) for proposal in _proposals(image_column, patterns)]
    found.sort(key=lambda pair: -pair[0])
    plausible = [proposal for share, proposal in found if share >= found[0][0] / 2]
    files = {proposal.reading.table.files for proposal in plausible if proposal.reading.table}
    if len(plausible) == 1 and not plausible[0].doubts:
        return [replace(plausible[0], sure=True)]
    several = (f"{len(files)} tables name labels: choose one.",) if len(files) > 1 else ()
    return [replace(proposal, doubts=(*several, *proposal.doubts)) for proposal in plausible]


def _proposals(image_column: ImageColumn, leave_out: tuple[str, ...]) -> list[Proposal]:
    """Each plausible way to take labels from the other columns, with each way to take the splits."""
    columns = image_column.columns()
    splits = _splits(image_column, columns)
    split_columns = {str(split.fields.get("split", "")) for split in splits}
    ranks = {column.name: group_rank(column) for column in columns if column.name not in split_columns}
    group = min(
        (name for name, rank in ranks.items() if rank is not None), key=lambda name: ranks[name] or 0, default=""
    )
    taken = split_columns | {name for name, rank in ranks.items() if rank is not None}
    rest = [column for column in columns if column.name not in taken and flag_of_split(column) is None]
    ways = _labels(image_column, rest)
    proposals = []
    for way, split in itertools.product(ways, splits):
        table = TableReading.model_validate(
            {
                "files": image_column.rows.files,
                "image": image_column.name,
                "group": group or (image_column.name if "folder" in image_column.matches.way else ""),
                "header": image_column.header,
                **way.fields,
                **split.fields,
            }
        )
        files = image_column.rows.files
        where = files[0] if len(files) == 1 else f"{len(files)} tables ({first_few(list(files))})"
        proposals.append(
            Proposal(
                reading=Reading(table=table, rename=way.rename, splits=split.splits, leave_out=leave_out),
                title=f"{where}: {way.title}{split.title}",
                doubts=(*way.doubts, *split.doubts),
            )
        )
    return proposals


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
    if image_column.by_folder:
        classes = [column for column in classes if len(column.distinct) < column.filled]
    ways = [way for column in _without_twins(classes) for way in _class_ways(image_column, column)]
    if bits and (best < 1 or (best == 1 and len(bits) > 1)):
        ways += _attribute_ways(image_column, bits)
    if len(ways) > 1:
        chosen = list(dict.fromkeys(way.fields["labels"] for way in ways))
        doubt = f"More than one column can be the label: {first_few([labels[0] for labels in chosen])}."
        ways = [_doubted(way, doubt) for way in ways] if len(chosen) > 1 else ways
    return ways[:MOST_WAYS]


def _without_twins(columns: list[Column]) -> list[Column]:
    """Columns without those that divide the rows as another does: of `label` 0/1 and `name`, the one with words."""
    kept: list[Column] = []
    for column in sorted(columns, key=lambda column: column.is_number):
        pairs = [set(zip(plain_values(column.values), plain_values(other.values), strict=True)) for other in kept]
        if not any(
            len(pair) == len(column.counts) == len(other.counts) for pair, other in zip(pairs, kept, strict=True)
        ):
            kept.append(column)
    return [column for column in columns if column in kept]


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
        cells = plain_values(column.values)
        answers: tuple[Unclear, ...] = ("zero", "leave-out", "unlabelled")
        ways = [_decided(several, cells, answer, "") for answer in answers] if "" in cells else [several]
        if separator != ",":
            return ways
        doubt = f"Column {column.name} has values with commas: several labels, or names with a comma?"
        return [_doubted(way, doubt) for way in [*ways, as_class]]
    contradicting = _contradicting(image_column, column)
    if contradicting:
        doubt = f"{contradicting:,} images have several rows with different values of {column.name}."
        left = _doubted(as_class, doubt, ", without images that have several")
        return [_doubted(several, doubt), left]
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
    if are_one_hot(columns) and not image_column.matches.repeated:
        title = f"classes from {len(names)} columns, one of which is 1 in each row"
        return [_Labels(title, {"labels": names, "encoding": "one-hot"})]
    title = (
        f"attributes from {len(names)} columns of 0 and 1" if len(names) > 1 else f"attribute from column {names[0]}"
    )
    way = _Labels(title, {"labels": names, "encoding": "attributes"})
    cells = plain_values(value for column in columns for value in column.values)
    uncertain = "-1" in cells and ("" in cells or any(attribute_value(value) == 0 for value in set(cells)))
    usual: list[tuple[Unclear, Unclear]]  # the meanings of empty and of uncertain
    if uncertain and "" in cells:
        usual = [("zero", "zero"), ("zero", "one"), ("zero", "leave-out"), ("leave-out", "leave-out")]
    elif uncertain:
        usual = [("", "zero"), ("", "one"), ("", "leave-out")]
    else:
        usual = [("zero", ""), ("leave-out", ""), ("unlabelled", "")] if "" in cells else []
    return [_decided(way, cells, empty, doubtful) for empty, doubtful in usual] or [way]


MEANINGS = {"zero": "0", "one": "1", "leave-out": "left out", "unlabelled": "no label"}


def _decided(way: _Labels, cells: Sequence[str], empty: Unclear, uncertain: Unclear) -> _Labels:
    """A way with answers for empty and uncertain labels."""
    title, doubts = way.title, way.doubts
    for what, value, answer in (("empty", "", empty), ("uncertain (-1)", "-1", uncertain)):
        if answer:
            title += f", {what} is {MEANINGS[answer]}"
            doubts = (*doubts, f"{cells.count(value):,} labels are {what}: choose what that means.")
    return replace(way, title=title, fields={**way.fields, "empty": empty, "uncertain": uncertain}, doubts=doubts)


def _doubted(way: _Labels, doubt: str, title: str = "") -> _Labels:
    return replace(way, title=way.title + title, doubts=(*way.doubts, doubt))


def _splits(image_column: ImageColumn, columns: list[Column]) -> list[_Split]:
    """The plausible ways to take the splits: a column, the names of the tables, or none."""
    for column in columns:
        if names_splits(column):
            title = f", splits from column {column.name}"
            if all(split_word(value) for value in column.distinct):
                return [_Split(title, {"split": column.name})]
            numbered = _numbered(column)
            doubt = f"Column {column.name} holds {first_few(sorted(column.distinct))}: which is train, val and test?"
            if not numbered:
                return [_Split(title, {"split": column.name})]
            said = ", ".join(f"{value} {split}" for value, split in numbered.items())
            return [
                _Split(f"{title} ({said})", {"split": column.name}, numbered, (doubt,)),
                _Split(f", column {column.name} not used", doubts=(doubt,)),
            ]
        flagged = flag_of_split(column)
        if flagged:
            other: SplitName = "test" if flagged == "train" else "train"
            splits: dict[str, SplitName] = {
                value: flagged if attribute_value(value) == 1 else other for value in column.distinct
            }
            return [_Split(f", splits from column {column.name}", {"split": column.name}, splits)]
    tables = table_names(image_column.rows.files)
    words = [split_word(name) for name in tables]
    if len(tables) > 1 and all(words) and len(set(words)) > 1:
        return [_Split(", a split from each table", {"split_by_table": True})]
    return [_Split()]


def _numbered(column: Column) -> dict[str, SplitName]:
    """The usual meaning of split numbers: 0 train, 1 val, 2 test; of folds and of more, the last is the test split."""
    numbers = {value: int(value) if value.isdigit() else fold_number(value) for value in column.distinct}
    if None in numbers.values():
        return {}
    ordered = sorted(numbers, key=lambda value: numbers[value] or 0)
    usual: dict[int, tuple[SplitName, ...]] = {1: ("train",), 2: ("train", "test"), 3: ("train", "val", "test")}
    is_fold = any("fold" in word for word in column.words) or fold_number(ordered[0]) is not None
    if len(ordered) in usual and not is_fold:
        return dict(zip(ordered, usual[len(ordered)], strict=True))
    return {value: "test" if value == ordered[-1] else "train" for value in ordered}
