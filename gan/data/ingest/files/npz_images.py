"""Read images and labels from an .npz file of the shape of MedMNIST's, without unpickling and in little memory.

Letters: N images, H W, K classes or attributes.
"""

import io
import math
import re
import tokenize
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image

from gan.data.ingest.files.archive_formats import DAMAGE
from gan.data.ingest.files.contained_image import ContainedImage
from gan.data.ingest.labels.split_words import split_word
from gan.errors import DataError
from gan.io.png import encode_picture, encode_pngs
from gan.io.synthetic_mark import ARRAY, MARK

IMAGE_WORDS = ("images", "image", "imgs", "x", "data")
LABEL_WORDS = ("labels", "label", "y", "targets", "target", "classes")
MAX_LABELS = 1 << 28
"""Bytes of an array of labels."""
CHUNK = 64
"""Images read at a time."""
MAX_PIXELS = 64_000_000
NEEDED = (
    "An npz needs arrays such as train_images, uint8 (N, H, W) or (N, H, W, 3), and train_labels (N) of class numbers "
    "or (N, K) of 0 and 1; val_ and test_ likewise"
)


@dataclass(frozen=True)
class _Array:
    """The header of an array in an .npz."""

    name: str
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def tokens(self) -> list[str]:
        """The words of its name, in lower case."""
        return re.split(r"[_\W]+", self.name.removesuffix(".npy").lower())

    def is_named(self, word: str, rest: list[str]) -> bool:
        """Whether its name is `word` with the words of `rest`."""
        return word in self.tokens and [token for token in self.tokens if token != word] == rest

    def __str__(self) -> str:
        return f"{self.name.removesuffix('.npy')} {self.dtype} {self.shape}"


def read_npz(path: Path, shown_as: str) -> Iterator[ContainedImage]:
    """The images of an .npz file. Raises DataError for other arrays, naming them; messages call it `shown_as`."""
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {name: _header(archive, name) for name in archive.namelist()}
            pairs = _pairs(list(arrays.values()), shown_as)
            total, done = sum(images.shape[0] for images, _, _ in pairs), 0
            for images, labels, split in pairs:
                text = MARK if f"{ARRAY}.npy" in arrays else {}
                rows = _labels(_read(archive, labels, shown_as), images, labels, _names(archive, arrays), shown_as)
                for content, row in zip(_pngs(archive, images, text), rows, strict=True):
                    yield ContainedImage(content, ".png", "", row, split, done=done / total)
                    done += 1
    except (*DAMAGE, ValueError, SyntaxError, tokenize.TokenError, TypeError, MemoryError, OverflowError) as error:
        raise DataError(f"{shown_as} is damaged ({error}). Save it again.") from None


def _header(archive: zipfile.ZipFile, name: str) -> _Array:
    with archive.open(name) as stream:
        return _Array(name, *_read_header(stream))


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran's order, and type; leaves the stream at the first element."""
    version = npy.read_magic(stream)
    return (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(stream)


def _pairs(arrays: list[_Array], shown_as: str) -> list[tuple[_Array, _Array, str]]:
    """Images, labels and split of each pair of arrays whose names differ in `images` and `labels` alone."""
    pairs: list[tuple[_Array, _Array, str]] = []
    for images in arrays:
        tokens = images.tokens
        words = [word for word in IMAGE_WORDS if word in tokens]
        if not words or len(images.shape) < 3:
            continue
        rest = [token for token in tokens if token != words[0]]
        labels = next((other for word in LABEL_WORDS for other in arrays if other.is_named(word, rest)), None)
        if labels is None:
            raise DataError(f"{shown_as} has {images}, but no array of its labels. {NEEDED}.")
        _check_images(images, shown_as)
        pairs.append((images, labels, split_word(" ".join(rest)) or ""))
    if not pairs:
        raise DataError(f"{NEEDED}; {shown_as} has {', '.join(map(str, arrays[:8])) or 'none'}.")
    return pairs


def _check_images(images: _Array, shown_as: str) -> None:
    shape, dtype = images.shape, images.dtype
    if not (len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3))) or images.fortran or not shape[0]:
        hint = ""
        if len(shape) == 4 and shape[1] in (1, 3):
            hint = " Move the channels last: np.moveaxis(images, 1, -1)."
        elif len(shape) >= 4:
            hint = " Volumes are not read: save their slices."
        raise DataError(f"{shown_as} has {images}: images must be (N, H, W) or (N, H, W, 3) in C order.{hint}")
    if dtype.kind == "O":
        raise DataError(f"{shown_as} has {images}, pickled objects, which are never read. Save numbers. {NEEDED}.")
    if dtype not in (np.uint8, np.bool_) and not (dtype == np.uint16 and shape[3:] in ((), (1,))):
        raise DataError(
            f"{shown_as} has {images}: images must be uint8, or uint16 if they are grey. "
            "Scale them to 0 to 255 and convert them: images.astype(np.uint8)."
        )
    if not 0 < shape[1] * shape[2] <= MAX_PIXELS:
        raise DataError(f"{shown_as} has {images}: an image may have 1 to {MAX_PIXELS:,} pixels.")


def _read(archive: zipfile.ZipFile, array: _Array, shown_as: str) -> NDArray[Any]:
    """A small array; raises DataError for one of pickled objects or of more than MAX_LABELS bytes."""
    if array.dtype.hasobject:
        raise DataError(f"{shown_as} has {array}, pickled objects, which are never read. Save numbers or text.")
    if math.prod(array.shape) * array.dtype.itemsize > MAX_LABELS:
        raise DataError(f"{shown_as} has {array}: labels may have at most {MAX_LABELS:,} bytes.")
    with archive.open(array.name) as stream:
        return np.asarray(npy.read_array(io.BytesIO(stream.read()), allow_pickle=False))


def _names(archive: zipfile.ZipFile, arrays: dict[str, _Array]) -> list[str]:
    """The names of classes or attributes, if the file has an array of them, such as class_names."""
    for array in arrays.values():
        is_text = array.dtype.kind in "US" and len(array.shape) == 1
        if is_text and {"names", "classes"} & set(array.tokens) and math.prod(array.shape) <= 10_000:
            return [str(name) for name in _read(archive, array, array.name).astype(str)]
    return []


def _labels(
    values: NDArray[Any], images: _Array, labels: _Array, names: list[str], shown_as: str
) -> list[dict[str, str]]:
    """The labels of each image, from class numbers or names (N) or (N, 1), or 0 and 1 (N, K)."""
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim not in (1, 2) or len(values) != images.shape[0]:
        raise DataError(f"{shown_as} has {images}, but {labels}: labels must be ({images.shape[0]}) or (N, K).")
    if values.ndim == 2:
        if values.dtype.kind not in "biuf" or not np.isin(values, (0, 1)).all():
            raise DataError(f"{shown_as} has {labels}: labels (N, K) must be 0 or 1.")
        width = values.shape[1]
        titles = names if len(names) == width else [f"label {number}" for number in range(width)]
        if (values.sum(axis=1) == 1).all():
            return [{"class": titles[int(position)]} for position in values.argmax(axis=1)]
        return [{title: str(int(value)) for title, value in zip(titles, row, strict=True)} for row in values]
    if values.dtype.kind in "US":
        return [{"class": str(value)} for value in values.astype(str)]
    if values.dtype.kind not in "biuf" or not np.isfinite(values).all() or (values != np.round(values)).any():
        raise DataError(f"{shown_as} has {labels}: class labels must be whole numbers or names.")
    numbers = [int(value) for value in values]
    named = bool(names) and min(numbers) >= 0 and max(numbers) < len(names)
    return [{"class": names[number] if named else str(number)} for number in numbers]


def _pngs(archive: zipfile.ZipFile, images: _Array, text: Mapping[str, str]) -> Iterator[bytes]:
    """The images as PNG files with that text, CHUNK at a time."""
    count, height, width = images.shape[:3]
    channels = images.shape[3] if len(images.shape) == 4 else 1
    size = height * width * channels * images.dtype.itemsize
    chunk = max(1, min(CHUNK, (64 << 20) // size))
    with archive.open(images.name) as stream:
        _read_header(stream)
        for start in range(0, count, chunk):
            n = min(chunk, count - start)
            content = stream.read(n * size)
            if len(content) < n * size:
                raise EOFError(f"{images.name} ends early")
            pixels = np.frombuffer(content, images.dtype).reshape(n, height, width, channels)
            yield from _encode(pixels, text)


def _encode(pixels: NDArray[Any], text: Mapping[str, str]) -> Iterator[bytes]:
    """Pixels (n, H, W, C) as PNG files with that text."""
    if pixels.dtype == np.uint16:
        for image in pixels[:, :, :, 0]:
            yield encode_picture(Image.fromarray(image.astype("<u2")), text)
        return
    levels = pixels.astype(np.uint8) * (255 if pixels.dtype == np.bool_ else 1)
    yield from encode_pngs(np.ascontiguousarray(levels.transpose(0, 3, 1, 2)), [text] * len(levels))
