"""Names of files in archives: which are safe, and the encoding of names that do not say theirs.

A ZIP marks names that are UTF-8. Others were written with the code page of somebody's computer, which nothing records:
it is detected from all such names together (chardet). Tables that are not UTF-8 are detected in the same way.
"""

import codecs
import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import chardet

from gan.data.sources.scan import is_visible
from gan.errors import DataError

ENCODINGS = {
    "utf-8": "UTF-8",
    "gb18030": "GBK (Chinese)",
    "big5hkscs": "Big5 (Chinese)",
    "cp932": "Shift-JIS (Japanese)",
    "cp949": "EUC-KR (Korean)",
    "cp866": "cp866 (Russian)",
    "cp850": "cp850 (Western Europe)",
    "cp437": "cp437 (USA)",
    "cp852": "cp852 (Central Europe)",
    "cp1252": "Windows-1252 (Western Europe)",
    "cp1251": "Windows-1251 (Russian)",
    "cp1250": "Windows-1250 (Central Europe)",
}
"""The encodings that are tried, by Python's name. The likelier of two that read the same text comes first."""
UNUSUAL = {"cp852": 0.7, "cp1252": 0.8, "cp1251": 0.8, "cp1250": 0.4}
"""Factors for the confidence in encodings that Windows seldom writes into a ZIP, or that few users have."""
UNUSUAL_IN_TABLES = {"cp850": 0.3, "cp437": 0.3, "cp852": 0.3, "cp866": 0.5, "cp1250": 0.4}
"""The same for tables: Excel writes the code pages of Windows, not those of DOS."""
DOUBLE_BYTES = ("cp949", "gb18030", "big5hkscs", "cp932")
LEAST_CONFIDENCE = 0.001
"""Of encodings with two bytes a character, which chardet passes over for a few characters. Text in another encoding
seldom decodes without an error."""
SURE = 1.8
"""How many times likelier than the next encoding one must be to be used without a warning."""
MAX_SAMPLE = 100_000
"""Bytes of names that the encoding is detected from."""
MAX_NAME, MAX_PATH = 255, 2000
"""Bytes of a file's name, and of its whole path. File systems take 255 and about 4,000."""


@dataclass(frozen=True)
class NamesEncoding:
    """The encoding of names (a key of ENCODINGS), whether no other is plausible, and some of the names as decoded."""

    encoding: str
    sure: bool
    examples: tuple[str, ...] = ()


def safe_name(name: str) -> str:
    """A relative path with `/` as separator, NFC-normalised.

    Raises DataError if it leads out of its folder, is absolute, or has control characters or more than 255 bytes.
    """
    path = PurePosixPath(unicodedata.normalize("NFC", name.replace("\\", "/")))
    parts = path.parts
    leads_out = not parts or path.is_absolute() or ".." in parts or re.match("[A-Za-z]:", parts[0]) is not None
    if leads_out or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        raise DataError(f"A file has the unsafe name {name!r}. Rename it and try again. Nothing was stored.")
    if max(len(part.encode()) for part in parts) > MAX_NAME or len(str(path).encode()) > MAX_PATH:
        raise DataError(f"The name {name[:80]!r}... is too long: shorten it to 255 bytes. Nothing was stored.")
    return "/".join(parts)


def is_passed_over(name: str) -> bool:
    """Whether a safe name is hidden, or one that file managers leave behind."""
    return not all(map(is_visible, name.split("/")))


def is_mac_icon(name: str) -> bool:
    """Whether a name as stored is that of a Mac folder's own icon, which ends in a control character."""
    return re.split(r"[/\\]", name)[-1] in ("Icon\r", "._Icon\r")


def detect_encoding(names: Iterable[bytes], unusual: Mapping[str, float] = UNUSUAL) -> NamesEncoding:
    """The encoding of names as stored, or of lines of a table, of which at least one is not ASCII."""
    # not at backslashes, which are half of a character in Shift-JIS, GBK and Big5
    parts = list(dict.fromkeys(part for name in names for part in name.split(b"/") if not part.isascii()))
    sample = b"\n".join(parts)[:MAX_SAMPLE]
    try:
        return NamesEncoding("utf-8", sure=True, examples=_examples(parts, "utf-8"))
    except UnicodeDecodeError:
        pass
    order = list(ENCODINGS)
    likelihoods: dict[str, float] = {}  # by decoded text
    encodings: dict[str, str] = {}
    confidences = dict.fromkeys(DOUBLE_BYTES, LEAST_CONFIDENCE)
    for found in chardet.detect_all(sample, ignore_threshold=True, compat_names=False, include_encodings=order[1:]):
        if found["encoding"] is not None:
            encoding = _our_name(str(found["encoding"]))
            confidences[encoding] = max(found["confidence"], confidences.get(encoding, 0))
    for encoding, confidence in confidences.items():
        try:
            text = b"\n".join(parts).decode(encoding)
        except UnicodeDecodeError:
            continue
        likelihood = confidence * unusual.get(encoding, 1.0) * _plausibility(text, encoding)
        if likelihood > likelihoods.get(text, 0):
            likelihoods[text] = likelihood
            encodings[text] = encoding
    if not likelihoods:
        return NamesEncoding("cp437", sure=False, examples=_examples(parts, "cp437"))
    best, *rest = sorted(likelihoods, key=lambda text: -likelihoods[text])
    sure = not rest or likelihoods[best] >= SURE * likelihoods[rest[0]]
    return NamesEncoding(encodings[best], sure, _examples(parts, encodings[best]))


def decoded(name: bytes, encoding: str) -> str:
    """A name as stored, decoded; raises DataError if it is not in that encoding."""
    try:
        return name.decode(encoding)
    except UnicodeDecodeError:
        raise DataError(
            f"The name {name!r} in the archive is not in the encoding {encoding}. Choose another encoding of names: "
            f"{', '.join(ENCODINGS)}."
        ) from None


def _our_name(encoding: str) -> str:
    """The key of ENCODINGS for a name of the same codec."""
    return next(key for key in ENCODINGS if codecs.lookup(key).name == codecs.lookup(encoding).name)


def _examples(parts: list[bytes], encoding: str) -> tuple[str, ...]:
    names = [part.decode(encoding) for part in parts]
    return tuple(unicodedata.normalize("NFC", name) for name in names[:5])


def _plausibility(text: str, encoding: str) -> float:
    """A factor for text that people seldom write: signs in words, capitals after small letters, Hanja with Hangul."""
    characters = [character for character in text if ord(character) > 127]
    letters = sum(unicodedata.category(character)[0] in "LMN" for character in characters)
    factor = (letters / max(len(characters), 1)) ** 2
    switches = sum(left.islower() and right.isupper() for left, right in itertools.pairwise(text))
    if switches:
        factor *= 0.3 ** max(1, round(switches / (text.count("\n") + 1)))
    if encoding == "cp949":
        factor *= 0.1 if any("\u4e00" <= character <= "\u9fff" for character in text) else 1.5
    return factor
