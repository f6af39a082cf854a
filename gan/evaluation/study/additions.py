"""What the arms of one seed add to the real images of a division: duplicates, or synthetic images, filtered or not.

Both have the conditions of real images, in one order for all arms. Of a set of classes, an arm says how many of each
class (`ArmPlan.added`). Of a set of attributes it says how many in proportion, so that attributes occur together as
often as in the real images, and how many with rare attributes (`rare_attributes.py`). No torch.

Letters: n real images, m images to add, C channels, H = W the side, K conditions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.study.arms import ArmPlan, Conditions, Generate, Images, Positions, SelectBetter, synthetic_counts
from gan.evaluation.study.rare_attributes import IN_PROPORTION, RARE, extra_repeats


@dataclass(frozen=True)
class Additions:
    """What the arms of one seed add: `real` images (n, C, H, H) again, or `synthetic` ones (m, C, H, H).

    `order` has the positions of the real images to repeat, for each key of `ArmPlan.added`; `parts` those of the
    synthetic images, and `better` of those that the filter keeps, by keep rate.
    """

    real: Images
    conditions: Conditions
    order: Mapping[str, Positions]
    synthetic: Images
    synthetic_conditions: Conditions
    parts: Mapping[str, Positions]
    better: Mapping[float, Positions]

    def for_arm(self, arm: ArmPlan) -> tuple[Images, Conditions]:
        """The images (m, C, H, H) that an arm adds, and their conditions (m, K).

        Always the first of each part: a larger ratio adds all images of a smaller one, and an augmented arm those of
        the plain one.
        """
        if arm.kind == "synthetic":
            images, conditions, parts = self.synthetic, self.synthetic_conditions, self.parts
        else:
            images, conditions, parts = self.real, self.conditions, self.order
        if arm.keep is not None:
            parts = {key: np.intersect1d(positions, self.better[arm.keep]) for key, positions in parts.items()}
        rows = np.concatenate([np.resize(parts[key], count) for key, count in arm.added.items()]).astype(np.int64)
        return images[rows], conditions[rows]


def prepare_additions(
    real: Images,
    conditions: Conditions,
    kind: str,
    arms: Sequence[ArmPlan],
    generate: Generate,
    select: SelectBetter,
    seed: int,
) -> Additions:
    """Generate and filter once what all arms of a seed add to real images (n, C, H, H) with conditions (n, K).

    The filter keeps the better images of each class; of attributes the better of those that were generated for the
    conditions of one real image, so that it does not choose among attributes.
    """
    counts = dict(zip(arms[0].added, synthetic_counts(arms).tolist(), strict=True))
    order = _order(conditions, kind, counts, seed)
    sources = [np.resize(order[key], count) for key, count in counts.items()]
    ends = np.cumsum([0, *counts.values()]).tolist()
    parts = {key: np.arange(ends[i], ends[i + 1]) for i, key in enumerate(counts)}
    requested = conditions[np.concatenate(sources).astype(np.int64)]
    synthetic = generate(requested, seed)
    rates = sorted({arm.keep for arm in arms if arm.keep is not None})
    strata = _strata(order, counts, kind)
    better = dict(zip(rates, select(synthetic, requested, rates, strata), strict=True)) if rates else {}
    return Additions(real, conditions, order, synthetic, requested, parts, better)


def _order(conditions: Conditions, kind: str, counts: Mapping[str, int], seed: int) -> dict[str, Positions]:
    """The real images in the order in which they, or their conditions, are repeated, for each key of `counts`."""
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(len(conditions))
    if kind == "class":
        return {key: shuffled[conditions[shuffled, k] == 1] for k, key in enumerate(counts)}
    extra = extra_repeats(conditions)
    chosen = generator.choice(len(extra), round(extra.sum()), p=extra / extra.sum()) if extra.any() else shuffled[:0]
    return {IN_PROPORTION: shuffled, RARE: chosen}


def _strata(order: Mapping[str, Positions], counts: Mapping[str, int], kind: str) -> NDArray[np.int64]:
    """For each synthetic image (m,) the number of those among which the filter chooses."""
    if kind == "class":
        return np.repeat(np.arange(len(counts)), list(counts.values()))
    of_parts, first = [], 0
    for key, count in counts.items():
        of_parts.append(np.resize(np.arange(first, first + len(order[key])), count))
        first += len(order[key])
    return np.concatenate(of_parts).astype(np.int64)
