"""Grey values of DICOM images: modality LUT or rescale, then VOI LUT or window (DICOM PS3.3, C.11.1 and C.11.2)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from gan.data.ingest.pixels.dicom_elements import hiding_values, number, text_of, whole_number
from gan.errors import ImageFileError

Values = NDArray[np.int32] | NDArray[np.float32]


@dataclass(frozen=True)
class LookUpTable:
    """Output values (n,) of the inputs `first`, `first` + 1, ...; inputs outside get the nearest. `bits` per output."""

    outputs: NDArray[np.uint16]
    first: int
    bits: int

    def apply(self, inputs: Values) -> NDArray[np.int32]:
        """The outputs, in the shape of the inputs."""
        positions = np.rint(inputs).astype(np.int64) - self.first
        return np.asarray(self.outputs[positions.clip(0, len(self.outputs) - 1)], dtype=np.int32)


def look_up_table(item: Dataset, little_endian: bool, lowest: float) -> LookUpTable:
    """The table of an item of a modality or VOI LUT sequence. `lowest` is the lowest input that can occur.

    Raises ImageFileError for a damaged table.
    """
    with hiding_values("damaged", "its look-up table is damaged; export it again"):
        count, first, bits = (int(value) for value in item["LUTDescriptor"].value)
        count = count % 2**16 or 2**16
        if first >= 2**15 and lowest < 0:  # a negative number in an element for positive ones
            first -= 2**16
        data = item["LUTData"].value
        if not isinstance(data, bytes):
            data = (np.atleast_1d(np.asarray(data, dtype=np.int64)) % 2**16).astype("<u2").tobytes()
            little_endian = True
        narrow = bits <= 8 and len(data) <= count + 1  # two outputs in 16 bits
        outputs = np.frombuffer(data, dtype=np.uint8 if narrow else "<u2" if little_endian else ">u2")[:count]
        if not len(outputs) or not 1 <= bits <= 16:
            raise ValueError
        return LookUpTable(outputs.astype(np.uint16), first, bits)


def modality_values(stored: Values, elements: Dataset, little_endian: bool, lowest: float) -> Values:
    """Stored values (H, W) in units of the modality, such as Hounsfield units. `elements` hold for this frame.

    int32, or float32 where they are no whole numbers. `lowest` is the lowest value that can be stored.
    """
    tables = elements.get("ModalityLUTSequence")
    if tables:
        return look_up_table(tables[0], little_endian, lowest).apply(stored)
    slope, intercept = rescaling(elements)
    if (slope, intercept) == (1, 0):
        return stored
    values = stored.astype(np.float64) * slope + intercept
    whole = slope.is_integer() and intercept.is_integer() and np.abs(values).max() < 2**31
    return values.astype(np.int32) if whole else values.astype(np.float32)


def is_signed(elements: Dataset) -> bool:
    """Whether pixels are stored as signed numbers."""
    return whole_number(elements, "PixelRepresentation", 0) == 1


def lowest_value(elements: Dataset, transform: Dataset | None = None) -> float:
    """The lowest value that can be stored or, given a frame's `transform`, that can come out of the modality LUT."""
    bits = whole_number(elements, "BitsStored", whole_number(elements, "BitsAllocated"))
    ends = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if is_signed(elements) else (0, 2**bits - 1)
    if transform is None:
        return ends[0]
    if transform.get("ModalityLUTSequence"):
        return 0
    slope, intercept = rescaling(transform)
    return min(end * slope + intercept for end in ends)


def rescaling(elements: Dataset) -> tuple[float, float]:
    """Slope and intercept; 1 and 0 where the file names none. Raises ImageFileError for a slope of 0."""
    slope, intercept = number(elements, "RescaleSlope", 1.0), number(elements, "RescaleIntercept", 0.0)
    if slope == 0:
        raise ImageFileError("damaged", "its RescaleSlope is 0, so all its pixels are equal; export it again")
    return slope, intercept


def named_windows(elements: Dataset) -> list[tuple[float, float]]:
    """Centre and width of the windows in a file, without unusable ones."""
    try:
        centres, widths = (
            np.atleast_1d(np.asarray(elements.get(name), dtype=np.float64)) for name in ("WindowCenter", "WindowWidth")
        )
    except (ValueError, TypeError, OverflowError):
        return []
    narrowest = 1 if voi_function(elements) == "LINEAR" else np.finfo(np.float64).tiny
    pairs = zip(centres.tolist(), widths.tolist(), strict=False)
    return [(c, w) for c, w in pairs if np.isfinite(c) and np.isfinite(w) and w >= narrowest]


def voi_function(elements: Dataset) -> str:
    """LINEAR, LINEAR_EXACT or SIGMOID: how a window maps values."""
    name = text_of(elements, "VOILUTFunction").upper()
    return name if name in ("LINEAR_EXACT", "SIGMOID") else "LINEAR"


def apply_voi(values: Values, elements: Dataset, little_endian: bool, lowest: float) -> NDArray[np.uint8] | None:
    """8-bit pixels by the first VOI LUT, or the first window, of the file; None if it names none."""
    tables = elements.get("VOILUTSequence")
    if tables:
        table = look_up_table(tables[0], little_endian, lowest)
        return _to_uint8(table.apply(values) * (255 / (2**table.bits - 1)))
    windows = named_windows(elements)
    return apply_window(values, *windows[0], voi_function(elements)) if windows else None


def apply_window(values: Values, centre: float, width: float, function: str) -> NDArray[np.uint8]:
    """8-bit pixels by the formulas of C.11.2.1.2 and C.11.2.1.3 with outputs from 0 to 255."""
    x = values.astype(np.float64)
    if function == "SIGMOID":
        with np.errstate(over="ignore"):
            y = 255 / (1 + np.exp(-4 * (x - centre) / width))
        return _to_uint8(y)
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    low, high = centre - width / 2, centre + width / 2
    inside = (x > low) & (x <= high)
    y = np.where(x > high, 255.0, 0.0)
    y[inside] = ((x[inside] - centre) / width + 0.5) * 255  # width 0: nothing is inside
    return _to_uint8(y)


def _to_uint8(pixels: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(pixels).clip(0, 255), dtype=np.uint8)
