"""Distances between two sets of images in some features, diversity within conditions, and accuracy.

    frechet_distance    Heusel et al. 2017 (arXiv:1706.08500)
    kernel_distance     Binkowski et al. 2018 (arXiv:1801.01401): unbiased squared MMD with a cubic kernel
    neighbours          precision and recall, Kynkaanniemi et al. 2019 (arXiv:1904.06991); density and coverage,
                        Naeem et al. 2020 (arXiv:2002.09797)
    diversity           spread within each condition
    accuracy            overall, balanced and per condition

In our own classifier's features these are not the FID and KID of the literature: they compare runs on one data set, and
are read beside their real-vs-real floor. Intervals hold the features fixed: of accuracies by bootstrap over images, or
over groups where patients are known; of the others by leaving out blocks (`jackknife.py`).

Letters: n images in each set, F features, K conditions, B bootstrap draws.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan.evaluation.statistics import Interval, bootstrap_weights, percentile_interval

NEIGHBOURS = 5
SUBSET = 1000
"""Largest number of images in one estimate of the kernel distance; time grows with its square."""
ROWS = 1024
"""Rows of a distance matrix held at a time."""

Labels = NDArray[np.int64]


def frechet_distance(real: Tensor, synthetic: Tensor) -> float:
    """Frechet distance between Gaussians fitted to features (n, F) and (m, F), n and m at least 2.

    Its bias falls with n: compare it only at equal counts.
    """
    a, b = real.double(), synthetic.double()
    between = (a.mean(dim=0) - b.mean(dim=0)).square().sum()
    cov_a, cov_b = torch.cov(a.T), torch.cov(b.T)  # (F, F)
    # trace((A B)^(1/2)) from the eigenvalues of A B, which are real and non-negative up to rounding.
    roots = torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt().sum()
    return max(0.0, float(between + cov_a.trace() + cov_b.trace() - 2 * roots))


@dataclass(frozen=True)
class KernelDistance:
    """The mean over `subsets` subsets of `subset` images each; unbiased, so it can fall below 0.

    `left_out` (G,): its value without each block of images.
    """

    value: float
    left_out: NDArray[np.float64]
    subset: int
    subsets: int


def kernel_distance(
    real: Tensor,
    synthetic: Tensor,
    strata: tuple[Labels, Labels] | None = None,
    seed: int = 0,
    blocks: NDArray[np.int64] | None = None,
) -> KernelDistance:
    """Kernel distance between features (n, F) and (n, F), with k(x, y) = (x.y / F + 1)^3.

    Sets up to 1,000 images are compared whole, larger ones in up to ten disjoint random subsets of 1,000. `strata` are
    the classes (n,) of both sets where each class has the same count in both by design: such sets are not independent
    draws, and the usual unbiased estimate would be biased below 0. `blocks` (n,) number the images of both sets, to be
    left out together (`jackknife.py`).
    """
    n, width = real.shape
    assert len(synthetic) == n, "equal counts"
    generator = np.random.default_rng(seed)
    subset, subsets = min(SUBSET, n), max(1, min(10, n // SUBSET))
    labels = strata or (np.zeros(n, np.int64), np.zeros(n, np.int64))
    orders = [_stratified_order(of_set, generator) for of_set in labels]
    values, left_out = [], []
    for first in range(0, subset * subsets, subset):
        parts = [order[first : first + subset] for order in orders]
        a, b = (x[torch.from_numpy(part)].double() for x, part in zip((real, synthetic), parts, strict=True))
        kernels = [(x @ y.T / width + 1) ** 3 for x, y in ((a, a), (b, b), (a, b))]  # (subset, subset) each
        strata_here = [of_set[part] for of_set, part in zip(labels, parts, strict=True)]
        once = torch.ones(1, subset, dtype=torch.float64)
        values.append(_squared_mmd(kernels, [once, once], strata_here))
        if blocks is not None:
            weights = [torch.from_numpy(_without_each_block(blocks)[:, part]) for part in parts]
            left_out.append(_squared_mmd(kernels, weights, strata_here))
    without = torch.stack(left_out).mean(dim=0).numpy() if left_out else np.zeros(0)
    return KernelDistance(float(torch.cat(values).mean()), without, subset, subsets)


def _stratified_order(labels: Labels, generator: np.random.Generator) -> NDArray[np.int64]:
    """A random order (n,) in which every stretch has the classes in the same proportions."""
    position = np.zeros(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        position[members] = (generator.permutation(len(members)) + 0.5) / len(members)
    return np.argsort(position, kind="stable")


def _without_each_block(blocks: NDArray[np.int64]) -> NDArray[np.float64]:
    """0 for the images of block g and 1 for all others (G, n)."""
    return np.asarray(blocks[None] != np.arange(blocks.max() + 1)[:, None], dtype=np.float64)


def _squared_mmd(kernels: list[Tensor], weights: list[Tensor], labels: list[Labels]) -> Tensor:
    """The unbiased squared MMD (B,) where image i of each set counts weights[b, i]."""
    w, v = weights
    across = ((w @ kernels[2]) * v).sum(dim=1) / (w.sum(dim=1) * v.sum(dim=1))
    within = [_mean_within(*of_set) for of_set in zip(kernels[:2], weights, labels, strict=True)]
    return within[0] + within[1] - 2 * across


def _mean_within(kernel: Tensor, weight: Tensor, labels: Labels) -> Tensor:
    """Mean kernel (B,) within a set; within a class, pairs of different images stand for all its pairs."""
    total = ((weight @ kernel) * weight).sum(dim=1)
    for label in np.unique(labels):
        members = torch.from_numpy(np.flatnonzero(labels == label))
        w, k = weight[:, members], kernel[members][:, members]
        whole, all_pairs = ((w @ k) * w).sum(dim=1), w.sum(dim=1).square()
        other_pairs = all_pairs - w.square().sum(dim=1)
        different = (whole - w.square() @ k.diagonal()) * all_pairs / other_pairs.clamp(min=1)
        total = total + torch.where(other_pairs > 0, different - whole, 0.0)  # 0: a single image in its class
    return total / weight.sum(dim=1).square()


@dataclass(frozen=True)
class Neighbours:
    """Scores per image; a set's score is the mean.

    `precision` and `density` (n,) of the synthetic images, `recall` and `coverage` (n,) of the real ones.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    density: NDArray[np.float64]
    coverage: NDArray[np.float64]
    k: int


def neighbours(real: Tensor, synthetic: Tensor, k: int | None = None) -> Neighbours:
    """Precision, recall, density and coverage of features (n, F) and (n, F), n at least 2.

    Each image has a ball reaching to its k-th nearest neighbour in its own set; k is by default 5, or n // 2 if
    less. Precision: a synthetic image lies in any real ball. Recall: a real image lies in any synthetic ball. Density:
    the number of real balls a synthetic image lies in, over k. Coverage: a real ball contains any synthetic image.
    """
    n = len(real)
    assert len(synthetic) == n, "equal counts"
    assert n >= 2, "an image needs a neighbour"
    k = min(k or neighbours_for(n), n - 1)
    radii_real, radii_synthetic = _radii(real, k), _radii(synthetic, k)  # (n,)
    recall, coverage, within = [], [], torch.zeros(n)
    for first in range(0, n, ROWS):
        distance = torch.cdist(real[first : first + ROWS], synthetic)  # (ROWS, n)
        inside = distance <= radii_real[first : first + ROWS, None]
        within += inside.sum(dim=0)
        coverage.append(inside.any(dim=1))
        recall.append((distance <= radii_synthetic[None]).any(dim=1))
    return Neighbours(
        _doubles(within > 0), _doubles(torch.cat(recall)), _doubles(within) / k, _doubles(torch.cat(coverage)), k
    )


def neighbours_for(n: int) -> int:
    """k for sets of n images."""
    return max(1, min(NEIGHBOURS, n // 2))


def _radii(features: Tensor, k: int) -> Tensor:
    """Distance (n,) from each image to its k-th nearest other one."""
    parts = [
        torch.cdist(features[first : first + ROWS], features).kthvalue(k + 1, dim=1).values  # the nearest is itself
        for first in range(0, len(features), ROWS)
    ]
    return torch.cat(parts)


def diversity(values: Tensor, conditions: NDArray[np.float32]) -> list[float | None]:
    """Root mean square deviation of values (n, D) from their mean, among those with each condition on (K,).

    Of pixels from 0 to 1 it is the typical deviation of a pixel. None for a condition with fewer than two images.
    """
    deviations: list[float | None] = []
    for column in conditions.T:
        members = values[torch.from_numpy(column > 0.5)]
        deviations.append(float(members.double().var(dim=0).mean().sqrt()) if len(members) > 1 else None)
    return deviations


@dataclass(frozen=True)
class Accuracy:
    """Agreement of a classifier with the conditions; `balanced` weighs all conditions equally.

    `per_condition` (K,): recall of each class, or accuracy of each attribute over all images. `support` (K,): images
    with the condition on.
    """

    overall: float
    interval: Interval
    balanced: float
    balanced_interval: Interval
    per_condition: list[float | None]
    support: list[int]


def accuracy(
    logits: Tensor, conditions: NDArray[np.float32], kind: str, group: NDArray[np.str_] | None = None, seed: int = 0
) -> Accuracy:
    """Accuracy of logits (n, K) against conditions (n, K); bootstrap over `group` (n,) where patients are known."""
    wanted = conditions > 0.5  # (n, K)
    weights = bootstrap_weights(len(wanted), group, seed)  # (1 + B, n), the first row all ones
    if kind == "class":
        right = logits.argmax(dim=1).numpy() == conditions.argmax(axis=1)  # (n,)
        overall = weights @ right / weights.sum(axis=1)
        share = _share(weights, right[:, None] & wanted, wanted)  # (1 + B, K)
    else:
        agrees = (logits.numpy() > 0) == wanted  # (n, K)
        share = weights @ agrees / weights.sum(axis=1, keepdims=True)
        overall = share.mean(axis=1)
    sides = (
        (share,)
        if kind == "class"
        else (_share(weights, agrees & wanted, wanted), _share(weights, agrees & ~wanted, ~wanted))
    )
    balanced = _nan_mean(np.stack([_nan_mean(side, axis=1) for side in sides]), axis=0)
    return Accuracy(
        float(overall[0]),
        percentile_interval(overall[1:]),
        float(balanced[0]),
        percentile_interval(balanced[1:]),
        [None if math.isnan(value) else float(value) for value in share[0]],
        wanted.sum(axis=0).tolist(),
    )


def _share(weights: NDArray[np.float64], hits: NDArray[np.bool_], of: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weighted share (1 + B, K) of `hits` (n, K) among `of` (n, K); NaN where there are none."""
    total = weights @ of
    return np.asarray(np.where(total > 0, weights @ hits / np.maximum(total, 1), np.nan))


def _nan_mean(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    return np.asarray(np.where(known, values, 0).sum(axis=axis) / np.maximum(known.sum(axis=axis), 1))


def _doubles(values: Tensor) -> NDArray[np.float64]:
    return np.asarray(values.double().numpy())
