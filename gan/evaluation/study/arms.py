"""The training sets (arms) that a study compares. No torch.

    real           the real training images alone
    duplicates     the control: real images plus repeated real images. Same size, class by class, as a synthetic arm
    synthetic      real plus synthetic images: either `ratio` synthetic images for each real one in every class, or
                   just enough to fill each class up to the largest

Each exists plain and, where `augmented`, with classical augmentation: every image is shifted, rotated, scaled and
brightened a little at each step (`architectures.py`). A filtered arm adds as many images as an unfiltered one, the
better ones out of more.

**Free controls.** All arms without synthetic images: they need no generator. A synthetic arm has to beat the strongest
of them, chosen on validation images. Duplicates in proportion need no augmented arm: in the same number of steps, each
step with fresh augmentation, they have the same distribution as augmented real images.

**Matched control.** Harm is measured against the one free control that is trained as the arm is, with as many images
added: what augmentation or oversampling does to a classifier is not the fault of the added images.

Arms differ only in the images that are added and in augmentation. Real images, optimiser steps, initial weights and the
rest of the recipe are the same.

Letters: K classes, n images.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.study.rare_attributes import RARE

RATIOS = (0.25, 0.5, 1.0, 2.0)
KEEP_RATES = (0.75, 0.5, 0.25)
"""Shares of the synthetic images that the filter keeps, tried at the ratio nearest to 1. A quarter takes four times as
many images to generate, as much as a study can afford."""
FILLED_KEEP_RATE = 0.5
"""The keep rate where classes are filled up."""
MIN_IMBALANCE = 1.1
"""Largest over smallest class from which filling up is tried."""
AUGMENTED = "with classical augmentation"
UNAUGMENTED = ("plain", "trivial-augment")
"""Recipes without classical augmentation."""

Images = NDArray[np.uint8]
Conditions = NDArray[np.float32]
Positions = NDArray[np.int64]
Generate = Callable[[Conditions, int], Images]
"""Synthetic images uint8 (n, C, H, H) for conditions (n, K) and a seed."""
SelectBetter = Callable[[Images, Conditions, Sequence[float], Positions], Sequence[Positions]]
"""For each keep rate, the ascending positions of the better images: that share of each stratum (n,)."""


@dataclass(frozen=True)
class ArmPlan:
    """One training set: what is added to the real images, how it is trained, and what it is compared with.

    `kind` is what is added: "real" (nothing), "duplicates" or "synthetic". `added` counts the added images by class
    name, or for attributes by how their conditions are chosen (`rare_attributes.py`), and `ratio` is their total over
    that of the real images; None where nothing is added. `fills`: each class is filled up to the largest, or rare
    attributes are. `keep`: the filter's keep rate; None without a filter. `recipe` is one of `classifiers/recipes.py`.
    `use` is how added images are used: "added" to the training set, "mixed" into each batch
    at a fixed share, or "first", before the real ones. `matched` names the one control that is trained as the arm is,
    with as many images added; "" without synthetic images.
    """

    name: str
    words: str
    kind: str
    added: dict[str, int]
    ratio: float | None = None
    fills: bool = False
    keep: float | None = None
    recipe: str = "plain"
    use: Literal["added", "mixed", "first"] = "added"
    matched: str = ""

    @property
    def is_free(self) -> bool:
        """Whether it costs no generator."""
        return self.kind != "synthetic"

    @property
    def augmented(self) -> bool:
        """Whether images are augmented classically."""
        return self.recipe not in UNAUGMENTED

    @property
    def rare(self) -> str:
        """What an arm that fills up fills up."""
        return "rare attributes" if RARE in self.added else "rare classes"

    @property
    def amount(self) -> str:
        """How much is added: `0.5 x`, `filled up`, `1 x, better 50%`."""
        how_much = "filled up" if self.fills else f"{self.ratio or 0:g} x"
        return how_much if self.keep is None else f"{how_much}, better {100 * self.keep:g}%"


def plan_arms(
    real: Mapping[str, int], ratios: tuple[float, ...] = RATIOS, keep_rates: tuple[float, ...] = KEEP_RATES
) -> list[ArmPlan]:
    """The arms for these counts of real images by class, each after its matched control."""
    unequal = max(real.values()) > MIN_IMBALANCE * min(real.values())
    return _plan(real, [_filled(real)] if unequal else [], ratios, keep_rates)


def plan_attribute_arms(
    real: Mapping[str, int],
    rare: Mapping[str, int],
    ratios: tuple[float, ...] = RATIOS,
    keep_rates: tuple[float, ...] = KEEP_RATES,
) -> list[ArmPlan]:
    """The arms for a set of attributes, from the counts of `added_counts`: `real` images, and those that fill `rare`
    attributes up."""
    extra = sum(rare.values())
    filled = [_Amount("filled", dict(rare), extra / sum(real.values()), True)] if extra else []
    return _plan(real, filled, ratios, keep_rates)


def _plan(
    real: Mapping[str, int], filled: "list[_Amount]", ratios: tuple[float, ...], keep_rates: tuple[float, ...]
) -> list[ArmPlan]:
    nothing = dict.fromkeys(real, 0)
    arms = [
        ArmPlan("real", "Real images alone", "real", nothing),
        ArmPlan("classical", f"Real images {AUGMENTED}", "real", nothing, recipe="classical"),
    ]
    in_proportion = [_proportional(real, ratio) for ratio in ratios]
    amounts = in_proportion + filled
    middle = min(in_proportion, key=lambda amount: abs(math.log(amount.ratio)))
    arms += [_duplicates(amount, augmented=False) for amount in amounts]
    arms += [_duplicates(amount, augmented=True) for amount in filled]
    arms += [_synthetic(amount, None, augmented=augmented) for augmented in (False, True) for amount in amounts]
    for augmented in (False, True):
        arms += [_synthetic(middle, keep, augmented=augmented) for keep in keep_rates]
        arms += [_synthetic(amount, FILLED_KEEP_RATE, augmented=augmented) for amount in filled]
    return arms


@dataclass(frozen=True)
class _Amount:
    """How many images are `added` by class, and their `ratio` to the real ones; `key` is the part of an arm's name."""

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
    return _arm(name, "Duplicated real images", "duplicates", amount, None, augmented)


def _synthetic(amount: _Amount, keep: float | None, *, augmented: bool) -> ArmPlan:
    duplicates = f"duplicates-{amount.key}"
    oversampled = (f"{duplicates}-classical",) if amount.fills else ()
    name = f"synthetic-{amount.key}" + (f"-better-{100 * keep:.0f}" if keep is not None else "")
    matched = duplicates if not augmented else oversampled[0] if oversampled else "classical"
    arm = _arm(name, "Synthetic images", "synthetic", amount, keep, augmented)
    return replace(arm, matched=matched)


def _arm(
    name: str,
    what: str,
    kind: str,
    amount: _Amount,
    keep: float | None,
    augmented: bool,
) -> ArmPlan:
    arm = ArmPlan(
        name=f"{name}-classical" if augmented else name,
        words="",
        kind=kind,
        added=amount.added,
        ratio=amount.ratio,
        fills=amount.fills,
        keep=keep,
        recipe="classical" if augmented else "plain",
    )
    words = ", ".join([what, arm.amount, *([AUGMENTED] if augmented else [])])
    return replace(arm, words=words)


def synthetic_counts(arms: Sequence[ArmPlan]) -> Positions:
    """Synthetic images of each class (K,) to generate, enough for every arm and keep rate."""
    needed = [[math.ceil(count / (arm.keep or 1)) for count in arm.added.values()] for arm in arms if not arm.is_free]
    return np.asarray(np.array(needed).max(axis=0), dtype=np.int64)
