"""celeba: 202,599 aligned faces with 40 attributes, in CelebA's own layout.

    GAN_DATA/celeba/img_align_celeba/000001.jpg ...     or img_align_celeba.zip
    GAN_DATA/celeba/list_attr_celeba.txt                 40 names, then 40 values of 1 or -1 per image
    GAN_DATA/celeba/list_eval_partition.txt              0 train, 1 val, 2 test

torchvision's reader is not used: it requires three further files. Images are decoded once with all 40 attributes;
`narrow` selects those of a config.
"""

import contextlib
import difflib
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.config.run_config import DataConfig
from gan.data.decode import decode_images, error_line
from gan.data.image_set import SPLITS, ImageSet
from gan.data.ingest.checks.report import first_few
from gan.data.preview import condition_label, round_robin
from gan.data.sources.download import complete_download, data_folders, download_folder, file_stamps
from gan.data.sources.source import Preview, Source
from gan.data.transform import fit_image
from gan.errors import DataError
from gan.io.image_errors import UNREADABLE
from gan.io.progress import Progress

LICENCE = (
    "For non-commercial research only; the images may not be redistributed (Liu, Luo, Wang and Tang, "
    "Deep Learning Face Attributes in the Wild, ICCV 2015, http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html)"
)
ATTRIBUTES = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips", "Big_Nose",
    "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses",
    "Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache",
    "Narrow_Eyes", "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks",
    "Sideburns", "Smiling", "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat", "Wearing_Lipstick",
    "Wearing_Necklace", "Wearing_Necktie", "Young",
)  # fmt: skip
IMAGES, ATTRIBUTE_FILE, PARTITION_FILE = "img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt"
PAGE = "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"


def celeba_folder() -> Path:
    """The folder that has any part of CelebA, or the shared one if there is none."""
    folders = data_folders("celeba")
    return next((folder for folder in folders if any(_parts(folder).values())), folders[0])


def _parts(folder: Path) -> dict[str, Path | None]:
    """CelebA's three parts by name, each with its path, or None if it is missing."""
    images = folder / IMAGES if (folder / IMAGES).is_dir() else folder / f"{IMAGES}.zip"
    parts = {f"{IMAGES}.zip": images, ATTRIBUTE_FILE: folder / ATTRIBUTE_FILE, PARTITION_FILE: folder / PARTITION_FILE}
    return {name: path if path.exists() else None for name, path in parts.items()}


def problem(config: DataConfig) -> str | None:
    """An unknown attribute, or missing parts if some are there; if none is, all are downloaded."""
    for name in config.attributes:
        if name not in ATTRIBUTES:
            near = difflib.get_close_matches(name, ATTRIBUTES, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"It has {', '.join(ATTRIBUTES)}."
            return f"CelebA has no attribute {name}. {hint}"
    missing = [name for name, path in _parts(celeba_folder()).items() if path is None]
    if not missing or len(missing) == 3:
        return None
    return f"CelebA is incomplete: {', '.join(missing)} missing in {celeba_folder()}. {_instructions(celeba_folder())}"


def _instructions(folder: Path) -> str:
    return f"Download {IMAGES}.zip, {ATTRIBUTE_FILE} and {PARTITION_FILE} from {PAGE} and put them into {folder}."


def fetch(config: DataConfig, progress: Progress) -> None:
    """Download the three files from Google Drive and verify their published checksums."""
    import gdown.exceptions
    from torchvision.datasets import CelebA, utils

    folder = download_folder("celeba")
    for file_id, md5, name in CelebA.file_list:
        if name not in _parts(folder):
            continue
        progress(f"Downloading {name}", 0.0)
        try:
            with complete_download(folder / name) as temporary:
                utils.download_file_from_google_drive(file_id, str(temporary), name, md5)
        except (OSError, RuntimeError, gdown.exceptions.FileURLRetrievalError) as error:  # no network, or a quota
            cause = " ".join(str(error).split())[:200]
            raise DataError(f"{name} of CelebA could not be downloaded ({cause}). {_instructions(folder)}") from None


def read(config: DataConfig, progress: Progress, folder: Path) -> ImageSet:
    """All faces with all 40 attributes and the official splits, decoded into `folder`."""
    progress("Reading CelebA's lists", 0.0)
    files, conditions = read_attributes(celeba_folder() / ATTRIBUTE_FILE)
    split = read_partition(celeba_folder() / PARTITION_FILE, files)
    source = _image_source()
    present = _image_names(source)
    missing = [file for file in files if file not in present]
    if missing:
        raise DataError(
            f"{len(missing):,} of CelebA's {len(files):,} images are missing in {source}: {first_few(missing)}."
        )
    with _face_reader(source, config.image_size) as read_face:
        decoded = decode_images(lambda row: read_face(files[row]), files, 3, config.image_size, folder, progress)
    if decoded.failures:
        lines = [f"{file} ({cause})" for file, cause in decoded.failures.items()]
        raise DataError(f"{len(lines):,} of CelebA's images in {source} are damaged: {first_few(lines)}.")
    extra = len(present) - len(files)
    return ImageSet(
        images=decoded.images,
        digests=decoded.digests,
        conditions=conditions,
        names=ATTRIBUTES,
        kind="attributes",
        split=split,
        group=None,
        native_size=config.image_size,
        title="CelebA",
        source=f"CelebFaces Attributes, aligned and cropped, {len(files):,} images",
        licence=LICENCE,
        notices=(f"{extra:,} files in {source} are not listed and were left out.",) if extra else (),
    )


def read_attributes(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """File names and 0/1 attributes (N, 40); raises DataError that names the malformed line."""
    lines = _lines(path)
    if len(lines) < 3 or tuple(lines[1].split()) != ATTRIBUTES:
        raise DataError(f"{path} is not CelebA's list of attributes: its second line must hold the 40 names.")
    files, values = [], np.empty((len(lines) - 2, 40), dtype=np.int8)
    for row, line in enumerate(lines[2:]):
        file, *numbers = line.split()
        if len(numbers) != 40 or not {*numbers} <= {"1", "-1"}:
            raise DataError(f"Line {row + 3} of {path} must hold a file name and 40 values of 1 or -1.")
        files.append(file)
        values[row] = np.array(numbers, dtype=np.int8)
    if lines[0].strip() != str(len(files)):
        raise DataError(
            f"{path} is truncated: its first line announces {lines[0].strip()} images, it has {len(files)}."
        )
    return files, (values > 0).astype(np.float32)


def read_partition(path: Path, files: list[str]) -> NDArray[np.str_]:
    """The split of each file (N,); raises DataError that names the malformed line or the missing files."""
    splits = {}
    for number, line in enumerate(_lines(path), 1):
        file, *part = line.split()
        if part not in (["0"], ["1"], ["2"]):
            raise DataError(f"Line {number} of {path} must hold a file name and 0, 1 or 2.")
        splits[file] = SPLITS[int(part[0])]
    missing = [file for file in files if file not in splits]
    if missing:
        raise DataError(f"{path} lacks {len(missing):,} of the images in {ATTRIBUTE_FILE}: {first_few(missing)}.")
    return np.array([splits[file] for file in files], dtype="U5")


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except UnicodeDecodeError:
        raise DataError(f"{path} is not a text file. Get it from {PAGE}.") from None


def _image_source() -> Path:
    """The folder of images, or their ZIP if there is no folder."""
    folder = celeba_folder()
    return folder / IMAGES if (folder / IMAGES).is_dir() else folder / f"{IMAGES}.zip"


def _image_names(source: Path) -> set[str]:
    """The names of the files in the folder or ZIP."""
    if source.is_dir():
        return {path.name for path in source.iterdir() if not path.name.startswith(".")}
    return set(_members(source))


def _members(source: Path) -> dict[str, str]:
    """The members of the ZIP by file name."""
    return _cached_members(source, file_stamps([source]))


@cache
def _cached_members(source: Path, stamp: str) -> dict[str, str]:
    try:
        with zipfile.ZipFile(source) as archive:
            return {PurePosixPath(name).name: name for name in archive.namelist() if not name.endswith("/")}
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{source} cannot be opened ({error}). Get it from {PAGE}.") from None


@contextlib.contextmanager
def _face_reader(source: Path, size: int) -> Iterator[Callable[[str], NDArray[np.uint8]]]:
    """A function that decodes one image by file name: centre-cropped and resized to (3, size, size)."""
    if source.is_dir():
        yield lambda file: _decode_face((source / file).read_bytes(), size)
        return
    members = _members(source)
    with zipfile.ZipFile(source) as archive:  # thread-safe: it locks its file position
        yield lambda file: _decode_face(archive.read(members[file]), size)


def _decode_face(data: bytes, size: int) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
        return fit_image(np.asarray(image.convert("RGB")), size, pad=False)


def narrow(config: DataConfig, images: ImageSet) -> ImageSet:
    """The set with the config's attributes only, in CelebA's order; with all 40 if it names none."""
    chosen = [index for index, name in enumerate(ATTRIBUTES) if name in config.attributes]
    if not chosen:
        return images
    return replace(images, conditions=images.conditions[:, chosen], names=tuple(ATTRIBUTES[index] for index in chosen))


def preview(config: DataConfig, count: int) -> Preview:
    """Some of the first 2,000 faces, the config's attributes in turn."""
    files, conditions = read_attributes(celeba_folder() / ATTRIBUTE_FILE)
    names = config.attributes or ATTRIBUTES
    conditions = conditions[:, [ATTRIBUTES.index(name) for name in names]]
    source = _image_source()
    rows = round_robin(conditions[:2000], count)
    try:
        with _face_reader(source, config.image_size) as read_face:
            images = np.stack([read_face(files[row]) for row in rows])
    except UNREADABLE as error:
        raise DataError(f"{source} cannot be read ({error_line(error)}). Get it from {PAGE}.") from None
    return images, [condition_label(conditions[row], names) for row in rows]


SOURCE = Source(
    title=lambda config: "CelebA",
    about="202,599 faces with 40 attributes each: the report's second experiment. For non-commercial research only.",
    licence=lambda config: LICENCE,
    local=lambda config: all(_parts(celeba_folder()).values()),
    problem=problem,
    fetch=fetch,
    fingerprint=lambda config: (
        f"celeba-1-{config.image_size}-" + file_stamps(path for path in _parts(celeba_folder()).values() if path)
    ),
    read=read,
    preview=preview,
    narrow=narrow,
    selection=lambda config: ",".join(config.attributes),
)
