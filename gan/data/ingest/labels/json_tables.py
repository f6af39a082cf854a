"""Read JSON files that name labels: records, columns, StyleGAN's dataset.json, COCO and Label Studio.

Records are `(number, values)`, the first of them the header, as `delimited` has them.
"""

import json
import math
import re
from collections import defaultdict
from typing import Any

from gan.data.ingest.labels.delimited import Record
from gan.errors import DataError

LABEL_STUDIO_UPLOAD = re.compile(r"^/?data/upload/(?:\d+/)?(?:[0-9a-f]{8}-)?|^/?data/local-files/\?d=")
"""What Label Studio writes before the name of an uploaded image."""
SEPARATORS = "|;/"
"""Between the values of a list in one cell; the first that no value contains."""
READ = "Records, StyleGAN's dataset.json, COCO and Label Studio are read."


def cell_text(value: object) -> str:
    """A value of JSON, Excel or Parquet as the text of a cell: "" for nothing, 1 for 1.0, `|` between list items."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple):
        return join_labels([cell_text(item) for item in value])
    if isinstance(value, dict):
        return cell_text(value["choices"]) if value.keys() == {"choices"} else json.dumps(value)
    return str(value).strip()


def join_labels(labels: list[str]) -> str:
    """Labels in one cell."""
    separator = next((mark for mark in SEPARATORS if not any(mark in label for label in labels)), SEPARATORS[0])
    return separator.join(labels)


def jsonl_records(name: str, text: str) -> list[Record]:
    """The records of a JSON-lines file, whose number is their line; raises DataError by line."""
    objects = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if not line.strip():
            continue
        value = _parse(name, line, number)
        if not isinstance(value, dict):
            raise DataError(f"Line {number} of {name} is no JSON object: write one for each image.")
        objects.append((number, value))
    return _records(objects)


def json_records(name: str, text: str) -> list[Record]:
    """The records of a JSON file in any form that is known; raises DataError for others."""
    document = _parse(name, text)
    if isinstance(document, dict):
        return _document_records(name, document)
    if isinstance(document, list) and document and all(isinstance(item, dict) for item in document):
        if any("annotations" in item and isinstance(item.get("data"), dict) for item in document):
            document = [_label_studio_task(item) for item in document]
        return _records([(number, _without_upload(item)) for number, item in enumerate(document, 1)])
    raise DataError(f"{name} is not a table of labels. {READ}")


def _parse(name: str, text: str, line: int = 0) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"Line {line or error.lineno} of {name} is not JSON ({error.msg}). Write it again.") from None
    except RecursionError:
        raise DataError(f"{name} is nested too deeply to be a table of labels. {READ}") from None


def _document_records(name: str, document: dict[str, Any]) -> list[Record]:
    """Records of a JSON object: a known form, columns by name, or labels by file name."""
    labels = document.get("labels")
    if "labels" in document and (labels is None or _are_pairs(labels)):
        return _stylegan(labels or [])
    if all(isinstance(document.get(key), list) for key in ("images", "annotations", "categories")):
        return _coco(name, document)
    if not document:
        raise DataError(f"{name} is empty. {READ}")
    values = list(document.values())
    lists = [value for value in values if isinstance(value, list) and value and isinstance(value[0], dict)]
    if len(lists) == 1 and all(isinstance(item, dict) for item in lists[0]):  # such as {"data": [{...}, ...]}
        return _records(list(enumerate(lists[0], 1)))
    if all(isinstance(value, dict) for value in values):  # columns of pandas.DataFrame.to_json, or records by name
        keys = [tuple(value) for value in values]
        if len(set(keys)) == 1 and all(key.isdigit() for key in keys[0]):
            columns = {column: list(value.values()) for column, value in document.items()}
            return _columns(columns)
        return _records([(number, {"name": key, **document[key]}) for number, key in enumerate(document, 1)])
    if all(isinstance(value, list) for value in values) and len({len(value) for value in values}) == 1 and values[0]:
        columns = dict(document)
        return _columns(columns)
    if all(isinstance(value, str | int | float | list) for value in values):
        rows = [(number, [key, cell_text(value)]) for number, (key, value) in enumerate(document.items(), 1)]
        return [(0, ["name", "label"]), *rows]
    raise DataError(f"{name} is not a table of labels. {READ}")


def _are_pairs(labels: object) -> bool:
    return isinstance(labels, list) and all(
        isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in labels
    )


def _stylegan(labels: list[list[Any]]) -> list[Record]:
    """`[[file, class], ...]`, or `[[file, [0, 1, ...]], ...]` with a column for each place."""
    vectors = [label if isinstance(label, list) else [label] for _, label in labels]
    width = max(map(len, vectors), default=0)
    header = ["file", *(["label"] if width == 1 else [f"label {place}" for place in range(width)])]
    rows = [
        (number, [file, *(cell_text(value) for value in vector), *[""] * (width - len(vector))])
        for number, ((file, _), vector) in enumerate(zip(labels, vectors, strict=True), 1)
    ]
    return [(0, header), *rows]


def _coco(name: str, document: dict[str, Any]) -> list[Record]:
    """The categories of the annotations of each image, in one cell; no such column if nothing is annotated."""
    try:
        names = {category["id"]: str(category["name"]) for category in document["categories"]}
        of_image: dict[object, dict[str, None]] = defaultdict(dict)  # a set in order
        for annotation in document["annotations"]:
            of_image[annotation["image_id"]][names[annotation["category_id"]]] = None
        images = [(str(image["file_name"]), of_image.get(image["id"], {})) for image in document["images"]]
    except (KeyError, TypeError) as error:
        raise DataError(f"{name} is not whole COCO: {error} is missing or wrong. Export it again.") from None
    if not document["annotations"]:
        return [(0, ["file_name"]), *((number, [file]) for number, (file, _) in enumerate(images, 1))]
    separator = next((mark for mark in SEPARATORS if not any(mark in text for text in names.values())), SEPARATORS[0])
    rows = [(number, [file, separator.join(labels)]) for number, (file, labels) in enumerate(images, 1)]
    return [(0, ["file_name", "categories"]), *rows]


def _label_studio_task(task: dict[str, Any]) -> dict[str, Any]:
    """A task of Label Studio's JSON export as a record: the data, and the choices of the last annotation."""
    record = {key: value for key, value in (task.get("data") or {}).items() if not isinstance(value, dict)}
    done = [item for item in task.get("annotations") or [] if isinstance(item, dict) and not item.get("was_cancelled")]
    for result in (done[-1].get("result") or []) if done else []:
        value = result.get("value") if isinstance(result, dict) else None
        if isinstance(value, dict) and "choices" in value:
            record[str(result.get("from_name", "choice"))] = value["choices"]
    return record


def _without_upload(record: dict[str, Any]) -> dict[str, Any]:
    return {
        key: LABEL_STUDIO_UPLOAD.sub("", value) if isinstance(value, str) else value for key, value in record.items()
    }


def _records(objects: list[tuple[int, dict[str, Any]]]) -> list[Record]:
    """Objects as a header and rows; keys of any object are columns."""
    columns = list(dict.fromkeys(key for _, item in objects for key in item))
    rows = [(number, [cell_text(item.get(column)) for column in columns]) for number, item in objects]
    return [(0, columns), *rows]


def _columns(columns: dict[str, list[Any]]) -> list[Record]:
    rows = [list(map(cell_text, values)) for values in zip(*columns.values(), strict=True)]
    return [(0, list(columns)), *enumerate(rows, 1)]
