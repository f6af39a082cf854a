"""Splits of a set that grows: an image never changes its split because others came or went.

An image belongs to a unit: its group (patient, slide), or itself, known by its pixels, where it has no group. Whole
units go to one split. A hash of the unit's name, uniform in [0, 1), decides: below 0.2 it is tested, from 0.9 on it
validates, else it trains. No other image has a part in that, so it holds in any folder and on any machine.

Hashes alone give a small class its share only on average. So a condition with few images (a share of at most ENOUGH) is
brought to its share exactly, by the units whose hashes lie nearest. That does depend on the others, so the split of
each unit is kept in the store at the first reading of a folder, and units that were seen before never move.
An added set is read once, and its plan keeps its splits.

Letters: N images, K conditions, U units.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.config import settings
from gan.data.image_set import SPLITS
from gan.errors import DamagedFileError, DataError
from gan.io.atomic import replacing
from gan.io.file_lock import exclusive
from gan.io.untrusted_files import read_arrays

MAX_EXACT = 30
"""Images of a condition in a split from which chance alone gives about its share."""
SEED = "0"

KnownSplits = Mapping[int, str]
"""Splits of units that were seen before, by `identity`."""


def unit_hash(unit: str) -> int:
    """A number of 64 bits for a unit's name; the hash that decides its split, and all that is kept of the name."""
    return int.from_bytes(hashlib.blake2b(f"{SEED} {unit}".encode(), digest_size=8).digest(), "little")


def stable_split(
    units: Sequence[str], conditions: NDArray[np.generic], parts: Mapping[str, float], known: KnownSplits
) -> NDArray[np.str_]:
    """A split for each image (N,), from its unit (N,) and its conditions (N, K) of 0 and 1.

    `parts` are shares of "val" and "test", such as `{"val": 0.1, "test": 0.2}`; the rest is "train". Units in `known`
    keep their split where it is one of these.
    """
    names, unit_of = np.unique(np.array(units, dtype=np.str_), return_inverse=True)  # (U,), (N,)
    held = np.zeros((len(names), conditions.shape[1]), dtype=np.int64)  # (U, K): images of each condition
    np.add.at(held, unit_of, conditions.astype(np.int64))
    identities = [unit_hash(name) for name in names.tolist()]
    place = np.array(identities, dtype=np.float64) / 2.0**64  # (U,), in [0, 1)
    split = np.full(len(names), "train", dtype="U5")
    for part, share in parts.items():
        split[_distance(place, part) < share] = part
    free = np.ones(len(names), dtype=bool)
    for unit, number in enumerate(identities):
        if known.get(number) in (*parts, "train"):
            split[unit], free[unit] = known[number], False
    carriers = [np.flatnonzero(column) for column in np.ascontiguousarray(held.T)]
    deal = _Deal(held, place, split, free, parts, carriers)
    for condition in np.argsort(held.sum(axis=0), kind="stable"):  # the rarest first
        for part in parts:
            deal.fill(part, int(condition))
    for condition in np.argsort(held.sum(axis=0), kind="stable"):
        for part in parts:
            deal.relieve(part, int(condition))
    return np.asarray(split[unit_of])


def _distance(place: NDArray[np.float64], part: str) -> NDArray[np.float64]:
    """How far hashes lie from a part's end of [0, 1): test begins at 0, val ends at 1."""
    return place if part == "test" else 1 - place


@dataclass(frozen=True)
class _Deal:
    """Units (U,) on their way to splits; `split` changes where a unit is `free`."""

    held: NDArray[np.int64]
    place: NDArray[np.float64]
    split: NDArray[np.str_]
    free: NDArray[np.bool_]
    parts: Mapping[str, float]
    carriers: Sequence[NDArray[np.int64]]
    """The units that hold each condition (K): all that a step of it looks at."""

    def needed(self, part: str, condition: int) -> int:
        """Images of a condition that a part gets at least: its share, and no more than ENOUGH of a large one."""
        carriers = self.carriers[condition]
        if len(carriers) <= len(self.parts):
            return 0  # it trains on them first
        return max(1, min(round(self.parts[part] * int(self.held[carriers, condition].sum())), MAX_EXACT))

    def images(self, part: str, condition: int) -> int:
        """Images of a condition in a part so far."""
        carriers = self.carriers[condition]
        return int(self.held[carriers[self.split[carriers] == part], condition].sum())

    def candidates(self, split: str, condition: int, part: str, nearest: bool) -> NDArray[np.int64]:
        """Free units of a split that hold a condition, by how near their hashes lie to a part's end."""
        carriers = self.carriers[condition]
        rows = carriers[(self.split[carriers] == split) & self.free[carriers]]
        distance = _distance(self.place[rows], part)
        return np.asarray(rows[np.argsort(distance if nearest else -distance, kind="stable")])

    def fill(self, part: str, condition: int) -> None:
        """Bring a part up to what it needs of a condition; a condition keeps one unit to train on."""
        needed, there = self.needed(part, condition), self.images(part, condition)
        for unit in self.candidates("train", condition, part, nearest=True):
            training = int((self.split[self.carriers[condition]] == "train").sum())
            if there >= needed or training <= 1:
                return
            self.split[unit] = part
            there += int(self.held[unit, condition])

    def relieve(self, part: str, condition: int) -> None:
        """Give a small condition's images above its share back to train, where no other condition needs them."""
        needed, there = self.needed(part, condition), self.images(part, condition)
        if self.parts[part] * self.held[self.carriers[condition], condition].sum() > MAX_EXACT:
            return
        for unit in self.candidates(part, condition, part, nearest=False):
            if there <= needed:
                return
            others = np.flatnonzero(self.held[unit]).tolist()
            if all(self.images(part, o) - self.held[unit, o] >= self.needed(part, o) for o in others):
                self.split[unit] = "train"
                there -= int(self.held[unit, condition])


def record_path(folder: Path) -> Path:
    """Where the store keeps the splits of a folder's units."""
    key = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    return settings.store() / ".data" / "splits" / f"{key}.npz"


def load_splits(folder: Path) -> dict[int, str]:
    """The splits of a folder's units as they were at earlier readings; DataError where the record is damaged."""
    record = record_path(folder)
    if not record.exists():
        return {}
    try:
        file = read_arrays(record)
        split = np.array(SPLITS)[file["split"]].tolist()
        return dict(zip(file["units"].tolist(), split, strict=True))
    except (DamagedFileError, ValueError, KeyError, IndexError, TypeError) as error:
        raise DataError(
            f"The record of the splits of {folder}, {record}, is damaged ({error}): remove it, and its splits are made "
            "anew. Runs on the folder then have to be cloned."
        ) from None


def save_splits(folder: Path, units: Sequence[str], split: NDArray[np.str_]) -> None:
    """Add the splits of a folder's units (N,) to its record, so that they stay at all later readings."""
    record = record_path(folder)
    record.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(record.with_suffix(".lock")):
        known = load_splits(folder) | {
            unit_hash(unit): name for unit, name in dict(zip(units, split.tolist(), strict=True)).items()
        }
        with replacing(record) as temporary, open(temporary, "wb") as opened:
            np.savez_compressed(
                opened,
                units=np.array(list(known), dtype=np.uint64),
                split=np.array([SPLITS.index(name) for name in known.values()], dtype=np.uint8),
            )
