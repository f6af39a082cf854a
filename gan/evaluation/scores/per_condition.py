"""Scores of each condition separately, with numbers of images, intervals and floors.

Letters: n images, K conditions, F features.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan.data.image_set import ImageSet
from gan.evaluation.privacy.near_copies import Nearest
from gan.evaluation.scores import metrics
from gan.evaluation.scores.compare import SHARES, ConditionDiversity, halves, neighbour_scores
from gan.evaluation.statistics import Interval, bootstrap_interval, wilson_interval

LEAST = 10
"""Smallest number of images of a condition for scores, and in each half for a floor."""


@dataclass(frozen=True)
class Predictions:
    """A classifier's logits (n, K) for images with true or requested conditions (n, K)."""

    logits: Tensor
    conditions: NDArray[np.float32]
    group: NDArray[np.str_] | None = None

    def at(self, positions: NDArray[np.int64]) -> "Predictions":
        """The predictions at these positions (m,)."""
        group = None if self.group is None else self.group[positions]
        return Predictions(self.logits[torch.from_numpy(positions)], self.conditions[positions], group)

    def of_condition(self, k: int, kind: str) -> dict[str, Any]:
        """`score`: recall of a class, or accuracy of an attribute over all images; `shown`: the share of images with
        the condition on for which it is predicted; both with 95% intervals."""
        wanted = self.conditions > 0.5  # (n, K)
        predicted = self.logits.argmax(dim=1).numpy() == k if kind == "class" else self.logits[:, k].numpy() > 0  # (n,)
        members = wanted[:, k]
        scored = members if kind == "class" else np.ones(len(members), dtype=bool)
        right, shown = self._share(predicted == members, scored), self._share(predicted, members)
        return {"score": right[0], "interval": right[1], "shown": shown[0], "shown_interval": shown[1]}

    def _share(self, hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> tuple[float | None, Interval | None]:
        """The share of hits with its interval: Wilson, or bootstrap over groups where patients are known."""
        n, count = int(among.sum()), int((hits & among).sum())
        if not n:
            return None, None
        if self.group is None:
            return count / n, wilson_interval(count, n)
        return count / n, bootstrap_interval(hits[among].astype(np.float64), self.group[among])


def chance_accuracy(images: ImageSet) -> float:
    """Balanced accuracy of guessing: 1 / K for classes, 1/2 for attributes."""
    return 1 / len(images.names) if images.kind == "class" else 0.5


def condition_rows(
    images: ImageSet,
    held: NDArray[np.int64],
    predictions: dict[str, Predictions],
    features: tuple[Tensor, Tensor],
    diversity: ConditionDiversity,
    nearest: Nearest,
) -> list[dict[str, Any]]:
    """One row per condition, with None for scores of too few images.

    `predictions` by score: "obedience", "cas", "real_accuracy". `features` (n, F) of the real images `held` and of as
    many synthetic ones. `nearest` of the first images of "obedience".
    """
    result = []
    for k, name in enumerate(images.names):
        accuracies = {score: of_score.of_condition(k, images.kind) for score, of_score in predictions.items()}
        copies = nearest.copy[predictions["obedience"].conditions[: len(nearest.copy), k] > 0.5]
        row: dict[str, Any] = {
            "condition": name,
            "real": int((predictions["real_accuracy"].conditions[:, k] > 0.5).sum()),
            "synthetic": int((predictions["obedience"].conditions[:, k] > 0.5).sum()),
            "shown": accuracies["obedience"]["shown"],
            "shown_in_real": accuracies["real_accuracy"]["shown"],
            "diversity": diversity.ratios[k],
            "near_copies": int(copies.sum()),
            "checked": len(copies),
        }
        row |= {score: values["score"] for score, values in accuracies.items()}
        group = None if images.group is None else images.group[held]
        scores, intervals = _neighbour_scores(features, images.conditions[held, k] > 0.5, group)
        intervals |= {score: values["interval"] for score, values in accuracies.items()}
        intervals |= {"shown": accuracies["obedience"]["shown_interval"]}
        result.append(row | scores | _floor(images, held, features, k) | {"intervals": intervals})
    return result


def _neighbour_scores(
    features: tuple[Tensor, Tensor], members: NDArray[np.bool_], group: NDArray[np.str_] | None
) -> tuple[dict[str, float | None], dict[str, Any]]:
    """Precision, recall, density and coverage among the members (n,) of groups (n,), and their intervals."""
    if members.sum() < LEAST:
        return dict.fromkeys(SHARES), dict.fromkeys(SHARES)
    positions = torch.from_numpy(np.flatnonzero(members))
    grouped = None if group is None else group[members]
    values, intervals = neighbour_scores(features[0][positions], features[1][positions], grouped)
    return {**values}, {**intervals}


def _floor(
    images: ImageSet, held: NDArray[np.int64], features: tuple[Tensor, Tensor], k: int
) -> dict[str, dict[str, float] | None]:
    """Half of the condition's real images against the other half, and against as many synthetic images."""
    members = np.flatnonzero(images.conditions[held, k] > 0.5)
    if len(members) < 2 * LEAST:
        return {"floor": None, "like_floor": None}
    rows = held[members]
    a, b = halves(images.conditions[rows], None if images.group is None else images.group[rows])
    first, second = torch.from_numpy(members)[a], torch.from_numpy(members)[b]
    pairs = {
        "floor": (features[0][first], features[0][second]),
        "like_floor": (features[0][first], features[1][second]),
    }
    return {
        kind: {name: float(getattr(near, name).mean()) for name in SHARES} | {"n": float(len(a))}
        for kind, pair in pairs.items()
        for near in (metrics.neighbours(*pair),)
    }
