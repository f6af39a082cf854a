"""Intervals of scores that compare two sets, by leaving out blocks of images: the delete-a-group jackknife.

Precision, recall, density, coverage and the kernel distance depend on all images of both sets at once: a bootstrap of
their values per image takes the other set, and each image's neighbours, as given, and is too narrow. The jackknife
computes a score again without each of about twenty blocks of both sets (Kott 2001, J. Off. Stat. 17, 521). A patient's
images are in one block. Its error is, on average, not too small (Efron and Stein 1981, Ann. Stat. 9, 586).

Letters: n images in each set, G blocks.
"""

import math

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.statistics import Interval

BLOCKS = 20
LARGE, LARGE_BLOCKS = 2_000, 10
"""Number of images above which there are fewer blocks: time grows with the square of the number of images."""


def deal_blocks(n: int, group: NDArray[np.str_] | None, seed: int) -> NDArray[np.int64]:
    """The block (n,) of each image, 0 to G - 1: at most 20, about equal in size, of whole groups (n,).

    Where all images, at least two, are of one group, the blocks are of images.
    """
    member = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    if not member.any():
        member = np.arange(n)
    sizes, most = np.bincount(member), BLOCKS if n <= LARGE else LARGE_BLOCKS
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]  # the largest first
    filled, block = np.zeros(min(most, len(sizes)), np.int64), np.zeros(len(sizes), np.int64)
    for unit in order:
        block[unit] = filled.argmin()
        filled[block[unit]] += sizes[unit]
    return block[member]


def jackknife_error(left_out: NDArray[np.float64]) -> float:
    """Standard error of a score from its values (G,) without each block, G at least 2."""
    return math.sqrt((len(left_out) - 1) * float(left_out.var()))


def jackknife_interval(value: float, left_out: NDArray[np.float64]) -> Interval:
    """95% interval of a score, by Student's t, from its values (G,) without each block."""
    reach = _t_quantile(len(left_out)) * jackknife_error(left_out)
    return value - reach, value + reach


def jackknife_share_interval(value: float, left_out: NDArray[np.float64], units: int) -> Interval:
    """95% interval of a score from 0 to 1: Wilson's, for as many images as have the jackknife's error.

    They are at most `units`, the number of images, or of patients where they are known. So a score near 0 or 1 has an
    interval within them, and one that no block changes still has one.
    """
    error, t = jackknife_error(left_out), _t_quantile(len(left_out))
    most = float(units)
    effective = min(most, value * (1 - value) / error**2) if error > 0 and 0 < value < 1 else most
    square = t * t / effective
    half = t * math.sqrt((value * (1 - value) + square / 4) / effective)
    low, high = ((value + square / 2 + side) / (1 + square) for side in (-half, half))
    return max(0.0, min(low, value)), min(1.0, max(high, value))  # rounding may put an end on the other side


def _t_quantile(blocks: int) -> float:
    from scipy.stats import t  # here: it takes half a second, and most pages need no statistics

    return float(t.ppf(0.975, blocks - 1))
