"""mnist: 70,000 handwritten digits from the four official idx files, gzipped or not, in `GAN_DATA/mnist/`.

torchvision's loader is not used: it needs another folder layout.
"""

import gzip
import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.config.run_config import DataConfig
from gan.data.image_set import ImageSet
from gan.data.preview import round_robin
from gan.data.sources.download import data_folders, download_file, download_folder, file_stamps
from gan.data.sources.source import Preview, Source
from gan.data.splits import stratified_split
from gan.data.transform import fit_images, native_size
from gan.errors import DataError
from gan.io.progress import Progress

LICENCE = "CC BY-SA 3.0, as third parties state it (LeCun, Cortes and Burges, The MNIST database of handwritten digits)"
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")
# md5 of each gzipped file, to verify downloads, and of its content, to verify local copies, which may be unzipped.
FILES = {
    "train-images-idx3-ubyte": ("f68b3c2dcbeaaa9fbdd348bbdeb94873", "6bbc9ace898e44ae57da46a324031adb"),
    "train-labels-idx1-ubyte": ("d53e105ee54ea40749a09fcbcd1e9432", "a25bea736e30d166cdddb491f175f624"),
    "t10k-images-idx3-ubyte": ("9fb629c4189551a2d022fa330f9573f3", "2646ac647ad5339dbf082846283269ea"),
    "t10k-labels-idx1-ubyte": ("ec29112dd5afa0611ce80d1b7f02629c", "27ae3e4e09519cfbb04c329615203637"),
}


def find_file(name: str) -> Path | None:
    """The path of one of the four files, gzipped or not, or None."""
    paths = (folder / file for folder in data_folders("mnist") for file in (name, f"{name}.gz"))
    return next((path for path in paths if path.is_file()), None)


def read(config: DataConfig, progress: Progress, folder: Path | None = None) -> ImageSet:
    """MNIST with its official test split; val is a stratified tenth of the official training split."""
    notices: list[str] = []
    arrays = []
    for done, name in enumerate(FILES):
        progress("Reading MNIST", done / len(FILES))
        arrays.append(read_idx(name, notices))
    train, train_labels, test, test_labels = arrays
    for pixels, labels, name in ((train, train_labels, "train"), (test, test_labels, "t10k")):
        if pixels.ndim != 3 or labels.ndim != 1 or len(pixels) != len(labels) or labels.max(initial=0) > 9:
            raise DataError(f"The {name} files of MNIST do not match. Get all four from {MIRRORS[0]}.")
    labels = np.concatenate([train_labels, test_labels])
    split = np.concatenate([stratified_split(train_labels, None, {"val": 0.1}), np.full(len(test), "test")])
    return ImageSet(
        images=fit_images(np.concatenate([train, test]), config.image_size),
        conditions=np.eye(10, dtype=np.float32)[labels],
        names=tuple("0123456789"),
        kind="class",
        split=split,
        group=None,
        native_size=native_size(train.shape[1], config.image_size),
        title="MNIST",
        source="The MNIST database of handwritten digits, official files",
        licence=LICENCE,
        notices=tuple(notices),
    )


def read_idx(name: str, notices: list[str]) -> NDArray[np.uint8]:
    """The array in one idx file. A file that differs from the published one is read, and noted in `notices`."""
    path = find_file(name)
    if path is None:
        raise DataError(f"{name}.gz is missing. Put it into {data_folders('mnist')[0]}.")
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}). Get it from {MIRRORS[0]}.") from None
    if hashlib.md5(data).hexdigest() != FILES[name][1]:
        notices.append(f"{path} differs from the published file (checksum). It was read all the same.")
    return decode_idx(data, path)


def decode_idx(data: bytes, path: Path) -> NDArray[np.uint8]:
    """Decode the idx format: a magic number with the number of axes, their sizes (uint32), then uint8 values."""
    axes = data[3] if len(data) >= 4 else 0
    start = 4 + 4 * axes
    if len(data) < start or data[:3] != b"\0\0\x08" or not axes:
        raise DataError(f"{path} is not an idx file of bytes. Get it from {MIRRORS[0]}.")
    shape = struct.unpack(f">{axes}I", data[4:start])
    if len(data) - start != np.prod(shape, dtype=np.int64):
        raise DataError(f"{path} is damaged: its shape is {shape}, but it holds {len(data) - start} values.")
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape)


def problem(config: DataConfig) -> str | None:
    """Missing files, if some of the four are there; if none is, all are downloaded."""
    missing = [f"{name}.gz" for name in FILES if find_file(name) is None]
    if not missing or len(missing) == len(FILES):
        return None
    return (
        f"MNIST is incomplete: {', '.join(missing)} missing in {data_folders('mnist')[0]}. Get them from {MIRRORS[0]}."
    )


def fetch(config: DataConfig, progress: Progress) -> None:
    """Download the four files."""
    folder = download_folder("mnist")
    for name, (md5, _) in FILES.items():
        download_file([f"{mirror}{name}.gz" for mirror in MIRRORS], folder, f"{name}.gz", md5, progress)


def fingerprint(config: DataConfig) -> str:
    """Image size and the stamps of the four files."""
    return f"mnist-1-{config.image_size}-" + file_stamps(path for path in map(find_file, FILES) if path)


def preview(config: DataConfig, count: int) -> Preview:
    """Some images of the training file, classes in turn."""
    images, labels = (read_idx(f"train-{part}-ubyte", []) for part in ("images-idx3", "labels-idx1"))
    rows = round_robin(np.eye(10, dtype=np.uint8)[labels], count)
    return fit_images(images[rows], config.image_size), [str(labels[row]) for row in rows]


SOURCE = Source(
    title=lambda config: "MNIST",
    about="70,000 handwritten digits of 28 px: the report's first experiment.",
    licence=lambda config: LICENCE,
    local=lambda config: all(find_file(name) for name in FILES),
    problem=problem,
    fetch=fetch,
    fingerprint=fingerprint,
    read=read,
    preview=preview,
)
