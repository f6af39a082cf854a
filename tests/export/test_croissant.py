"""croissant.json as MLCommons' own validator and reader takes it."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gan.config import settings
from gan.export.request import ExportRequest
from gan.export.writer import write_export
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.celeba import write_celeba

SCRIPT = """
import json, sys
import mlcroissant
for folder in sys.argv[1:]:
    dataset = mlcroissant.Dataset(jsonld=f"{folder}/croissant.json")
    assert not dataset.metadata.ctx.issues.errors and not dataset.metadata.ctx.issues.warnings, folder
    records = [
        {field.partition("/")[2]: value.decode() if isinstance(value, bytes) else getattr(value, "size", value)
         for field, value in record.items()}
        for record in dataset.records("images")
    ]
    print(json.dumps(records, default=int))
"""


def read(*folders: Path) -> list[list[dict[str, Any]]]:
    """The records of each folder as mlcroissant reads them, in a process of its own; fails for any issue it finds."""
    command = [sys.executable, "-c", SCRIPT, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "labels.csv").read_text().splitlines()))


def test_classes_are_read_with_images_and_labels(tmp_path: Path) -> None:
    run = trained("digits")
    document = json.loads((run.path / "data.json").read_text())
    document["names"][3] = 'grade "2" / mild, or none'
    (run.path / "data.json").write_text(json.dumps(document))
    for format in ("folder", "flat", "npz"):
        items = (('grade "2" / mild, or none', 3), ("7", 1))
        write_export(Run(run.path), ExportRequest(items, format=format, with_near_copies=True), tmp_path / format)
    folder, flat, npz = read(tmp_path / "folder", tmp_path / "flat", tmp_path / "npz")
    for name, records in (("folder", folder), ("flat", flat)):
        labels = {row["file"]: row["class"] for row in rows(tmp_path / name)}
        assert {record["file"]: record["label-0"] for record in records} == labels
        assert [record["image"] for record in records] == [[32, 32]] * 4
    assert [record["label-0"] for record in npz] == [row["class"] for row in rows(tmp_path / "npz")]
    assert [record["row"] for record in npz] == [0, 1, 2, 3]


@pytest.mark.parametrize("download_format", ["folder"])
def test_attributes_are_fields_of_their_own(tmp_path: Path, download_format: str) -> None:
    write_celeba(settings.public_data(), 60)
    run = trained("faces", data__name="celeba", data__attributes="Smiling,Male,Young", data__image_size=32)
    request = ExportRequest((("Smiling=1,Male=0", 3), ("Male=1", 1)), format=download_format, with_near_copies=True)
    write_export(run, request, tmp_path / "faces")
    (records,) = read(tmp_path / "faces")
    values = {row["file"]: [int(row[name]) for name in run.info().names] for row in rows(tmp_path / "faces")}
    assert {record["file"]: [record[f"label-{k}"] for k in range(3)] for record in records} == values
