"""The formats of a download, assembled from the spool in little memory.

    folder    images/<condition>/<name>.png, which torchvision.datasets.ImageFolder("<unpacked>/images") opens
    flat      images/<condition>_<name>.png
    dicom     images/<condition>/<name>.dcm
    npz       images.npz with `train_images` uint8 (N, H, W) or (N, H, W, 3) and `train_labels` uint8 (N, 1), or (N, K)
              for attributes, as in MedMNIST, and the mark of synthetic pictures as the text `synthetic`

Each has labels.csv with the columns `file`, then `class` or a 0/1 column for each attribute; in npz `row`, `snapshot`,
`seed`, `index` and `truncation` replace `file`. Where Hugging Face needs it there is a metadata.csv too, with the same
labels.

Letters: N images, C channels, H W, K conditions.
"""

import contextlib
import csv
import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from gan.data.info import DatasetInfo
from gan.errors import UserError
from gan.export import dicom, huggingface
from gan.export.spool import Row, Spool
from gan.io import png, synthetic_mark
from gan.io.atomic import replacing
from gan.io.contact_sheet import Images
from gan.io.csv_cells import harmless_cell
from gan.sampling import provenance
from gan.sampling.provenance import Origin

FORMATS = ("folder", "flat", "npz", "dicom")


@dataclass(frozen=True)
class Output:
    """A ZIP or folder being written: `put` takes a name and bytes, `put_file` a name and a file, which may be moved.

    Both raise FileExistsError for a name that is taken, also where it differs in case alone.
    """

    put: Callable[[str, bytes], None]
    put_file: Callable[[str, Path], None]


@contextlib.contextmanager
def open_output(out: Path) -> Iterator[Output]:
    """A ZIP, or a new or empty folder, which is filled when the block ends without an error: whole or not at all.

    Of images, only DICOM files are compressed.
    """
    if out.suffix == ".zip":
        with replacing(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:

            def put_zipped(name: str, content: bytes) -> None:
                method = zipfile.ZIP_DEFLATED if name.endswith(".dcm") else zipfile.ZIP_STORED
                archive.writestr(name, content, method, png.LEVEL)

            yield _unique_names(Output(put_zipped, lambda name, path: archive.write(path, name)))
        return

    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as unfinished:
        folder = Path(unfinished)

        def put(name: str, content: bytes) -> None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

        def put_file(name: str, path: Path) -> None:
            shutil.move(path, folder / name)

        yield _unique_names(Output(put, put_file))
        out.mkdir(exist_ok=True)  # it may be empty: then it stays the folder in which a shell or a mount is
        for path in sorted(folder.iterdir()):
            shutil.move(path, out / path.name)


def _unique_names(output: Output) -> Output:
    """The output, refusing a name that is taken: on some systems one of the two files would be lost."""
    names: set[str] = set()

    def claim(name: str) -> str:
        if name.casefold() in names:
            raise FileExistsError(f"Two files of one download would be called {name}.")
        names.add(name.casefold())
        return name

    return Output(
        lambda name, content: output.put(claim(name), content), lambda name, path: output.put_file(claim(name), path)
    )


def check_output(out: Path) -> None:
    """Raise UserError where a download cannot be written to that path."""
    if out.suffix != ".zip" and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is not empty: --out takes a new or empty folder, or a file that ends in .zip.")


def encode_images(
    format: str, images: Images, run: str, generator_sha256: str, origins: Sequence[Origin]
) -> list[bytes]:
    """Images uint8 (N, C, H, W) as files that say where they come from; for npz the pixels alone, (H, W, C) each."""
    if format == "npz":
        return [row.tobytes() for row in images.transpose(0, 2, 3, 1)]  # (N, H, W, C)
    if format == "dicom":
        return dicom.encode_dicoms(images, run, generator_sha256, origins)
    return png.encode_pngs(images, [provenance.png_text(run, origin) for origin in origins])


@dataclass(frozen=True)
class Written:
    """What `write_images` wrote: the images of each item, and the SHA-256 of each file that is no image, by name."""

    counts: list[int]
    hashes: dict[str, str]


def write_images(format: str, spool: Spool, output: Output, folders: list[str], run: str, info: DatasetInfo) -> Written:
    """Write labels.csv and all images of the spool, item i to `folders[i]`."""
    counts, hashes = [0] * len(folders), {}
    if format == "npz":
        for item in _write_npz(spool, spool.folder / "images.npz", info):
            counts[item] += 1
        with open(spool.folder / "images.npz", "rb") as file:
            hashes["images.npz"] = hashlib.file_digest(file, "sha256").hexdigest()
        output.put_file("images.npz", spool.folder / "images.npz")
    else:
        for row, content in spool.images():
            output.put(image_path(format, row, folders, run), content)
            counts[row.item] += 1
    labels = labels_csv(format, spool, folders, run, info).encode()
    output.put("labels.csv", labels)
    hashes["labels.csv"] = hashlib.sha256(labels).hexdigest()
    if huggingface.has_metadata_table(format, info):
        output.put(huggingface.METADATA, metadata_csv(format, spool, folders, run, info).encode())
    return Written(counts, hashes)


def image_path(format: str, row: Row, folders: list[str], run: str) -> str:
    """The path of an image inside a download, which is not of the format "npz"."""
    between, suffix = "_" if format == "flat" else "/", ".dcm" if format == "dicom" else ".png"
    file = provenance.file_name(
        run, row.snapshot, row.seed, row.position, row.truncation, suffix, subclass=row.subclass
    )
    return f"images/{folders[row.item]}{between}{file}"


def labels_csv(format: str, spool: Spool, folders: list[str], run: str, info: DatasetInfo) -> str:
    """The text of labels.csv. A name that a spreadsheet would take for a formula has an apostrophe in front."""
    identifying = ["row", "snapshot", "seed", "index", "truncation"] if format == "npz" else ["file"]
    header = [*identifying, "class"] if info.kind == "class" else [*identifying, *info.names]

    def cells(number: int, row: Row) -> list[Any]:
        if format == "npz":
            return [number, row.snapshot, row.seed, row.position, provenance.shortest_decimal(row.truncation)]
        return [image_path(format, row, folders, run)]

    return _csv_text(header, ([*cells(number, row), *_labels(row, info)] for number, row in enumerate(spool.rows())))


def metadata_csv(format: str, spool: Spool, folders: list[str], run: str, info: DatasetInfo) -> str:
    """The text of Hugging Face's metadata.csv: the columns `file_name`, then `label` or one for each attribute."""
    header = ["file_name", "label"] if info.kind == "class" else ["file_name", *info.names]
    rows = spool.rows()
    return _csv_text(header, ([image_path(format, row, folders, run), *_labels(row, info)] for row in rows))


def _labels(row: Row, info: DatasetInfo) -> list[Any]:
    """The name of an image's class, or its attributes as 0 or 1."""
    if info.kind == "class":
        return [info.names[row.on[0]]]
    on = set(row.on)
    return [int(k in on) for k in range(len(info.names))]


def _csv_text(header: list[str], rows: Iterable[list[Any]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerows(map(harmless_cell, row) for row in (header, *rows))
    return text.getvalue()


def _write_npz(spool: Spool, file: Path, info: DatasetInfo) -> list[int]:
    """Write the arrays and return the item of each image; images are streamed, since a header needs only a shape."""
    items = []
    side = info.native_size
    shape = (spool.count, side, side) if info.channels == 1 else (spool.count, side, side, info.channels)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=png.LEVEL) as archive:
        with archive.open("train_images.npy", "w", force_zip64=True) as member:
            npy.write_array_header_1_0(member, {"descr": "|u1", "fortran_order": False, "shape": shape})
            for row, content in spool.images():
                member.write(content)
                items.append(row.item)
        with archive.open("train_labels.npy", "w", force_zip64=True) as member:
            npy.write_array(member, _label_array(spool, info))
        with archive.open(f"{synthetic_mark.ARRAY}.npy", "w") as member:
            npy.write_array(member, np.array(synthetic_mark.WORDS))
    return items


def _label_array(spool: Spool, info: DatasetInfo) -> NDArray[Any]:
    """(N, 1) class numbers, or (N, K) attributes."""
    if info.kind == "class":
        kind = np.uint8 if len(info.names) <= 256 else np.uint16
        return np.array([[row.on[0]] for row in spool.rows()], dtype=kind).reshape(-1, 1)
    array = np.zeros((spool.count, len(info.names)), np.uint8)
    for number, row in enumerate(spool.rows()):
        array[number, list(row.on)] = 1
    return array
