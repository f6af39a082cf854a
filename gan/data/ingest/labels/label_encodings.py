"""Read the labels of images from table columns: one function per encoding of a TableReading."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gan.data.ingest.labels.cell_values import attribute_value, divide_cell, plain_value, plain_values, sorted_names
from gan.data.ingest.labels.matches import Matches
from gan.data.ingest.labels.reading import Encoding, TableReading
from gan.data.ingest.labels.table_rows import Rows
from gan.errors import DataError

UNCERTAIN, EMPTY = -1, -2
"""Labels that are neither 0 nor 1. An image with several rows has the largest label of any."""


@dataclass(frozen=True)
class EncodedLabels:
    """The labels of N images: `values` int8 (N, K) of the K `names` are 1, 0, UNCERTAIN or EMPTY.

    Images without a row are EMPTY. `contradicting` lists those with several classes.
    """

    names: tuple[str, ...]
    values: NDArray[np.int8]
    contradicting: list[int] = field(default_factory=list)


def encode_classes(table: TableReading, rows: Rows, matches: Matches, rename: Mapping[str, str]) -> EncodedLabels:
    """One class in a cell. Two rows of an image may name classes that `rename` makes one."""
    cells = plain_values(rows.column(table.labels[0]))
    pairs = [(image, cells[row]) for image, row in matches.pairs.tolist() if cells[row]]
    names = sorted_names(name for _, name in pairs)
    merged = {name: rename.get(name, name) for name in names}
    chosen: dict[int, str] = {}
    contradicting = {image for image, name in pairs if merged[chosen.setdefault(image, name)] != merged[name]}
    index = {name: position for position, name in enumerate(names)}
    values = np.full((len(matches.row), len(names)), EMPTY, dtype=np.int8)
    values[list(chosen)] = 0
    values[list(chosen), [index[name] for name in chosen.values()]] = 1
    return EncodedLabels(names, values, sorted(contradicting))


def encode_several(table: TableReading, rows: Rows, matches: Matches, rename: Mapping[str, str]) -> EncodedLabels:
    """Any number of attributes in a cell, and in several rows of an image. With a value of `nothing`, all are 0."""
    nothing = {value.lower() for value in table.nothing}
    cells = rows.column(table.labels[0])
    labels = {cell: divide_cell(cell, table.separator) for cell in set(cells)}
    present = {cell: [label for label in listed if label.lower() not in nothing] for cell, listed in labels.items()}
    names = sorted_names(label for row in matches.pairs[:, 1].tolist() for label in present[cells[row]])
    index = {name: position for position, name in enumerate(names)}
    values = np.full((len(matches.row), len(names)), EMPTY, dtype=np.int8)
    for image, row in matches.pairs.tolist():
        if labels[cells[row]]:
            np.maximum(values[image], 0, out=values[image])
            values[image, [index[label] for label in present[cells[row]]]] = 1
    return EncodedLabels(names, values)


def encode_attributes(table: TableReading, rows: Rows, matches: Matches, rename: Mapping[str, str]) -> EncodedLabels:
    """A column of 0 and 1 for each attribute. -1 means 0 if no label is 0 or empty (CelebA), else UNCERTAIN."""
    cells = np.empty((rows.count, len(table.labels)), dtype=np.int8)
    for column, name in enumerate(table.labels):
        texts = rows.column(name)
        meaning = {text: _attribute(name, text, texts, rows) for text in set(texts)}
        cells[:, column] = [meaning[text] for text in texts]
    if not ((cells == 0) | (cells == EMPTY)).any():
        cells[cells == UNCERTAIN] = 0
    values = np.full((len(matches.row), len(table.labels)), EMPTY, dtype=np.int8)
    np.maximum.at(values, matches.pairs[:, 0], cells[matches.pairs[:, 1]])
    return EncodedLabels(table.labels, values)


def encode_one_hot(table: TableReading, rows: Rows, matches: Matches, rename: Mapping[str, str]) -> EncodedLabels:
    """A column of 0 and 1 for each class; an image without a 1 has no class, one with several contradicts.

    Classes without images, such as UNK of ISIC 2019, are left out.
    """
    encoded = encode_attributes(table, rows, matches, rename)
    counts = (encoded.values == 1).sum(axis=1)
    values = np.where((counts == 0)[:, None], EMPTY, np.maximum(encoded.values, 0)).astype(np.int8)
    used = (values == 1).any(axis=0)
    names = tuple(name for name, some in zip(encoded.names, used.tolist(), strict=True) if some)
    return EncodedLabels(names, values[:, used], np.flatnonzero(counts > 1).tolist())


def _attribute(name: str, text: str, texts: list[str], rows: Rows) -> int:
    found = attribute_value(text)
    if found is None and plain_value(text):
        raise DataError(
            f"{rows.describe(texts.index(text))} has {name} = {text}. Use 0 or 1, yes or no, -1 for an uncertain "
            f"label, or leave it empty; or do not choose {name} as a label."
        )
    return EMPTY if found is None else found


ENCODINGS: dict[Encoding, Callable[[TableReading, Rows, Matches, Mapping[str, str]], EncodedLabels]] = {
    "class": encode_classes,
    "one-hot": encode_one_hot,
    "attributes": encode_attributes,
    "several": encode_several,
}
