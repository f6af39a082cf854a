"""Read one image file, whatever its suffix, and what a check needs to know about it."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import features

from gan.data.ingest.pixels import formats, pillow_file
from gan.data.ingest.pixels.decoded_image import DecodedImage, Levels
from gan.data.ingest.pixels.formats import SUFFIXES
from gan.data.ingest.pixels.plain_png import read_plain_png
from gan.data.ingest.pixels.thumbnail import thumbnail
from gan.errors import ImageFileError
from gan.io.image_errors import UNREADABLE

__all__ = ["SUFFIXES", "DecodedImage", "ImageInfo", "inspect_image", "read_image_file"]
Window = Levels | Literal["file"] | None
Allowed = Callable[[Path], bool]
SMALL_FILE = 2**16
"""Bytes below which a file is read at once."""


@dataclass(frozen=True)
class ImageInfo:
    """What a check keeps of an image.

    width, height  sides in pixels, upright
    colour         whether it has three channels that differ
    mode           pixel format, such as "grey, 16-bit"
    frames         frames or pages of its file
    digest         of the pixels: equal for equal pixels, whatever the format, and for grey stored as colour
    levels         its own window if it has more than 8 bits
    constant       whether all pixels are the same
    alpha          whether alpha was dropped; `alpha_hides`: fully transparent pixels hold several colours
    thumbnail      uint8 (32, 32), grey, resampled, in its own window
    """

    width: int
    height: int
    colour: bool
    mode: str
    frames: int
    digest: str
    levels: Levels | None
    constant: bool
    grey_stored_as_colour: bool
    alpha: bool
    alpha_hides: bool
    thumbnail: NDArray[np.uint8] = field(compare=False, repr=False)


def read_image_file(path: Path, frame: int = 0, window: Window = None, allowed: Allowed | None = None) -> DecodedImage:
    """Decode one frame of a file, upright, without alpha, in sRGB. A symbolic link is followed.

    `window` concerns DICOM files alone: "file" takes the window that each file names; `allowed` as in
    `open_image_file`.

    Raises ImageFileError for a file that is damaged, not supported, or not regular, such as a FIFO, which is never
    waited for; OSError for one that cannot be opened.
    """
    with open_image_file(path, allowed) as file:
        content = file.read(SMALL_FILE)
        image_format = formats.image_format(content[: formats.HEAD])
        if image_format == "PNG" and frame == 0 and (pixels := read_plain_png(content)) is not None:
            return DecodedImage(pixels, "grey, 8-bit" if pixels.ndim == 2 else "colour, 8-bit")
        head = content[: formats.HEAD]
        file.seek(0)
        if image_format is None:
            raise formats.not_an_image(head)
        try:
            return _decode(file, image_format, head, frame, window)
        except ImageFileError:
            raise
        except MemoryError:
            raise ImageFileError("too-large", "it needs more memory than there is; reduce it") from None
        except (*UNREADABLE, RuntimeError) as error:  # imagecodecs raises RuntimeError
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # of the disk, not of a decoder
                raise
            file.seek(0)
            raise formats.damaged(image_format, file.read(2**20), error) from None


def _decode(file: IO[bytes], image_format: str, head: bytes, frame: int, window: Window) -> DecodedImage:
    if image_format == "TIFF":
        from gan.data.ingest.pixels.tiff_file import read_tiff  # here: most sets have none, and it loads slowly

        return read_tiff(file, frame)
    if image_format == "DICOM":
        from gan.data.ingest.pixels.dicom_file import read_dicom  # here, likewise

        return read_dicom(file, frame, window)
    if image_format == "HEIF":
        from gan.data.ingest.pixels.heif_file import read_heif

        return read_heif(file)
    if image_format == "AVIF" and not features.check("avif"):
        raise ImageFileError("missing-library", "this Pillow reads no AVIF; install a newer one, or save it as PNG")
    image = pillow_file.open_image(file, image_format)
    frames = pillow_file.select_frame(image, frame)
    if formats.is_deep_colour(image_format, head):
        from gan.data.ingest.pixels.deep_colour import read_deep_colour

        return read_deep_colour(file, image_format, image)
    return pillow_file.decode(image, frames)


def inspect_image(path: Path, frame: int = 0, window: Window = None, allowed: Allowed | None = None) -> ImageInfo:
    """What a check needs to know about one frame of a file; raises as `read_image_file` does."""
    image = read_image_file(path, frame, window, allowed)
    grey_stored_as_colour = image.grey_stored_as_colour
    pixels: NDArray[Any] = np.ascontiguousarray(image.pixels[:, :, 0] if grey_stored_as_colour else image.pixels)
    levels = image.levels() if image.needs_window else None
    small = thumbnail(pixels, levels)
    digest = hashlib.blake2b(_digest_start(pixels.shape, pixels.dtype, image.inverted), digest_size=16)
    digest.update(pixels.data)
    return ImageInfo(
        width=pixels.shape[1],
        height=pixels.shape[0],
        colour=pixels.ndim == 3,
        mode=image.mode.replace("colour", "grey stored as colour", 1) if grey_stored_as_colour else image.mode,
        frames=image.frames,
        digest=digest.hexdigest(),
        levels=levels,
        constant=_constant(pixels if image.padding is None else pixels[None, ~image.padding]),
        grey_stored_as_colour=grey_stored_as_colour,
        alpha=image.alpha,
        alpha_hides=image.alpha_hides,
        thumbnail=~small if image.inverted else small,
    )


def _constant(pixels: NDArray[Any]) -> bool:
    """Whether all pixels are equal to the first one."""
    return pixels.size == 0 or all(bool((rows == pixels[0, 0]).all()) for rows in (pixels[0], pixels))


@lru_cache(maxsize=1000)
def _digest_start(shape: tuple[int, ...], dtype: np.dtype[Any], inverted: bool) -> bytes:
    """What is hashed before the pixels. Most images of a set share it, and a dtype takes long to be named."""
    return f"{shape}{dtype}{inverted}".encode()


def open_image_file(path: Path, allowed: Allowed | None = None) -> IO[bytes]:
    """The regular file that a path leads to, open for reading; a FIFO is never waited for.

    `allowed` says whether a file of that resolved path may be read. It is asked about the opened file, since a folder
    on the path may have become a link after any check of the path.

    Raises ImageFileError if it is not regular, and OSError if it cannot be opened or is not allowed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a loop of links, a socket
            raise _not_regular() from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_regular()
    if allowed is not None and not allowed(_path_of_opened(descriptor, path)):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "it is not a file of this set", path.name)
    return open(descriptor, "rb")


def _path_of_opened(descriptor: int, path: Path) -> Path:
    """Where an opened file lies; without Linux's /proc, where `path` leads now."""
    try:
        return Path(f"/proc/self/fd/{descriptor}").readlink()
    except OSError:
        return Path(os.path.realpath(path))


def _not_regular() -> ImageFileError:
    return ImageFileError("not-regular", "it is not a regular file; put the file itself in its place")
