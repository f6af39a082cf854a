"""DicomHeader: all that is kept of a DICOM file besides its pixels. Reads no pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import pydicom
from pydicom.dataset import Dataset

from gan.data.decode import map_files
from gan.data.ingest.identifiers import HASH, hash_identifier
from gan.data.ingest.pixels import formats
from gan.data.ingest.pixels.decoded_image import Levels
from gan.data.ingest.pixels.dicom_elements import (
    PIXEL_ELEMENTS,
    frame_elements,
    hiding_values,
    read_elements,
    standard_name,
    storage_class,
    text_of,
)
from gan.data.ingest.pixels.dicom_file import COLOUR, GREY, PALETTE, number_of_frames
from gan.data.ingest.pixels.dicom_grey import named_windows, voi_function
from gan.data.ingest.pixels.image_file import open_image_file
from gan.errors import ImageFileError
from gan.io.progress import Progress, silent

IDENTIFIERS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
HEADER_ELEMENTS = (
    *PIXEL_ELEMENTS,
    *IDENTIFIERS,
    "Modality",
    "BurnedInAnnotation",
    "SyntheticData",
    "DeidentificationMethod",
)
MODALITIES = (
    "CR", "CT", "DX", "ES", "GM", "IO", "IVUS", "MG", "MR", "NM", "OCT", "OP", "OPT", "OPTENF",
    "OT", "PT", "PX", "RF", "RG", "SC", "SM", "US", "XA", "XC", "BMD", "DG", "DMS", "ECG", "FID",
    "KO", "LS", "OAM", "OPM", "OPV", "OSS", "PLAN", "PR", "REG", "RTDOSE", "RTIMAGE", "RTPLAN",
    "RTRECORD", "RTSTRUCT", "SEG", "SR", "TG", "VA",
)  # fmt: skip
"""Modalities of the standard (PS3.3, C.7.3.1.1.1). Any other text of that element is not kept."""
OFTEN_ANNOTATED = ("US", "IVUS", "SC", "OT", "ES", "XC", "GM", "OP", "DMS")
"""Modalities whose images often have the patient's name or date written into the pixels."""
STRIPPED = "gan"
"""First value of DeidentificationMethod in a file of `dicom_strip.py`; the hashes of its identifiers follow."""


@dataclass(frozen=True)
class DicomHeader:
    """What is kept of a DICOM file besides its pixels.

    patient, study, series, instance   salted hashes (`identifiers.py`) of PatientID and the UIDs, "" where absent
    modality     code of the standard, such as CT, or ""
    photometric  photometric interpretation, or "" if it is unknown
    frames       number of frames
    windows      the windows that the file names, as levels that become 0 and 255. The window "file" is the first;
                 each of them can be the window of all images of a set
    burned_in    whether names or dates may be written into the pixels: "yes" or "no" as the file says; if it does not
                 say, "unknown" for a modality that often has them, else "no"
    synthetic    whether the file says that its data are synthetic, which is no real data to train on
    """

    patient: str
    study: str
    series: str
    instance: str
    modality: str
    photometric: str
    frames: int
    windows: tuple[Levels, ...]
    burned_in: Literal["yes", "no", "unknown"]
    synthetic: bool

    @property
    def group(self) -> str:
        """Images of one patient have the same group; without a PatientID, those of one study, or "" without either."""
        return self.patient or self.study


def read_header(path: Path) -> DicomHeader:
    """The header of a DICOM file, whatever its name; raises ImageFileError for any other file."""
    with open_image_file(path) as file:
        if formats.image_format(file.read(formats.HEAD)) != "DICOM":
            raise ImageFileError("not-an-image", "it is not a DICOM file")
        return parse_header(read_header_elements(file))


def read_headers(paths: Sequence[Path], progress: Progress = silent) -> list[DicomHeader | None]:
    """The header of each file, None for one that is no DICOM file or is damaged.

    A file with the suffix of another image format is not opened.
    """
    candidates = [path for path in paths if formats.may_be_dicom(path.name)]
    if not candidates:
        return [None] * len(paths)
    hash_identifier("the salt can be read")  # else every file would seem damaged

    def read(path: Path) -> DicomHeader | None:
        try:
            return read_header(path)
        except (ImageFileError, OSError):
            return None

    headers = dict(zip(candidates, map_files(read, candidates, "Reading DICOM headers", progress), strict=True))
    return [headers.get(path) for path in paths]


def dicom_groups(paths: Sequence[Path], progress: Progress = silent) -> list[str]:
    """The group of each file (`DicomHeader.group`), "" for one that is no DICOM file."""
    return [header.group if header else "" for header in read_headers(paths, progress)]


def read_header_elements(file: IO[bytes]) -> pydicom.FileDataset:
    """The elements that `parse_header` needs; raises ImageFileError for a damaged file."""
    return read_elements(file, HEADER_ELEMENTS)


def parse_header(elements: pydicom.FileDataset) -> DicomHeader:
    """What is kept of the elements; raises ImageFileError if they are damaged."""
    with hiding_values("damaged", "its DICOM header is damaged; export it again"):
        patient, study, series, instance = _hashes(elements)
        modality, photometric = text_of(elements, "Modality"), text_of(elements, "PhotometricInterpretation")
        return DicomHeader(
            patient=patient,
            study=study,
            series=series,
            instance=instance,
            modality=modality if modality in MODALITIES else "",
            photometric=photometric if photometric in (*GREY, PALETTE, *COLOUR) else "",
            frames=number_of_frames(elements),
            windows=_windows(frame_elements(elements, 0, "FrameVOILUTSequence")),
            burned_in=_burned_in(elements, modality),
            synthetic=text_of(elements, "SyntheticData") == "YES",
        )


def _hashes(elements: Dataset) -> tuple[str, ...]:
    """Hashes of the identifiers; a stripped file has them already."""
    method = elements.get("DeidentificationMethod")
    values = [] if method is None or isinstance(method, str) else [str(value) for value in method]
    if len(values) == 1 + len(IDENTIFIERS) and values[0] == STRIPPED:
        hashes = tuple(values[1:])
        if all(not value or HASH.fullmatch(value) for value in hashes):
            return hashes
    return tuple(hash_identifier(text_of(elements, name)) for name in IDENTIFIERS)


def _windows(elements: Dataset) -> tuple[Levels, ...]:
    step = 1 if voi_function(elements) == "LINEAR" else 0  # PS3.3, C.11.2.1.2: from c - w / 2 to c + w / 2 - 1
    levels = [(c - w / 2, c + w / 2 - step) for c, w in named_windows(elements)]
    return tuple(dict.fromkeys((round(low, 6), round(high, 6)) for low, high in levels))


def _burned_in(elements: pydicom.FileDataset, modality: str) -> Literal["yes", "no", "unknown"]:
    says = text_of(elements, "BurnedInAnnotation")
    if says in ("YES", "NO"):
        return "yes" if says == "YES" else "no"
    kind = standard_name(storage_class(elements), "")
    return "unknown" if modality in OFTEN_ANNOTATED or "Secondary Capture" in kind else "no"
