"""The training sets that a study compares; no torch.

    real           the real training images alone
    classical      the same, each time a little moved, turned, scaled and brightened (`architectures.py` trains them)
    duplicates     real images and real images again: the control. It has the size, class by class, of a synthetic arm,
                   and no new image
    synthetic      real and synthetic images, so many synthetic for each real one, of the classes in proportion
    filled         the classes filled up with synthetic images until each has as many as the largest

A filtered arm adds as many, picked from more. Only what is added differs: the real images, the optimiser's steps, the
first weights and the rest of the recipe are the same in every arm. Read next: `gain.py`.

Letters: K classes, n images.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATIOS = (0.25, 0.5, 1.0, 2.0)
KEEP = 0.5
"""Share of the synthetic images that a filtered arm picks from: it needs twice as many to be made."""
UNEVEN = 1.1
"""Times the smallest class that the largest has at least where filling up means anything."""

Images = NDArray[np.uint8]
Conditions = NDArray[np.float32]
Make = Callable[[Conditions, int], Images]
"""Synthetic images uint8 (n, C, H, H) for conditions (n, K), by a seed."""
Keep = Callable[[Images, Conditions], NDArray[np.int64]]
"""Positions, ascending, of the better images of each class: a share of KEEP."""


@dataclass(frozen=True)
class ArmPlan:
    """One arm before it is run: `added` (K,) images of each class; the rest as in `study_results.Arm`."""

    name: str
    words: str
    kind: str
    ratio: float | None
    fills: bool
    filtered: bool
    matches: str | None
    added: tuple[int, ...]


def planned(counts: NDArray[np.int64], ratios: tuple[float, ...] = RATIOS) -> list[ArmPlan]:
    """The arms for so many real images of each class (K,), each after the arms that it is compared with."""
    arms = [_plain("real", "Real images only"), _plain("classical", "Real images with classical augmentation")]
    extras = [(f"{ratio:g}", f"{ratio:g} x", False, np.rint(ratio * counts).astype(np.int64)) for ratio in ratios]
    if counts.max() > UNEVEN * counts.min():
        extras.append(("filled", "filled up", True, counts.max() - counts))
    arms += [_extra("duplicates", counts, *extra, filtered=False) for extra in extras]
    arms += [_extra("synthetic", counts, *extra, filtered=False) for extra in extras]
    return arms + [_extra("synthetic", counts, *extra, filtered=True) for extra in extras]


def comparators(arm: ArmPlan) -> tuple[str, ...]:
    """The arms that a synthetic arm has to be better than."""
    assert arm.matches is not None
    return "real", "classical", arm.matches


def _plain(kind: str, words: str) -> ArmPlan:
    return ArmPlan(kind, words, kind, None, False, False, None, ())


def _extra(
    what: str, counts: NDArray[np.int64], key: str, much: str, fills: bool, added: NDArray[np.int64], *, filtered: bool
) -> ArmPlan:
    control = what == "duplicates"
    words = {"duplicates": "Duplicated real images", "synthetic": "Synthetic images"}[what]
    if filtered:
        words = "Filtered synthetic images"
    return ArmPlan(
        name=f"{'filtered' if filtered else what}-{key}",
        words=f"{words}, {much}",
        kind="filled" if fills and not control else what,
        ratio=float(added.sum() / counts.sum()) if fills else float(key),
        fills=fills,
        filtered=filtered,
        matches=None if control else f"duplicates-{key}",
        added=tuple(added.tolist()),
    )


@dataclass(frozen=True)
class Extra:
    """What a seed can add: the real images again in a random order, synthetic ones, and the better of these."""

    real: Images
    labels: NDArray[np.int64]
    made: Images
    made_labels: NDArray[np.int64]
    better: NDArray[np.int64]
    seed: int

    def of(self, arm: ArmPlan) -> tuple[Images, NDArray[np.int64]]:
        """The images (m, C, H, H) that an arm adds, and their classes (m,): the first of each class, so that a larger
        ratio adds all of a smaller one's."""
        if not arm.added:
            return self.real[:0], self.labels[:0]
        if arm.kind == "duplicates":
            images, labels, order = self.real, self.labels, np.random.default_rng(self.seed).permutation(len(self.real))
        else:
            images, labels = self.made, self.made_labels
            order = self.better if arm.filtered else np.arange(len(self.made))
        chosen = np.concatenate(
            [np.resize(order[labels[order] == k], count) for k, count in enumerate(arm.added) if count]
        )
        return images[chosen], labels[chosen]


def extra(real: Images, labels: NDArray[np.int64], arms: list[ArmPlan], make: Make, keep: Keep, seed: int) -> Extra:
    """All that the arms of a seed add to real images (n, C, H, H) of classes (n,): made once, for the largest arm."""
    most = np.array([arm.added for arm in arms if arm.matches is not None]).max(axis=0)  # (K,)
    made_labels = np.repeat(np.arange(len(most)), np.ceil(most / KEEP).astype(np.int64))
    conditions = np.eye(len(most), dtype=np.float32)[made_labels]
    made = make(conditions, seed)
    return Extra(real, labels, made, made_labels, keep(made, conditions), seed)
