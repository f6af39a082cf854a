"""medmnist: any 2-D set of MedMNIST v2 by its flag, from `GAN_DATA/medmnist/<flag>.npz` or `<flag>_64.npz`.

What the sets are is read from the `medmnist` package's own table without importing the package: that
would import torch.
"""

import ast
import difflib
import importlib.util
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from gan.config.run_config import DataConfig
from gan.data.decode import error_line
from gan.data.image_set import SPLITS, ImageSet
from gan.data.preview import condition_label, round_robin
from gan.data.sources.download import data_folders, download_file, download_folder, file_md5, file_stamps
from gan.data.sources.source import Preview, Source
from gan.data.transform import fit_images, native_size
from gan.errors import DataError
from gan.io.image_errors import UNREADABLE
from gan.io.progress import Progress

CHUNK = 2048


@cache
def table() -> dict[str, dict[str, Any]]:
    """MedMNIST's INFO by flag: description, labels, channels, task, licence, URLs and checksums."""
    spec = importlib.util.find_spec("medmnist")  # finds, and does not import
    if spec is None or not spec.submodule_search_locations:
        raise DataError("The package medmnist is not installed: `pip install medmnist`.")
    text = (Path(spec.submodule_search_locations[0]) / "info.py").read_text(encoding="utf-8")
    literals = {
        node.targets[0].id: node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    info: dict[str, dict[str, Any]] = ast.literal_eval(literals["INFO"])
    return info


def flags() -> list[str]:
    """The flags of the twelve 2-D sets."""
    return [flag for flag in table() if not flag.endswith("3d")]


def wrong_flag(flag: str) -> str | None:
    """Why a flag cannot be taken, or None."""
    if flag in flags():
        return None
    if flag in table():
        return f"{flag} holds volumes (3-D): this program makes flat images. It takes one of {', '.join(flags())}."
    near = difflib.get_close_matches(flag, flags(), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"It takes one of {', '.join(flags())}."
    return f"There is no MedMNIST set {flag}. {hint}"


def file_name(config: DataConfig) -> str:
    """The name that MedMNIST gives the file of a flag and size."""
    return f"{config.flag}.npz" if config.medmnist_size == 28 else f"{config.flag}_{config.medmnist_size}.npz"


def find_file(config: DataConfig) -> Path | None:
    """Where the set's file lies, or None."""
    return next(
        (folder / file_name(config) for folder in data_folders("medmnist") if (folder / file_name(config)).is_file()),
        None,
    )


def published_file(config: DataConfig) -> tuple[str, str]:
    """URL and md5 of the set's file."""
    suffix = "" if config.medmnist_size == 28 else f"_{config.medmnist_size}"
    info = table()[config.flag]
    return info[f"url{suffix}"], info[f"MD5{suffix}"]


def read(config: DataConfig, progress: Progress, folder: Path) -> ImageSet:
    """The set with its official splits; the images go straight into `folder`, as the largest have gigabytes."""
    path = _file(config)
    info = table()[config.flag]
    notices = []
    if file_md5(path) != published_file(config)[1]:
        notices.append(f"{path} is not the published file: its checksum differs. It was read as it is.")
    try:
        with zipfile.ZipFile(path) as archive:
            labels = {split: _labels(archive, split) for split in SPLITS}
            native, images = _decode(archive, config, [len(labels[split]) for split in SPLITS], folder, progress)
    except UNREADABLE as error:
        raise DataError(f"{path} is damaged ({error_line(error)}): get it from {published_file(config)[0]}.") from None
    return ImageSet(
        images=images,
        conditions=_conditions(np.concatenate([labels[split] for split in SPLITS]), info, path),
        names=names(info),
        kind="attributes" if _multi_label(info) else "class",
        split=np.repeat(np.array(SPLITS), [len(labels[split]) for split in SPLITS]),
        group=None,
        native_size=native_size(native, config.image_size),
        title=title(config),
        source=f"MedMNIST v2, {path.name}",
        licence=licence(config),
        notices=tuple(notices),
    )


def names(info: dict[str, Any]) -> tuple[str, ...]:
    """Names of the conditions, in the order of the labels."""
    return tuple(info["label"][str(index)] for index in range(len(info["label"])))


def _decode(
    archive: zipfile.ZipFile, config: DataConfig, counts: list[int], folder: Path, progress: Progress
) -> tuple[int, NDArray[np.uint8]]:
    """The side of the file's images, and the images of all splits (N, C, H, H), memory-mapped in `folder`."""
    images, native, row = None, 0, 0
    for split, count in zip(SPLITS, counts, strict=True):
        first = row
        for chunk in chunks(archive, f"{split}_images"):
            if images is None:
                native = chunk.shape[1]
                shape = (sum(counts), chunk.shape[3] if chunk.ndim == 4 else 1, config.image_size, config.image_size)
                images = np.lib.format.open_memmap(folder / "images.npy", mode="w+", dtype=np.uint8, shape=shape)
            images[row : row + len(chunk)] = fit_images(chunk, config.image_size)
            row += len(chunk)
            progress(f"Reading {config.flag}", row / sum(counts))
        if row - first != count:
            raise ValueError(f"{split}_images has {row - first} images and {split}_labels has {count}")
    if images is None:
        raise ValueError("it holds no images")
    images.flush()
    return native, images


def chunks(archive: zipfile.ZipFile, member: str) -> Iterator[NDArray[np.uint8]]:
    """The images of one array of an npz file, (n, H, W) or (n, H, W, 3), some thousand at a time."""
    with archive.open(f"{member}.npy") as file:
        shape = _header(file)
        each = int(np.prod(shape[1:]))
        for start in range(0, shape[0], CHUNK):
            count = min(CHUNK, shape[0] - start)
            data = file.read(count * each)
            if len(data) != count * each:
                raise ValueError(f"{member} is cut short")
            yield np.frombuffer(data, dtype=np.uint8).reshape(count, *shape[1:])


def _header(file: IO[bytes]) -> tuple[int, ...]:
    """The shape in the head of an npy stream of bytes."""
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read_header(file)
    if fortran or dtype != np.uint8 or len(shape) not in (3, 4):
        raise ValueError(f"images have {dtype} values in shape {shape}, not bytes (N, H, W) or (N, H, W, 3)")
    return tuple(shape)


def _labels(archive: zipfile.ZipFile, split: str) -> NDArray[np.int64]:
    with archive.open(f"{split}_labels.npy") as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False), dtype=np.int64)  # (n, 1) or (n, K)


def _conditions(labels: NDArray[np.int64], info: dict[str, Any], path: Path) -> NDArray[np.float32]:
    """One-hot rows, or the labels themselves where there are several an image."""
    count = len(info["label"])
    limit = 2 if _multi_label(info) else count
    width = count if _multi_label(info) else 1
    if labels.ndim != 2 or labels.shape[1] != width or labels.min(initial=0) < 0 or labels.max(initial=0) >= limit:
        raise DataError(f"{path} has labels that do not fit the {count} of this set: get the published file.")
    return labels.astype(np.float32) if _multi_label(info) else np.eye(count, dtype=np.float32)[labels[:, 0]]


def _multi_label(info: dict[str, Any]) -> bool:
    return str(info["task"]).startswith("multi-label")


def _file(config: DataConfig) -> Path:
    path = find_file(config)
    if path is None:
        raise DataError(f"{file_name(config)} is missing: put it into {data_folders('medmnist')[0]}.")
    return path


def fetch(config: DataConfig, progress: Progress) -> None:
    """Download the set's file."""
    url, md5 = published_file(config)
    download_file([url], download_folder("medmnist"), file_name(config), md5, progress)


def preview(config: DataConfig, count: int) -> Preview:
    """Some training images, of the first few thousand of the file."""
    path, info = _file(config), table()[config.flag]
    try:
        with zipfile.ZipFile(path) as archive:
            images = next(chunks(archive, "train_images"))
            conditions = _conditions(_labels(archive, "train"), info, path)[: len(images)]
    except (*UNREADABLE, StopIteration) as error:
        raise DataError(f"{path} is damaged ({error_line(error)}): get it from {published_file(config)[0]}.") from None
    rows = round_robin(conditions, count)
    return fit_images(images[rows], config.image_size), [condition_label(conditions[row], names(info)) for row in rows]


def title(config: DataConfig) -> str:
    """The set's own name, such as BreastMNIST; the flag where there is no such set."""
    return str(table()[config.flag]["python_class"]) if config.flag in table() else config.flag


def licence(config: DataConfig) -> str:
    """The licence of this one set: not all of them allow commercial use."""
    kind = table()[config.flag]["license"] if config.flag in table() else "CC BY 4.0"
    return f"{kind} (MedMNIST v2, Yang et al. 2023, and the set's own source)"


def fingerprint(config: DataConfig) -> str:
    """Of the size asked for and the set's file."""
    return f"medmnist-1-{config.image_size}-" + file_stamps([_file(config)])


SOURCE = Source(
    title=title,
    about="Small biomedical images in twelve standard sets, from X-rays to tissue, with official splits.",
    licence=licence,
    local=lambda config: find_file(config) is not None,
    problem=lambda config: wrong_flag(config.flag),
    fetch=fetch,
    fingerprint=fingerprint,
    read=read,
    preview=preview,
)
