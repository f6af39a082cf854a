"""The training sets that a study compares; no torch.

    real           the real training images alone
    duplicates     real images and real images again: the control. It has the size, class by class, of a synthetic arm,
                   and no new image
    synthetic      real and synthetic images: so many synthetic for each real one, of the classes in proportion, or the
                   classes filled up until each has as many as the largest

Each is trained on as it is and, where `augmented`, with classical augmentation: every image, real or not, each time a
little moved, turned, scaled and brightened (`architectures.py`). That is how people train who want the best classifier,
so that synthetic images have to be of use there too. A filtered arm adds as many, the better ones of more.

**What an arm has to beat** is all that costs no generator: real images alone, the same augmented, the matching
duplicates, and for classes that are filled up these duplicates augmented, which is oversampling as people do it.
Duplicates in proportion need no augmented arm: in the same number of steps, with a change of its own for each image at
each step, they are the same distribution as real images augmented.

**Harm** is measured against what is trained alike, `controls`: what augmentation itself does to a classifier is not the
fault of the images that were added.

Only what is added, and the augmentation, differ: the real images, the optimiser's steps, the first weights and the rest
of the recipe are the same in every arm.

Letters: K classes, n images.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

RATIOS = (0.25, 0.5, 1.0, 2.0)
KEEP_RATES = (0.75, 0.5, 0.25)
"""Shares of the synthetic images that are kept, the better ones, at the ratio nearest to 1: a quarter needs four times
as many to be made, which is as much as a study can afford."""
KEEP_OF_FILLED = 0.5
"""The share that is kept where classes are filled up."""
UNEVEN = 1.1
"""Times the smallest class that the largest has at least where filling up means anything."""
AUGMENTED = "with classical augmentation"

Images = NDArray[np.uint8]
Conditions = NDArray[np.float32]
Positions = NDArray[np.int64]
Make = Callable[[Conditions, int], Images]
"""Synthetic images uint8 (n, C, H, H) for conditions (n, K), by a seed."""
Keep = Callable[[Images, Conditions, Sequence[float]], Sequence[Positions]]
"""For each keep rate the positions, ascending, of that share of the images of each class, the better ones."""


@dataclass(frozen=True)
class ArmPlan:
    """One training set: what is added to the real images, how it is trained on, and what it is compared with.

    `kind` is what is added: "real" (nothing), "duplicates" or "synthetic". `added` is images of each class by its name,
    and `ratio` these for each real one, in all; None where nothing is added. `fills`: until every class has as many as
    the largest. `keep`: the share of the synthetic images, the better ones, that these are of; None for all.
    `augmented`: with classical augmentation. `comparators` names the arms that it has to be better than, and `controls`
    those of them that are trained alike: it does harm where it is worse than each. Both are empty for an arm without
    synthetic images.
    """

    name: str
    words: str
    kind: str
    added: dict[str, int]
    ratio: float | None = None
    fills: bool = False
    keep: float | None = None
    augmented: bool = False
    comparators: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()

    @property
    def amount(self) -> str:
        """How much is added, in short."""
        how_much = "filled up" if self.fills else f"{self.ratio or 0:g} x"
        return how_much if self.keep is None else f"{how_much}, better {100 * self.keep:g}%"


def planned(
    real: Mapping[str, int], ratios: tuple[float, ...] = RATIOS, keep_rates: tuple[float, ...] = KEEP_RATES
) -> list[ArmPlan]:
    """The arms for so many real images of each class, each after the arms that it is compared with."""
    nothing = dict.fromkeys(real, 0)
    arms = [
        ArmPlan("real", "Real images alone", "real", nothing),
        ArmPlan("classical", f"Real images {AUGMENTED}", "real", nothing, augmented=True),
    ]
    in_proportion = [_proportional(real, ratio) for ratio in ratios]
    filled = [_filled(real)] if max(real.values()) > UNEVEN * min(real.values()) else []
    amounts = in_proportion + filled
    middle = min(in_proportion, key=lambda one: abs(math.log(one.ratio)))
    arms += [_duplicates(one, augmented=False) for one in amounts]
    arms += [_duplicates(one, augmented=True) for one in filled]
    arms += [_synthetic(one, None, augmented=augmented) for augmented in (False, True) for one in amounts]
    for augmented in (False, True):
        arms += [_synthetic(middle, keep, augmented=augmented) for keep in keep_rates]
        arms += [_synthetic(one, KEEP_OF_FILLED, augmented=augmented) for one in filled]
    return arms


@dataclass(frozen=True)
class _Amount:
    """How many images of each class are added, and `ratio` of them for each real one; `key` is for names."""

    key: str
    added: dict[str, int]
    ratio: float
    fills: bool


def _proportional(real: Mapping[str, int], ratio: float) -> _Amount:
    return _Amount(f"{ratio:g}", {name: round(ratio * count) for name, count in real.items()}, ratio, False)


def _filled(real: Mapping[str, int]) -> _Amount:
    most = max(real.values())
    added = {name: most - count for name, count in real.items()}
    return _Amount("filled", added, sum(added.values()) / sum(real.values()), True)


def _duplicates(amount: _Amount, *, augmented: bool) -> ArmPlan:
    name = f"duplicates-{amount.key}"
    return _arm(name, "Duplicated real images", "duplicates", amount, None, augmented, (), ())


def _synthetic(amount: _Amount, keep: float | None, *, augmented: bool) -> ArmPlan:
    duplicates = f"duplicates-{amount.key}"
    oversampled = (f"{duplicates}-classical",) if amount.fills else ()
    name = f"synthetic-{amount.key}" + (f"-better-{100 * keep:.0f}" if keep is not None else "")
    controls = ("classical", *oversampled) if augmented else ("real", duplicates)
    comparators = ("real", "classical", duplicates, *oversampled)
    return _arm(name, "Synthetic images", "synthetic", amount, keep, augmented, comparators, controls)


def _arm(
    name: str,
    what: str,
    kind: str,
    amount: _Amount,
    keep: float | None,
    augmented: bool,
    comparators: tuple[str, ...],
    controls: tuple[str, ...],
) -> ArmPlan:
    arm = ArmPlan(
        name=f"{name}-classical" if augmented else name,
        words="",
        kind=kind,
        added=amount.added,
        ratio=amount.ratio,
        fills=amount.fills,
        keep=keep,
        augmented=augmented,
        comparators=comparators,
        controls=controls,
    )
    words = ", ".join([what, arm.amount, *([AUGMENTED] if augmented else [])])
    return replace(arm, words=words)


def made(arms: Sequence[ArmPlan]) -> Positions:
    """How many synthetic images of each class (K,) have to be made, so that every arm finds as many as it adds."""
    wanted = [[math.ceil(count / (arm.keep or 1)) for count in arm.added.values()] for arm in arms if arm.comparators]
    return np.asarray(np.array(wanted).max(axis=0), dtype=np.int64)


@dataclass(frozen=True)
class Extra:
    """What a seed can add: the real images again in a random order, synthetic ones, and by keep rate the better."""

    real: Images
    labels: NDArray[np.int64]
    made: Images
    made_labels: NDArray[np.int64]
    better: Mapping[float, Positions]
    seed: int

    def of(self, arm: ArmPlan) -> tuple[Images, NDArray[np.int64]]:
        """The images (m, C, H, H) that an arm adds, and their classes (m,): the first of each class, so that a larger
        ratio adds all of a smaller one's, and an augmented arm what the plain one adds."""
        if arm.kind == "synthetic":
            images, labels = self.made, self.made_labels
            order = np.arange(len(self.made)) if arm.keep is None else self.better[arm.keep]
        else:
            images, labels, order = self.real, self.labels, np.random.default_rng(self.seed).permutation(len(self.real))
        chosen = [np.resize(order[labels[order] == k], count) for k, count in enumerate(arm.added.values())]
        rows = np.concatenate(chosen).astype(np.int64)
        return images[rows], labels[rows]


def extra(real: Images, labels: NDArray[np.int64], arms: list[ArmPlan], make: Make, keep: Keep, seed: int) -> Extra:
    """All that the arms of a seed add to real images (n, C, H, H) of classes (n,): made once, for the largest arm."""
    counts = made(arms)
    made_labels = np.repeat(np.arange(len(counts)), counts)
    conditions = np.eye(len(counts), dtype=np.float32)[made_labels]
    images = make(conditions, seed)
    rates = sorted({arm.keep for arm in arms if arm.keep is not None})
    better = dict(zip(rates, keep(images, conditions, rates), strict=True))
    return Extra(real, labels, images, made_labels, better, seed)
