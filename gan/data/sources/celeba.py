"""celeba: 202,599 aligned faces with 40 attributes, by a short reader of CelebA's own layout.

    GAN_DATA/celeba/img_align_celeba/000001.jpg ...     or img_align_celeba.zip
    GAN_DATA/celeba/list_attr_celeba.txt                 40 names, then 1 or -1 for each image
    GAN_DATA/celeba/list_eval_partition.txt              0 train, 1 val, 2 test

torchvision's reader refuses a copy without three further files, which are not needed here. The images are decoded once
with all 40 attributes; a config that chooses some narrows what it reads.
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
    """The folder in which CelebA lies, or the shared one where nothing of it is anywhere."""
    return next(
        (folder for folder in data_folders("celeba") if any(_parts(folder).values())), data_folders("celeba")[0]
    )


def _parts(folder: Path) -> dict[str, Path | None]:
    """The three parts of CelebA by name, each with its path where it is there."""
    images = folder / IMAGES if (folder / IMAGES).is_dir() else folder / f"{IMAGES}.zip"
    parts = {f"{IMAGES}.zip": images, ATTRIBUTE_FILE: folder / ATTRIBUTE_FILE, PARTITION_FILE: folder / PARTITION_FILE}
    return {name: path if path.exists() else None for name, path in parts.items()}


def problem(config: DataConfig) -> str | None:
    """Unknown attributes, or the parts that are missing where some are there."""
    for name in config.attributes:
        if name not in ATTRIBUTES:
            near = difflib.get_close_matches(name, ATTRIBUTES, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"It has {', '.join(ATTRIBUTES)}."
            return f"CelebA has no attribute {name}. {hint}"
    missing = [name for name, path in _parts(celeba_folder()).items() if path is None]
    if not missing or len(missing) == 3:
        return None  # all there, or nothing: then it is downloaded
    return f"CelebA is not whole: {', '.join(missing)} missing in {celeba_folder()}. {_by_hand(celeba_folder())}"


def _by_hand(folder: Path) -> str:
    return f"Download {IMAGES}.zip, {ATTRIBUTE_FILE} and {PARTITION_FILE} from {PAGE} and put them into {folder}."


def fetch(config: DataConfig, progress: Progress) -> None:
    """Download the three files from Google Drive, their published checksums enforced."""
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
        except (OSError, RuntimeError, gdown.exceptions.FileURLRetrievalError) as error:  # no network, or Drive's quota
            cause = " ".join(str(error).split())[:200]
            raise DataError(f"{name} of CelebA could not be downloaded ({cause}). {_by_hand(folder)}") from None


def read(config: DataConfig, progress: Progress, folder: Path) -> ImageSet:
    """All faces with all 40 attributes and the official splits, decoded into `folder`."""
    progress("Reading CelebA's lists", 0.0)
    base = celeba_folder()
    files, conditions = read_attributes(base / ATTRIBUTE_FILE)
    split = read_partition(base / PARTITION_FILE, files)
    source = base / IMAGES if (base / IMAGES).is_dir() else base / f"{IMAGES}.zip"
    there = _names(source)
    missing = [file for file in files if file not in there]
    if missing:
        raise DataError(
            f"{len(missing):,} of CelebA's {len(files):,} images are missing in {source}: {_some(missing)}."
        )
    with _reader(source, config.image_size) as read_one:
        images, failures = decode_images(read_one, files, 3, config.image_size, folder, progress)
    if failures:
        lines = [f"{file} ({cause})" for file, cause in failures.items()]
        raise DataError(f"{len(failures):,} of CelebA's images in {source} are damaged: {_some(lines)}.")
    extra = len(there) - len(files)
    return ImageSet(
        images=images,
        conditions=conditions,
        names=ATTRIBUTES,
        kind="attributes",
        split=split,
        group=None,
        native_size=config.image_size,
        title="CelebA",
        source=f"CelebFaces Attributes, aligned and cropped, {len(files):,} images",
        licence=LICENCE,
        notices=(f"{extra:,} files in {source} are in no list and were left out.",) if extra else (),
    )


def read_attributes(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """File names and attributes (N, 40) as 0 and 1; raises DataError that names the line which does not fit."""
    lines = _lines(path)
    if len(lines) < 3 or tuple(lines[1].split()) != ATTRIBUTES:
        raise DataError(f"{path} is not CelebA's list of attributes: its second line must be the 40 names.")
    files, values = [], np.empty((len(lines) - 2, 40), dtype=np.int8)
    for row, line in enumerate(lines[2:]):
        file, *numbers = line.split()
        if len(numbers) != 40 or not {*numbers} <= {"1", "-1"}:
            raise DataError(f"Line {row + 3} of {path} does not hold a file and 40 times 1 or -1.")
        files.append(file)
        values[row] = np.array(numbers, dtype=np.int8)
    if lines[0].strip() != str(len(files)):
        raise DataError(f"{path} is cut short: its first line says {lines[0].strip()} images and it has {len(files)}.")
    return files, (values > 0).astype(np.float32)


def read_partition(path: Path, files: list[str]) -> NDArray[np.str_]:
    """The split of each file (N,); raises DataError that names the line or the files which do not fit."""
    splits = {}
    for number, line in enumerate(_lines(path), 1):
        file, *part = line.split()
        if part not in (["0"], ["1"], ["2"]):
            raise DataError(f"Line {number} of {path} does not hold a file and 0, 1 or 2.")
        splits[file] = SPLITS[int(part[0])]
    missing = [file for file in files if file not in splits]
    if missing:
        raise DataError(f"{path} does not name {len(missing):,} of the images in {ATTRIBUTE_FILE}: {_some(missing)}.")
    return np.array([splits[file] for file in files], dtype="U5")


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except UnicodeDecodeError:
        raise DataError(f"{path} is not a text file: get it from {PAGE}.") from None


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def _names(source: Path) -> set[str]:
    """The image files in the folder or ZIP, without folders."""
    if source.is_dir():
        return {path.name for path in source.iterdir() if not path.name.startswith(".")}
    return set(_members(source))


@cache
def _members_at(source: Path, stamped: str) -> dict[str, str]:
    try:
        with zipfile.ZipFile(source) as archive:
            found = {PurePosixPath(name).name: name for name in archive.namelist() if not name.endswith("/")}
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{source} cannot be opened ({error}): get it from {PAGE}.") from None
    return found


def _members(source: Path) -> dict[str, str]:
    """File name to member of the ZIP."""
    return _members_at(source, file_stamps([source]))


@contextlib.contextmanager
def _reader(source: Path, size: int) -> Iterator[Callable[[str], NDArray[np.uint8]]]:
    """A function that decodes one image file: centre-cropped square, then resized, (3, size, size)."""
    if source.is_dir():
        yield lambda file: _face((source / file).read_bytes(), size)
        return
    members = _members(source)
    with zipfile.ZipFile(source) as archive:  # threads may read from it at once: it locks its own position
        yield lambda file: _face(archive.read(members[file]), size)


def _face(data: bytes, size: int) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
        return fit_image(np.asarray(image.convert("RGB")), size, pad=False)


def narrow(config: DataConfig, images: ImageSet) -> ImageSet:
    """The chosen attributes, in CelebA's order; all 40 where none are chosen."""
    chosen = [index for index, name in enumerate(ATTRIBUTES) if name in config.attributes]
    if not chosen:
        return images
    return replace(images, conditions=images.conditions[:, chosen], names=tuple(ATTRIBUTES[index] for index in chosen))


def preview(config: DataConfig, count: int) -> Preview:
    """Some of the first faces, by the chosen attributes in turn."""
    base = celeba_folder()
    files, conditions = read_attributes(base / ATTRIBUTE_FILE)
    names = config.attributes or ATTRIBUTES
    conditions = conditions[:, [ATTRIBUTES.index(name) for name in names]]
    source = base / IMAGES if (base / IMAGES).is_dir() else base / f"{IMAGES}.zip"
    rows = round_robin(conditions[:2000], count)
    try:
        with _reader(source, config.image_size) as read_one:
            images = np.stack([read_one(files[row]) for row in rows])
    except UNREADABLE as error:
        raise DataError(f"{source} cannot be read ({error_line(error)}): get it from {PAGE}.") from None
    return images, [condition_label(conditions[row], names) for row in rows]


SOURCE = Source(
    title=lambda config: "CelebA",
    about="202,599 faces with 40 attributes each, the report's second experiment. For non-commercial research only.",
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
)
