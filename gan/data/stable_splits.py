"""Splits of a folder that may grow: an image never changes its split because others are added or removed.

An image belongs to a unit: its group (patient, slide) or, without a group, its own pixels. All images of a unit share
a split, which a hash of the unit's name, uniform in [0, 1), decides: below 0.2 test, from 0.9 on val, else train. This
depends on no other image, so it is the same in any folder and on any machine.

Hashing alone gives a small class its share only on average. A condition whose share is at most MAX_EXACT images is
therefore brought to its exact share by moving the units whose hashes lie nearest to the boundary. This step does depend
on the other images, so the first reading of a folder records the split of each unit in the store, and recorded units
never move. An added set is read once and keeps its splits in its import plan.

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
"""Images of a condition in a split up to which its share is made exact; above, hashing alone is close enough."""
SEED = "0"

KnownSplits = Mapping[int, str]
"""Recorded splits by `unit_hash`."""


def unit_hash(unit: str) -> int:
    """The 64-bit hash of a unit's name. It decides the split, and is all that is stored of the name."""
    return int.from_bytes(hashlib.blake2b(f"{SEED} {unit}".encode(), digest_size=8).digest(), "little")


def stable_split(
    units: Sequence[str], conditions: NDArray[np.generic], parts: Mapping[str, float], known: KnownSplits
) -> NDArray[np.str_]:
    """A split for each image (N,), given the unit (N,) and the 0/1 conditions (N, K) of each.

    `parts` are the shares of "val" and "test", such as `{"val": 0.1, "test": 0.2}`; the rest is "train". Units in
    `known` keep their recorded split if it is still one of these.
    """
    names, unit_of = np.unique(np.array(units, dtype=np.str_), return_inverse=True)  # (U,), (N,)
    held = np.zeros((len(names), conditions.shape[1]), dtype=np.int64)  # (U, K): images of each condition
    np.add.at(held, unit_of, conditions.astype(np.int64))
    hashes = [unit_hash(name) for name in names.tolist()]
    positions = np.array(hashes, dtype=np.float64) / 2.0**64  # (U,), in [0, 1)
    split = np.full(len(names), "train", dtype="U5")
    for part, share in parts.items():
        split[_distance(positions, part) < share] = part
    free = np.ones(len(names), dtype=bool)
    for unit, number in enumerate(hashes):
        if known.get(number) in (*parts, "train"):
            split[unit], free[unit] = known[number], False
    units_with = [np.flatnonzero(column) for column in np.ascontiguousarray(held.T)]
    balance = _Balance(held, positions, split, free, parts, units_with)
    rarest_first = np.argsort(held.sum(axis=0), kind="stable").tolist()
    for step in (balance.fill, balance.relieve, balance.fill):  # again: one part may have held what another lacked
        for condition in rarest_first:
            for part in parts:
                step(part, condition)
    return np.asarray(split[unit_of])


def _distance(positions: NDArray[np.float64], part: str) -> NDArray[np.float64]:
    """Distance of hashes from a part's end of [0, 1): test starts at 0, val ends at 1."""
    return positions if part == "test" else 1 - positions


@dataclass(frozen=True)
class _Balance:
    """Moves units between splits to reach the shares of small conditions. Only `free` units move.

    held       int64 (U, K): images of each condition in each unit
    positions  float64 (U,): the units' hashes in [0, 1)
    split      (U,): changed in place
    """

    held: NDArray[np.int64]
    positions: NDArray[np.float64]
    split: NDArray[np.str_]
    free: NDArray[np.bool_]
    parts: Mapping[str, float]
    units_with: Sequence[NDArray[np.int64]]
    """For each condition (K), the units that have images of it."""

    def needed(self, part: str, condition: int) -> int:
        """Minimum number of a condition's images in a part: its share, at most MAX_EXACT."""
        units = self.units_with[condition]
        if len(units) <= len(self.parts):
            return 0  # too few units for all parts: they go to train
        return max(1, min(round(self.parts[part] * int(self.held[units, condition].sum())), MAX_EXACT))

    def images(self, part: str, condition: int) -> int:
        """Images of a condition in a part now."""
        units = self.units_with[condition]
        return int(self.held[units[self.split[units] == part], condition].sum())

    def candidates(self, split: str, condition: int, part: str, nearest: bool) -> NDArray[np.int64]:
        """Free units of a split with a condition, sorted by the distance of their hashes from a part's end."""
        units = self.units_with[condition]
        units = units[(self.split[units] == split) & self.free[units]]
        distance = _distance(self.positions[units], part)
        return np.asarray(units[np.argsort(distance if nearest else -distance, kind="stable")])

    def fill(self, part: str, condition: int) -> None:
        """Move units from train until a part has the images of a condition it needs; train keeps at least one unit."""
        needed, present = self.needed(part, condition), self.images(part, condition)
        for unit in self.candidates("train", condition, part, nearest=True):
            training = int((self.split[self.units_with[condition]] == "train").sum())
            if present >= needed or training <= 1:
                return
            self.split[unit] = part
            present += int(self.held[unit, condition])

    def relieve(self, part: str, condition: int) -> None:
        """Return surplus images of a small condition to train, unless another condition needs them in the part."""
        needed, present = self.needed(part, condition), self.images(part, condition)
        if self.parts[part] * self.held[self.units_with[condition], condition].sum() > MAX_EXACT:
            return
        for unit in self.candidates(part, condition, part, nearest=False):
            if present <= needed:
                return
            others = np.flatnonzero(self.held[unit]).tolist()
            if all(self.images(part, k) - self.held[unit, k] >= self.needed(part, k) for k in others):
                self.split[unit] = "train"
                present -= int(self.held[unit, condition])


def record_path(folder: Path) -> Path:
    """The file in the store that records the splits of a folder."""
    key = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    return settings.store() / ".data" / "splits" / f"{key}.npz"


def load_splits(folder: Path) -> dict[int, str]:
    """The recorded splits of a folder by `unit_hash`; raises DataError if the record is damaged."""
    record = record_path(folder)
    if not record.exists():
        return {}
    try:
        file = read_arrays(record)
        split = np.array(SPLITS)[file["split"]].tolist()
        return dict(zip(file["units"].tolist(), split, strict=True))
    except (DamagedFileError, ValueError, KeyError, IndexError, TypeError) as error:
        raise DataError(
            f"The record of the splits of {folder} is damaged ({error}). Delete {record} to split the folder again; "
            "runs trained on it must then be cloned."
        ) from None


def save_splits(folder: Path, units: Sequence[str], split: NDArray[np.str_]) -> None:
    """Add the splits (N,) of units (N,) to the record of a folder."""
    record = record_path(folder)
    record.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(record.with_suffix(".lock")):
        new = dict(zip(units, split.tolist(), strict=True))
        known = load_splits(folder) | {unit_hash(unit): name for unit, name in new.items()}
        with replacing(record) as temporary, open(temporary, "wb") as opened:
            np.savez_compressed(
                opened,
                units=np.array(list(known), dtype=np.uint64),
                split=np.array([SPLITS.index(name) for name in known.values()], dtype=np.uint8),
            )
