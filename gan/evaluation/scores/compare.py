"""The six scores of two sets side by side, their real-vs-real floor, and how varied a condition's images are.


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

SHARES = ("precision", "recall", "density", "coverage")
VARIED = 2000
"""Images whose pixels are compared for diversity, at most: they are held as floats."""
FEWEST = 5
"""Images in a half below which groups are not kept together."""


@dataclass(frozen=True)
class Comparison:
    """The six scores of two sets of features, by name, and the 95% intervals of five of them.

    The Frechet distance has none: drawn again, a set has fewer different images, and the distance grows by that alone.
    """

    values: dict[str, float]
    intervals: dict[str, metrics.Interval]


def compare_features(
    real: Tensor, synthetic: Tensor, strata: tuple[metrics.Labels, metrics.Labels] | None, seed: int = 0
) -> Comparison:
    """Precision, recall, density, coverage, kernel and Frechet distance of features (n, F) and (n, F), n of 2 on.

    `strata` are the classes of both, as for `scores.kernel_distance`; None for attributes.
    """
    near = metrics.neighbours(real, synthetic)
    shares = {name: getattr(near, name) for name in SHARES}
    kernel = metrics.kernel_distance(real, synthetic, strata, seed)
    values = {name: float(share.mean()) for name, share in shares.items()}
    intervals = {name: metrics.bootstrap(share, seed=seed) for name, share in shares.items()}
    return Comparison(
        values | {"kid": kernel.value, "frechet": metrics.frechet_distance(real, synthetic)},
        intervals | {"kid": kernel.interval},
    )


def halves(conditions: NDArray[np.float32], group: NDArray[np.str_] | None) -> tuple[Tensor, Tensor]:
    """Positions (n / 2,) of two stratified halves of as many images, whole groups on one side where that can be."""
    side = stratified_split(conditions, group, {"val": 0.5}) == "val"
    if min(side.sum(), (~side).sum()) < FEWEST:  # nearly all are of one patient
        side = np.arange(len(conditions)) % 2 == 0
    n = min(side.sum(), (~side).sum())
    return torch.from_numpy(np.flatnonzero(side)[:n]), torch.from_numpy(np.flatnonzero(~side)[:n])


def real_floor(
    real: Tensor, synthetic: Tensor, images: ImageSet, rows: NDArray[np.int64], seed: int = 0
) -> tuple[dict[str, float], dict[str, float]]:
    """The scores of one half of the real images with the other, and of that half with as many synthetic ones.

    Features (n, F) of each, image for image of the conditions of `rows` (n,). The second is what to set against the
    first: some scores move with the number of images, which stands in both as `n`.
    """
    a, b = halves(images.conditions[rows], None if images.group is None else images.group[rows])
    labels = class_labels(images, rows)
    strata = None if labels is None else (labels[a], labels[b])
    n = {"n": float(len(a))}
    return compare_features(real[a], real[b], strata, seed).values | n, compare_features(
        real[a], synthetic[b], strata, seed
    ).values | n


def class_labels(images: ImageSet, rows: NDArray[np.int64]) -> metrics.Labels | None:
    """The class of each row (n,); None where the set has attributes."""
    return images.labels()[rows] if images.kind == "class" else None


@dataclass(frozen=True)
class ConditionDiversity:
    """Diversity within each condition (K,): of pixels, real and synthetic, and how the features' compares."""

    real: list[float | None]
    synthetic: list[float | None]
    ratios: list[float | None]
    feature_ratios: list[float | None]
    support: NDArray[np.float64]

    @classmethod
    def of(
        cls, real: Images, synthetic: Images, real_features: Tensor, features: Tensor, conditions: NDArray[np.float32]
    ) -> "ConditionDiversity":
        some = conditions[:VARIED]
        shown, made = (
            metrics.diversity(torch.from_numpy(part[:VARIED]).flatten(1).float() / 255, some)
            for part in (real, synthetic)
        )
        seen, dreamt = (metrics.diversity(part, conditions) for part in (real_features, features))
        support = conditions.sum(axis=0, dtype=np.float64)
        return cls(shown, made, _ratios(shown, made), _ratios(seen, dreamt), support)

    def summary(self) -> dict[str, float | None]:
        """Means over the conditions, each by its number of images."""
        return {
            "synthetic": self._mean(self.synthetic),
            "real": self._mean(self.real),
            "ratio": self._mean(self.ratios),
            "features_ratio": self._mean(self.feature_ratios),
        }

    def _mean(self, values: list[float | None]) -> float | None:
        known = [(value, weight) for value, weight in zip(values, self.support, strict=True) if value is not None]
        total = sum(weight for _, weight in known)
        return float(sum(value * weight for value, weight in known) / total) if total else None


def _ratios(real: list[float | None], synthetic: list[float | None]) -> list[float | None]:
    return [s / r if s is not None and r else None for r, s in zip(real, synthetic, strict=True)]
