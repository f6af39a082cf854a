"""Which format a file has, by its first bytes, and what is wrong with one that cannot be read."""

import re

from PIL import UnidentifiedImageError

from gan.errors import ImageFileError

HEAD = 512
"""First bytes of a file from which its format is told."""
SUFFIXES = (
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".tif", ".tiff", ".gif", ".webp", ".avif",
    ".heic", ".heif", ".hif", ".jp2", ".j2k", ".jpf", ".jpx", ".pgm", ".ppm", ".pbm", ".pnm", ".pfm", ".dcm", ".dicom",
)  # fmt: skip
"""Suffixes of image files, in lower case. The first bytes say what a file is, whatever its suffix."""
DICOM_SUFFIXES = (".dcm", ".dicom")
OTHER_SUFFIXES = tuple(suffix for suffix in SUFFIXES if suffix not in DICOM_SUFFIXES)
MAGIC = {
    b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"BM": "BMP", b"GIF8": "GIF",
    b"II*\0": "TIFF", b"MM\0*": "TIFF", b"II+\0": "TIFF", b"MM\0+": "TIFF",
    b"\0\0\0\x0cjP  ": "JPEG2000", b"\xff\x4f\xff\x51": "JPEG2000",
}  # fmt: skip
"""Pillow's name of a format by the first bytes of its files."""
DICOM_PREAMBLE, DICOM = 128, b"DICM"
DICOM_WITHOUT_PREAMBLE = (b"\2\0\0\0UL\4\0", b"\x08\0\0\0UL\4\0", b"\x08\0\5\0CS", b"\x08\0\x08\0CS")
"""How files of some old devices start."""
AVIF_BRANDS = (b"avif", b"avis")
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
NOT_READ = {
    b"%PDF": "a PDF document", b"%!PS": "a PostScript file", b"PK\3\4": "a ZIP archive", b"\x1f\x8b": "a gzip archive",
    b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7z archive", b"\x89HDF": "an HDF5 file", b"\x93NUMPY": "a NumPy array",
    b"8BPS": "a Photoshop document", b"\xff\x0a": "a JPEG XL picture", b"\0\0\0\x0cJXL ": "a JPEG XL picture",
    b"II\xbc": "a JPEG XR picture", b"\0\0\1\0": "an icon", b"DDS ": "a DDS texture", b"<svg": "an SVG drawing",
    b"version https://git-lfs": "a Git LFS pointer: fetch the file itself with `git lfs pull`",
}  # fmt: skip
"""What a file with these first bytes is."""
SOF = (0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
"""Markers that start a frame of a JPEG file. 0xC3 is lossless."""

PPM_HEADER = re.compile(rb"P([36])(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s")
SIZ = b"\xff\x4f\xff\x51"
"""The start of a JPEG 2000 codestream."""


def image_format(head: bytes) -> str | None:
    """Pillow's name of the format of a file with these first bytes, "HEIF", "DICOM", or None if it is no image."""
    if head[DICOM_PREAMBLE:].startswith(DICOM) or head.startswith(DICOM_WITHOUT_PREAMBLE):
        return "DICOM"
    for magic, name in MAGIC.items():
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:1] == b"P" and head[1:2] in b"123456fF" and head[2:3].isspace():
        return "PPM"
    if head[4:8] == b"ftyp":
        brands = [head[start : start + 4] for start in (8, *range(16, min(len(head), head[3]), 4))]
        if any(brand in AVIF_BRANDS for brand in brands):
            return "AVIF"
        return "HEIF" if any(brand in HEIF_BRANDS for brand in brands) else None
    return None


def may_be_dicom(name: str) -> bool:
    """Whether a file's name leaves it open that it is a DICOM file: many have no suffix."""
    return not name.lower().endswith(OTHER_SUFFIXES)


def is_deep_colour(image_format: str, head: bytes) -> bool:
    """Whether a file with these first bytes has more than 8 bits that Pillow would cut to 8 (`deep_colour.py`)."""
    if image_format == "PNG":
        return head[24:26] in (b"\x10\x02", b"\x10\x04", b"\x10\x06")  # 16 bits: RGB, grey and alpha, RGBA
    if image_format == "PPM":
        header = PPM_HEADER.match(head)
        return header is not None and int(header[4]) > 255
    if image_format == "JPEG2000" and (start := head.find(SIZ)) >= 0:
        depths = head[start + 42 : start + 42 + 3 * int.from_bytes(head[start + 40 : start + 42], "big") : 3]
        return any(depth != 7 for depth in depths)  # 7: unsigned 8 bits
    return False


def not_an_image(head: bytes) -> ImageFileError:
    """What a file with these first bytes is instead of an image."""
    if not head:
        return ImageFileError("empty", "it is empty (0 bytes); copy or download it again")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")) or b"<html" in text:
        return ImageFileError(
            "web-page", "it is a web page, not an image; download it again, after logging in if asked"
        )
    if not head.strip(b"\0"):
        return ImageFileError("damaged", "it holds only zeros; copy or download it again")
    name = next((name for magic, name in NOT_READ.items() if head.startswith(magic)), None)
    if name is None and text.startswith(b"<?xml"):
        name = "an SVG drawing" if b"<svg" in text else "an XML document"
    if (
        name is None
        and text.isascii()
        and text.replace(b"\n", b" ").replace(b"\r", b" ").replace(b"\t", b" ").isascii()
    ):
        name = "a text file" if all(byte >= 32 or byte in b"\t\n\r\x0b\x0c" for byte in text) else None
    what = f"it is {name}, not an image" if name else "it starts like no image format that is read"
    return ImageFileError("not-an-image", f"{what}; save it as PNG, JPEG or TIFF, or take it out")


def damaged(image_format: str, content: bytes, reason: object) -> ImageFileError:
    """Why a file of a known format cannot be decoded. `content` is its start; `reason` what the decoder says."""
    if image_format == "JPEG":
        precision, marker = _jpeg_frame(content)
        if precision not in (0, 8):
            text = f"it is a JPEG of {precision} bits, which is not read; save it as PNG or TIFF of 16 bits"
            return ImageFileError("unsupported", text)
        if marker in (0xC3, 0xC7, 0xCB, 0xCF):
            text = "it is a lossless JPEG (SOF3), which is not read; save it as PNG or TIFF"
            return ImageFileError("unsupported", text)
        if marker >= 0xC9:
            return ImageFileError("unsupported", "it is a JPEG with arithmetic coding; save it as PNG or TIFF")
    if isinstance(reason, UnidentifiedImageError):
        return ImageFileError("damaged", "its header is damaged; copy or download it again")
    if "truncated" in str(reason):
        return ImageFileError("damaged", "it is cut short; copy or download it again")
    said = " ".join(str(reason).split())[:200] or type(reason).__name__
    return ImageFileError("damaged", f"it is damaged ({said}); copy or download it again")


def _jpeg_frame(content: bytes) -> tuple[int, int]:
    """Bits per sample and marker of the first frame of a JPEG file, or zeros."""
    at = 2
    while at + 4 < len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in SOF:
            return content[at + 4], marker
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big") if marker != 0xFF else 1
    return 0, 0
