"""The scores of each condition by itself, with their numbers of images, intervals and floors.

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
from gan.evaluation.scores.compare import SHARES, ConditionDiversity, halves
from gan.evaluation.statistics import wilson_interval

LEAST = 10
"""Images with a condition, in each half of the real ones for a floor, below which nothing is compared."""


@dataclass(frozen=True)
class Predictions:
    """What a classifier says (n, K) of images that show, or were asked to show, these conditions (n, K)."""

    logits: Tensor
    conditions: NDArray[np.float32]
    group: NDArray[np.str_] | None = None

    def of(self, k: int, kind: str) -> dict[str, Any]:
        """`score`: the share that is right, of a class among its images, of an attribute over all; `shown`: the share
        of the images with the condition on in which it is seen; both with 95% intervals."""
        wanted = self.conditions > 0.5  # (n, K)
        seen = self.logits.argmax(dim=1).numpy() == k if kind == "class" else self.logits[:, k].numpy() > 0  # (n,)
        members = wanted[:, k]
        asked = members if kind == "class" else np.ones(len(members), dtype=bool)
        right, shown = self._share(seen == members, asked), self._share(seen, members)
        return {"score": right[0], "interval": right[1], "shown": shown[0], "shown_interval": shown[1]}

    def _share(self, hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> tuple[float | None, metrics.Interval | None]:
        """The share of hits, its interval by Wilson, or by bootstrap over groups where patients are known."""
        n, count = int(among.sum()), int((hits & among).sum())
        if not n:
            return None, None
        if self.group is None:
            return count / n, wilson_interval(count, n)
        return count / n, metrics.bootstrap(hits[among].astype(np.float64), self.group[among])


def chance_accuracy(images: ImageSet) -> float:
    """The balanced accuracy that guessing reaches: one of K classes, or half of each attribute, whose two sides weigh
    alike."""
    return 1 / len(images.names) if images.kind == "class" else 0.5


def condition_rows(
    images: ImageSet,
    held: NDArray[np.int64],
    judged: dict[str, Predictions],
    features: tuple[Tensor, Tensor],
    spread: ConditionDiversity,
    found: Nearest,
) -> list[dict[str, Any]]:
    """A row for each condition; None where its images are too few for a score.

    `judged` by the name of the score: "obedience", "cas", "real_accuracy". `features` (n, F) of the set's images `held`
    and of as many synthetic ones; `found` of the first images that obedience was judged of.
    """
    result = []
    for k, name in enumerate(images.names):
        of_score = {score: one.of(k, images.kind) for score, one in judged.items()}
        near = found.copy[judged["obedience"].conditions[: len(found.copy), k] > 0.5]
        row: dict[str, Any] = {
            "condition": name,
            "real": int((judged["real_accuracy"].conditions[:, k] > 0.5).sum()),
            "synthetic": int((judged["obedience"].conditions[:, k] > 0.5).sum()),
            "shown": of_score["obedience"]["shown"],
            "shown_in_real": of_score["real_accuracy"]["shown"],
            "diversity": spread.ratios[k],
            "near_copies": int(near.sum()),
            "checked": len(near),
        }
        row |= {score: one["score"] for score, one in of_score.items()}
        near_each_other, intervals = _compared(features, images.conditions[held, k] > 0.5)
        intervals |= {score: one["interval"] for score, one in of_score.items()}
        intervals |= {"shown": of_score["obedience"]["shown_interval"]}
        result.append(row | near_each_other | _floor(images, held, features, k) | {"intervals": intervals})
    return result


def _compared(
    features: tuple[Tensor, Tensor], members: NDArray[np.bool_]
) -> tuple[dict[str, float | None], dict[str, Any]]:
    """Precision, recall, density and coverage among the members (n,), and their intervals."""
    if members.sum() < LEAST:
        return dict.fromkeys(SHARES), dict.fromkeys(SHARES)
    here = torch.from_numpy(np.flatnonzero(members))
    near = metrics.neighbours(features[0][here], features[1][here])
    values = {name: getattr(near, name) for name in SHARES}
    return (
        {name: float(value.mean()) for name, value in values.items()},
        {name: metrics.bootstrap(value) for name, value in values.items()},
    )


def _floor(
    images: ImageSet, held: NDArray[np.int64], features: tuple[Tensor, Tensor], k: int
) -> dict[str, dict[str, float] | None]:
    """Half of the condition's real images against the other half, and against as many synthetic ones."""
    members = np.flatnonzero(images.conditions[held, k] > 0.5)
    if len(members) < 2 * LEAST:
        return {"floor": None, "like_floor": None}
    here = held[members]
    a, b = halves(images.conditions[here], None if images.group is None else images.group[here])
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
