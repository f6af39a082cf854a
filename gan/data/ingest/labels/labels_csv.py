"""Read a labels.csv: columns `file`, then `class` or any number of 0/1 attributes, and optional `split` and `group`."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import Kind
from gan.data.info import check_names
from gan.errors import DataError

COLUMNS = "Columns: `file`, then either `class` or attributes of 0 and 1; optionally `split` and `group`."
SPLIT_NAMES = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip


@dataclass(frozen=True)
class Labels:
    """The rows of a labels.csv: `files` (N), `conditions` uint8 (N, K), `split` and `group` (N), "" if unknown."""

    files: list[str]
    conditions: NDArray[np.uint8]
    names: tuple[str, ...]
    kind: Kind
    split: list[str]
    group: list[str]


def read_labels(path: Path) -> Labels:
    """The table in a file; raises DataError that names the wrong line and what is allowed."""
    header, rows = _table(path)
    if "file" not in header:
        raise DataError(f"{path.name} has no column `file`; it has {', '.join(header) or 'none'}. {COLUMNS}")
    attributes = [name for name in header if name not in ("file", "class", "split", "group", "")]
    if "class" in header and attributes:
        raise DataError(f"{path.name} has a column `class` and also {', '.join(attributes)}. {COLUMNS}")
    if "class" not in header and not attributes:
        raise DataError(f"{path.name} has no labels. {COLUMNS}")
    check_names(attributes, "attributes")
    if not rows:
        raise DataError(f"{path.name} has no rows. Add one for each image.")
    seen: dict[str, int] = {}
    for line, row in rows:
        file = _relative(row["file"], f"Line {line} of {path.name}")
        if file in seen:
            raise DataError(f"Lines {seen[file]} and {line} of {path.name} both name {file}. Keep one.")
        seen[file] = line
    names, conditions = _classes(path, rows) if "class" in header else _attributes(path, rows, attributes)
    return Labels(
        files=list(seen),
        conditions=conditions,
        names=names,
        kind="class" if "class" in header else "attributes",
        split=[_split(row.get("split", ""), f"Line {line} of {path.name}") for line, row in rows],
        group=[row.get("group", "") for _, row in rows],
    )


def _table(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Column names, and the rows, each with the number of its first line. Commas or semicolons separate values.

    Only LF, CR and CRLF end a line: a form feed or U+2028 is part of a value.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is not UTF-8 text. Save it as CSV UTF-8.") from None
    _, names = next(records := _records(path.name, text), (1, []))
    header = [name.strip() for name in names]
    header = [name.lower() if name.lower() in ("file", "class", "split", "group") else name for name in header]
    if len(set(header)) != len(header):
        raise DataError(f"{path.name} has two columns of the same name: {', '.join(header)}.")
    rows = []
    for line, values in records:
        if not any(value.strip() for value in values):
            continue
        if len(values) != len(header):
            raise DataError(f"Line {line} of {path.name} has {len(values)} values for {len(header)} columns.")
        rows.append((line, dict(zip(header, (value.strip() for value in values), strict=True))))
    return header, rows


def _records(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV, each with the number of its first line; raises DataError for an unbalanced quote."""
    lines = io.StringIO(text, newline="")  # keeps line ends, which quoted values may hold
    first = lines.readline()
    lines.seek(0)
    reader = csv.reader(lines, delimiter=";" if first.count(";") > first.count(",") else ",", strict=True)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # strict: else an unbalanced quote would swallow the next lines
            raise DataError(
                f"Line {line} of {name} cannot be read ({error}). A value that starts with a double quote must end "
                "with one; write a quote inside it twice."
            ) from None
        yield line, values


def _relative(file: str, where: str) -> str:
    """A file name as a path relative to the folder; raises DataError if it leads out of it."""
    path = PurePosixPath(file.replace("\\", "/"))
    if not file or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise DataError(f"{where} names the file {file!r}. Use a path relative to the folder of labels.csv.")
    return str(path)


def _classes(path: Path, rows: list[tuple[int, dict[str, str]]]) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    for line, row in rows:
        if not row["class"]:
            raise DataError(f"Line {line} of {path.name} has no class for {row['file']}.")
    names = tuple(sorted({row["class"] for _, row in rows}))
    index = {name: position for position, name in enumerate(names)}
    return names, np.eye(len(names), dtype=np.uint8)[[index[row["class"]] for _, row in rows]]


def _attributes(
    path: Path, rows: list[tuple[int, dict[str, str]]], attributes: list[str]
) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    for line, row in rows:
        wrong = next((name for name in attributes if row[name] not in ("0", "1")), None)
        if wrong is not None:
            raise DataError(
                f"Line {line} of {path.name} has {wrong} = {row[wrong] or 'nothing'}. Use 0 or 1. {COLUMNS}"
            )
    return tuple(attributes), np.array([[int(row[name]) for name in attributes] for _, row in rows], dtype=np.uint8)


def _split(text: str, where: str) -> str:
    if text and text.lower() not in SPLIT_NAMES:
        raise DataError(f"{where} has the split {text}. Use train, val or test, or leave it empty.")
    return SPLIT_NAMES[text.lower()] if text else ""
