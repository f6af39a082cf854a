"""The training sets and recipes (arms) that a study compares. No torch.

    real         the real training images alone
    duplicates   real images plus repeated real images. Same size, class by class, as a synthetic arm
    unlabelled   real images plus images without a label: semi-supervised training (`classifiers/consistency.py`)
    synthetic    real plus synthetic images: `ratio` synthetic images for each real one in every class, or just enough
                 to fill each class up to the largest

**Free controls** cost no generator: all arms but the synthetic ones. Real images plain; with classical augmentation
(`architectures.py`), TrivialAugment, MixUp, CutMix (`recipes.py`); duplicates; with a pretrained network; where there
are unlabelled images, semi-supervised training; where classes are unequal, class-balanced sampling, class-weighted and
focal loss, and classes filled up with duplicates. A synthetic arm has to beat the three strongest of them.

**Synthetic arms** are plain or with classical augmentation. A filtered arm adds as many images as an unfiltered one,
the better ones out of more; it is tried with classical augmentation alone, as are the two other uses:

    mixed        a share of MIXED_SHARE of each batch is synthetic, however many there are
    first        the classifier is trained on synthetic images first, then on real ones

Both take the largest ratio: in neither do more synthetic images displace real ones. At a ratio of 1 every batch is half
synthetic anyway, so that `mixed` needs a larger one.

**Matched control**: the free control that is trained as a synthetic arm is, with as many images added. Harm is measured
against it: what augmentation or oversampling does to a classifier is not the fault of the added images. Duplicates in
proportion need no augmented arm: each time with fresh augmentation, they have the same distribution as augmented real
images.

With the default ratios and keep rates that is 18 arms; 26 where classes are unequal; one more each for a pretrained
network and for unlabelled images. A ratio of 0.25 and a keep rate of 75% are left out: they differ least from adding
nothing and from keeping all, and only the best arm matters.

Real images, initial weights and the rule by which training ends are the same in all arms.

Letters: K classes, n images.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.study.rare_attributes import RARE

RATIOS = (0.5, 1.0, 2.0)
USES = ("added", "mixed", "first")
KEEP_RATES = (0.5, 0.25)
"""Shares of the synthetic images that the filter keeps, tried at the ratio nearest to 1. A quarter takes four times as
many images to generate, as much as a study can afford."""
FILLED_KEEP_RATE = 0.5
"""The keep rate where classes are filled up."""
MIXED_SHARE = 0.5
"""Share of added images in the batches of mixed arms."""
MIN_IMBALANCE = 1.1
"""Largest over smallest class from which filling up and balancing are tried."""
AUGMENTED = "with classical augmentation"
UNAUGMENTED = ("plain", "trivial-augment")
"""Recipes without classical augmentation."""
FREE_RECIPES = {
    "classical": "classical augmentation",
    "trivial-augment": "TrivialAugment",
    "mixup": "MixUp",
    "cutmix": "CutMix",
}
BALANCING_RECIPES = {
    "balanced": "class-balanced sampling",
    "class-weighted": "a class-weighted loss",
    "focal": "focal loss",
}
ATTRIBUTE_BALANCING_RECIPES = {"class-weighted": "a weighted loss", "focal": "focal loss"}
"""Recipes that are tried on real images alone, by name in `classifiers/recipes.py`; the latter two where classes are
unequal, or attributes rare."""
PRETRAINED = "pretrained"
SEMI_SUPERVISED = "semi-supervised"
"""Names of the arms with a pretrained network, and with unlabelled images."""

Images = NDArray[np.uint8]
Conditions = NDArray[np.float32]
Positions = NDArray[np.int64]
Generate = Callable[[Conditions, int], Images]
"""Synthetic images uint8 (n, C, H, H) for conditions (n, K) and a seed."""
SelectBetter = Callable[[Images, Conditions, Sequence[float], Positions], Sequence[Positions]]
"""For each keep rate, the ascending positions of the better images: that share of each stratum (n,)."""


@dataclass(frozen=True)
class ArmPlan:
    """One training set: what is added to the real images, how it is trained, and its matched control.

    `kind` is what is added: "real" (nothing), "duplicates", "unlabelled" or "synthetic". `added` counts the added
    images by class name, or for attributes by how their conditions are chosen (`rare_attributes.py`), and `ratio` is
    their total over that of the real images; None where nothing is added, or nobody knows before. `fills`: each class
    is filled up to the largest, or rare attributes are. `keep`: the filter's keep rate; None without a
    filter. `recipe` is one of `classifiers/recipes.py`. `use` is how added images are used: "added" to the training
    set, "mixed" into each batch at a fixed share, or "first", before the real ones. `matched` names the control that is
    trained as the arm is, with as many images added; "" without synthetic images. `classifier` is another network than
    the study's; "" for that. `words` name the arm in a table, `short` a free control within a sentence: `MixUp`.
    """

    name: str
    words: str
    kind: Literal["real", "duplicates", "unlabelled", "synthetic"]
    added: dict[str, int]
    ratio: float | None = None
    fills: bool = False
    keep: float | None = None
    recipe: str = "plain"
    use: Literal["added", "mixed", "first"] = "added"
    matched: str = ""
    classifier: str = ""
    short: str = ""

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
    def growth(self) -> float:
        """How many times the steps it takes to see each real image as often as without added images."""
        if self.use == "mixed":
            return 1 / (1 - MIXED_SHARE)
        return 1.0 if self.use == "first" else 1 + (self.ratio or 0)

    @property
    def stages(self) -> int:
        """Trainings one after the other: two where synthetic images come first."""
        return 2 if self.use == "first" else 1

    @property
    def amount(self) -> str:
        """How much is added: `0.5 x`, `filled up`, `1 x, better 50%`, `2 x, half of each batch`, `2 x, first`."""
        parts = ["filled up" if self.fills else f"{self.ratio or 0:g} x"]
        parts += [] if self.keep is None else [f"better {100 * self.keep:g}%"]
        parts += {"added": [], "mixed": ["half of each batch"], "first": ["first"]}[self.use]
        return ", ".join(parts)


def plan_arms(
    real: Mapping[str, int],
    ratios: tuple[float, ...] = RATIOS,
    keep_rates: tuple[float, ...] = KEEP_RATES,
    *,
    uses: Sequence[str] = USES,
    pretrained: str = "",
    unlabelled: int = 0,
) -> list[ArmPlan]:
    """The arms for these counts of real images by class: first the free controls, then the synthetic arms.

    `pretrained` is the network of the pretrained arm, "" for none; `unlabelled` the number of unlabelled images.
    """
    unequal = max(real.values()) > MIN_IMBALANCE * min(real.values())
    balancing = BALANCING_RECIPES if unequal else {}
    free = _free(real, FREE_RECIPES | balancing, pretrained=pretrained, unlabelled=unlabelled)
    return [*free, *_with_images(real, [_filled(real)] if unequal else [], ratios, keep_rates, uses)]


def plan_attribute_arms(
    real: Mapping[str, int],
    rare: Mapping[str, int],
    ratios: tuple[float, ...] = RATIOS,
    keep_rates: tuple[float, ...] = KEEP_RATES,
    *,
    uses: Sequence[str] = USES,
    pretrained: str = "",
) -> list[ArmPlan]:
    """The arms for a set of attributes, from the counts of `added_counts`: `real` images, and those that fill `rare`
    attributes up."""
    extra = sum(rare.values())
    filled = [_Amount("filled", dict(rare), extra / sum(real.values()), True)] if extra else []
    balancing = ATTRIBUTE_BALANCING_RECIPES if extra else {}
    free = _free(real, FREE_RECIPES | balancing, pretrained=pretrained, unlabelled=0)
    return [*free, *_with_images(real, filled, ratios, keep_rates, uses)]


def _free(real: Mapping[str, int], recipes: Mapping[str, str], *, pretrained: str, unlabelled: int) -> list[ArmPlan]:
    """The controls that add nothing, or unlabelled images."""
    plain = ArmPlan("real", "Real images alone", "real", dict.fromkeys(real, 0), short="real images alone")

    def with_control(name: str, what: str, recipe: str = "classical") -> ArmPlan:
        return replace(plain, name=name, words=f"Real images with {what}", short=what, recipe=recipe)

    arms = [plain, *(with_control(recipe, what, recipe) for recipe, what in recipes.items())]
    if pretrained:
        arms.append(replace(with_control(PRETRAINED, "a network pretrained on ImageNet"), classifier=pretrained))
    if unlabelled:
        what = f"semi-supervised training on {unlabelled:,} unlabelled images"
        arms.append(replace(with_control(SEMI_SUPERVISED, what), kind="unlabelled"))
    return arms


def _with_images(
    real: Mapping[str, int],
    filled: "list[_Amount]",
    ratios: tuple[float, ...],
    keep_rates: tuple[float, ...],
    uses: Sequence[str],
) -> list[ArmPlan]:
    """The arms that add real or synthetic images."""
    in_proportion = [_proportional(real, ratio) for ratio in ratios]
    amounts = in_proportion + filled
    nearest = min(in_proportion, key=lambda amount: abs(math.log(amount.ratio)))
    largest = max(in_proportion, key=lambda amount: amount.ratio)
    return [
        *(_duplicates(amount, "plain") for amount in amounts),
        *(_duplicates(amount, "classical") for amount in filled),
        *(_synthetic(amount, recipe) for recipe in ("plain", "classical") for amount in amounts),
        *(_synthetic(nearest, "classical", keep=keep) for keep in keep_rates),
        *(_synthetic(amount, "classical", keep=FILLED_KEEP_RATE) for amount in filled),
        *([_synthetic(largest, "classical", use="mixed")] if "mixed" in uses and largest.ratio > 1 else []),
        *([_synthetic(largest, "classical", use="first")] if "first" in uses else []),
    ]


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


def _duplicates(amount: _Amount, recipe: str) -> ArmPlan:
    name = f"duplicates-{amount.key}" + ("-classical" if recipe == "classical" else "")
    plan = ArmPlan(name, "", "duplicates", amount.added, amount.ratio, amount.fills, recipe=recipe)
    words = _with_recipe(f"Duplicated real images, {plan.amount}", recipe)
    what = f"{plan.rare} filled up with duplicates" if amount.fills else f"duplicated real images, {plan.amount}"
    return replace(plan, words=words, short=_with_recipe(what, recipe))


def _synthetic(
    amount: _Amount,
    recipe: str,
    *,
    keep: float | None = None,
    use: Literal["added", "mixed", "first"] = "added",
) -> ArmPlan:
    parts = [
        f"synthetic-{amount.key}",
        *([f"better-{100 * keep:.0f}"] if keep is not None else []),
        *([use] if use != "added" else []),
        *(["classical"] if recipe == "classical" else []),
    ]
    if recipe == "plain":
        matched = f"duplicates-{amount.key}"
    else:
        matched = f"duplicates-{amount.key}-classical" if amount.fills else "classical"
    plan = ArmPlan(
        "-".join(parts), "", "synthetic", amount.added, amount.ratio, amount.fills, keep, recipe, use, matched
    )
    return replace(plan, words=_with_recipe(f"Synthetic images, {plan.amount}", recipe))


def _with_recipe(words: str, recipe: str) -> str:
    return f"{words}, {AUGMENTED}" if recipe == "classical" else words


def synthetic_counts(arms: Sequence[ArmPlan]) -> Positions:
    """Synthetic images of each class (K,) to generate, enough for every arm and keep rate; 0 for free controls."""
    needed = [
        [0 if arm.is_free else math.ceil(count / (arm.keep or 1)) for count in arm.added.values()] for arm in arms
    ]
    return np.asarray(np.array(needed).max(axis=0), dtype=np.int64)
