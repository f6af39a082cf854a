"""Turn .npz and parquet files that hold images into image files with a labels.csv.

The table has the columns `file`, then `class` or a 0/1 column for each attribute, and `split` and `group` where the
file names them. `npz_images.py` and `parquet_images.py` read the two formats.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from gan.config import settings
from gan.data.ingest.files.contained_image import ContainedImage
from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.files.npz_images import read_npz
from gan.data.ingest.files.parquet_images import has_images, read_parquet
from gan.errors import DataError
from gan.io.progress import Progress

LABELS = ("labels.csv", "image_labels.csv")
"""Names of the table: the first that is free."""


def container_files(folder: Path) -> list[Path]:
    """The files in a folder that hold images in themselves: any .npz, and parquet files with a column of images."""
    listing = list_folder(folder)
    names = [*listing.tables, *listing.others.get("array", ())]
    paths = [folder / name for name in sorted(names) if (folder / name).is_file()]
    return [path for path in paths if path.suffix.lower() == ".npz" or _is_image_table(path)]


def _is_image_table(path: Path) -> bool:
    return path.suffix.lower() == ".parquet" and has_images(path)


def convert_in_place(folder: Path, progress: Progress) -> None:
    """Replace npz and parquet files in a folder that has no other images by their images; as `read_containers`."""
    if list_folder(folder).images:
        return
    files = container_files(folder)
    read_containers(files, folder, folder, progress)
    for file in files:
        file.unlink()


def read_containers(files: Sequence[Path], root: Path, target: Path, progress: Progress) -> None:
    """Write the images of the files, which are below `root`, below `target`/images, and a table of their labels.

    Raises DataError for a file that cannot be read, or more bytes than an upload may have.
    """
    written = _Written(target, settings.upload_limit())
    for file in files:
        name = file.relative_to(root).as_posix()
        images: Iterator[ContainedImage] = (read_npz if file.suffix.lower() == ".npz" else read_parquet)(file, name)
        for image in images:
            written.add(image)
            if len(written.rows) % 256 == 0:
                progress("Unpacking", image.done)
    if written.rows:
        written.save_labels()


@dataclass
class _Written:
    """Images written so far, with a row of the table each."""

    target: Path
    limit: int
    remaining: int = field(init=False)
    rows: list[tuple[str, ContainedImage]] = field(default_factory=list)
    files: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.remaining = self.limit

    def add(self, image: ContainedImage) -> None:
        """Write one image."""
        self.remaining -= len(image.content)
        if self.remaining < 0:
            raise DataError(f"The images are larger than the {self.limit // 1_000_000:,} MB allowed. Add fewer images.")
        folder = f"images/{image.split or 'all'}"
        stem = PurePosixPath(image.name).stem
        if not stem.isprintable() or not 0 < len(stem.encode()) <= 200 or stem.startswith("."):
            stem = f"{len(self.rows):06d}"
        if f"{folder}/{stem}{image.suffix}".lower() in self.files:
            stem = f"{stem}_{len(self.rows):06d}"
        file = f"{folder}/{stem}{image.suffix}"
        self.files.add(file.lower())
        path = self.target / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") as opened:
            opened.write(image.content)
        self.rows.append((file, ContainedImage(b"", "", "", image.labels, image.split, image.group)))

    def save_labels(self) -> None:
        """Write the table, with the columns that any image has."""
        images = [image for _, image in self.rows]
        labels = list(dict.fromkeys(label for image in images for label in image.labels or ()))
        splits, groups = (any(image.split for image in images), any(image.group for image in images))
        name = next(name for name in LABELS if not (self.target / name).exists())
        with open(self.target / name, "x", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["file", *labels, *["split"] * splits, *["group"] * groups])
            for path, image in self.rows:
                values = ["" if image.labels is None else image.labels.get(label, "0") for label in labels]
                table.writerow([path, *values, *[image.split] * splits, *[image.group] * groups])
