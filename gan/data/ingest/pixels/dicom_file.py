"""Read one frame of a DICOM file: grey values in units of the modality, or 8 bits by the file's window, or colour.

Uncompressed, RLE and 8-bit JPEG files need no more than the installed packages. The others need the extra `dicom`.
Overlays are left out, also those in unused bits of the pixels.
"""

import struct
from typing import IO, Any, BinaryIO, Literal, cast

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGExtended12Bit,
    JPEGLSTransferSyntaxes,
    RLELossless,
    RTDoseStorage,
    SegmentationStorage,
)

from gan.data.ingest.pixels.decoded_image import DecodedImage, Levels
from gan.data.ingest.pixels.dicom_elements import (
    PIXEL_DATA,
    PIXEL_ELEMENTS,
    frame_elements,
    hiding_values,
    read_elements,
    standard_name,
    storage_class,
    text_of,
    transfer_syntax,
    whole_number,
)
from gan.data.ingest.pixels.dicom_grey import apply_voi, is_signed, lowest_value, modality_values
from gan.data.ingest.pixels.limits import check_finite, check_size
from gan.errors import ImageFileError

GREY, PALETTE = ("MONOCHROME1", "MONOCHROME2"), "PALETTE COLOR"
NO_PICTURES = (SegmentationStorage, RTDoseStorage)
"""Classes of files with pixels that mark something in the pictures beside them."""
INSTALL = "pip install pylibjpeg pylibjpeg-openjpeg pyjpegls python-gdcm"
"""The packages themselves, which is right in a checkout, too: PyPI's `gan` is somebody else's program."""
COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")


def read_dicom(file: IO[bytes], frame: int = 0, window: Levels | Literal["file"] | None = None) -> DecodedImage:
    """One frame. Grey: values after the modality LUT; with `window="file"`, 8 bits by the first VOI LUT or window that
    the file names, if it names one. MONOCHROME1 is inverted last. Colour: RGB.

    Further windows that a file names can be chosen as a pair for all images (`DicomHeader.windows`).
    Raises ImageFileError, whose text quotes no value of the file.
    """
    with hiding_values("damaged", "it is damaged, or breaks the rules of DICOM; export it again"):
        elements = read_elements(file, PIXEL_ELEMENTS)
        check_pixels(elements)
        frames = number_of_frames(elements)
        if not 0 <= frame < frames:
            raise ImageFileError("no-such-frame", f"it has {frames:,} frames, so there is no frame {frame + 1:,}")
        pixels = stored_pixels(pixel_source(file, elements), elements, frame)
        if text_of(elements, "PhotometricInterpretation") in GREY:
            return _grey(pixels, elements, frame, window == "file")
        return _colour(pixels, elements)


def number_of_frames(elements: Dataset) -> int:
    """The number of frames, 1 where the file does not say."""
    return max(1, whole_number(elements, "NumberOfFrames", 1))


def check_pixels(elements: pydicom.FileDataset) -> None:
    """Raise ImageFileError if there are no pixels, or pixels that cannot be decoded here."""
    named = storage_class(elements)
    kind = standard_name(named, "a class that the DICOM standard does not name")
    if named in NO_PICTURES:
        raise ImageFileError("unsupported", f"it is no picture, but belongs to others ({kind}); leave it out")
    if "Rows" not in elements or "Columns" not in elements:
        if not named:
            raise ImageFileError("damaged", "its DICOM header names neither its size nor its class; export it again")
        raise ImageFileError("unsupported", f"it is a DICOM file without pixels ({kind}); leave it out")
    width, height = whole_number(elements, "Columns"), whole_number(elements, "Rows")
    check_size(width, height, whole_number(elements, "SamplesPerPixel", 1))
    if not width or not height:
        raise ImageFileError("damaged", "it has no rows or no columns; export it again")
    colours, name = whole_number(elements, "SamplesPerPixel", 1), text_of(elements, "PhotometricInterpretation")
    if (colours, name) not in {*((1, grey) for grey in (*GREY, PALETTE)), *((3, colour) for colour in COLOUR)}:
        known = ", ".join((*GREY, PALETTE, *COLOUR))
        text = f"its photometric interpretation is none of {known}, or does not fit its number of colours"
        raise ImageFileError("channels", f"{text}; export it as grey or RGB")
    allocated, stored = whole_number(elements, "BitsAllocated"), whole_number(elements, "BitsStored", 0)
    if allocated not in (1, 8, 16, 32, 64) or stored > allocated:
        raise ImageFileError("damaged", "its BitsAllocated and BitsStored contradict each other; export it again")
    _check_codec(transfer_syntax(elements))


def _check_codec(syntax: UID) -> None:
    name = standard_name(syntax, "a transfer syntax that the DICOM standard does not name")
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        text = f"its pixels are stored as {name}, which is not read; export it as Explicit VR Little Endian"
        raise ImageFileError("unsupported", text) from None
    if not available:
        text = f"its pixels are stored as {name}: to read them, run `{INSTALL}`"
        raise ImageFileError("missing-library", text)


def pixel_source(file: IO[bytes], elements: pydicom.FileDataset) -> IO[bytes] | Dataset:
    """Where `stored_pixels` finds frames: the file itself or, if its pixels are compressed, all elements in memory.

    Raises ImageFileError if the file ends before its pixels. `elements` must be what was read from it last.
    """
    syntax = transfer_syntax(elements)
    whole = None
    if syntax.is_encapsulated or syntax == DeflatedExplicitVRLittleEndian:
        whole = read_elements(file, (*PIXEL_ELEMENTS, *PIXEL_DATA))
    if not (file.read(1) if whole is None else any(name in whole for name in PIXEL_DATA)):
        raise ImageFileError("damaged", "it ends before its pixels; copy or export it again")
    return file if whole is None else whole


def stored_pixels(source: IO[bytes] | Dataset, elements: pydicom.FileDataset, frame: int) -> NDArray[Any]:
    """The stored values of a frame, (H, W) or (H, W, 3): integers or floating-point numbers; colour in RGB.

    Bits above BitsStored, which may hold overlays, are cleared.
    """
    syntax = transfer_syntax(elements)
    text = f"its pixels, stored as {standard_name(syntax, 'an unknown transfer syntax')}, cannot be decoded; export it"
    with hiding_values("damaged", f"{text} again, uncompressed"):
        options: dict[str, Any] = {
            "number_of_frames": number_of_frames(elements),
            "photometric_interpretation": text_of(elements, "PhotometricInterpretation"),
            "correct_unused_bits": False,
        }
        if whole_number(elements, "SamplesPerPixel", 1) == 3:
            options["planar_configuration"] = whole_number(elements, "PlanarConfiguration", 0)
        if isinstance(source, Dataset):
            if syntax.is_encapsulated:
                data = get_frame(source.PixelData, frame, number_of_frames=options["number_of_frames"])
                _check_codestream(data, elements)
            if syntax == JPEGExtended12Bit and whole_number(elements, "BitsStored") > 8:
                pixels = imagecodecs.jpeg_decode(data)  # no library that pydicom knows decodes it, but a GPL one
            else:
                pixels = pixel_array(source, index=frame, **options)
        else:
            pixels = pixel_array(cast(BinaryIO, source), index=frame, transfer_syntax_uid=syntax, **options)
    if pixels.dtype.kind == "f" or whole_number(elements, "BitsAllocated") == 1:
        return pixels
    return _clear_unused_bits(pixels, elements, syntax)


def _clear_unused_bits(pixels: NDArray[Any], elements: Dataset, syntax: UID) -> NDArray[Any]:
    allocated = whole_number(elements, "BitsAllocated")
    stored = whole_number(elements, "BitsStored", allocated) or allocated
    values: NDArray[Any] = pixels.astype(np.int32 if pixels.itemsize <= 2 else np.int64)
    if stored == allocated or syntax in (*JPEG2000TransferSyntaxes, *JPEGLSTransferSyntaxes):
        return values  # these two know how many bits they hold
    high = whole_number(elements, "HighBit", stored - 1)
    if stored <= high < allocated and (not syntax.is_encapsulated or syntax == RLELossless):
        values = np.right_shift(values, high + 1 - stored)
    values = np.bitwise_and(values, (1 << stored) - 1)
    if is_signed(elements):
        sign = 1 << (stored - 1)
        values = np.bitwise_xor(values, sign) - sign
    return values


def _check_codestream(data: bytes, elements: Dataset) -> None:
    """Raise ValueError if a compressed frame says that it has other sides than the file: decoders allocate by it."""
    sides = _codestream_sides(data)
    if sides is not None and sides != (whole_number(elements, "Columns"), whole_number(elements, "Rows")):
        raise ValueError("the sides differ")


def _codestream_sides(data: bytes) -> tuple[int, int] | None:
    """Width and height named in a JPEG, JPEG-LS or JPEG 2000 frame, or None for another kind of frame."""
    start = data.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start >= 0:  # SIZ: marker, length, capabilities, Xsiz, Ysiz, XOsiz, YOsiz
        right, bottom, left, top = struct.unpack(">IIII", data[start + 8 : start + 24])
        return right - left, bottom - top
    position = 2
    while data[:2] == b"\xff\xd8" and position + 9 <= len(data):
        marker, length = struct.unpack(">xBH", data[position : position + 4])
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):  # start of frame
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + length if marker != 0xFF else 1  # 0xFF: a fill byte
    return None


def _grey(stored: NDArray[Any], elements: pydicom.FileDataset, frame: int, by_file: bool) -> DecodedImage:
    frames, inverted = number_of_frames(elements), text_of(elements, "PhotometricInterpretation") == GREY[0]
    bits = whole_number(elements, "BitsStored", whole_number(elements, "BitsAllocated"))
    stored = stored.astype(np.float32 if stored.dtype.kind == "f" or np.abs(stored).max() >= 2**31 else np.int32)
    transform = frame_elements(elements, frame, "PixelValueTransformationSequence")
    little = transfer_syntax(elements).is_little_endian
    values = modality_values(stored, transform, little, lowest_value(elements))
    if values.dtype == np.float32:
        check_finite(values.astype(np.float32, copy=False))
    mode = f"grey, {bits}-bit DICOM"
    if by_file:
        voi = frame_elements(elements, frame, "FrameVOILUTSequence")
        pixels = apply_voi(values, voi, little, lowest_value(elements, transform))
        if pixels is not None:
            return DecodedImage(255 - pixels if inverted else pixels, mode, frames)
    if values is stored and bits == 8 and not is_signed(elements) and stored.dtype.kind == "i":
        pixels = stored.astype(np.uint8)
        return DecodedImage(255 - pixels if inverted else pixels, mode, frames)
    return DecodedImage(values, mode, frames, inverted=inverted, padding=_padding(stored, elements))


def _padding(stored: NDArray[Any], elements: Dataset) -> NDArray[np.bool_] | None:
    """Pixels outside of the image proper, as scanners fill them, or None."""
    if "PixelPaddingValue" not in elements:
        return None
    allocated = whole_number(elements, "BitsAllocated")
    first = whole_number(elements, "PixelPaddingValue", 0)
    last = whole_number(elements, "PixelPaddingRangeLimit", first)
    if is_signed(elements):  # they may be stored as unsigned numbers
        sign = 1 << (allocated - 1)
        first, last = (((value & (2 * sign - 1)) ^ sign) - sign for value in (first, last))
    else:
        first, last = first % (1 << allocated), last % (1 << allocated)
    padding = (stored >= min(first, last)) & (stored <= max(first, last))
    return padding if padding.any() else None


def _colour(pixels: NDArray[Any], elements: pydicom.FileDataset) -> DecodedImage:
    frames, bits = number_of_frames(elements), whole_number(elements, "BitsStored", 8)
    if text_of(elements, "PhotometricInterpretation") == PALETTE:
        pixels, bits = palette_to_rgb(pixels, elements), 8
    if bits == 8:
        return DecodedImage(pixels.astype(np.uint8), "colour, 8-bit DICOM", frames)
    pixels = pixels.astype(np.float32 if np.abs(pixels).max() >= 2**31 else np.int32)
    return DecodedImage(pixels, f"colour, {bits}-bit DICOM", frames)


def palette_to_rgb(pixels: NDArray[Any], elements: Dataset) -> NDArray[np.uint8]:
    """Indices (H, W) as colours (H, W, 3) of the file's palette; raises ImageFileError if it is damaged."""
    with hiding_values("damaged", "its colour palette is damaged; export it again"):
        colours = apply_color_lut(pixels, elements)[..., :3]
        bits = int(elements.RedPaletteColorLookupTableDescriptor[2])
    deep = bits == 16 and colours.max() > 255  # palettes of 8 bits are often stored with 16
    return np.asarray(colours >> 8 if deep else colours, dtype=np.uint8)
