"""Replace uploaded DICOM files by files of pixels alone, so that no element of an upload is kept.

A set keeps its uploaded images, and a DICOM file names its patient in many places: elements, private elements,
overlays, comments in compressed pixels. So each one is written anew, right after it is unpacked: an uncompressed
DICOM file with the same pixels, what they are computed from (rescale, windows, look-up tables) and hashed
identifiers. Nothing else is copied. This is simpler than a PNG with a table beside it: frames, windows, groups, names
of files and the code that reads them stay the same. Files in a folder on the server are not copied, and stay as they
are.
"""

import contextlib
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.valuerep import DSfloat

from gan.data.decode import map_files
from gan.data.ingest.pixels import formats
from gan.data.ingest.pixels.dicom_elements import (
    frame_elements,
    hiding_values,
    standard_name,
    storage_class,
    text_of,
    transfer_syntax,
    whole_number,
)
from gan.data.ingest.pixels.dicom_file import (
    PALETTE,
    check_pixels,
    number_of_frames,
    palette_to_rgb,
    pixel_source,
    stored_pixels,
)
from gan.data.ingest.pixels.dicom_grey import (
    is_signed,
    look_up_table,
    lowest_value,
    named_windows,
    rescaling,
    voi_function,
)
from gan.data.ingest.pixels.dicom_header import STRIPPED, DicomHeader, parse_header, read_header_elements
from gan.data.ingest.pixels.image_file import open_image_file
from gan.data.sources.scan import scan
from gan.errors import DataError, ImageFileError
from gan.io.atomic import replacing
from gan.io.progress import Progress

NUMBERS = ("Rows", "Columns", "BitsAllocated", "BitsStored", "SamplesPerPixel", "PixelRepresentation")


@dataclass
class _Budget:
    """Bytes that may still be written, counted by all threads."""

    remaining: int
    error: DataError
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, count: int) -> None:
        with self.lock:
            self.remaining -= count
            if self.remaining < 0:
                raise self.error


def strip_dicom_files(folder: Path, limit: int, too_large: DataError, progress: Progress) -> int:
    """Strip all DICOM files below a folder; returns how many there are.

    Raises `too_large` if their pixels take more than `limit` bytes.
    """
    budget = _Budget(limit, too_large)

    def strip(path: Path) -> bool:
        if not _is_dicom(path):
            return False
        _strip(path, budget)
        return True

    paths = [folder / file.name for file in scan(folder)]
    return sum(map_files(strip, paths, "Removing the elements of DICOM files", progress))


def _is_dicom(path: Path) -> bool:
    """Whether a file is a DICOM file by its first bytes, or by its name if these are those of no image."""
    try:
        with open_image_file(path) as file:
            image_format = formats.image_format(file.read(formats.HEAD))
    except (ImageFileError, OSError):
        return False
    return image_format == "DICOM" or (image_format is None and path.name.lower().endswith(formats.DICOM_SUFFIXES))


def _strip(path: Path, budget: _Budget) -> None:
    """Replace a DICOM file. One that cannot be read becomes one without pixels that cannot be read for that reason."""
    stripped = _empty()
    with tempfile.TemporaryFile() as pixels:
        with (
            open_image_file(path) as file,
            contextlib.suppress(ImageFileError),  # reading the new file raises it again
            hiding_values("damaged", "it is damaged"),
        ):
            elements = read_header_elements(file)
            _copy_description(stripped, elements)
            _copy_header(stripped, parse_header(elements))
            check_pixels(elements)
            _copy_pixels(stripped, elements, file, pixels, budget)
        with replacing(path) as temporary:
            stripped.save_as(temporary, enforce_file_format=False)


def _empty() -> Dataset:
    dataset = Dataset()
    dataset.preamble = bytes(formats.DICOM_PREAMBLE)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def _copy_description(stripped: Dataset, elements: pydicom.FileDataset) -> None:
    """What `check_pixels` judges by."""
    named = storage_class(elements)
    stripped.SOPClassUID = named if standard_name(named, "") else pydicom.uid.RawDataStorage
    syntax = transfer_syntax(elements)
    if standard_name(syntax, ""):
        stripped.file_meta.TransferSyntaxUID = syntax
    for name in NUMBERS:
        with contextlib.suppress(ImageFileError):
            setattr(stripped, name, min(max(whole_number(elements, name), 0), 2**16 - 1))


def _copy_header(stripped: Dataset, header: DicomHeader) -> None:
    stripped.DeidentificationMethod = [STRIPPED, header.patient, header.study, header.series, header.instance]
    stripped.Modality, stripped.NumberOfFrames = header.modality, header.frames
    stripped.PhotometricInterpretation = header.photometric
    if header.burned_in != "unknown":
        stripped.BurnedInAnnotation = header.burned_in.upper()
    if header.synthetic:
        stripped.SyntheticData = "YES"


def _copy_pixels(
    stripped: Dataset, elements: pydicom.FileDataset, file: IO[bytes], target: IO[bytes], budget: _Budget
) -> None:
    """All frames, uncompressed, and what their values are computed from. `target` must stay open until it is saved."""
    source, frames = pixel_source(file, elements), number_of_frames(elements)
    transforms = _transforms(elements, frames)
    palette = text_of(elements, "PhotometricInterpretation") == PALETTE
    for frame in range(frames):
        values = stored_pixels(source, elements, frame)
        if palette:
            values = palette_to_rgb(values, elements)
        data = _native(values, elements).tobytes()
        budget.take(len(data))
        target.write(data)
    if target.tell() % 2:
        target.write(b"\0")
    target.seek(0)
    stripped.update(transforms)
    stripped.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if values.ndim == 3:
        stripped.PhotometricInterpretation, stripped.PlanarConfiguration, stripped.SamplesPerPixel = "RGB", 0, 3
    if palette:
        stripped.BitsAllocated = stripped.BitsStored = 8
    if values.dtype.kind == "f":
        double = values.dtype.itemsize == 8
        stripped.add_new(*(("DoubleFloatPixelData", "OD") if double else ("FloatPixelData", "OF")), target)
        return
    stripped.BitsAllocated = max(8, stripped.BitsAllocated)
    stripped.HighBit = whole_number(stripped, "BitsStored", stripped.BitsAllocated) - 1
    stripped.add_new("PixelData", "OB" if stripped.BitsAllocated == 8 else "OW", target)


def _native(values: NDArray[Any], elements: Dataset) -> NDArray[Any]:
    """Stored values in the type of an uncompressed little-endian file."""
    if values.dtype == np.uint8 or values.dtype.kind == "f":
        return values.astype(values.dtype.newbyteorder("<"))
    width = max(8, whole_number(elements, "BitsAllocated")) // 8
    return values.astype(f"<{'i' if is_signed(elements) else 'u'}{width}")


def _transforms(elements: pydicom.FileDataset, frames: int) -> Dataset:
    """Rescale, windows, look-up tables, padding and palette as numbers: no text, and no element as it is stored."""
    transforms = Dataset()
    for name in ("PixelPaddingValue", "PixelPaddingRangeLimit"):
        if name in elements:
            transforms.add_new(name, "US", whole_number(elements, name, 0) % 2**16)
    if "PerFrameFunctionalGroupsSequence" not in elements and "SharedFunctionalGroupsSequence" not in elements:
        _copy_modality(transforms, elements, elements)
        _copy_voi(transforms, elements, elements)
        return transforms
    groups = []
    for frame in range(frames):
        modality, voi, group = Dataset(), Dataset(), Dataset()
        _copy_modality(modality, elements, frame_elements(elements, frame, "PixelValueTransformationSequence"))
        _copy_voi(voi, elements, frame_elements(elements, frame, "FrameVOILUTSequence"))
        group.PixelValueTransformationSequence, group.FrameVOILUTSequence = Sequence([modality]), Sequence([voi])
        groups.append(group)
    transforms.PerFrameFunctionalGroupsSequence = Sequence(groups)
    return transforms


def _copy_modality(target: Dataset, elements: pydicom.FileDataset, macro: Dataset) -> None:
    if macro.get("ModalityLUTSequence"):
        lowest = lowest_value(elements)
        target.ModalityLUTSequence = Sequence([_table(macro.ModalityLUTSequence[0], elements, lowest)])
        return
    slope, intercept = rescaling(macro)
    if (slope, intercept) != (1, 0):
        target.RescaleSlope, target.RescaleIntercept = _decimal(slope), _decimal(intercept)


def _copy_voi(target: Dataset, elements: pydicom.FileDataset, macro: Dataset) -> None:
    if macro.get("VOILUTSequence"):
        target.VOILUTSequence = Sequence([_table(macro.VOILUTSequence[0], elements, lowest_value(elements, macro))])
    windows = named_windows(macro)
    if windows:
        target.WindowCenter = [_decimal(centre) for centre, _ in windows]
        target.WindowWidth = [_decimal(width) for _, width in windows]
        target.VOILUTFunction = voi_function(macro)


def _table(item: Dataset, elements: pydicom.FileDataset, lowest: float) -> Dataset:
    table = look_up_table(item, transfer_syntax(elements).is_little_endian, lowest)
    count, copy = len(table.outputs), Dataset()
    signed = table.first < 0
    copy.add_new("LUTDescriptor", "SS" if signed else "US", [_wrap(count, signed), table.first, table.bits])
    copy.add_new("LUTData", "OW", table.outputs.astype("<u2").tobytes())
    return copy


def _wrap(count: int, signed: bool) -> int:
    """A count as 16 bits of a descriptor: 65,536 is 0."""
    count %= 2**16
    return count - 2**16 if signed and count >= 2**15 else count


def _decimal(value: float) -> DSfloat:
    """A number as the at most 16 characters of a DICOM decimal string."""
    return DSfloat(value, auto_format=True)
