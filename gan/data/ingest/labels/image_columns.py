"""Find the tables of a folder that name its images, and the column that does."""

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from gan.data.ingest.checks.report import Finding, first_few
from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.columns import Column
from gan.data.ingest.labels.path_names import is_image_name
from gan.data.ingest.labels.row_matching import ImageNames, Matches
from gan.data.ingest.labels.table_rows import Rows, image_names, read_rows
from gan.errors import DataError

ENOUGH = 0.3
"""Share of the images, or of the rows, that a column must match to be the one that names images."""
IMAGE_WORDS = frozenset("file filename image img path name id index picture photo bild datei".split())  # noqa: SIM905
FILE_WORDS = frozenset(("file", "filename", "image", "path"))
"""Words in names of columns that certainly name images."""


@dataclass(frozen=True)
class ImageColumn:
    """The column of some tables that names images, and what it matches."""

    rows: Rows
    header: bool
    name: str
    matches: Matches

    @property
    def by_folder(self) -> bool:
        """Whether it names folders of images, such as patients."""
        return "folder" in self.matches.way

    def columns(self) -> list[Column]:
        """The other columns, in the rows that name an image."""
        used = sorted(set(self.matches.pairs[:, 1].tolist()))
        names = [str(name) for name in self.rows.frames[0].columns if name != self.name]
        return [Column(name, tuple(map(self.rows.column(name).__getitem__, used))) for name in names]


def unused_tables(listing: Listing, used: Iterable[str] = ()) -> list[Finding]:
    """Findings about tables that cannot be read, or name labels of no image. `used` are those of the chosen reading."""
    names = image_names(listing.root, listing.images)
    findings = []
    for file in sorted(set(listing.tables) - set(used)):
        is_text = file.lower().endswith((".txt", ".json"))  # many of them are no tables
        try:
            rows = read_rows(listing.root, [file])
        except DataError as error:
            if not is_text:
                action = "Mend it, or take it out of the folder if it names no labels."
                findings.append(Finding("unreadable-table", "warning", str(error), action))
            continue
        if is_text or not rows.count or PurePosixPath(file).name.startswith("~$"):  # Excel's lock file
            continue
        named = [name for name in map(str, rows.frames[0].columns) if set(Column(name, ()).words) & FILE_WORDS]
        found = _best_column(rows, names)
        if found:
            text = f"{file} names {found[1].matched:,} images, but no labels that are used."
            findings.append(Finding("table-without-labels", "note", text))
        elif named:
            values = [value for value in rows.column(named[0]) if value]
            count = names.match(values).matched
            text = f"Column {named[0]} of {file} names {count or 'none'} of the images: it holds {first_few(values)}."
            action = f"The images are called {first_few(list(listing.images[:3]))}. Correct the names to use the table."
            findings.append(Finding("table-without-labels", "warning", text, action))
    return findings


def image_columns(listing: Listing, names: ImageNames) -> list[ImageColumn]:
    """The tables that name images: one entry for each set of tables with equal columns and different images."""
    by_columns: dict[tuple[str, ...], list[tuple[str, ImageColumn]]] = defaultdict(list)
    for file in listing.tables:
        for header in (True, False):
            try:
                rows = read_rows(listing.root, [file], header)
            except DataError:
                break
            columns = [str(column) for column in rows.frames[0].columns]
            if header and _is_row(columns, names):
                continue
            found = _best_column(rows, names)
            if found and len(columns) > 1:
                entry = ImageColumn(rows, header, *found)
                by_columns[(str(header), *sorted(columns))].append((file, entry))
            break
    return [column for entries in by_columns.values() for column in _joined(listing, entries, names)]


def _is_row(header: list[str], names: ImageNames) -> bool:
    """Whether what should be the names of columns is a row that names an image."""
    return any(is_image_name(value) and not value.startswith(".") for value in header) or any(
        names.knows(value) and not set(value.lower().split("_")) & IMAGE_WORDS for value in header
    )


def _best_column(rows: Rows, names: ImageNames) -> tuple[str, Matches] | None:
    """The column that names the most images, by file name if any does, else by folder."""
    best: tuple[tuple[bool, int, int, bool], str, Matches] | None = None
    for name in map(str, rows.frames[0].columns):
        values = rows.column(name)
        different = set(values) - {""}
        if not any(map(names.knows, different)):
            continue
        matches = names.match(values, rows.folders(names.paths))
        by_folder = "folder" in matches.way
        claimed = len(set(matches.pairs[:, 1].tolist()))
        unique = len(different) / max(1, len(values))
        many_images = matches.matched >= ENOUGH * len(names.paths)
        many_rows = claimed >= ENOUGH * len(values) and unique >= 0.5 and len(different) > 1
        if (by_folder and unique < 0.9) or not (many_images or many_rows):
            continue
        if not by_folder and len(different) < matches.matched:
            continue
        hinted = bool(set(Column(name, ()).words) & IMAGE_WORDS)
        score = (not by_folder, matches.matched, -matches.repeated, hinted)
        if best is None or score > best[0]:
            best = score, name, matches
    return best[1:] if best else None


def _joined(listing: Listing, entries: list[tuple[str, ImageColumn]], names: ImageNames) -> list[ImageColumn]:
    """Tables with equal columns as one, if they name different images; else each by itself, equal ones once."""
    kept: list[tuple[str, ImageColumn]] = []
    for file, entry in entries:
        same = (other for _, other in kept if entry.rows.frames[0].equals(other.rows.frames[0]))
        if not any((entry.matches.row == other.matches.row).all() for other in same):
            kept.append((file, entry))
    if len(kept) == 1 or len({entry.name for _, entry in kept}) > 1:
        return [entry for _, entry in kept]
    images = [set(entry.matches.pairs[:, 0].tolist()) for _, entry in kept]
    if any(len(a & b) > 0.05 * min(len(a), len(b)) for a, b in itertools.combinations(images, 2)):
        return [entry for _, entry in kept]
    first = kept[0][1]
    rows = read_rows(listing.root, [file for file, _ in kept], first.header)
    return [
        ImageColumn(rows, first.header, first.name, names.match(rows.column(first.name), rows.folders(names.paths)))
    ]
