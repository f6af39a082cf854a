"""Small image sets as files: class folders, labels.csv, ZIPs; and reading and checking them."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from gan.config.run_config import DataConfig
from gan.data import registry
from gan.data.image_set import ImageSet
from gan.data.ingest.checks.report import CheckReport, Finding, FindingKey, Level


def random_image(seed: int, side: int = 40, colour: bool = True) -> Image.Image:
    shape = (side, side, 3) if colour else (side, side)
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def write_class_folders(root: Path, folders: dict[str, int], colour: bool = True, side: int = 40) -> Path:
    """So many images, all different, in each folder."""
    seed = 0
    for folder, count in folders.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for _ in range(count):
            random_image(seed, side, colour).save(root / folder / f"{seed:03d}.png")
            seed += 1
    return root


def write_labels(root: Path, header: list[str], rows: list[list[object]]) -> None:
    with open(root / "labels.csv", "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def read_folder(path: Path, size: int = 64) -> ImageSet:
    return registry.load_image_set(DataConfig.model_validate({"name": "folder", "path": str(path), "image_size": size}))


def finding(report: CheckReport, key: FindingKey, level: Level) -> Finding:
    """The only finding with this key, which must have this level."""
    (match,) = (problem for problem in report.problems if problem.key == key)
    assert match.level == level
    return match


def png_bytes(seed: int, side: int = 24) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def class_files(count: int = 44, above: str = "") -> dict[str, bytes]:
    return {f"{above}{'ab'[seed % 2]}/{seed:03d}.png": png_bytes(seed) for seed in range(count)}


def zip_of(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as target:
        for name, content in files.items():
            target.writestr(name, content)
    file.seek(0)
    return file
