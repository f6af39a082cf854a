"""Read one image file: PNG, JPEG, BMP or TIFF, 8 or 16 bits, grey or colour. Other formats are not opened."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from gan.data.ingest.pixels.decoded_image import MAX_PIXELS, DecodedImage
from gan.errors import DamagedFileError
from gan.io.untrusted_files import check_regular

FORMATS = ("PNG", "JPEG", "BMP", "TIFF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class ImageInfo:
    """What a check keeps of an image: sides in pixels, a digest of the pixels, grey levels if it has 16 bits."""

    width: int
    height: int
    colour: bool
    mode: str
    pages: int
    digest: str
    levels: tuple[int, int] | None


def read_image_file(path: Path) -> DecodedImage:
    """Decode the first page of a file, upright by its EXIF orientation, without alpha.

    A symbolic link is followed. Raises one of `UNREADABLE` for a damaged file, and ValueError for one that is not
    supported or not regular, such as a FIFO, which is never waited for.
    """
    try:
        regular = check_regular(Path(os.path.realpath(path)))  # resolve raises RuntimeError for a loop of links
    except DamagedFileError:
        raise ValueError("it is not a regular file") from None
    with Image.open(regular, formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width} x {image.height} pixels are more than the {MAX_PIXELS:,} allowed")
        pages = int(getattr(image, "n_frames", 1))
        stored = image.mode
        if stored == "F":
            raise ValueError("its pixels are floating-point numbers; save it with 8 or 16 bits")
        if stored in ("I", "I;16", "I;16B", "I;16L", "I;16N"):
            levels = np.asarray(image).astype(np.int32)
            if levels.min() < -32768 or levels.max() > 65535:
                raise ValueError(f"its grey levels, {levels.min()} to {levels.max()}, need more than 16 bits")
            return DecodedImage(levels, "grey, 16-bit", pages)
        upright = ImageOps.exif_transpose(image)
        colour = stored not in ("1", "L", "LA", "La") and not _grey_palette(upright)
        pixels = np.asarray(upright.convert("RGB" if colour else "L"))
    alpha = ", alpha dropped" if stored in ("LA", "La", "PA", "RGBA", "RGBa") else ""
    return DecodedImage(pixels, ("colour, 8-bit" if colour else "grey, 8-bit") + alpha, pages)


def inspect_image(path: Path) -> ImageInfo:
    """What a check needs to know about one file; raises as `read_image_file` does."""
    image = read_image_file(path)
    pixels = np.ascontiguousarray(image.pixels)
    head = f"{pixels.shape}{pixels.dtype}".encode()
    return ImageInfo(
        width=pixels.shape[1],
        height=pixels.shape[0],
        colour=pixels.ndim == 3,
        mode=image.mode,
        pages=image.pages,
        digest=hashlib.blake2b(head + pixels.tobytes(), digest_size=16).hexdigest(),
        levels=image.grey_levels() if image.is_16_bit else None,
    )


def _grey_palette(image: Image.Image) -> bool:
    """Whether an image has a palette of greys only, as many programs save grey images."""
    if image.mode not in ("P", "PA"):
        return False
    red, green, blue = (np.asarray(band) for band in image.convert("RGB").split())
    return bool((red == green).all() and (green == blue).all())
