"""Paths as tables write them, made comparable."""

import re
import unicodedata

from gan.data.ingest.files import file_kinds

IMAGE_SUFFIXES = frozenset(
    suffix.removeprefix(".")
    for suffix in (*file_kinds.IMAGE_SUFFIXES, ".heic", ".heif", ".avif", ".svs", ".npy", ".nii")
)
"""Suffixes of images, also of formats that are not read: a table may name what was converted since."""


def clean_path(value: str) -> str:
    """A path as comparable text: NFC, `/` as separator, without quotes, `./`, a drive or empty parts.

    Of a web address, what comes before `?`.
    """
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    value = value.strip().strip("\"'").replace("\\", "/")
    if "://" in value:
        value = re.split(r"[?#]", value)[0]
    if "./" in value or "//" in value or value[:1] == "/" or value[-1:] == "/" or value[1:2] == ":":
        parts: list[str] = []
        for part in re.sub(r"^[A-Za-z]:/", "", value).split("/"):
            if part == ".." and parts:
                parts.pop()
            elif part not in ("", ".", ".."):
                parts.append(part)
        return "/".join(parts)
    return value


def is_absolute(value: str) -> bool:
    """Whether a path begins at the root of a disk."""
    return value[:1] in ("/", "\\") or value[1:2] == ":"


def without_suffix(path: str) -> str:
    """A path without the suffix of an image, also of two as in `scan.jpg.jpg`; `1.2.840` stays whole."""
    stem, _, suffix = path.rpartition(".")
    if suffix.lower() == "gz":
        return without_suffix(stem) if stem.lower().endswith(".nii") else path
    return without_suffix(stem) if stem and suffix.lower() in IMAGE_SUFFIXES else path


def is_image_name(path: str) -> bool:
    """Whether a name ends with the suffix of an image."""
    return without_suffix(path) != path


def folded_stem(path: str) -> str:
    """A path without the suffix of an image, in lower case."""
    return without_suffix(path).casefold()


def without_zeros(path: str) -> str:
    """The base name without suffix and leading zeros, if it is a whole number (Excel writes 12.0, too), else ""."""
    stem = without_suffix(path.rpartition("/")[2])
    if stem.endswith("0") and "." in stem:
        stem = re.sub(r"\.0+$", "", stem)
    return str(int(stem)) if stem.isascii() and stem.isdigit() and len(stem) < 100 else ""
