"""Apply a TableReading: the label, group and split of each image, and a finding for all that is left out."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import Kind
from gan.data.ingest.checks.report import Finding, FindingKey, Level, first_few
from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels.cell_values import merge_spellings, plain_values
from gan.data.ingest.labels.label_encodings import EMPTY, ENCODINGS, UNCERTAIN, EncodedLabels
from gan.data.ingest.labels.matches import Matches
from gan.data.ingest.labels.reading import Reading, TableReading, Unclear
from gan.data.ingest.labels.subgroups import subgroup_values
from gan.data.ingest.labels.table_rows import Rows, image_names, read_rows, table_names
from gan.errors import DataError

WARNING: Level = "warning"
NOTE: Level = "note"
ANSWERS = "0, 1, a reason to leave the image out, or an image without a label"


@dataclass(frozen=True)
class TableLabels:
    """What tables say about N images.

    conditions  uint8 (N, K) of the K `names`, zeros without a label
    labelled    bool (N,), whether an image has a label
    left_out    bool (N,), images that an empty, uncertain or contradicting label takes out
    group       (N,) names of groups, "" without one
    split       (N,) what the split column or the table's name says, "" without it; `split_word` reads it
    subgroups   (N,) values of each subgroup, "" where missing
    findings    all that is left out or not as it seems, and `choose-reading` for labels that are not decided
    """

    conditions: NDArray[np.uint8]
    names: tuple[str, ...]
    kind: Kind
    labelled: NDArray[np.bool_]
    left_out: NDArray[np.bool_]
    group: tuple[str, ...]
    split: tuple[str, ...]
    subgroups: dict[str, tuple[str, ...]]
    findings: tuple[Finding, ...]


def labels_from_table(listing: Listing, images: Sequence[str], reading: Reading) -> TableLabels:
    """The labels of N images by `reading.table`.

    Raises DataError for a table that cannot be read or lacks a column, and for a value that is no label.
    """
    table = reading.table
    if table is None:
        raise DataError("The reading names no table. Choose a table, and its columns for images and labels.")
    rows = read_rows(listing.root, table.files, table.header, table.joins)
    matches = image_names(listing.root, tuple(images)).match(rows.column(table.image), rows.folders(images))
    if not matches.matched:
        named, files = [value for value in rows.column(table.image) if value], first_few(list(table.files))
        raise DataError(
            f"None of the {len(named):,} images that column {table.image} of {files} names exists "
            f"({first_few(named)}). The images are called {first_few(list(images))}."
        )
    columns = {name: plain_values(rows.column(name)) for name in (table.group, table.split) if name}
    split = columns.get(table.split) or (rows.per_row(table_names(table.files)) if table.split_by_table else [])
    group, splits = _of_images(matches.row, columns.get(table.group, [])), _of_images(matches.row, split)
    subgroups = {
        name: _of_images(matches.row, subgroup_values(name, column, rows.column(column)))
        for name, column in table.subgroups.items()
    }
    if not table.labels:
        return _without_labels(group, splits, subgroups, _matching_findings(rows, matches, images, reading))
    encoded = _encode(table, rows, matches, reading)
    labelled, left_out, values, findings = _decide(encoded, table, matches, reading)
    spellings = _spelling_findings(encoded, table, reading)
    return TableLabels(
        conditions=((values == 1) & (labelled & ~left_out)[:, None]).astype(np.uint8),
        names=encoded.names,
        kind="class" if table.encoding in ("class", "one-hot") else "attributes",
        labelled=labelled,
        left_out=left_out,
        group=group,
        split=splits,
        subgroups=subgroups,
        findings=(*_matching_findings(rows, matches, images, reading), *findings, *spellings),
    )


def _without_labels(
    group: tuple[str, ...], split: tuple[str, ...], subgroups: dict[str, tuple[str, ...]], findings: list[Finding]
) -> TableLabels:
    """What tables say that name no labels."""
    nothing: NDArray[np.bool_] = np.zeros(len(group), dtype=bool)
    return TableLabels(
        conditions=np.zeros((len(group), 0), dtype=np.uint8),
        names=(),
        kind="class",
        labelled=nothing,
        left_out=nothing.copy(),
        group=group,
        split=split,
        subgroups=subgroups,
        findings=tuple(findings),
    )


def _of_images(row: NDArray[np.int64], values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values[position] if position >= 0 and values else "" for position in row.tolist())


def _encode(table: TableReading, rows: Rows, matches: Matches, reading: Reading) -> EncodedLabels:
    """The labels by the table's encoding; raises DataError if it has no label at all."""
    columns, files = ", ".join(table.labels), first_few(list(table.files))
    if table.encoding in ("class", "several") and len(table.labels) > 1:
        raise DataError(f"Choose one column of labels, not {columns}, or take them as attributes or one-hot classes.")
    encoded = ENCODINGS[table.encoding](table, rows, matches, reading.rename)
    if not encoded.names:
        raise DataError(f"Column {columns} of {files} holds no labels. Choose another column.")
    return encoded


def _decide(
    encoded: EncodedLabels, table: TableReading, matches: Matches, reading: Reading
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int8], list[Finding]]:
    """Images labelled and left out (N,), labels (N, K) and findings, by the answers for unclear labels."""
    labelled, values = matches.row >= 0, encoded.values.copy()
    left_out = np.zeros_like(labelled)
    findings = []
    if encoded.contradicting:
        left_out[encoded.contradicting] = True
        text = f"{len(encoded.contradicting):,} images have several classes."
        action = "Left out. To keep them, take the classes as attributes, of which an image may have several."
        findings.append(Finding("contradicting-rows", "warning", text, action))
    is_class = table.encoding in ("class", "one-hot")
    unclear: tuple[tuple[FindingKey, str, int, Unclear], ...] = (
        ("empty-labels", "empty", EMPTY, table.empty or ("unlabelled" if is_class else "")),
        ("uncertain-labels", "uncertain (-1)", UNCERTAIN, table.uncertain),
    )
    rows = matches.row >= 0
    for key, name, code, answer in unclear:
        cells = (values == code) & rows[:, None]
        images = cells.any(axis=1)
        if not images.any():
            continue
        labels = int(images.sum()) if is_class or table.encoding == "several" else int(cells.sum())
        text = f"{labels:,} labels of {int(images.sum()):,} images are {name}."
        if not answer:
            findings.append(Finding("choose-reading", "error", text, f"Choose what they mean: {ANSWERS}."))
            continue
        if is_class and answer in ("zero", "one"):
            raise DataError(f"{text} Such an image has no class: choose to leave it out, or to keep it unlabelled.")
        left_out |= images & (answer == "leave-out")
        labelled &= ~(images & (answer == "unlabelled"))
        values[cells] = answer == "one"
        findings.append(_answered(key, text, answer, reading))
    return labelled, left_out, values, findings


def unlabelled_finding(key: FindingKey, text: str, reading: Reading) -> Finding:
    """That there are images without a label, as `text` says, and what a reading does with them."""
    if reading.unlabelled == "keep":
        return Finding(key, "note", text, "Kept without a label.")
    return Finding(key, "warning", text, "Left out. They can be kept as unlabelled images.", "--keep-unlabelled")


def _answered(key: FindingKey, text: str, answer: Unclear, reading: Reading) -> Finding:
    """That labels are unclear, as `text` says, and what the answer does with them."""
    if answer in ("zero", "one"):
        return Finding(key, "note", text, f"They count as {int(answer == 'one')}.")
    if answer == "leave-out":
        return Finding(key, "warning", text, "These images are left out.")
    return unlabelled_finding(key, text, reading)


def _spelling_findings(encoded: EncodedLabels, table: TableReading, reading: Reading) -> list[Finding]:
    """Names that differ only in case or spaces: merged by the reading, or different labels."""
    if table.encoding not in ("class", "several"):
        return []
    counts = (encoded.values == 1).sum(axis=0).tolist()
    alike = merge_spellings([name for name, count in zip(encoded.names, counts, strict=True) for _ in range(count)])
    merged = {name: new for name, new in alike.items() if reading.rename.get(name) == new}
    findings = []
    for pairs, level, action in (
        ({name: new for name, new in alike.items() if name not in merged}, WARNING, "Rename one to merge them."),
        (merged, NOTE, "Merged."),
    ):
        if pairs:
            listed = first_few([f"{name!r} and {new!r}" for name, new in pairs.items()])
            text = f"Labels that differ only in case or spaces: {listed}."
            findings.append(Finding("class-names-alike", level, text, action))
    return findings


def _matching_findings(rows: Rows, matches: Matches, images: Sequence[str], reading: Reading) -> list[Finding]:
    """How rows and images found each other, and which did not."""
    table = reading.table
    assert table is not None
    files = first_few(list(table.files))
    values = rows.column(table.image)
    findings = [Finding("table-read-otherwise", "note", notice) for notice in rows.notices]
    if matches.missing:
        named = list(dict.fromkeys(values[row] for row in matches.missing))
        text = f"Missing files named in {files} ({len(named):,}): {first_few(named)}."
        findings.append(Finding("missing-files", "warning", text, "Left out."))
    if matches.ambiguous:
        named = list(dict.fromkeys(values[row] for row in matches.ambiguous))
        text = f"Names in {files} that fit several images ({len(named):,}): {first_few(named)}."
        action = "Left out. Write them with their folders, as the images lie in the set."
        findings.append(Finding("ambiguous-rows", "warning", text, action))
    unnamed = [images[position] for position in np.flatnonzero(matches.row < 0).tolist()]
    if unnamed and table.labels:
        text = f"Images not named in {files} ({len(unnamed):,}): {first_few(unnamed)}."
        findings.append(unlabelled_finding("unlabelled-images", text, reading))
    if matches.repeated:
        text = f"Images named by several rows of {files} ({matches.repeated:,})."
        findings.append(Finding("repeated-rows", "note", text, "Each is one image."))
    ways: dict[str, list[int]] = defaultdict(list)
    for position, found in enumerate(matches.way):
        if found in ("other case", "other extension", "leading zeros"):
            ways[found].append(position)
    for way, positions in ways.items():
        first = positions[0]
        text = f"{files} names {len(positions):,} images with {way}: {values[matches.row[first]]} is {images[first]}."
        findings.append(Finding("names-differ", "note", text))
    used = {table.image, *table.labels, table.group, table.split, *table.subgroups.values()}
    used |= {join.column for join in table.joins}
    unused = [name for name in rows.columns if name not in used]
    if unused:
        text = f"Columns of {files} that are not used ({len(unused):,}): {first_few(unused)}."
        findings.append(Finding("unused-columns", "note", text))
    return findings
