"""Read one page of a TIFF file: tifffile says how it is stored, and decodes what Pillow cannot or gets wrong.

No other file is opened, whatever OME-XML names. Sizes are checked before anything is decoded.
"""

import logging
import os
from typing import IO, Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, TiffFileError, TiffPage

from gan.data.ingest.pixels.colour_profile import is_srgb
from gan.data.ingest.pixels.decoded_image import DecodedImage
from gan.data.ingest.pixels.deep_colour import upright
from gan.data.ingest.pixels.limits import MAX_DECODED, check_finite, check_size
from gan.data.ingest.pixels.pillow_file import decode, hides_colours, open_image
from gan.errors import ImageFileError

# JPEG 2000, JPEG XL and the like are left out: their decoders allocate what a forged stream asks for.
COMPRESSIONS = {
    COMPRESSION.NONE, COMPRESSION.LZW, COMPRESSION.JPEG, COMPRESSION.ADOBE_DEFLATE, COMPRESSION.DEFLATE,
    COMPRESSION.PACKBITS, COMPRESSION.LZMA, COMPRESSION.ZSTD,
}  # fmt: skip
"""Compressions of pages that tifffile decodes here."""
PILLOW_COMPRESSIONS = COMPRESSIONS | {
    COMPRESSION.CCITTRLE, COMPRESSION.CCITTFAX3, COMPRESSION.CCITTFAX4, COMPRESSION.OJPEG, COMPRESSION.WEBP,
}  # fmt: skip
COLOURS = {
    PHOTOMETRIC.MINISWHITE: 1, PHOTOMETRIC.MINISBLACK: 1, PHOTOMETRIC.RGB: 3, PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.SEPARATED: 4, PHOTOMETRIC.YCBCR: 3,
}  # fmt: skip
"""Channels of each way to store colours; further channels are alpha or unknown."""
GREY = (PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.MINISBLACK)
ALPHA = (EXTRASAMPLE.ASSOCALPHA, EXTRASAMPLE.UNASSALPHA)
# It logs each odd tag of a damaged file; what cannot be read is raised as well.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)
ORIENTATION, ICC_PROFILE = 274, 34675


def read_tiff(file: IO[bytes], frame: int) -> DecodedImage:
    """One page of an open file, counted from 0; thumbnails and masks are not counted.

    Raises ImageFileError for what is not read, and RuntimeError or one of `UNREADABLE` for a damaged file.
    """
    try:
        return _read_page(file, frame)
    except (TiffFileError, AssertionError) as error:
        raise ValueError(str(error)) from None


def _read_page(file: IO[bytes], frame: int) -> DecodedImage:
    # Programs' own kinds of TIFF would change the pages, and OME-XML names further files.
    with tifffile.TiffFile(
        file, name="image.tif", is_ome=False, is_lsm=False, is_ndpi=False, is_scanimage=False
    ) as tiff:
        pages = [(number, page) for number, page in enumerate(tiff.pages) if isinstance(page, TiffPage)]
        frames = [(number, page) for number, page in pages if not page.subfiletype & 0b101] or pages[:1]
        if not 0 <= frame < len(frames):
            raise ImageFileError("no-such-frame", f"it has {len(frames):,} pages; there is no page {frame + 1:,}")
        number, page = frames[frame]
        _check_stored(page, os.fstat(file.fileno()).st_size)
        _check_channels(page)
        if _pillow_reads(page):
            file.seek(0)
            image = open_image(file, "TIFF")
            image.seek(number)
            decoded = decode(image, len(frames))
            return decoded if page.samplesperpixel < 4 else _name_fourth_channel(decoded, page)
        return _decode(page, len(frames))


def _check_stored(page: TiffPage, file_size: int) -> None:
    """Raise ImageFileError for a page that is too large, cut short, or stored in a way that is not read."""
    if page.imagedepth > 1 or page.imagewidth < 1 or page.imagelength < 1:
        raise ImageFileError("unsupported", "it is a volume, not an image; save its slices as images of their own")
    size = 1 if page.dtype is None else page.dtype.itemsize
    check_size(page.imagewidth, page.imagelength, page.samplesperpixel * size)
    if int(np.prod([int(side) for side in page.chunks], dtype=object)) * size > MAX_DECODED:
        raise ImageFileError("too-large", f"one of its tiles takes more than the {MAX_DECODED:,} bytes allowed")
    ends = (offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False))
    if not all(page.databytecounts) or not page.dataoffsets or max(ends) > file_size:
        raise ImageFileError("damaged", "it is cut short: pixels lie beyond its end; copy or download it again")
    if page.compression not in PILLOW_COMPRESSIONS:
        name = getattr(page.compression, "name", page.compression)
        text = f"its compression, {name}, is not read; save it without compression or with LZW, or as PNG"
        raise ImageFileError("unsupported", text)
    if page.photometric not in COLOURS:
        name = getattr(page.photometric, "name", page.photometric)
        raise ImageFileError("unsupported", f"its colour space, {name}, is not read; save it as grey or RGB")
    if page.dtype is None or page.dtype.kind not in "bBiuf":
        kind = "complex numbers" if page.dtype is not None else f"samples of {page.bitspersample} bits"
        raise ImageFileError("unsupported", f"its pixels are {kind}; save it as grey or RGB of 8 or 16 bits")


def _check_channels(page: TiffPage) -> None:
    """Raise ImageFileError if channels are no colours, such as four stains of fluorescence in one page."""
    colours, channels = COLOURS[PHOTOMETRIC(page.photometric)], page.samplesperpixel
    grey_alpha = channels == 2 and bool(page.extrasamples) and page.extrasamples[0] in ALPHA
    if channels < colours or (page.photometric in GREY and channels > 1 and not grey_alpha):
        text = f"its {channels} channels are no colours ({PHOTOMETRIC(page.photometric).name})"
        raise ImageFileError("channels", f"{text}; save the channel to learn from as grey, or three of them as RGB")


def _pillow_reads(page: TiffPage) -> bool:
    """Whether Pillow reads a page right: chunky pixels of up to 8 bits, with at most one further channel."""
    bits = page.bitspersample
    return (
        bits in (1, 2, 4, 8)
        and page.sampleformat == 1
        and (page.planarconfig == 1 or page.samplesperpixel == 1)
        and page.samplesperpixel <= COLOURS[PHOTOMETRIC(page.photometric)] + 1
        and page.samplesperpixel <= 4
    )


def _name_fourth_channel(decoded: DecodedImage, page: TiffPage) -> DecodedImage:
    """Say that a fourth channel, which is not marked as alpha, is dropped."""
    if page.photometric != PHOTOMETRIC.RGB or decoded.alpha:
        return decoded
    return DecodedImage(decoded.pixels, f"{decoded.mode}, fourth channel dropped", decoded.frames)


def _decode(page: TiffPage, frames: int) -> DecodedImage:
    """A page that Pillow cannot read or gets wrong: deeper than 8 bits, signed, floating point, or planar."""
    if page.photometric not in (*GREY, PHOTOMETRIC.RGB) or page.compression not in COMPRESSIONS:
        space, packed = PHOTOMETRIC(page.photometric).name, COMPRESSION(page.compression).name
        stored = f"{page.bitspersample}-bit {space} with the compression {packed}"
        raise ImageFileError("unsupported", f"its pixels, {stored}, are not read; save it as grey or RGB")
    pixels = page.asarray(maxworkers=1)
    if page.axes == "SYX":
        pixels = pixels.transpose(1, 2, 0)
    pixels = pixels.reshape(page.imagelength, page.imagewidth, -1)
    colours = COLOURS[PHOTOMETRIC(page.photometric)]
    alpha, note = None, _depth(page)
    if pixels.shape[2] > colours:
        is_alpha = bool(page.extrasamples) and page.extrasamples[0] in ALPHA
        alpha = pixels[:, :, colours] if is_alpha else None
        note += ", alpha dropped" if is_alpha else f", {pixels.shape[2] - colours} further channels dropped"
    pixels = pixels[:, :, 0] if colours == 1 else pixels[:, :, :colours]
    if colours == 3 and (profile := page.tags.valueof(ICC_PROFILE)) and not is_srgb(bytes(profile)):
        note += ", colour profile not applied"
    hides = alpha is not None and hides_colours(pixels, alpha)
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        pixels = _inverted(pixels, page.bitspersample)
    pixels = upright(_levels(pixels), int(page.tags.valueof(ORIENTATION, 1)))
    return DecodedImage(pixels, note, frames, alpha=alpha is not None, alpha_hides=hides)


def _depth(page: TiffPage) -> str:
    colour = "colour" if page.photometric == PHOTOMETRIC.RGB else "grey"
    assert page.dtype is not None
    kind = {"f": "floating point", "i": f"signed {page.bitspersample}-bit"}
    return f"{colour}, {kind.get(page.dtype.kind, f'{page.bitspersample}-bit')}"


def _inverted(pixels: NDArray[Any], bits: int) -> NDArray[Any]:
    """Levels that are white at their lowest, black at their lowest."""
    if pixels.dtype.kind == "u":
        return np.asarray(pixels.dtype.type(2**bits - 1) - pixels)
    return np.asarray(-1 - pixels if pixels.dtype.kind == "i" else -pixels)


def _levels(pixels: NDArray[Any]) -> NDArray[Any]:
    """Pixels as uint8, int32 or float32. Raises ImageFileError for levels that do not fit."""
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind == "b":
        return pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return check_finite(pixels.astype(np.float32))
    lowest, highest = int(pixels.min()), int(pixels.max())
    if lowest < -(2**31) or highest >= 2**31:
        text = f"its grey levels, {lowest} to {highest}, need more than 32 bits; save it with 16 bits"
        raise ImageFileError("unsupported", text)
    return pixels.astype(np.int32)
