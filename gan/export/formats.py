"""The three forms of a download, made of what an export has spooled; memory stays small however many images there are.

    folder    images/<condition>/<name>.png, which torchvision.datasets.ImageFolder("<unpacked>/images") opens as it is
    flat      images/<condition>_<name>.png, all in one folder, for programs that go by labels.csv
    npz       images.npz with `train_images` uint8 (N, H, W) or (N, H, W, 3) and `train_labels` uint8 (N, 1), as
              MedMNIST has it; for attributes the labels are (N, K)

Each has labels.csv: `file`, then `class`, or a 0/1 column an attribute; for npz `row`, `snapshot`, `seed`, `index`
and `truncation` in place of `file`, since an array has no names.

Letters: N images, C channels, H W, K conditions.
"""

import contextlib
import csv
import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from gan.data.info import DatasetInfo
from gan.errors import UserError
from gan.export.spool import Row, Spool
from gan.io import png
from gan.io.atomic import replacing
from gan.io.contact_sheet import Images
from gan.sampling import provenance

FORMATS = ("folder", "flat", "npz")


@dataclass(frozen=True)
class Target:
    """Where a download goes, by names inside it: `put` takes bytes, `put_file` a file that may be moved away.

    Neither takes a name a second time: on some systems one of the two files would be lost.
    """

    put: Callable[[str, bytes], None]
    put_file: Callable[[str, Path], None]


@contextlib.contextmanager
def target(out: Path) -> Iterator[Target]:
    """A ZIP that appears whole or not at all, stored since images are compressed already, or a new or empty folder."""
    if out.suffix == ".zip":
        with replacing(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            yield _once_each(Target(archive.writestr, lambda name, path: archive.write(path, name)))
        return

    def put(name: str, content: bytes) -> None:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)

    def put_file(name: str, path: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        shutil.move(path, out / name)

    yield _once_each(Target(put, put_file))


def _once_each(target: Target) -> Target:
    """The target, which now raises FileExistsError for a name that it has, also where they differ in case alone."""
    names: set[str] = set()

    def claim(name: str) -> str:
        if name.casefold() in names:
            raise FileExistsError(f"Two files of one download are called {name}: none may be lost.")
        names.add(name.casefold())
        return name

    return Target(
        lambda name, content: target.put(claim(name), content), lambda name, path: target.put_file(claim(name), path)
    )


def check_out(out: Path) -> None:
    """Raise UserError where a download cannot go there."""
    if out.suffix != ".zip" and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is not empty: --out takes a new or empty folder, or a file that ends in .zip.")


def contents(form: str, images: Images, texts: list[dict[str, str]]) -> list[bytes]:
    """Images uint8 (N, C, H, W) as they are spooled for a format: PNG files, or the array's own bytes."""
    if form != "npz":
        return png.encode_pngs(images, texts)
    rows = images.transpose(0, 2, 3, 1)  # (N, H, W, C)
    return [row.tobytes() for row in rows]


def assemble(form: str, spool: Spool, into: Target, folders: list[str], run: str, info: DatasetInfo) -> list[int]:
    """Put all images of the spool and labels.csv; `folders` is the name of each item's folder.

    Gives how many images of each item were put.
    """
    counts = [0] * len(folders)
    if form == "npz":
        for item in _write_npz(spool, spool.folder / "images.npz", info):
            counts[item] += 1
        into.put_file("images.npz", spool.folder / "images.npz")
    else:
        for row, content in spool.images():
            into.put(name(form, row, folders, run), content)
            counts[row.item] += 1
    into.put("labels.csv", labels(form, spool, folders, run, info).encode())
    return counts


def name(form: str, row: Row, folders: list[str], run: str) -> str:
    """What an image is called in a download of the format "folder" or "flat"."""
    between = "/" if form == "folder" else "_"
    file = provenance.file_name(run, row.snapshot, row.seed, row.position, row.truncation)
    return f"images/{folders[row.item]}{between}{file}"


def labels(form: str, spool: Spool, folders: list[str], run: str, info: DatasetInfo) -> str:
    """The text of labels.csv."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    which = ["row", "snapshot", "seed", "index", "truncation"] if form == "npz" else ["file"]
    table.writerow([*which, "class"] if info.kind == "class" else [*which, *info.names])
    for number, row in enumerate(spool.rows()):
        first: list[Any] = [name(form, row, folders, run)]
        if form == "npz":
            first = [number, row.snapshot, row.seed, row.position, provenance.shortest_decimal(row.truncation)]
        on = set(row.on)
        last = [info.names[row.on[0]]] if info.kind == "class" else [int(k in on) for k in range(len(info.names))]
        table.writerow([*first, *last])
    return text.getvalue()


def _write_npz(spool: Spool, file: Path, info: DatasetInfo) -> list[int]:
    """Two arrays in one compressed file, the images streamed: an array's header needs only their number.

    Gives the item of each image that is in it.
    """
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
