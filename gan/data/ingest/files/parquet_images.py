"""Read images and labels from a parquet file as Hugging Face's `datasets` writes them: the bytes of image files."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gan.config import settings
from gan.data.ingest.files.contained_image import ContainedImage
from gan.data.ingest.labels.split_words import split_word
from gan.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

IMAGE_NAMES = ("image", "img", "images", "picture", "photo", "pixels", "jpg", "png", "bytes")
LABEL_NAMES = ("label", "labels", "class", "class_name", "classes", "category", "target", "diagnosis", "dx", "y")
GROUP_NAME = re.compile(r"(patient|subject|case|study|lesion|slide|participant|person|group)[ _]?(id)?", re.IGNORECASE)
SUFFIXES = {
    b"\x89PNG": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"GIF8": ".gif",
    b"BM": ".bmp",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
    b"RIFF": ".webp",
    b"\0\0\0\x0cjP": ".jp2",
}
"""Suffixes of image files by their first bytes."""
BATCH = 16
"""Rows read at a time."""


@dataclass(frozen=True)
class _Columns:
    """The columns that are read. `names` are those of the classes of an integer label column, or empty."""

    image: str
    labels: tuple[str, ...]
    names: tuple[str, ...]
    group: str
    split: str


def has_images(path: Path) -> bool:
    """Whether a parquet file has a column of images. Reads its last bytes alone."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            return bool(_image_columns(file.schema_arrow))
    except (pa.ArrowException, OSError, ValueError):
        return False


def read_parquet(path: Path, shown_as: str) -> Iterator[ContainedImage]:
    """The images of a parquet file. Raises DataError for other columns, naming them; messages call it `shown_as`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            size = sum(file.metadata.row_group(group).total_byte_size for group in range(file.num_row_groups))
            if size > settings.upload_limit():
                raise DataError(f"{shown_as} unpacks to {size // 1_000_000:,} MB, more than the limit of an upload.")
            columns = _columns(file.schema_arrow, shown_as)
            split = _split(shown_as)
            wanted = [name for name in (columns.image, *columns.labels, columns.group, columns.split) if name]
            done = 0
            for batch in file.iter_batches(BATCH, columns=wanted):
                for row in batch.select(wanted).to_pylist():
                    yield _image(row, columns, split, f"Row {done + 1} of {shown_as}", done / file.metadata.num_rows)
                    done += 1
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise DataError(f"{shown_as} is no complete parquet file ({error}). Save it again.") from None


def _image_columns(schema: "pa.Schema") -> list[str]:
    """The columns that hold image files, those named like images first."""
    import pyarrow as pa

    names = []
    for column in schema:
        is_struct = pa.types.is_struct(column.type) and column.type.get_field_index("bytes") >= 0
        is_binary = pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)
        if is_struct or (is_binary and column.name.lower() in IMAGE_NAMES):
            names.append(column.name)
    return sorted(names, key=lambda name: name.lower() not in IMAGE_NAMES)


def _columns(schema: "pa.Schema", shown_as: str) -> _Columns:
    """Which columns to read; raises DataError if none has images, or it is unclear which has labels."""
    import pyarrow as pa

    images = _image_columns(schema)
    if not images:
        names = ", ".join(schema.names[:10])
        raise DataError(f"{shown_as} has no column of images (a struct with `bytes`); its columns are {names}.")
    group = next((name for name in schema.names if GROUP_NAME.fullmatch(name)), "")
    split = next((name for name in schema.names if name.lower() == "split"), "")
    rest = [column for column in schema if column.name not in (*images, group, split)]
    features = _features(schema)
    classes = [column.name for column in rest if _class_names(features.get(column.name))]
    named = [column.name for column in rest if column.name.lower() in LABEL_NAMES]
    numbers = [column.name for column in rest if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)]
    if classes or named:
        labels = (classes or named)[:1]
    elif len(rest) <= 1:
        labels = [column.name for column in rest]
    elif len(numbers) == len(rest):
        labels = numbers
    else:
        names = ", ".join(column.name for column in rest[:10])
        raise DataError(
            f"It is unclear which column of {shown_as} has the labels: {names}. Name it `label`, or save the images "
            "as files with a table."
        )
    names_of_classes = _class_names(features.get(labels[0])) if len(labels) == 1 else ()
    return _Columns(images[0], tuple(labels), names_of_classes, group, split)


def _features(schema: "pa.Schema") -> dict[str, Any]:
    """The types that `datasets` records in the schema, by column; empty if it did not write the file."""
    try:
        document = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = document["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def _class_names(feature: Any) -> tuple[str, ...]:
    """The names of a ClassLabel, or of a list of them."""
    if isinstance(feature, list) and feature:
        feature = feature[0]
    if isinstance(feature, dict) and isinstance(feature.get("feature"), dict):
        feature = feature["feature"]
    names = feature.get("names") if isinstance(feature, dict) else None
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _split(name: str) -> str:
    """The split that the path of a file names, such as data/train-00000-of-00001.parquet."""
    parts = reversed(PurePosixPath(name).with_suffix("").parts)
    return next((split for split in map(split_word, parts) if split), "")


def _image(row: dict[str, Any], columns: _Columns, split: str, where: str, done: float) -> ContainedImage:
    value = row[columns.image]
    content = value.get("bytes") if isinstance(value, dict) else value
    name = str(value.get("path") or "") if isinstance(value, dict) else ""
    if not isinstance(content, bytes):
        raise DataError(
            f"{where} has no bytes of an image{f', only the path {name}' if name else ''}. Save the images with it."
        )
    suffix = next((suffix for signature, suffix in SUFFIXES.items() if content.startswith(signature)), ".png")
    group = str(row[columns.group]) if columns.group and row[columns.group] is not None else ""
    if columns.split:
        split = split_word(str(row[columns.split] or "")) or split
    return ContainedImage(content, suffix, name.replace("\\", "/"), _labels(row, columns, where), split, group, done)


def _labels(row: dict[str, Any], columns: _Columns, where: str) -> dict[str, str] | None:
    if not columns.labels:
        return None
    if len(columns.labels) != 1:
        return {name: str(int(row[name] or 0)) for name in columns.labels}
    value = row[columns.labels[0]]
    if isinstance(value, list):
        return {_class_name(label, columns, where): "1" for label in value}
    if value is None or (columns.names and value == -1):  # `datasets` marks images without a label by -1
        return None
    return {"class": _class_name(value, columns, where)}


def _class_name(value: Any, columns: _Columns, where: str) -> str:
    """The name of a class, given by name or number."""
    if columns.names and isinstance(value, int):
        if not 0 <= value < len(columns.names):
            raise DataError(f"{where} has the class number {value}, but there are {len(columns.names)} classes.")
        return columns.names[value]
    return str(value)
