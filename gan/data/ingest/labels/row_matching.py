"""Find the images that the values of a table's column name: by path, base name, name without suffix, folder or UID."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Literal

import numpy as np

from gan.data.ingest.identifiers import hash_identifier
from gan.data.ingest.labels.matches import Claim, Matches, Way, add_claim
from gan.data.ingest.labels.path_names import (
    clean_path,
    folded_stem,
    is_absolute,
    is_image_name,
    without_suffix,
    without_zeros,
)

Found = tuple[int, int, Way]
Identifiers = tuple[str, str, str]
"""Hashes (`hash_identifier`) of the SOP instance UID, the patient and the study of a DICOM image, "" without one."""
AMBIGUOUS = -1
PART = re.compile(r"[^_\-.\s()\[\]{}]+")
"""A part of a file name, between separators (`name_parts.py`)."""
LOOSE = 1000
"""Rank from which the case or the extension of a name is ignored. A longer common end of the paths has a lower rank."""
MOST_ROWS_OF_FOLDER = 100
"""Rows of one value from which it is a class rather than the name of a folder: rows times images would take long."""


def match_rows(
    values: Sequence[str],
    images: Sequence[str],
    folders: Sequence[str] = (),
    identifiers: Sequence[Identifiers] = (),
) -> Matches:
    """Which image each value names: see `ImageNames.match`."""
    return ImageNames(images, lambda: identifiers).match(values, folders)


def _unchanged(path: str) -> str:
    return path


class ImageNames:
    """The paths of images, relative to the set's folder, in dictionaries by which values are matched.

    A dictionary is built when a value first needs it. `identifiers` gives those of DICOM images; it is called only for
    values that no path explains.
    """

    def __init__(self, images: Sequence[str], identifiers: Callable[[], Sequence[Identifiers]] = tuple):
        self.paths = [clean_path(image) for image in images]
        self._read_identifiers = identifiers
        self._ends: dict[Callable[[str], str], dict[str, int]] = {}
        self._below_names: dict[str, tuple[list[int], ImageNames]] = {}

    def knows(self, value: str) -> bool:
        """Whether a value may name an image or a folder of images, by its last part in any case, or as a number."""
        path = clean_path(value)
        return (
            folded_stem(path.rpartition("/")[2]) in self._last_parts or (without_zeros(path) or "-") in self._last_parts
        )

    def identifies(self, values: Iterable[str]) -> bool:
        """Whether values are identifiers of DICOM images, patients or studies of the set."""
        return bool(self._identified) and any(hash_identifier(value) in self._identified for value in values)

    def begins(self, value: str) -> bool:
        """Whether a value is the first parts of names of images: `P012` of `P012_left.png`."""
        return folded_stem(clean_path(value).rpartition("/")[2]) in self._starts

    def match(self, values: Sequence[str], folders: Sequence[str] = ()) -> Matches:
        """The images that R values name; `folders` (R,) are those of the tables that hold the values.

        Robust to absolute paths, backslashes, `./`, quotes, NFC and NFD. Another case, another or no extension count
        where only one image fits. The longest common end of the paths decides between images of one base name; if it
        does not, or if different values name one image equally well, none is matched. Folders are tried for values
        that name no image; identifiers of DICOM files, then first parts of names (`P012` of `P012_left.png`), then
        leading zeros of numbers, only if nothing else fits at all.
        """
        claims: dict[int, Claim] = {}
        ambiguous: set[int] = set()
        rest: list[tuple[int, str]] = []
        for row, value in enumerate(values):
            path = clean_path(value)
            if not path:
                continue
            folder = folders[row] if folders else ""
            found = self._find_from(folder, path) if folder else self._find(path)
            if found is None:
                rest.append((row, path))
            elif found[0] == AMBIGUOUS:
                ambiguous.add(row)
            else:
                image, rank, way = found
                compared = f"{folder}/{path}" if folder and not is_absolute(value) else path
                add_claim(claims, image, row, compared if rank < LOOSE else folded_stem(compared), rank, way)
        self._claim_folders(rest, folders, claims)
        if not claims and self.identifies(values):
            self._claim_identifiers(values, claims)
        if not claims and not ambiguous:
            self._claim_starts(rest, claims)
        if not claims:
            self._claim_numbers(rest, claims, ambiguous)
        return self._matches(len(values), [row for row, value in enumerate(values) if value], claims, ambiguous)

    def _find(self, path: str) -> Found | None:
        """The image of a value, or AMBIGUOUS; its rank, lower is better; how it is named."""
        image = self._whole.get(path)
        if image is not None:
            return image, 0, "path"
        for place, key in enumerate((_unchanged, str.casefold, without_suffix, folded_stem)):
            ends = self._ends_by(key)
            for common, end in _ends_of(key(path)):
                image = ends.get(end)
                if image is not None:
                    return image, LOOSE * (place + 1) - common, self._way(place, path, common)
        return None

    def _find_from(self, folder: str, path: str) -> Found | None:
        """`_find` among the images below the folder of a table, unless another one is named better."""
        everywhere = self._find(path)
        if folder not in self._below_names:
            below = self._below.get(folder, [])
            self._below_names[folder] = below, ImageNames([self.paths[image][len(folder) + 1 :] for image in below])
        images, names = self._below_names[folder]
        found = names._find(path)
        if found is None or (everywhere is not None and everywhere[1] < found[1]):
            return everywhere
        image, rank, way = found
        return (image if image == AMBIGUOUS else images[image]), rank, way

    @staticmethod
    def _way(place: int, path: str, common: int) -> Way:
        if place >= 2:
            return "other extension" if is_image_name(path) else "name without extension"
        if place == 1:
            return "other case"
        return "end of the path" if common > 1 else "base name"

    @cached_property
    def _last_parts(self) -> set[str]:
        """The names of images, without extension, and of folders, in lower case; of numbers also without zeros."""
        stems = {folded_stem(path.rpartition("/")[2]) for path in self.paths}
        return stems | {without_zeros(path) for path in self.paths} | {part.casefold() for part in self._folder_ends}

    @cached_property
    def _whole(self) -> dict[str, int]:
        return {path: image for image, path in enumerate(self.paths)}

    def _ends_by(self, key: Callable[[str], str]) -> dict[str, int]:
        """The only image whose path, by `key`, ends with the text; AMBIGUOUS if several do."""
        if key not in self._ends:
            ends: dict[str, int] = {}
            for image, path in enumerate(self.paths):
                for _, end in _ends_of(key(path)):
                    ends[end] = image if end not in ends else AMBIGUOUS
            self._ends[key] = ends
        return self._ends[key]

    @cached_property
    def _folder_ends(self) -> dict[str, set[str]]:
        """The folders whose path ends with the text."""
        folders = {folder for path in self.paths for folder in accumulate(path.split("/")[:-1], "{}/{}".format)}
        ends: dict[str, set[str]] = defaultdict(set)
        for folder in folders:
            for _, end in _ends_of(folder):
                ends[end].add(folder)
        return ends

    @cached_property
    def _below(self) -> dict[str, list[int]]:
        """The images below each folder."""
        below: dict[str, list[int]] = defaultdict(list)
        for image, path in enumerate(self.paths):
            for folder in accumulate(path.split("/")[:-1], "{}/{}".format):
                below[folder].append(image)
        return below

    def _claim_folders(self, rest: Iterable[tuple[int, str]], folders: Sequence[str], claims: dict[int, Claim]) -> None:
        """Give the rows whose value names a folder all images below it that no other row names."""
        named = set(claims)
        uses = Counter(path for _, path in rest)
        for row, path in rest:
            if uses[path] > MOST_ROWS_OF_FOLDER:
                continue
            if folders and folders[row] and (below := clean_path(f"{folders[row]}/{path}")) in self._below:
                found = {below}
            else:
                found = next((self._folder_ends[end] for _, end in _ends_of(path) if end in self._folder_ends), set())
            for folder in found:  # train/P003 and test/P003 are both folders of the patient P003
                for image in self._below[folder]:
                    if image not in named:
                        add_claim(claims, image, row, path, 10 * LOOSE - folder.count("/"), "folder")

    @cached_property
    def _identified(self) -> dict[str, tuple[Way, list[int]]]:
        """The DICOM images of each hashed identifier, and what kind it is."""
        found: dict[str, tuple[Way, list[int]]] = {}
        for image, (instance, patient, study) in enumerate(self._read_identifiers()):
            found[instance] = ("SOP instance UID", [image])
            for identifier in (patient, study):
                found.setdefault(identifier, ("patient or study", []))[1].append(image)
        found.pop("", None)
        return found

    def _claim_identifiers(self, values: Sequence[str], claims: dict[int, Claim]) -> None:
        for row, value in enumerate(values):
            hashed = hash_identifier(value)
            way, images = self._identified.get(hashed, ("patient or study", []))
            for image in images:
                add_claim(claims, image, row, hashed, 15 * LOOSE, way)

    @cached_property
    def _starts(self) -> dict[str, list[int]]:
        """The images whose name starts with the text and goes on after a separator; a number also without zeros."""
        starts: dict[str, list[int]] = defaultdict(list)
        for image, path in enumerate(self.paths):
            stem = folded_stem(path.rpartition("/")[2])
            for part in PART.finditer(stem):
                start = stem[: part.end()]
                if part.end() < len(stem):
                    starts[start].append(image)
                    if start[:1] == "0" and start.isascii() and start.isdigit():
                        starts[str(int(start))].append(image)
        return starts

    def _claim_starts(self, rest: Iterable[tuple[int, str]], claims: dict[int, Claim]) -> None:
        """Give the rows whose value is the first parts of names these images; the longest value wins."""
        for row, path in rest:
            start = folded_stem(path.rpartition("/")[2])
            for image in self._starts.get(start, ()):
                add_claim(claims, image, row, start, 18 * LOOSE - len(start), "start of the name")

    def _claim_numbers(self, rest: Iterable[tuple[int, str]], claims: dict[int, Claim], ambiguous: set[int]) -> None:
        images: dict[str, int] = {}
        for image, path in enumerate(self.paths):
            number = without_zeros(path)
            images[number] = image if number not in images else AMBIGUOUS
        for row, path in rest:
            number = without_zeros(path)
            found = images.get(number) if number else None
            if found == AMBIGUOUS:
                ambiguous.add(row)
            elif found is not None:
                add_claim(claims, found, row, number, 20 * LOOSE, "leading zeros")

    def _matches(self, count: int, rows: list[int], claims: dict[int, Claim], ambiguous: set[int]) -> Matches:
        row = np.full(len(self.paths), -1, dtype=np.int64)
        way: list[Way | Literal[""]] = [""] * len(self.paths)
        pairs: list[tuple[int, int]] = []
        for image, claim in sorted(claims.items()):
            if not claim.one_value:
                ambiguous.update(claim.rows)
                continue
            row[image], way[image] = claim.rows[0], claim.way
            pairs += [(image, claimed) for claimed in claim.rows]
        used = {pair[1] for pair in pairs}
        return Matches(
            row=row,
            way=tuple(way),
            pairs=np.array(pairs, dtype=np.int64).reshape(-1, 2),
            missing=tuple(row for row in rows if row not in used and row not in ambiguous),
            ambiguous=tuple(sorted(ambiguous - used)),
        )


def _ends_of(path: str) -> Iterator[tuple[int, str]]:
    """The ends of a path, the longest first, each with its number of parts."""
    parts = path.count("/") + 1
    yield parts, path
    while parts > 1:
        path = path[path.index("/") + 1 :]
        parts -= 1
        yield parts, path
