"""What an image is conditioned on, as a value: a class, or attributes that are on, off or left open. No torch.

A condition is a `Condition` everywhere in the program. As text it is written at the command line, in JSON and in links:

    3    malignant         one class
    Smiling=1,Male=0       these attributes; the others are drawn from real training images that agree
    any                    drawn from all real training images

"Any" is never invented: what was left open is taken from real combinations, so that no attribute is asked for that was
never seen beside the others.

Letters: n images, K conditions.
"""

import difflib
import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gan.data.info import DatasetInfo
from gan.errors import UserError

MAX_FOLDER_BYTES = 100
"""Length of a folder's name in UTF-8, at most: file systems take 255, and a ZIP is unpacked below other folders."""
HASHED = re.compile(r"~[0-9a-f]{10}\Z", re.IGNORECASE)
"""How the name of a folder ends that is not the condition's text itself."""
RESERVED = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$", "__MACOSX", "THUMBS", "DESKTOP"}
    | {f"{port}{number}" for port in ("COM", "LPT") for number in range(10)}
)
"""Names of devices on Windows, with any ending, and names of files that file managers leave."""


@dataclass(frozen=True)
class Condition:
    """Values, 0 or 1, that some of the K conditions take, by ascending position in `DatasetInfo.names`.

    The others are open. A class is its own position at 1, and leaves nothing open; `ANY` leaves all open. Positions are
    those of one run's `DatasetInfo`: a condition means nothing beside another's.
    """

    fixed: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of_class(cls, position: int) -> "Condition":
        """The class at that position of `info.names`."""
        return cls(((position, 1),))

    @classmethod
    def of_attributes(cls, values: Mapping[int, int]) -> "Condition":
        """Attributes by position in `info.names`, 1 for on and 0 for off."""
        return cls(tuple(sorted(values.items())))

    @classmethod
    def from_row(cls, row: NDArray[np.floating] | NDArray[np.uint8], info: DatasetInfo) -> "Condition":
        """What a row (K,) of 0 and 1 says; raises UserError for one that is no single class, such as an unlabelled
        image's row of zeros."""
        values = np.asarray(row).astype(int).tolist()
        if info.kind != "class":
            return cls(tuple(enumerate(values)))
        if sum(values) != 1 or max(values) != 1:
            raise UserError(f"A row with {sum(values)} classes is no condition: an image is made of exactly one class.")
        return cls.of_class(values.index(1))

    @classmethod
    def from_text(cls, text: str, info: DatasetInfo) -> "Condition":
        """The condition that a text names; raises UserError that says what is not known and what there is."""
        text = text.strip()
        if text.lower() == "any":
            return ANY
        if info.kind == "class":
            return cls.of_class(_position(_unquoted(text, info), info))
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
        """As people write it; `from_text` reads it back. Attributes stand in the set's order."""
        if not self.fixed:
            return "any"
        if info.kind == "class":
            name = info.names[self.fixed[0][0]]
            misread = name.strip() != name or name.lower() == "any" or name.startswith('"')
            return json.dumps(name) if misread or not name.isprintable() else name
        return ",".join(f"{info.names[position]}={value}" for position, value in self.fixed)

    def row(self, info: DatasetInfo) -> NDArray[np.float32]:
        """As networks take it, (K,); raises UserError where it leaves something open."""
        if not self.fixed or (info.kind != "class" and len(self.fixed) < len(info.names)):
            raise UserError(f"The condition {self.text(info)} leaves something open: it is not one image's condition.")
        row = np.zeros(len(info.names), np.float32)
        for position, value in self.fixed:
            row[position] = value
        return row

    def folder(self, info: DatasetInfo) -> str:
        """The name of a folder for its images, at most `FOLDER_BYTES` long, which every system can unpack.

        It is the text where that can be one. Else what cannot stand is replaced, what is too long is cut, and a hash of
        the text ends the name. Two conditions of one run never share a name, nor names that differ in case or in
        Unicode's normal form alone. The way back is in the download: labels.csv, and manifest.json.
        """
        text = self.text(info)
        plain = "".join(c if _can_stand(c) else "_" for c in unicodedata.normalize("NFC", text)).strip(". ")
        named = [info.names[position] for position, _ in self.fixed]
        device = unicodedata.normalize("NFKC", plain).split(".")[0].strip().upper() in RESERVED
        alone = _alike(info.names).isdisjoint(map(_folded, named))
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

    def matching_images(self, info: DatasetInfo) -> int:
        """How many real training images have all of these values."""
        return int(self._agrees(info).sum())

    def sample(self, info: DatasetInfo, count: int, seed: int) -> NDArray[np.float32]:
        """Rows (count, K): of random real images that agree; where none does, of any with these values set.

        The rows depend on the seed alone, and the first rows of a longer draw are those of a shorter one. An image
        without a label is none to draw from.
        """
        agreeing = np.flatnonzero(self._agrees(info))
        pool = info.conditions[agreeing] if len(agreeing) else info.conditions
        picks = np.random.default_rng([seed, *(v for pair in self.fixed for v in pair)]).random(count)
        rows = pool[(picks * len(pool)).astype(np.int64)].astype(np.float32)
        if info.kind == "class" and self.fixed:
            rows[:] = 0.0  # one-hot, also for a class without a training image
        for position, value in self.fixed:
            rows[:, position] = value
        return rows

    def _agrees(self, info: DatasetInfo) -> NDArray[np.bool_]:
        agrees: NDArray[np.bool_] = np.ones(len(info.conditions), dtype=bool)
        if info.kind == "class":
            agrees &= info.conditions.any(axis=1)
        for position, value in self.fixed:
            agrees &= info.conditions[:, position] == value
        return agrees


ANY = Condition()
"""Drawn from all real training images."""


def single_conditions(info: DatasetInfo) -> list[Condition]:
    """Each class; for attributes, each alone switched on."""
    return [Condition.of_class(position) for position in range(len(info.names))]


def representative_conditions(info: DatasetInfo, most: int) -> tuple[NDArray[np.float32], list[str]]:
    """Up to `most` conditions (n, K) that show what the generator can do, with a label each.

    Classes: the first ones. Attributes: real combinations that differ much, the most usual one first.
    """
    if info.kind == "class":
        shown = min(most, len(info.names))
        return np.eye(len(info.names), dtype=np.float32)[:shown], list(info.names[:shown])
    rows = np.unique(info.conditions[np.random.default_rng(0).permutation(len(info.conditions))[:2000]], axis=0)
    chosen = [int(np.abs(rows - info.conditions.mean(axis=0)).sum(axis=1).argmin())]
    while len(chosen) < min(most, len(rows)):
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


def _unquoted(text: str, info: DatasetInfo) -> str:
    """A class's name out of quotation marks, in which `Condition.text` puts one that would be misread."""
    if text.startswith('"'):
        try:
            name = json.loads(text)
        except json.JSONDecodeError:
            return text
        if name in info.names:
            return str(name)
    return text


def _can_stand(character: str) -> bool:
    """Whether a character can be in a file's name on every system: visible, or a space, and none of Windows' own."""
    return character.isprintable() and character not in '<>:"/\\|?*'


def _folded(name: str) -> str:
    """What a file system that ignores case and Unicode's normal form takes a name for."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).upper().casefold())


@lru_cache(maxsize=16)
def _alike(names: tuple[str, ...]) -> frozenset[str]:
    """What names are taken for that at least two of these are taken for."""
    return frozenset(name for name, count in Counter(map(_folded, names)).items() if count > 1)
