"""Find tables that add what another lacks: labels by patient, the patients of images, or their splits."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.columns import Column, class_rank, flag_of_split, group_rank, names_splits
from gan.data.ingest.labels.image_columns import IMAGE_WORDS, NO_LABELS, ImageColumn
from gan.data.ingest.labels.reading import Join
from gan.data.ingest.labels.subgroups import names_subgroup
from gan.data.ingest.labels.table_rows import join_table, read_rows
from gan.errors import DataError

MOST_TABLES = 20
"""Tables that are tried. More are of single images or experiments."""
ENOUGH = 0.5
"""Share of the rows that must have a row in the joined table."""


def completed(listing: Listing, table: ImageColumn, labels: bool = False) -> ImageColumn:
    """The table, joined with others of the folder that name what it lacks: groups, splits, subgroups, and `labels`."""
    for is_lacking in (*((_may_be_label,) if labels else ()), _is_group, _is_split, names_subgroup):
        if not any(map(is_lacking, table.columns())):
            table = _joined(listing, table, is_lacking)
    return table


def _may_be_label(column: Column) -> bool:
    return not _is_group(column) and not _is_split(column) and (class_rank(column) >= 0 or column.is_attribute)


def _is_group(column: Column) -> bool:
    return group_rank(column) is not None


def _is_split(column: Column) -> bool:
    return names_splits(column) or flag_of_split(column) is not None


def _joined(listing: Listing, table: ImageColumn, is_lacking: Callable[[Column], bool]) -> ImageColumn:
    """The table, joined with the first other one that has what is lacking; the table itself if none has."""
    used, own = table.rows.all_files, set(table.rows.columns)
    for file in listing.tables[:MOST_TABLES]:
        if file in used or set(Column(PurePosixPath(file).stem, ()).words) & NO_LABELS:
            continue
        for join in _joins(listing.root, table, file):
            try:
                rows = join_table(listing.root, table.rows, join)
            except DataError:
                break
            found = replace(table, rows=rows)
            added = [column for column in found.columns() if column.name not in own]
            wanted = {column.name for column in added if is_lacking(column)}
            filled = max((column.filled / max(1, len(column.values)) for column in added), default=0)
            if wanted and filled >= ENOUGH:
                unwanted = {column.name for column in added if not names_subgroup(column)} - wanted
                return replace(found, unused=table.unused | unwanted)
    return table


def _joins(root: Path, table: ImageColumn, file: str) -> Iterator[Join]:
    """The ways to join a table: by a column of the same name, or by the one that names images."""
    try:
        other = read_rows(root, [file])
    except DataError:
        return
    keys = [name for name in other.columns if _are_keys(other.column(name))]
    yield from (Join(file=file, key=name, column=name) for name in keys if name in table.rows.columns)
    words = {name: {*Column(name, ()).words} for name in keys}
    images = [name for name in keys if name != table.name and words[name] & IMAGE_WORDS]
    yield from (Join(file=file, key=name, column=table.name) for name in images)


def _are_keys(values: list[str]) -> bool:
    """Whether each row has another value."""
    return len(values) > 1 and len(set(values) - {""}) == len(values)
