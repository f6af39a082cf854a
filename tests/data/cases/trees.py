"""Trees of files in memory, written as folders or packed as archives."""

import csv
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.data.cases.pictures import picture

Tree = dict[str, bytes]
"""The content of each file by its path."""


def images(pattern: str, numbers: int | Iterable[Any], make: Callable[[str], bytes] = picture) -> Tree:
    """Images named by a pattern such as `benign/{:03d}.png`, each another picture; `make` gives the bytes by name."""
    names = [pattern.format(number) for number in (range(numbers) if isinstance(numbers, int) else numbers)]
    return {name: make(name) for name in names}


def two_classes(pattern: str = "{}/img{:03d}.png", counts: tuple[int, int] = (12, 14)) -> Tree:
    """Images of `benign` and `malignant`, whose names and numbers replace the fields of the pattern."""
    names = ((name, number) for name, count in zip(CLASSES, counts, strict=True) for number in range(count))
    return {path: picture(path) for path in (pattern.format(name, number) for name, number in names)}


CLASSES = ("benign", "malignant")
TWO = {"benign": 12, "malignant": 14}
"""The labels of `two_classes`."""


def table(
    header: Sequence[object], rows: Iterable[Sequence[object]], delimiter: str = ",", code: str = "utf-8"
) -> bytes:
    """A table as text. An empty header is left out."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerows([*([header] if header else []), *rows])
    return file.getvalue().encode(code)


def json_bytes(document: object) -> bytes:
    return json.dumps(document).encode()


def write_tree(folder: Path, tree: Mapping[str, bytes]) -> Path:
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def zip_of(tree: Mapping[str, bytes], **options: Any) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        for name, content in tree.items():
            archive.writestr(name, content)
    return file.getvalue()


def tar_of(tree: Mapping[str, bytes], compression: str = "gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
        for name, content in tree.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()
