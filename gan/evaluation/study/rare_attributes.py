"""How often images with rare attributes are repeated: repeat-factor sampling (Gupta et al. 2019, arXiv:1908.03195).

An image may have a rare attribute and a frequent one, so that attributes cannot be filled up one by one as classes can.
Each attribute has the repeat factor max(1, sqrt(RARE_SHARE / its share of the images)), each image the largest of those
that it has.

Letters: n images, K attributes.
"""

import numpy as np
from numpy.typing import NDArray

RARE_SHARE = 0.1
"""Share of the training images below which an attribute is rare."""
IN_PROPORTION, RARE = "in proportion", "with rare attributes"
"""The two ways to choose the conditions of images to add to a set of attributes, as keys of `ArmPlan.added`: as often
as the real images have them, and by repeat factors."""


def extra_repeats(targets: NDArray[np.generic]) -> NDArray[np.float64]:
    """How often repeat-factor sampling shows each of the images with targets (n, K) again (n,): 0 for those without a
    rare attribute."""
    held = targets.astype(bool)
    shares = held.mean(axis=0)  # (K,)
    factors = np.maximum(1.0, np.sqrt(RARE_SHARE / np.maximum(shares, 1 / len(held))))
    return np.asarray(np.where(held, factors, 1.0).max(axis=1, initial=1.0) - 1)


def added_counts(targets: NDArray[np.generic]) -> tuple[dict[str, int], dict[str, int]]:
    """The images by way of choosing: all real ones, and those that repeat factors add to them."""
    extra = round(float(extra_repeats(targets).sum()))
    return {IN_PROPORTION: len(targets), RARE: 0}, {IN_PROPORTION: 0, RARE: extra}
