"""Synthetic images as an export would deliver them: near copies of training images are replaced.

The guard is that of exports (`privacy/guard.py`), calibrated on the division's own training and validation images. What
was found and replaced is kept with each seed, `guard-seed-<seed>.json`, for the result.

Letters: n images, C channels, H = W the side, K conditions.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from gan.data.image_set import ImageSet
from gan.evaluation.privacy.calibration import Calibration
from gan.evaluation.privacy.guard import calibrate_detector, training_detector
from gan.evaluation.study.arms import Conditions, Generate, Images
from gan.io.atomic import write_json
from gan.io.json_files import read_typed_or_none

ROUNDS = 10
"""How often an image is generated again, as often as in an export."""
ROUND_SEED = 1 << 20
"""Added to the seed for each round."""


@dataclass(frozen=True)
class Replaced:
    """Of `images` requested, `near_copies` were first near copies of training images, and `kept` were so in all rounds:
    an export would leave these out."""

    images: int
    near_copies: int
    kept: int


REPLACED = TypeAdapter(Replaced)


FindCopies = Callable[[Images], NDArray[np.bool_]]
"""Which images (n, C, H, H) are near copies of training images (n,)."""
GuardFor = Callable[[ImageSet, Path], FindCopies]
"""The guard of a division, from its development set and its folder."""


def export_guard(development: ImageSet, folder: Path) -> FindCopies:
    """The guard of exports on a division's training images; the calibration is kept in its `folder`."""
    detector, path = training_detector(development), folder / "guard.json"
    kept = read_typed_or_none(path, TypeAdapter(Calibration))
    if kept is not None:
        detector.use_calibration(kept)
    else:
        calibrate_detector(detector, development)
        assert detector.calibration is not None
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, asdict(detector.calibration))
    return lambda images: detector.nearest(images).copy


def without_near_copies(generate: Generate, find_copies: FindCopies, folder: Path) -> Generate:
    """A generator whose near copies of training images are generated again, up to ROUNDS times.

    An image that is a near copy in all rounds is replaced by another of its conditions that is none; where there is
    none, it stays. The counts of each seed are kept in `folder`.
    """

    def guarded(conditions: Conditions, seed: int) -> Images:
        images = generate(conditions, seed).copy()
        copies = np.flatnonzero(find_copies(images))
        first = len(copies)
        for number in range(1, ROUNDS + 1):
            if not len(copies):
                break
            images[copies] = generate(conditions[copies], seed + number * ROUND_SEED)
            copies = copies[find_copies(images[copies])]
        kept = _fill(images, conditions, copies)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / f"guard-seed-{seed}.json", asdict(Replaced(len(images), first, kept)))
        return images

    return guarded


def replaced_in(folders: Iterable[Path]) -> Replaced:
    """The counts of all seeds in these folders."""
    paths = [path for folder in folders for path in sorted(folder.glob("guard-seed-*.json"))]
    found = [one for one in (read_typed_or_none(path, REPLACED) for path in paths) if one is not None]
    return Replaced(
        sum(one.images for one in found), sum(one.near_copies for one in found), sum(one.kept for one in found)
    )


def _fill(images: Images, conditions: Conditions, copies: NDArray[np.int64]) -> int:
    """Replace `images` at `copies` by others of their conditions, in place; gives how many there are none for."""
    good = np.setdiff1d(np.arange(len(images)), copies)
    kept = 0
    for row in np.unique(conditions[copies], axis=0):
        wanted = copies[(conditions[copies] == row).all(axis=1)]
        others = good[(conditions[good] == row).all(axis=1)]
        if len(others):
            images[wanted] = images[np.resize(others, len(wanted))]
        else:
            kept += len(wanted)
    return kept
