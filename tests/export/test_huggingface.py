"""Hugging Face's own library opens the downloads, with their labels, without network."""

import csv
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from gan.config import settings
from gan.export.request import ExportRequest
from gan.export.writer import write_export
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.celeba import write_celeba

SCRIPT = """
import hashlib, json, sys
import numpy as np
from datasets import ClassLabel, concatenate_datasets, load_dataset
for call in json.loads(sys.argv[1]):
    dataset = concatenate_datasets(list(load_dataset(**call, cache_dir="cache").values()))
    label = dataset.features.get("label")
    rows = [dict(row) for row in dataset]
    for row in rows:
        row["image"] = hashlib.sha256(np.asarray(row["image"]).tobytes()).hexdigest()
        if isinstance(label, ClassLabel):
            row["label"] = label.int2str(row["label"])
    print(json.dumps(rows))
"""


def opened(tmp_path: Path, *folders: str) -> list[list[dict[str, Any]]]:
    """The rows of each folder of `tmp_path` as `load_dataset` gives them, by the builder "imagefolder" and by itself.

    It runs in a process of its own, without the program. An image is the hash of its pixels, a label its name.
    """
    calls: list[dict[str, str]] = []
    for folder in folders:
        calls += [{"path": "imagefolder", "data_dir": folder}, {"path": folder}]
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "USE_TORCH": "0"}
    environment = os.environ | offline | {"HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", SCRIPT, json.dumps(calls)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def labels_in(folder: Path) -> dict[str, str]:
    """The class of each image in labels.csv, by the hash of its pixels."""
    rows = csv.DictReader((folder / "labels.csv").read_text().splitlines())
    return {_pixels(folder / row["file"]): row["class"] for row in rows}


def _pixels(file: Path) -> str:
    with Image.open(file) as image:
        return hashlib.sha256(np.asarray(image).tobytes()).hexdigest()


def renamed(run: Run, *names: str) -> Run:
    """The run with other names of its first classes."""
    document = json.loads((run.path / "data.json").read_text())
    document["names"][: len(names)] = names
    (run.path / "data.json").write_text(json.dumps(document))
    return Run(run.path)


def test_exports_of_classes_open_with_their_labels(tmp_path: Path) -> None:
    run = renamed(trained("digits"), "benign", "malignant")
    for format in ("folder", "flat"):
        request = ExportRequest((("benign", 4), ("malignant", 2)), format=format, with_near_copies=True)
        write_export(run, request, tmp_path / format)
        assert Counter(labels_in(tmp_path / format).values()) == {"benign": 4, "malignant": 2}
    folders = ["folder", "folder", "flat", "flat"]
    for folder, rows in zip(folders, opened(tmp_path, "folder", "flat"), strict=True):
        assert {row["image"]: row["label"] for row in rows} == labels_in(tmp_path / folder)


def test_one_class_alone_and_names_that_look_like_splits_keep_their_labels(tmp_path: Path) -> None:
    run = renamed(trained("train-test"), "test", "dev 2", "valid")
    write_export(run, ExportRequest((("test", 2),), with_near_copies=True), tmp_path / "one")
    write_export(
        run, ExportRequest((("dev 2", 2), ("valid", 3), ("7", 1)), with_near_copies=True), tmp_path / "several"
    )
    _, one, _, several = opened(tmp_path, "one", "several")
    assert [row["label"] for row in one] == ["test"] * 2
    assert {row["image"]: row["label"] for row in several} == labels_in(tmp_path / "several")


def test_exports_of_attributes_have_a_column_for_each(tmp_path: Path) -> None:
    write_celeba(settings.public_data(), 60)
    run = trained("faces", data__name="celeba", data__attributes="Smiling,Male,Young", data__image_size=32)
    for format in ("folder", "flat"):
        items = (("Smiling=1,Male=0", 3), ("Male=1", 1))
        write_export(run, ExportRequest(items, format=format, with_near_copies=True), tmp_path / format)
    rows = list(csv.DictReader((tmp_path / "folder" / "labels.csv").read_text().splitlines()))
    expected = [
        {"image": _pixels(tmp_path / "folder" / row["file"])} | {name: int(row[name]) for name in run.info().names}
        for row in rows
    ]
    assert opened(tmp_path, "folder", "flat") == [expected] * 4


@pytest.mark.parametrize("download_format", ["folder", "npz"])
def test_the_dataset_card_has_metadata_that_hugging_face_reads(tmp_path: Path, download_format: str) -> None:
    run = trained("digits")
    document = json.loads((run.path / "data.json").read_text())
    title = 'Cells: "grade" 🩺 # 2\u202e'
    (run.path / "data.json").write_text(json.dumps(document | {"title": title}))
    request = ExportRequest((("3", 1),), format=download_format, with_near_copies=True)
    write_export(Run(run.path), request, tmp_path / "out")
    _, front_matter, card = (tmp_path / "out" / "README.md").read_text().split("---\n", 2)
    metadata = yaml.safe_load(front_matter)
    assert metadata["pretty_name"] == 'Synthetic images: Cells: "grade" 🩺 # 2\ufffd'
    assert metadata["size_categories"] == ["n<1K"]
    assert "synthetic" in metadata["tags"]
    assert ("configs" in metadata) == (download_format == "folder")
    assert card.startswith("# Synthetic images: Cells")
