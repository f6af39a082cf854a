"""Find the tables of a folder that name its images, and the column that does."""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gan.data.ingest.checks.report import Finding, first_few
from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.columns import Column, class_rank
from gan.data.ingest.labels.matches import Matches
from gan.data.ingest.labels.path_names import is_image_name
from gan.data.ingest.labels.row_matching import ImageNames
from gan.data.ingest.labels.table_rows import Rows, image_names, read_rows
from gan.errors import DataError

ENOUGH = 0.3
"""Share of the images, or of the rows, that a column must match to be the one that names images."""
# fmt: off
IMAGE_WORDS = frozenset((
    "file", "filename", "image", "img", "path", "name", "id", "index", "picture", "photo", "bild", "datei", "dateiname",
    "fichier", "archivo", "imagen", "arquivo", "imagem", "文件", "文件名", "图像", "图片", "ファイル", "画像", "файл",
))
# fmt: on
MOST = 0.9
"""Share of the images that a column must match, so that first parts of names are not looked at."""
OVERLAP = 0.05
"""Share of the images of a table up to which another table may name them, too, and still be read with it."""
NO_LABELS = frozenset(("submission", "submissions", "template", "prediction", "predictions", "example"))
"""Words in names of tables whose labels are no truth, such as sample_submission.csv of Kaggle."""
ROUNDED = re.compile(r"\d[.,]\d+E\+\d+", re.IGNORECASE)
"""A long number as Excel writes it."""
FILE_WORDS = IMAGE_WORDS - {"name", "index", "id"}
"""Words in names of columns that certainly name images."""


@dataclass(frozen=True)
class ImageColumn:
    """The column of some tables that names images, and what it matches.

    rivals  other columns that name other images, such as `right_eye` beside `left_eye`
    unused  columns of joined tables that are not wanted
    """

    rows: Rows
    header: bool
    name: str
    matches: Matches
    rivals: tuple[str, ...] = ()
    unused: frozenset[str] = frozenset()

    @property
    def by_folder(self) -> bool:
        """Whether it names folders, patients or studies: what may hold several images."""
        return names_many(self.matches)

    def columns(self) -> list[Column]:
        """The other columns, in the rows that name an image."""
        used = sorted(set(self.matches.pairs[:, 1].tolist()))
        names = [name for name in self.rows.columns if name != self.name and name not in self.unused]
        return [Column(name, tuple(map(self.rows.column(name).__getitem__, used))) for name in names]

    def joined_with(self, others: "Sequence[ImageColumn]", root: Path, names: ImageNames) -> "ImageColumn":
        """The rows of this and other tables in which the column has the same name."""
        files = [file for column in (self, *others) for file in column.rows.files]
        rows = read_rows(root, files, self.header)
        matches = names.match(rows.column(self.name), rows.folders(names.paths))
        return ImageColumn(rows, self.header, self.name, matches, self.rivals)

    def overlaps(self, other: "ImageColumn") -> bool:
        """Whether both name more than a few of the same images."""
        ours, theirs = set(self.matches.pairs[:, 0].tolist()), set(other.matches.pairs[:, 0].tolist())
        return len(ours & theirs) > OVERLAP * min(len(ours), len(theirs))


def names_many(matches: Matches) -> bool:
    """Whether values name folders, patients or studies: what may hold several images."""
    return not {"folder", "patient or study", "start of the name"}.isdisjoint(matches.way)


def unused_tables(listing: Listing, used: Iterable[str] = ()) -> list[Finding]:
    """Findings about tables that are not read: damaged, of other images, or not needed.

    `used` are those of the chosen reading.
    """
    names = image_names(listing.root, listing.images)
    findings = []
    others = []
    for file in sorted(set(listing.tables) - set(used)):
        is_text = file.lower().endswith((".txt", ".json"))  # many of them are no tables
        try:
            rows = read_rows(listing.root, [file])
        except DataError as error:
            if not is_text:
                action = "Mend it, or take it out of the folder if it names no labels."
                findings.append(Finding("unreadable-table", "warning", str(error), action))
            else:
                others.append(file)
            continue
        if is_text:
            others.append(file)
            continue
        if not rows.count:
            findings.append(Finding("table-without-labels", "note", f"{file} has a header, but no rows."))
            continue
        named = [name for name in map(str, rows.frames[0].columns) if _names_files(name, rows)]
        found = _best_column(rows, names)
        if found:
            more = [name for name in rows.columns if name != found[0]]
            holds = f"its other columns ({first_few(more)}) hold no" if more else "it has no column of"
            text = f"{file} names {found[1].matched:,} images, but {holds} classes, 0/1 labels or groups that are used."
            findings.append(Finding("table-without-labels", "note", text))
        elif named:
            findings.append(_unmatched(file, named[0], rows, names, listing))
        else:
            others.append(file)
    if others:
        text = f"Tables that are not used ({len(others):,}): {first_few(others)}."
        findings.append(Finding("unused-tables", "note", text, "Left out."))
    return findings


def _names_files(column: str, rows: Rows) -> bool:
    """Whether a column is meant to name images: by its own name, or as an `id` that differs in each row."""
    words = set(Column(column, ()).words)
    values = rows.column(column)
    unique = len(set(values)) == len(values) > 1
    return bool(words & FILE_WORDS) or (words <= {"id", "index"} and (unique or any(map(ROUNDED.fullmatch, values))))


def _unmatched(file: str, column: str, rows: Rows, names: ImageNames, listing: Listing) -> Finding:
    """The finding about a table whose column for images names too few of them."""
    values = [value for value in rows.column(column) if value]
    matches = names.match(values, rows.folders(names.paths))
    called = f"The images are called {first_few(list(listing.images[:3]))}."
    if matches.ambiguous:
        fitting = first_few([values[row] for row in matches.ambiguous])
        text = f"Names in column {column} of {file} fit several images ({len(matches.ambiguous):,}): {fitting}."
        return Finding("ambiguous-rows", "warning", text, f"{called} Write the names with their folders.")
    text = f"Column {column} of {file} names {matches.matched or 'none'} of the images: it holds {first_few(values)}."
    rounded = any(map(ROUNDED.fullmatch, values))
    hint = " Excel has rounded them: give the column the format Text, and enter them again." if rounded else ""
    return Finding("table-without-labels", "warning", text, f"{called} Correct the names to use the table.{hint}")


def image_columns(listing: Listing, names: ImageNames) -> list[ImageColumn]:
    """The tables that name images. Those with the same columns, or columns of labels, and other images are one."""
    by_columns: dict[tuple[str, ...], list[ImageColumn]] = defaultdict(list)
    for file in listing.tables:
        if set(Column(PurePosixPath(file).stem, ()).words) & NO_LABELS:
            continue
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
                by_columns[(str(header), *sorted(columns))].append(entry)
            break
    tables = [table for entries in by_columns.values() for table in _joined(listing, entries, names)]
    joined: list[ImageColumn] = []
    for table in sorted(tables, key=lambda table: -table.matches.matched):
        partner = next((at for at, other in enumerate(joined) if _have_equal_labels(table, other)), None)
        if partner is None:
            joined.append(table)
        else:
            joined[partner] = joined[partner].joined_with([table], listing.root, names)
    return joined


def _have_equal_labels(first: ImageColumn, second: ImageColumn) -> bool:
    """Whether two tables with different columns have the same ones for images and labels, and name different images."""
    if (first.name, first.header) != (second.name, second.header) or first.overlaps(second):
        return False
    labels, others = (
        {column.name for column in table.columns() if class_rank(column) >= 1 or column.is_attribute}
        for table in (first, second)
    )
    return bool(labels) and labels == others


def _is_row(header: list[str], names: ImageNames) -> bool:
    """Whether what should be the names of columns is a row that names an image."""
    return any(is_image_name(value) and not value.startswith(".") for value in header) or any(
        names.knows(value) and not set(value.lower().split("_")) & IMAGE_WORDS for value in header
    )


def _best_column(rows: Rows, names: ImageNames) -> tuple[str, Matches, tuple[str, ...]] | None:
    """The column that names the most images, by file name if any does, else by folder; and its rivals."""
    columns = [str(name) for name in rows.frames[0].columns]
    candidates = [name for name in columns if any(map(names.knows, set(rows.column(name)) - {""}))]
    candidates = candidates or [name for name in columns if names.identifies(set(rows.column(name)))]
    scored = _scored_columns(rows, names, candidates)
    if not scored or scored[0][1].matched < MOST * len(names.paths):
        starts = [name for name in columns if any(map(names.begins, set(rows.column(name)) - {""}))]
        begun = [pair for pair in _scored_columns(rows, names, starts) if names_many(pair[1])]
        if begun and (not scored or begun[0][1].matched >= 1.5 * scored[0][1].matched):
            scored = begun
    if not scored:
        return None
    best, matches = scored[0]
    mine = matches.row >= 0
    rivals = [
        name
        for name, other in scored[1:]
        if 2 * other.matched >= matches.matched and not names_many(other)
        if 2 * int((mine & (other.row >= 0)).sum()) < other.matched
    ]
    return best, matches, tuple(rivals)


def _scored_columns(rows: Rows, names: ImageNames, candidates: Sequence[str]) -> list[tuple[str, Matches]]:
    """The columns that name enough images, best first."""
    found: list[tuple[tuple[bool, int, int, bool], str, Matches]] = []
    for name in candidates:
        values = rows.column(name)
        different = set(values) - {""}
        matches = names.match(values, rows.folders(names.paths))
        by_folder = names_many(matches)
        claimed = len(set(matches.pairs[:, 1].tolist()))
        unique = len(different) / max(1, len(values))
        many_images = matches.matched >= ENOUGH * len(names.paths)
        many_rows = claimed >= ENOUGH * len(values) and unique >= 0.5 and len(different) > 1
        if (by_folder and unique < 0.9) or not (many_images or many_rows):
            continue
        if not by_folder and len(different) < matches.matched:
            continue
        hinted = bool(set(Column(name, ()).words) & IMAGE_WORDS)
        found.append(((not by_folder, matches.matched, -matches.repeated, hinted), name, matches))
    found.sort(key=lambda entry: entry[0], reverse=True)
    return [(name, matches) for _, name, matches in found]


def _joined(listing: Listing, entries: list[ImageColumn], names: ImageNames) -> list[ImageColumn]:
    """Tables with equal columns as one, if they name different images; else each by itself, equal ones once."""
    kept: list[ImageColumn] = []
    for entry in entries:
        same = (other for other in kept if entry.rows.frames[0].equals(other.rows.frames[0]))
        if not any((entry.matches.row == other.matches.row).all() for other in same):
            kept.append(entry)
    if len(kept) == 1 or len({entry.name for entry in kept}) > 1:
        return kept
    if any(first.overlaps(second) for first, second in itertools.combinations(kept, 2)):
        return kept
    return [kept[0].joined_with(kept[1:], listing.root, names)]
