"""How near two sets of images are, in somebody's features; short, in torch, each by its paper.

    frechet_distance    Heusel et al. 2017 (arXiv:1706.08500): two Gaussians
    kernel_distance     Binkowski et al. 2018 (arXiv:1801.01401): squared MMD with a cubic kernel, without bias
    neighbours          precision and recall, Kynkaanniemi et al. 2019 (arXiv:1904.06991); density and coverage,
                        Naeem et al. 2020 (arXiv:2002.09797)
    diversity           spread within each condition, against images that differ too little

The features are our own classifier's, so none of these is the FID or KID of the literature: they compare runs on one
data set, and mean something beside their real-vs-real floor. Intervals are 95% by bootstrap over images, or over
groups where patients are known, with the features held fixed.

Letters: n images in each set, F features, K conditions, B bootstrap draws.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

NEIGHBOURS = 5
SUBSET = 1000
"""Images in one estimate of the kernel distance at most; its time grows with the square."""
DRAWS = 400
ROWS = 1024
"""Rows of a distance matrix held at a time."""

Interval = tuple[float, float]
Labels = NDArray[np.int64]


def frechet_distance(real: Tensor, synthetic: Tensor) -> float:
    """Frechet distance between Gaussians of the means and covariances of features (n, F) and (m, F); n, m of 2 on.

    Its bias falls with n: compare it only at equal counts.
    """
    a, b = real.double(), synthetic.double()
    between = (a.mean(dim=0) - b.mean(dim=0)).square().sum()
    cov_a, cov_b = torch.cov(a.T), torch.cov(b.T)  # (F, F)
    # The trace of (A B)^(1/2): the roots of the eigenvalues of A B, which are real and not negative but for rounding.
    roots = torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt().sum()
    return max(0.0, float(between + cov_a.trace() + cov_b.trace() - 2 * roots))


@dataclass(frozen=True)
class KernelDistance:
    """The mean over `subsets` of `subset` images each, with its interval; may be a little below 0."""

    value: float
    interval: Interval
    subset: int
    subsets: int


def kernel_distance(
    real: Tensor, synthetic: Tensor, strata: tuple[Labels, Labels] | None = None, seed: int = 0
) -> KernelDistance:
    """Kernel distance between features (n, F) and as many (n, F), with k(x, y) = (x.y / F + 1)^3.

    Small sets are taken whole; larger ones in as many disjoint random subsets of 1,000 as there are, at most ten.
    `strata` are the classes (n,) of both where each set holds as many of every class as the other by design: such sets
    are not drawn freely, and the usual estimate, which has no image meet itself, would come out below 0.
    """
    n, width = real.shape
    assert len(synthetic) == n, "equal counts"
    generator = np.random.default_rng(seed)
    subset, subsets = min(SUBSET, n), max(1, min(10, n // SUBSET))
    labels = strata or (np.zeros(n, np.int64), np.zeros(n, np.int64))
    orders = [_dealt(one, generator) for one in labels]
    values, drawn = [], []
    for first in range(0, subset * subsets, subset):
        parts = [order[first : first + subset] for order in orders]
        a, b = (x[torch.from_numpy(part)].double() for x, part in zip((real, synthetic), parts, strict=True))
        kernels = [(x @ y.T / width + 1) ** 3 for x, y in ((a, a), (b, b), (a, b))]  # (subset, subset) each
        here = [one[part] for one, part in zip(labels, parts, strict=True)]
        once = torch.ones(1, subset, dtype=torch.float64)
        values.append(_discrepancy(kernels, [once, once], here))
        drawn.append(_discrepancy(kernels, [_drawn_within(one, generator) for one in here], here))
    interval = _middle(torch.stack(drawn).mean(dim=0).numpy())
    return KernelDistance(float(torch.cat(values).mean()), interval, subset, subsets)


def _dealt(labels: Labels, generator: np.random.Generator) -> NDArray[np.int64]:
    """A random order (n,) in which every stretch holds the classes in the same proportions."""
    place = np.zeros(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        place[members] = (generator.permutation(len(members)) + 0.5) / len(members)
    return np.argsort(place, kind="stable")


def _drawn_within(labels: Labels, generator: np.random.Generator) -> Tensor:
    """How often each image counts in a bootstrap draw from its own class (B, n)."""
    weights = np.zeros((DRAWS, len(labels)))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        weights[:, members] = generator.multinomial(len(members), np.full(len(members), 1 / len(members)), DRAWS)
    return torch.from_numpy(weights)


def _discrepancy(kernels: list[Tensor], weights: list[Tensor], labels: list[Labels]) -> Tensor:
    """The unbiased squared MMD (B,) where image i of each set counts weights[b, i]."""
    w, v = weights
    across = ((w @ kernels[2]) * v).sum(dim=1) / (w.sum(dim=1) * v.sum(dim=1))
    within = [_within(*one) for one in zip(kernels[:2], weights, labels, strict=True)]
    return within[0] + within[1] - 2 * across


def _within(kernel: Tensor, weight: Tensor, labels: Labels) -> Tensor:
    """Mean similarity (B,) of two images of one set; within a class, two different ones stand for all its pairs."""
    total = ((weight @ kernel) * weight).sum(dim=1)
    for label in np.unique(labels):
        members = torch.from_numpy(np.flatnonzero(labels == label))
        w, k = weight[:, members], kernel[members][:, members]
        whole, all_pairs = ((w @ k) * w).sum(dim=1), w.sum(dim=1).square()
        other_pairs = all_pairs - w.square().sum(dim=1)
        different = (whole - w.square() @ k.diagonal()) * all_pairs / other_pairs.clamp(min=1)
        total = total + torch.where(other_pairs > 0, different - whole, 0.0)  # 0: one image alone in its class
    return total / weight.sum(dim=1).square()


@dataclass(frozen=True)
class Neighbours:
    """Per image, so that any part of a set and any interval can be had; the scores are the means.

    `precision` and `density` (n,) of the synthetic images, `recall` and `coverage` (n,) of the real ones.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    density: NDArray[np.float64]
    coverage: NDArray[np.float64]
    k: int


def neighbours(real: Tensor, synthetic: Tensor) -> Neighbours:
    """Which images of features (n, F) and as many (n, F) lie within the reach of the other set's.

    An image's reach goes to its k-th nearest in its own set. Precision: a synthetic image within any real one's reach.
    Recall: a real image within any synthetic one's. Density: how many real ones' reaches a synthetic image lies in,
    over k. Coverage: a real image in whose reach any synthetic one lies. k is 5, less where n is below 10.
    """
    n = len(real)
    assert len(synthetic) == n, "equal counts"
    assert n >= 2, "an image needs a neighbour"
    k = neighbours_for(n)
    reach_real, reach_synthetic = _reach(real, k), _reach(synthetic, k)  # (n,)
    recall, coverage, within = [], [], torch.zeros(n)
    for first in range(0, n, ROWS):
        distance = torch.cdist(real[first : first + ROWS], synthetic)  # (ROWS, n)
        inside = distance <= reach_real[first : first + ROWS, None]
        within += inside.sum(dim=0)
        coverage.append(inside.any(dim=1))
        recall.append((distance <= reach_synthetic[None]).any(dim=1))
    return Neighbours(
        _doubles(within > 0), _doubles(torch.cat(recall)), _doubles(within) / k, _doubles(torch.cat(coverage)), k
    )


def neighbours_for(n: int) -> int:
    """k for sets of n images."""
    return max(1, min(NEIGHBOURS, n // 2))


def _reach(features: Tensor, k: int) -> Tensor:
    """The distance (n,) from each image to its k-th nearest other one."""
    parts = [
        torch.cdist(features[first : first + ROWS], features).kthvalue(k + 1, dim=1).values  # the nearest is itself
        for first in range(0, len(features), ROWS)
    ]
    return torch.cat(parts)


def diversity(values: Tensor, conditions: NDArray[np.float32]) -> list[float | None]:
    """Root mean square spread of values (n, D) around their mean, for those with each condition on (K,).

    Of pixels from 0 to 1, it says how far a pixel usually is from its mean over the condition. None where a condition
    has fewer than two images.
    """
    spread: list[float | None] = []
    for column in conditions.T:
        members = values[torch.from_numpy(column > 0.5)]
        spread.append(float(members.double().var(dim=0).mean().sqrt()) if len(members) > 1 else None)
    return spread


@dataclass(frozen=True)
class Accuracy:
    """How often a classifier agrees with the conditions. `balanced` weighs every condition, rare or not, alike.

    `per_condition` (K,) is the share that is right among the images of a class, or, of an attribute, over all images;
    `support` (K,) is the number of images with the condition on.
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
    """Accuracy of logits (n, K) against conditions (n, K); intervals over `group` (n,) where patients are known."""
    wanted = conditions > 0.5  # (n, K)
    weights = _weights(len(wanted), group, seed)  # (1 + B, n), the first row all ones
    if kind == "class":
        right = logits.argmax(dim=1).numpy() == conditions.argmax(axis=1)  # (n,)
        overall = weights @ right / weights.sum(axis=1)
        share = _share(weights, right[:, None] & wanted, wanted)  # (1 + B, K)
    else:
        agrees = (logits.numpy() > 0) == wanted  # (n, K)
        share = weights @ agrees / weights.sum(axis=1, keepdims=True)
        overall = share.mean(axis=1)
    each_side = (
        (share,)
        if kind == "class"
        else (_share(weights, agrees & wanted, wanted), _share(weights, agrees & ~wanted, ~wanted))
    )
    balanced = _mean_of_known(np.stack([_mean_of_known(side, axis=1) for side in each_side]), axis=0)
    return Accuracy(
        float(overall[0]),
        _middle(overall[1:]),
        float(balanced[0]),
        _middle(balanced[1:]),
        [None if math.isnan(value) else float(value) for value in share[0]],
        wanted.sum(axis=0).tolist(),
    )


def bootstrap(values: NDArray[np.float64], group: NDArray[np.str_] | None = None, seed: int = 0) -> Interval:
    """The 95% interval of the mean of values (n,), by drawing images, or whole groups, again and again."""
    weights = _weights(len(values), group, seed)[1:]
    return _middle(weights @ values / weights.sum(axis=1))


def _weights(n: int, group: NDArray[np.str_] | None, seed: int) -> NDArray[np.float64]:
    """How often each of n images counts: once in the first row, then as drawn (1 + B, n)."""
    member = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    units = int(member.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), DRAWS)
    return np.concatenate([np.ones((1, n)), drawn[:, member]]).astype(np.float64)


def _share(weights: NDArray[np.float64], hits: NDArray[np.bool_], of: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weighted share (1 + B, K) of `hits` (n, K) among `of` (n, K); not a number where there are none."""
    total = weights @ of
    return np.asarray(np.where(total > 0, weights @ hits / np.maximum(total, 1), np.nan))


def _mean_of_known(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    return np.asarray(np.where(known, values, 0).sum(axis=axis) / np.maximum(known.sum(axis=axis), 1))


def _middle(values: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def _doubles(values: Tensor) -> NDArray[np.float64]:
    return np.asarray(values.double().numpy())
