"""medmnist: any 2-D set of MedMNIST v2 by its flag, from `GAN_DATA/medmnist/<flag>.npz` or `<flag>_64.npz`.

The sets' metadata is parsed from the `medmnist` package's info.py, because importing the package would import torch.
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
"""Images read at a time."""


@cache
def table() -> dict[str, dict[str, Any]]:
    """MedMNIST's INFO by flag: description, labels, channels, task, licence, URLs and checksums."""
    spec = importlib.util.find_spec("medmnist")  # does not import it
    if spec is None or not spec.submodule_search_locations:
        raise DataError("The package medmnist is not installed. Run `pip install medmnist`.")
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


def flag_problem(flag: str) -> str | None:
    """Why a flag is not one of the 2-D sets, or None if it is."""
    if flag in flags():
        return None
    if flag in table():
        return f"{flag} holds 3-D volumes, and only 2-D images are supported. Choose one of {', '.join(flags())}."
    near = difflib.get_close_matches(flag, flags(), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Choose one of {', '.join(flags())}."
    return f"There is no MedMNIST set {flag}. {hint}"


def file_name(config: DataConfig) -> str:
    """MedMNIST's file name for a flag and size."""
    return f"{config.flag}.npz" if config.medmnist_size == 28 else f"{config.flag}_{config.medmnist_size}.npz"


def find_file(config: DataConfig) -> Path | None:
    """The path of the set's file, or None."""
    paths = (folder / file_name(config) for folder in data_folders("medmnist"))
    return next((path for path in paths if path.is_file()), None)


def published_file(config: DataConfig) -> tuple[str, str]:
    """URL and md5 of the set's published file."""
    suffix = "" if config.medmnist_size == 28 else f"_{config.medmnist_size}"
    info = table()[config.flag]
    return info[f"url{suffix}"], info[f"MD5{suffix}"]


def read(config: DataConfig, progress: Progress, folder: Path) -> ImageSet:
    """The set with its official splits. Images are written into `folder`: the largest sets have gigabytes."""
    path = _file(config)
    info = table()[config.flag]
    notices = []
    if file_md5(path) != published_file(config)[1]:
        notices.append(f"{path} differs from the published file (checksum). It was read all the same.")
    try:
        with zipfile.ZipFile(path) as archive:
            labels = {split: _labels(archive, split) for split in SPLITS}
            native, images = _decode(archive, config, [len(labels[split]) for split in SPLITS], folder, progress)
    except UNREADABLE as error:
        raise DataError(f"{path} is damaged ({error_line(error)}). Get it from {published_file(config)[0]}.") from None
    return ImageSet(
        images=images,
        conditions=_conditions(np.concatenate([labels[split] for split in SPLITS]), info, path),
        names=condition_names(info),
        kind="attributes" if _multi_label(info) else "class",
        split=np.repeat(np.array(SPLITS), [len(labels[split]) for split in SPLITS]),
        group=None,
        native_size=native_size(native, config.image_size),
        title=title(config),
        source=f"MedMNIST v2, {path.name}",
        licence=licence(config),
        notices=tuple(notices),
    )


def condition_names(info: dict[str, Any]) -> tuple[str, ...]:
    """Names of the conditions, in the order of the labels."""
    return tuple(info["label"][str(index)] for index in range(len(info["label"])))


def _decode(
    archive: zipfile.ZipFile, config: DataConfig, counts: list[int], folder: Path, progress: Progress
) -> tuple[int, NDArray[np.uint8]]:
    """The side of the file's images, and all splits' images (N, C, H, H), memory-mapped from `folder`."""
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
    """The images of one array in an npz file, (n, H, W) or (n, H, W, 3), up to CHUNK at a time."""
    with archive.open(f"{member}.npy") as file:
        shape = _header(file)
        image_bytes = int(np.prod(shape[1:]))
        for start in range(0, shape[0], CHUNK):
            count = min(CHUNK, shape[0] - start)
            data = file.read(count * image_bytes)
            if len(data) != count * image_bytes:
                raise ValueError(f"{member} is truncated")
            yield np.frombuffer(data, dtype=np.uint8).reshape(count, *shape[1:])


def _header(file: IO[bytes]) -> tuple[int, ...]:
    """Read the header of an npy stream of uint8 images; returns the shape."""
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read_header(file)
    if fortran or dtype != np.uint8 or len(shape) not in (3, 4):
        raise ValueError(f"images are {dtype} {shape}, expected uint8 (N, H, W) or (N, H, W, 3)")
    return tuple(shape)


def _labels(archive: zipfile.ZipFile, split: str) -> NDArray[np.int64]:
    with archive.open(f"{split}_labels.npy") as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False), dtype=np.int64)  # (n, 1) or (n, K)


def _conditions(labels: NDArray[np.int64], info: dict[str, Any], path: Path) -> NDArray[np.float32]:
    """One-hot rows (N, K), or the labels themselves for a multi-label set."""
    count = len(info["label"])
    limit = 2 if _multi_label(info) else count
    width = count if _multi_label(info) else 1
    if labels.ndim != 2 or labels.shape[1] != width or labels.min(initial=0) < 0 or labels.max(initial=0) >= limit:
        raise DataError(f"{path} has labels that do not match the {count} of this set. Get the published file.")
    return labels.astype(np.float32) if _multi_label(info) else np.eye(count, dtype=np.float32)[labels[:, 0]]


def _multi_label(info: dict[str, Any]) -> bool:
    return str(info["task"]).startswith("multi-label")


def _file(config: DataConfig) -> Path:
    path = find_file(config)
    if path is None:
        raise DataError(f"{file_name(config)} is missing. Put it into {data_folders('medmnist')[0]}.")
    return path


def fetch(config: DataConfig, progress: Progress) -> None:
    """Download the set's file."""
    url, md5 = published_file(config)
    download_file([url], download_folder("medmnist"), file_name(config), md5, progress)


def preview(config: DataConfig, count: int) -> Preview:
    """Some of the first 2,048 training images."""
    path, info = _file(config), table()[config.flag]
    try:
        with zipfile.ZipFile(path) as archive:
            images = next(chunks(archive, "train_images"))
            conditions = _conditions(_labels(archive, "train"), info, path)[: len(images)]
    except (*UNREADABLE, StopIteration) as error:
        raise DataError(f"{path} is damaged ({error_line(error)}). Get it from {published_file(config)[0]}.") from None
    rows = round_robin(conditions, count)
    return fit_images(images[rows], config.image_size), [
        condition_label(conditions[row], condition_names(info)) for row in rows
    ]


def title(config: DataConfig) -> str:
    """The set's name, such as BreastMNIST; the flag itself if there is no such set."""
    return str(table()[config.flag]["python_class"]) if config.flag in table() else config.flag


def licence(config: DataConfig) -> str:
    """The licence of this set: some do not allow commercial use."""
    licence = table()[config.flag]["license"] if config.flag in table() else "CC BY 4.0"
    return f"{licence} (MedMNIST v2, Yang et al. 2023, and the set's own source)"


def fingerprint(config: DataConfig) -> str:
    """Image size and the stamp of the set's file."""
    return f"medmnist-1-{config.image_size}-" + file_stamps([_file(config)])


SOURCE = Source(
    title=title,
    about="Small biomedical images in twelve standard sets, from X-rays to tissue, with official splits.",
    licence=licence,
    local=lambda config: find_file(config) is not None,
    problem=lambda config: flag_problem(config.flag),
    fetch=fetch,
    fingerprint=fingerprint,
    read=read,
    preview=preview,
)
