"""Kinds of files, by name and first bytes: images, tables, and files that are not read, with what to do about them."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gan.data.ingest.pixels import formats
from gan.data.ingest.pixels.formats import HEAD, image_format
from gan.errors import DamagedFileError
from gan.io.untrusted_files import open_regular

IMAGE, TABLE, UNKNOWN = "image", "table", "unknown"
DAMAGED, LINKED_FOLDER = "damaged", "linked folder"
IMAGE_SUFFIXES = formats.SUFFIXES
TABLE_SUFFIXES = (
    ".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet",
)  # fmt: skip


@dataclass(frozen=True)
class UnreadKind:
    """A kind of file that is not read: its `name` in the plural, and what to do.

    `images` if it holds images, `labels` if it is a table that may name their labels.
    """

    name: str
    action: str = ""
    images: bool = False
    labels: bool = False


UNREAD_KINDS = {
    "volume": UnreadKind("volumes (NIfTI, MetaImage, NRRD)", "Export their slices as PNG.", images=True),
    "slide": UnreadKind("whole slides", "Export tiles as PNG or TIFF.", images=True),
    "microscope": UnreadKind(
        "microscope files", "Export TIFF with the microscope's program or with Fiji (Bio-Formats).", images=True
    ),
    "camera": UnreadKind("raw camera images", "Convert them to PNG or TIFF.", images=True),
    "layers": UnreadKind("files of image editors", "Save them as PNG or TIFF.", images=True),
    "drawing": UnreadKind("drawings and rare image formats", "Save them as PNG or TIFF.", images=True),
    "array": UnreadKind("arrays (NumPy, HDF5, MATLAB)", "Save each image as PNG or TIFF.", images=True),
    "archive": UnreadKind("archives inside", "Unpack them, and make one ZIP of everything.", images=True),
    "video": UnreadKind("videos", "Save their frames as PNG, a folder or group for each video.", images=True),
    "spreadsheet": UnreadKind(
        "tables of other programs", "If they name labels, save them as CSV UTF-8 or .xlsx.", labels=True
    ),
    DAMAGED: UnreadKind("damaged files", "Create the archive again.", images=True),
    "dicomdir": UnreadKind("DICOMDIR indexes"),
    "annotation": UnreadKind(
        "annotations of single images", "Boxes and outlines are not read: name classes by folders or a table."
    ),
    "document": UnreadKind("documents"),
    "code": UnreadKind("programs, settings and models"),
    LINKED_FOLDER: UnreadKind("links to folders", "Links are not followed: copy the folders themselves.", images=True),
    UNKNOWN: UnreadKind("files of unknown kinds", "If they are images, save them as PNG or TIFF."),
}
"""The kinds of files that are not read, by key."""

_SUFFIXES = {
    "volume": ".nii .nii.gz .mha .mhd .nrrd .nhdr .mgz .mgh .mnc .img .hdr .raw .minc",
    "slide": ".svs .ndpi .mrxs .scn .vms .vmu .bif .isyntax .qptiff .svslide .dzi",
    "microscope": ".czi .nd2 .lif .vsi .oib .oif .lsm .ims .zvi .dv .stk .sld .xdce .ets .lof .oir",
    "camera": ".cr2 .cr3 .nef .arw .dng .orf .rw2 .raf",
    "layers": ".psd .psb .xcf .kra",
    "drawing": ".svg .svgz .eps .ps .ai .exr .ico .pam .tga .pcx .wmf .emf .jxl .fits .fit .sgi .ras .xpm .dds",
    "array": ".npy .npz .mat .h5 .hdf5 .hdf .zarr .pkl .pickle .pt .tfrecord .tfrecords .lmdb .mdb"
    " .arrow .feather .nc .msgpack",
    "archive": ".zip .tar .tgz .tar.gz .tar.bz2 .tbz2 .tar.xz .txz .gz .bz2 .xz .zst .7z .rar .z01",
    "video": ".mp4 .avi .mov .mkv .wmv .mpg .mpeg .webm .m4v .flv",
    "spreadsheet": ".numbers .gsheet .xlsb .sav .dta .sas7bdat .rds .rdata .accdb .dbf .wk1",
    "annotation": ".xml .geojson .roi",
    "document": ".pdf .doc .docx .odt .rtf .md .rst .html .htm .ppt .pptx .odp .tex .bib .log .url"
    " .lnk .md5 .sha256 .ini .cff",
    "code": ".py .ipynb .m .r .rmd .sh .bat .ps1 .js .c .cpp .h .java .yaml .yml .toml .cfg .pth .ckpt .onnx .pb"
    " .safetensors .exe .dll .so .bin .db .sqlite .sql .dat",
}
KIND_OF_SUFFIX = {
    **{suffix: key for key, suffixes in _SUFFIXES.items() for suffix in suffixes.split()},
    **dict.fromkeys(IMAGE_SUFFIXES, IMAGE),
    **dict.fromkeys(TABLE_SUFFIXES, TABLE),
}
AMBIGUOUS = (".img", ".raw", ".dat", ".bin")
"""Suffixes that DICOM files have, too."""
DOCUMENT_STEMS = ("readme", "read_me", "read me", "license", "licence", "changelog", "changes", "citation", "copyright")
DOCUMENTS = (
    "requirements.txt",
    "sha256sums.txt",
    "md5sums.txt",
    "md5.txt",
    "sha256.txt",
    "dataset_infos.json",
    "package.json",
)
"""Files with the suffix of a table that are none."""
SIGNATURES = {
    b"PK\x03\x04": "archive",
    b"PK\x05\x06": "archive",
    b"\x1f\x8b": "archive",
    b"BZh": "archive",
    b"\xfd7zXZ\0": "archive",
    b"7z\xbc\xaf\x27\x1c": "archive",
    b"Rar!\x1a\x07": "archive",
    b"%PDF": "document",
    b"\x93NUMPY": "array",
    b"\x89HDF\r\n\x1a\n": "array",
    b"MATLAB 5.0": "array",
    b"8BPS": "layers",
    b"PAR1": TABLE,
}
"""Kinds by the first bytes of a file."""


def file_kind(name: str, head: Callable[[], bytes]) -> str:
    """IMAGE, TABLE or a key of UNREAD_KINDS, for a file name or path.

    `head` returns the first HEAD bytes; it is called only where the name does not tell the kind.
    """
    base = name.rpartition("/")[2].lower()
    if base == "dicomdir":
        return "dicomdir"
    parts = base.rsplit(".", 2)
    kind = KIND_OF_SUFFIX.get(f".{parts[-2]}.{parts[-1]}") if len(parts) == 3 else None
    kind = kind or (KIND_OF_SUFFIX.get(f".{parts[-1]}") if len(parts) > 1 else None)
    if kind == TABLE and (base in DOCUMENTS or base.startswith(DOCUMENT_STEMS)):
        return "document"
    if kind is None and base.startswith(DOCUMENT_STEMS):
        return "document"
    if kind is None or base.endswith(AMBIGUOUS):
        by_bytes = kind_of_bytes(head())
        return kind or UNKNOWN if by_bytes == UNKNOWN else by_bytes
    return kind


def kind_of_bytes(head: bytes) -> str:
    """The kind of a file that begins with these bytes."""
    if image_format(head) is not None:
        return IMAGE
    if head[4:8] == b"ftyp":
        return "video"
    return next((kind for signature, kind in SIGNATURES.items() if head.startswith(signature)), UNKNOWN)


def read_head(path: Path) -> bytes:
    """The first HEAD bytes of a file, of a link's target; none where they cannot be read. Never waits for a FIFO."""
    try:
        with open_regular(Path(os.path.realpath(path))) as file:
            return file.read(HEAD)
    except (OSError, DamagedFileError):
        return b""
