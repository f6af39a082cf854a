"""Read the few elements of a DICOM file that are needed, and no others.

A DICOM file names its patient in many places, so no value of an element may reach an error, a warning or a log. What
pydicom raises, warns and logs often quotes values: errors are replaced, warnings and logs are silenced.
"""

import contextlib
import errno
import logging
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from gan.data.ingest.pixels.formats import DICOM, DICOM_PREAMBLE
from gan.errors import ImageFault, ImageFileError
from gan.io.image_errors import UNREADABLE

pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE  # real files break many rules
for _library in ("pydicom", "pylibjpeg", "openjpeg"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)
warnings.filterwarnings("ignore", module="pydicom")

MAX_INFLATED = 2**30
"""Bytes of a deflated file, unpacked."""
PIXEL_ELEMENTS = (
    "SOPClassUID",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RescaleSlope",
    "RescaleIntercept",
    "ModalityLUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "VOILUTSequence",
    "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedBluePaletteColorLookupTableData",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)
"""What pixels are computed from."""
PIXEL_DATA = (
    "PixelData",
    "FloatPixelData",
    "DoubleFloatPixelData",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
)
LIBRARY_ERRORS = (*UNREADABLE, RuntimeError, AssertionError, InvalidDicomError, BytesLengthException)


@contextlib.contextmanager
def hiding_values(fault: ImageFault, text: str) -> Iterator[None]:
    """Replace every error of a library by an ImageFileError with this text."""
    try:
        yield
    except ImageFileError:
        raise
    except MemoryError:
        raise ImageFileError("too-large", "it needs more memory than there is; save it with fewer frames") from None
    except LIBRARY_ERRORS as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # of the disk
        raise ImageFileError(fault, text) from None


def read_elements(file: IO[bytes], names: tuple[str, ...]) -> pydicom.FileDataset:
    """The elements with these keywords, as far as the file has them; pixels only if they are named.

    Raises ImageFileError for a damaged file, and for one that unpacks to more than MAX_INFLATED bytes.
    """
    with hiding_values("damaged", "its DICOM header is damaged; export it again"):
        _check_inflated_size(file)
        file.seek(0)
        without_pixels = "PixelData" not in names
        return pydicom.dcmread(
            cast(BinaryIO, file), stop_before_pixels=without_pixels, force=True, specific_tags=list(names)
        )


def _check_inflated_size(file: IO[bytes]) -> None:
    """pydicom unpacks a deflated file in one go, however large it becomes."""
    file.seek(0)
    head = file.read(4096)
    if DeflatedExplicitVRLittleEndian.encode() not in head:
        return
    if head[DICOM_PREAMBLE : DICOM_PREAMBLE + 10] != DICOM + b"\2\0\0\0UL":
        raise ImageFileError("damaged", "its DICOM header does not say how long it is; export it again")
    length = struct.unpack("<I", head[DICOM_PREAMBLE + 12 : DICOM_PREAMBLE + 16])[0]
    file.seek(DICOM_PREAMBLE + 16 + length)
    inflater, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    pending = file.read(1 << 16)
    while pending and not inflater.eof:
        size += len(inflater.decompress(pending, 1 << 20))
        if size > MAX_INFLATED:
            text = f"it unpacks to more than the {MAX_INFLATED:,} bytes allowed; save it with fewer frames"
            raise ImageFileError("too-large", text)
        pending = inflater.unconsumed_tail or file.read(1 << 16)


def transfer_syntax(elements: pydicom.FileDataset) -> UID:
    """How the file is encoded; where it does not say, what its first bytes look like."""
    named = text_of(elements.file_meta, "TransferSyntaxUID")
    if named:
        return UID(named)
    implicit, little = elements.original_encoding
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def storage_class(elements: pydicom.FileDataset) -> str:
    """The UID of the class of the file's object, or ""."""
    return text_of(elements, "SOPClassUID") or text_of(elements.file_meta, "MediaStorageSOPClassUID")


def standard_name(identifier: object, otherwise: str) -> str:
    """The name that the standard gives to a class or transfer syntax; `otherwise` for any other text."""
    name = UID(str(identifier)).name
    return otherwise if name == str(identifier) else name


def text_of(elements: Dataset, name: str) -> str:
    """The value of an element as text, without padding; "" if it is absent, empty or unreadable."""
    try:
        value = elements.get(name)
    except LIBRARY_ERRORS:
        return ""
    return "" if value is None else str(value).strip(" \0")


def whole_number(elements: Dataset, name: str, default: int | None = None) -> int:
    """The value of an element; `default` if it is absent or empty. Raises ImageFileError if it is no number."""
    value = number(elements, name, None if default is None else float(default))
    return int(value)


def number(elements: Dataset, name: str, default: float | None = None) -> float:
    """The value of an element; `default` if it is absent or empty. Raises ImageFileError if it is no number."""
    with hiding_values("damaged", f"its {name} is not a number; export it again"):
        value = elements.get(name)
        if value is None or value == "":
            if default is None:
                raise ImageFileError("damaged", f"it lacks the element {name}; export it again")
            return default
        if not math.isfinite(float(value)):
            raise ValueError
        return float(value)


def frame_elements(elements: Dataset, frame: int, sequence: str) -> Dataset:
    """The elements of a functional group that hold for a frame: its own, else those of all frames, else the file's."""
    own, shared = elements.get("PerFrameFunctionalGroupsSequence"), elements.get("SharedFunctionalGroupsSequence")
    for groups, index in ((own, frame), (shared, 0)):
        items: Any = groups[index].get(sequence) if groups and index < len(groups) else None
        if items:
            return items[0]  # type: ignore[no-any-return]
    return elements
