"""The six scores of two sets of features, their real-vs-real floor, and diversity within conditions.

Letters: n images, C channels, H = W the side, K conditions, F features.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan.data.image_set import ImageSet
from gan.data.splits import stratified_split
from gan.evaluation.classifiers.small_resnet import Images
from gan.evaluation.scores import metrics
from gan.evaluation.scores.jackknife import deal_blocks, jackknife_interval, jackknife_share_interval
from gan.evaluation.statistics import Interval

SHARES = ("precision", "recall", "density", "coverage")
DIVERSITY_IMAGES = 2000
"""Largest number of images whose pixels are compared for diversity: they are held as floats."""
SMALLEST_HALF = 5
"""Images in a half below which groups are not kept together."""


@dataclass(frozen=True)
class Comparison:
    """The six scores of two sets of features, by name, and the 95% intervals of five of them.

    The Frechet distance has none: with fewer images it is larger by itself.
    """

    values: dict[str, float]
    intervals: dict[str, Interval]


def compare_features(
    real: Tensor,
    synthetic: Tensor,
    strata: tuple[metrics.Labels, metrics.Labels] | None,
    group: NDArray[np.str_] | None = None,
    seed: int = 0,
) -> Comparison:
    """Precision, recall, density, coverage, kernel and Frechet distance of features (n, F) and (n, F), n at least 2.

    `strata`: the classes of both, as in `metrics.kernel_distance`; None for attributes. `group` (n,): the patients of
    the real images, where known; image i of both sets is left out together, as both have the same condition.
    """
    blocks = deal_blocks(len(real), group, seed)
    kernel = metrics.kernel_distance(real, synthetic, strata, seed, blocks)
    values, intervals = neighbour_scores(real, synthetic, group, seed)
    return Comparison(
        values | {"kid": kernel.value, "frechet": metrics.frechet_distance(real, synthetic)},
        intervals | {"kid": jackknife_interval(kernel.value, kernel.left_out)},
    )


def neighbour_scores(
    real: Tensor, synthetic: Tensor, group: NDArray[np.str_] | None, seed: int = 0
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Precision, recall, density and coverage of features (n, F) and (n, F), and their 95% intervals.

    `group` (n,): the patients of the real images, where known.
    """
    blocks, units = deal_blocks(len(real), group, seed), len(real) if group is None else len(np.unique(group))
    near = metrics.neighbours(real, synthetic)
    values = {name: float(getattr(near, name).mean()) for name in SHARES}
    left_out: dict[str, list[float]] = {name: [] for name in SHARES}
    for block in range(int(blocks.max()) + 1):
        keep = torch.from_numpy(blocks != block)
        without = metrics.neighbours(real[keep], synthetic[keep], near.k)
        for name, scores in left_out.items():
            scores.append(float(getattr(without, name).mean()))
    intervals = {
        name: jackknife_interval(values[name], np.array(scores))
        if name == "density"
        else jackknife_share_interval(values[name], np.array(scores), units)
        for name, scores in left_out.items()
    }
    return values, intervals


@dataclass(frozen=True)
class LightComparison:
    """Kernel distance and coverage by name, with their 95% intervals.

    `floor` has both between two halves of the real images, `like_floor` between one of these halves and as many
    synthetic images; `n` in them is the number of images in a half.
    """

    values: dict[str, float]
    intervals: dict[str, Interval]
    floor: dict[str, float]
    like_floor: dict[str, float]


def compare_lightly(
    real: Tensor, synthetic: Tensor, images: ImageSet, rows: NDArray[np.int64], seed: int = 0
) -> LightComparison:
    """Kernel distance and coverage of features (n, F) and (n, F), both with the conditions of `rows` (n,)."""
    group = None if images.group is None else images.group[rows]
    labels = class_labels(images, rows)
    strata = None if labels is None else (labels, labels)
    kernel = metrics.kernel_distance(real, synthetic, strata, seed, deal_blocks(len(real), group, seed))
    shares, intervals = neighbour_scores(real, synthetic, group, seed)
    a, b = halves(images.conditions[rows], group)
    in_halves = None if labels is None else (labels[a], labels[b])
    between_halves, with_synthetic = (
        {
            "coverage": float(metrics.neighbours(real[a], other[b]).coverage.mean()),
            "kid": metrics.kernel_distance(real[a], other[b], in_halves, seed).value,
            "n": float(len(a)),
        }
        for other in (real, synthetic)
    )
    return LightComparison(
        {"kid": kernel.value, "coverage": shares["coverage"]},
        {"kid": jackknife_interval(kernel.value, kernel.left_out), "coverage": intervals["coverage"]},
        between_halves,
        with_synthetic,
    )


def _scores(
    real: Tensor, synthetic: Tensor, strata: tuple[metrics.Labels, metrics.Labels] | None, seed: int
) -> dict[str, float]:
    """The six scores without intervals."""
    near = metrics.neighbours(real, synthetic)
    shares = {name: float(getattr(near, name).mean()) for name in SHARES}
    kernel = metrics.kernel_distance(real, synthetic, strata, seed)
    return shares | {"kid": kernel.value, "frechet": metrics.frechet_distance(real, synthetic)}


def halves(conditions: NDArray[np.float32], group: NDArray[np.str_] | None) -> tuple[Tensor, Tensor]:
    """Positions (n / 2,) of two stratified halves of equal size; groups stay whole where possible."""
    side = stratified_split(conditions, group, {"val": 0.5}) == "val"
    if min(side.sum(), (~side).sum()) < SMALLEST_HALF:  # nearly all of one patient
        side = np.arange(len(conditions)) % 2 == 0
    n = min(side.sum(), (~side).sum())
    return torch.from_numpy(np.flatnonzero(side)[:n]), torch.from_numpy(np.flatnonzero(~side)[:n])


def real_floor(
    real: Tensor, synthetic: Tensor, images: ImageSet, rows: NDArray[np.int64], seed: int = 0
) -> tuple[dict[str, float], dict[str, float]]:
    """Scores of one half of the real images against the other, and against as many synthetic images.

    Features (n, F) of the real and synthetic images, both with the conditions of `rows` (n,). The pair is comparable
    because some scores depend on the number of images, given as `n` in both.
    """
    a, b = halves(images.conditions[rows], None if images.group is None else images.group[rows])
    labels = class_labels(images, rows)
    strata = None if labels is None else (labels[a], labels[b])
    n = {"n": float(len(a))}
    between_halves, with_synthetic = (_scores(real[a], other[b], strata, seed) for other in (real, synthetic))
    return between_halves | n, with_synthetic | n


def class_labels(images: ImageSet, rows: NDArray[np.int64]) -> metrics.Labels | None:
    """The class of each row (n,); None where the set has attributes."""
    return images.labels()[rows] if images.kind == "class" else None


@dataclass(frozen=True)
class ConditionDiversity:
    """Diversity within each condition (K,): of real and synthetic pixels, and the ratios of pixels and of features."""

    real: list[float | None]
    synthetic: list[float | None]
    ratios: list[float | None]
    feature_ratios: list[float | None]
    support: NDArray[np.float64]

    @classmethod
    def measure(
        cls, real: Images, synthetic: Images, real_features: Tensor, features: Tensor, conditions: NDArray[np.float32]
    ) -> "ConditionDiversity":
        """Measure it on images uint8 (n, C, H, H) and features (n, F) of the same conditions (n, K)."""
        pixels_real, pixels_synthetic = (
            metrics.diversity(
                torch.from_numpy(images[:DIVERSITY_IMAGES]).flatten(1).float() / 255, conditions[:DIVERSITY_IMAGES]
            )
            for images in (real, synthetic)
        )
        in_features = _ratios(metrics.diversity(real_features, conditions), metrics.diversity(features, conditions))
        support = conditions.sum(axis=0, dtype=np.float64)
        return cls(pixels_real, pixels_synthetic, _ratios(pixels_real, pixels_synthetic), in_features, support)

    def summary(self) -> dict[str, float | None]:
        """Means over the conditions, weighted by their numbers of images."""
        return {
            "synthetic": self._mean(self.synthetic),
            "real": self._mean(self.real),
            "ratio": self._mean(self.ratios),
            "features_ratio": self._mean(self.feature_ratios),
        }

    def _mean(self, values: list[float | None]) -> float | None:
        defined = [(value, weight) for value, weight in zip(values, self.support, strict=True) if value is not None]
        total = sum(weight for _, weight in defined)
        return float(sum(value * weight for value, weight in defined) / total) if total else None


def _ratios(real: list[float | None], synthetic: list[float | None]) -> list[float | None]:
    return [s / r if s is not None and r else None for r, s in zip(real, synthetic, strict=True)]
