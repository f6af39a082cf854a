"""Read one image file of a user: PNG, JPEG, BMP or TIFF, of 8 or 16 bits, grey or colour; nothing else is opened."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "BMP", "TIFF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
MAX_PIXELS = 64_000_000
CLIPPED = 0.1  # percent of an image's pixels at either end that may lie outside the window of a 16-bit set


@dataclass(frozen=True)
class DecodedImage:
    """Pixels (H, W) or (H, W, 3): uint8, or int32 where the file has grey levels of 16 bits; `mode` in words."""

    pixels: NDArray[np.uint8] | NDArray[np.int32]
    mode: str
    pages: int

    @property
    def deep(self) -> bool:
        """Whether the pixels must be windowed to 8 bits."""
        return self.pixels.dtype != np.uint8

    def to_bytes(self, channels: int, window: tuple[int, int] | None) -> NDArray[np.uint8]:
        """Pixels of 8 bits, (H, W) for one channel or (H, W, 3)."""
        pixels = self.pixels
        if self.deep:
            low, high = window if window is not None else self.levels()
            pixels = ((pixels.astype(np.float64) - low) * (255 / max(high - low, 1))).round().clip(0, 255)
        pixels = pixels.astype(np.uint8)
        return np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 and channels == 3 else pixels

    def levels(self) -> tuple[int, int]:
        """The grey levels between which all but a thousandth of the pixels at either end lie."""
        low, high = np.percentile(self.pixels, [CLIPPED, 100 - CLIPPED])
        return int(low), int(np.ceil(high))


@dataclass(frozen=True)
class ImageInfo:
    """What a check keeps of an image: its sides, a digest of its pixels, and the levels of a 16-bit one."""

    width: int
    height: int
    colour: bool
    mode: str
    pages: int
    digest: str
    levels: tuple[int, int] | None


def read_image_file(path: Path) -> DecodedImage:
    """Decode one file, its rotation applied, alpha dropped; the first page of several.

    Raises what Pillow does for a damaged file (`gan.io.image_errors.UNREADABLE`), and ValueError for one that is not
    taken.
    """
    with Image.open(path, formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width} x {image.height} pixels are more than the {MAX_PIXELS:,} taken")
        pages = int(getattr(image, "n_frames", 1))
        stored = image.mode
        if stored == "F":
            raise ValueError("its pixels are floating-point numbers: save it with 8 or 16 bits")
        if stored in ("I", "I;16", "I;16B", "I;16L", "I;16N"):
            deep = np.asarray(image).astype(np.int32)
            if deep.min() < -32768 or deep.max() > 65535:
                raise ValueError(f"its grey levels, {deep.min()} to {deep.max()}, need more than 16 bits")
            return DecodedImage(deep, "grey, 16-bit", pages)
        upright = ImageOps.exif_transpose(image)
        colour = stored not in ("1", "L", "LA", "La") and not _grey_palette(upright)
        pixels = np.asarray(upright.convert("RGB" if colour else "L"))
    alpha = " with alpha, which is dropped" if stored in ("LA", "La", "PA", "RGBA", "RGBa") else ""
    return DecodedImage(pixels, ("colour, 8-bit" if colour else "grey, 8-bit") + alpha, pages)


def inspect_image(path: Path) -> ImageInfo:
    """What a check needs to know of one file; raises as `read_picture` does."""
    picture = read_image_file(path)
    pixels = np.ascontiguousarray(picture.pixels)
    head = f"{pixels.shape}{pixels.dtype}".encode()
    return ImageInfo(
        width=pixels.shape[1],
        height=pixels.shape[0],
        colour=pixels.ndim == 3,
        mode=picture.mode,
        pages=picture.pages,
        digest=hashlib.blake2b(head + pixels.tobytes(), digest_size=16).hexdigest(),
        levels=picture.levels() if picture.deep else None,
    )


def _grey_palette(image: Image.Image) -> bool:
    """Whether an image has a palette of greys only: many programs save grey pictures so."""
    if image.mode not in ("P", "PA"):
        return False
    red, green, blue = (np.asarray(band) for band in image.convert("RGB").split())
    return bool((red == green).all() and (green == blue).all())
