"""What an image is conditioned on: a class, or attributes that are on, off or open. No torch.

Code passes conditions as `Condition`; the command line, JSON and links hold its text:

    3    malignant         one class
    Smiling=1,Male=0       these attributes; the others are sampled from real training images that have them
    7, subclass 3          a subclass of a class, where the run has them
    any                    sampled from all real training images

Open attributes take the values of a real image, so that no combination is requested that never occurs.

Letters: n images, K conditions.
"""

import difflib
import hashlib
import json
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gan.data.info import DatasetInfo
from gan.errors import UserError

POSITIONS = 100_000_000
"""Positions of a seed's stream that belong to one condition: more than an export of 200,000 images may try."""
COMBINATIONS = 1000
"""Parts of the stream among which combinations of attributes are spread."""
MAX_FOLDER_BYTES = 100
"""Length of a folder's name in UTF-8, at most: file systems take 255, and the ZIP is unpacked into a longer path."""
SUBCLASS = re.compile(r"(.+), subclass (\d{1,3})")
HASHED = re.compile(r"~[0-9a-f]{10}\Z", re.IGNORECASE)
"""End of a folder's name that is not the condition's text itself."""
RESERVED = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$", "__MACOSX", "THUMBS", "DESKTOP"}
    | {f"{port}{number}" for port in ("COM", "LPT") for number in range(10)}
)
"""Names of devices on Windows, whatever their extension, and of files that file managers create."""


@dataclass(frozen=True)
class Condition:
    """Values, 0 or 1, of some of the K conditions, by ascending position in one run's `DatasetInfo.names`.

    The others are open. A class has its position at 1 and leaves nothing open; `ANY` leaves everything open.
    `subclass`, from 0 on, is one of the class's; None: each image has one as often as the training images do.
    """

    fixed: tuple[tuple[int, int], ...] = ()
    subclass: int | None = None

    @classmethod
    def of_class(cls, position: int, subclass: int | None = None) -> "Condition":
        """The class at that position of `info.names`, or one of its subclasses."""
        return cls(((position, 1),), subclass)

    @classmethod
    def of_attributes(cls, values: Mapping[int, int]) -> "Condition":
        """Attributes by position in `info.names`, 1 for on and 0 for off."""
        return cls(tuple(sorted(values.items())))

    @classmethod
    def from_row(
        cls, row: NDArray[np.floating] | NDArray[np.uint8], info: DatasetInfo, subclass: int | None = None
    ) -> "Condition":
        """The condition of a row (K,) of 0 and 1, or one of its subclasses; raises UserError for a row of classes
        without exactly one, such as an unlabelled image's."""
        values = np.asarray(row).astype(int).tolist()
        if info.kind != "class":
            return cls(tuple(enumerate(values)))
        if sum(values) != 1 or max(values) != 1:
            raise UserError(f"A row with {sum(values)} classes is not a condition: an image has exactly one class.")
        return cls.of_class(values.index(1), subclass)

    @classmethod
    def from_text(cls, text: str, info: DatasetInfo) -> "Condition":
        """The condition of a text; raises UserError that names what is unknown and what exists."""
        text = text.strip()
        if text.lower() == "any":
            return ANY
        if info.kind == "class":
            return cls.of_class(*_class_and_subclass(text, info))
        values: dict[int, int] = {}
        for part in text.split(","):
            name, _, value = part.partition("=")
            if value.strip() not in ("0", "1"):
                raise UserError(
                    f"The condition {part!r} is not understood: an attribute takes =1 or =0, as in Smiling=1,Male=0."
                )
            position = _position(name.strip(), info)
            if values.setdefault(position, int(value)) != int(value):
                raise UserError(f"{name.strip()} is both 0 and 1 in the condition {text!r}: it takes one of them.")
        return cls.of_attributes(values)

    def text(self, info: DatasetInfo) -> str:
        """Its text, which `from_text` reads back; attributes are in the order of `info.names`."""
        if not self.fixed:
            return "any"
        if info.kind == "class":
            name = info.names[self.fixed[0][0]]
            misread = name.strip() != name or name.lower() == "any" or name.startswith('"')
            text = json.dumps(name) if misread or not name.isprintable() else name
            if self.subclass is None:
                return text
            subclass = f", subclass {self.subclass + 1}"
            return json.dumps(name) + subclass if text + subclass in info.names else text + subclass
        return ",".join(f"{info.names[position]}={value}" for position, value in self.fixed)

    def class_label(self, info: DatasetInfo) -> str:
        """The class for people, by its name as it is, with the subclass where one is asked for."""
        subclass = "" if self.subclass is None else f", subclass {self.subclass + 1}"
        return info.names[self.fixed[0][0]] + subclass

    def row(self, info: DatasetInfo) -> NDArray[np.float32]:
        """The row (K,) of 0 and 1; raises UserError where it leaves something open."""
        if not self.fixed or (info.kind != "class" and len(self.fixed) < len(info.names)):
            raise UserError(f"The condition {self.text(info)} leaves something open: it is not one image's condition.")
        row = np.zeros(len(info.names), np.float32)
        for position, value in self.fixed:
            row[position] = value
        return row

    def folder(self, info: DatasetInfo) -> str:
        """The name of the folder for its images, at most `MAX_FOLDER_BYTES` long and valid on every system.

        It is the text where that is valid; else invalid characters are replaced, the rest is cut, and a hash of the
        text is appended. Names of two conditions of a run differ in more than case and Unicode normal form; a subclass
        has the folder of its class, since the folder is the label. labels.csv and manifest.json map names back to
        conditions.
        """
        text = Condition(self.fixed).text(info)
        plain = "".join(c if _is_valid(c) else "_" for c in unicodedata.normalize("NFC", text)).strip(". ")
        named = [info.names[position] for position, _ in self.fixed]
        device = unicodedata.normalize("NFKC", plain).split(".")[0].strip().upper() in RESERVED
        alone = _ambiguous(info.names).isdisjoint(map(_folded, named))
        if (
            plain == text
            and alone
            and not device
            and len(text.encode()) <= MAX_FOLDER_BYTES
            and not HASHED.search(text)
        ):
            return text
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
        kept = f"{'_' if device else ''}{plain}".encode()[: MAX_FOLDER_BYTES - 1 - len(digest)].decode(errors="ignore")
        return f"{kept.rstrip('. ') or '_'}~{digest}"

    def first_position(self, info: DatasetInfo) -> int:
        """The start of its own part of a seed's stream, `POSITIONS` long.

        The images of a class thus depend on the class alone, not on which others are requested with it. Combinations of
        attributes are spread by a hash; two in one part share their noise, not their conditions.
        """
        if self.subclass is not None:
            return POSITIONS * (len(info.names) + self.fixed[0][0] * len(info.subclasses[0]) + self.subclass)
        if info.kind == "class" or not self.fixed:
            return POSITIONS * (self.fixed[0][0] if self.fixed else 0)
        return POSITIONS * (1 + zlib.crc32(self.text(info).encode("utf-8", "surrogatepass")) % COMBINATIONS)

    def matching_images(self, info: DatasetInfo) -> int:
        """Number of labelled training images with all of these values, or of the subclass.

        Images whose class was inferred are learned and sampled, and are not counted as real ones of a class.
        """
        if self.subclass is not None:
            return (info.labelled_subclasses or info.subclasses)[self.fixed[0][0]][self.subclass]
        return int(self._matches(info).sum())

    def matching_positions(self, info: DatasetInfo) -> NDArray[np.int64]:
        """Positions of the training images with all of these values in their split, ascending."""
        return np.flatnonzero(self._matches(info)).astype(np.int64)

    def sample(self, info: DatasetInfo, count: int, seed: int) -> NDArray[np.float32]:
        """Rows (count, K) of random real images that match; where none does, of any images with these values set.

        They depend on the condition and the seed alone, and a larger `count` only appends rows. Unlabelled images are
        left out.
        """
        matching = np.flatnonzero(self._matches(info))
        pool = info.conditions[matching] if len(matching) else info.conditions
        picks = np.random.default_rng([seed, *(v for pair in self.fixed for v in pair)]).random(count)
        rows = pool[(picks * len(pool)).astype(np.int64)].astype(np.float32)
        if info.kind == "class" and self.fixed:
            rows[:] = 0.0  # one-hot, also for a class without a training image
        for position, value in self.fixed:
            rows[:, position] = value
        return rows

    def _matches(self, info: DatasetInfo) -> NDArray[np.bool_]:
        matches: NDArray[np.bool_] = np.ones(len(info.conditions), dtype=bool)
        if info.kind == "class":
            matches &= info.conditions.any(axis=1)
        for position, value in self.fixed:
            matches &= info.conditions[:, position] == value
        return matches


ANY = Condition()
"""Everything open: sampled from all real training images."""


def single_conditions(info: DatasetInfo) -> list[Condition]:
    """Each class, or each attribute on with the others open."""
    return [Condition.of_class(position) for position in range(len(info.names))]


def subclass_conditions(condition: Condition, info: DatasetInfo) -> list[Condition]:
    """Each subclass of a class that has training images; the class itself in a run without subclasses."""
    if not info.subclasses:
        return [condition]
    position = condition.fixed[0][0]
    return [Condition.of_class(position, number) for number, count in enumerate(info.subclasses[position]) if count]


def representative_conditions(info: DatasetInfo, count: int) -> tuple[NDArray[np.float32], list[str]]:
    """Up to `count` conditions (n, K) for a sample sheet, and their labels.

    These are the first classes, or real combinations of attributes: the most typical one, then each time the one
    farthest from all before (farthest-point sampling by Hamming distance).
    """
    if info.kind == "class":
        count = min(count, len(info.names))
        return np.eye(len(info.names), dtype=np.float32)[:count], list(info.names[:count])
    rows = np.unique(info.conditions[np.random.default_rng(0).permutation(len(info.conditions))[:2000]], axis=0)
    chosen = [int(np.abs(rows - info.conditions.mean(axis=0)).sum(axis=1).argmin())]
    while len(chosen) < min(count, len(rows)):
        distance = (rows[:, None] != rows[None, chosen]).sum(axis=2).min(axis=1)
        chosen.append(int(distance.argmax()))
    labels = [", ".join(n for n, on in zip(info.names, rows[i], strict=True) if on) or "none" for i in chosen]
    return rows[chosen].astype(np.float32), labels


def _position(name: str, info: DatasetInfo) -> int:
    if name in info.names:
        return info.names.index(name)
    if info.kind == "class" and name.isdecimal() and int(name) < len(info.names):
        return int(name)  # a class may be given by its number
    near = difflib.get_close_matches(name, info.names, n=1)
    raise UserError(
        f"There is no condition {name!r} in this run."
        + (f" Did you mean {near[0]}?" if near else f" It has {', '.join(info.names)}.")
    )


def _class_and_subclass(text: str, info: DatasetInfo) -> tuple[int, int | None]:
    """The position of a class, and of its subclass where the text names one."""
    match = SUBCLASS.fullmatch(text)
    if text in info.names or match is None:
        return _position(_unquoted(text, info), info), None
    position, number = _position(_unquoted(match[1], info), info), int(match[2])
    counts = info.subclasses[position] if info.subclasses else ()
    if not 1 <= number <= len(counts) or not counts[number - 1]:
        existing = ", ".join(str(n) for n, count in enumerate(counts, start=1) if count) or "none"
        raise UserError(f"{info.names[position]} has no subclass {number} in this run: its subclasses are {existing}.")
    return position, number - 1


def _unquoted(text: str, info: DatasetInfo) -> str:
    """A class's name without the quotation marks that `Condition.text` puts around an ambiguous one."""
    if text.startswith('"'):
        try:
            name = json.loads(text)
        except json.JSONDecodeError:
            return text
        if name in info.names:
            return str(name)
    return text


def _is_valid(character: str) -> bool:
    """Whether every system takes a character in a file's name: printable, and not reserved by Windows."""
    return character.isprintable() and character not in '<>:"/\\|?*'


def _folded(name: str) -> str:
    """A name as compared by a file system that ignores case and Unicode normal form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).upper().casefold())


@lru_cache(maxsize=16)
def _ambiguous(names: tuple[str, ...]) -> frozenset[str]:
    """The folded names that at least two of these names share."""
    return frozenset(name for name, count in Counter(map(_folded, names)).items() if count > 1)
