"""`d_val`: how much better the discriminator likes the images that it learns from than real ones that it never saw.

D(real training images) - D(real validation images), the means over equally many of each with the same mix of
conditions. Near 0 it judges what real images have in common; as it rises, D knows its training images by heart, and
what it tells the generator is to copy them (Karras et al. 2020, arXiv:2006.06676, section 2, follow the same three
means).

Letters: n images, C channels, H = W the side, K conditions.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan.config.run_config import RunConfig
from gan.data.image_set import ImageSet
from gan.runs.metrics import D_VAL
from gan.training.checkpoint import State
from gan.training.losses import LOSSES
from gan.training.precision import mixed_precision, normalise

COMPARED = 200
"""Images of each kind, at most: a small share of what a point of the curves trains on."""


class HeldOut:
    """The images that D is asked about, the same ones at every point; none where the set has no validation split."""

    def __init__(self, image_set: ImageSet, config: RunConfig, device: torch.device):
        generator = np.random.default_rng([config.train.seed, 2])
        validation = image_set.rows("val")
        chosen = generator.permutation(validation)[:COMPARED]
        like = _like(image_set, chosen, generator)
        self._count = len(chosen)
        rows = np.sort(like), np.sort(chosen)
        self._images = [torch.from_numpy(image_set.images[part]).to(device) for part in rows]  # (n, C, H, H)
        self._conditions = [torch.from_numpy(image_set.conditions[part]).to(device) for part in rows]  # (n, K)
        self._config = config

    @torch.inference_mode()
    def measure(self, state: State) -> dict[str, float]:
        """`{"d_val": D(training) - D(validation)}` in the unit of `d_x`, or nothing; changes nothing of the state."""
        if not self._count:
            return {}
        D = state.discriminator.eval()  # running means: batch norm would tell the two sets apart by itself
        means: list[Tensor] = []
        for images, conditions in zip(self._images, self._conditions, strict=True):
            with mixed_precision(self._config, images.device):
                logits = D(normalise(images), conditions).float()  # (n,)
            means.append(LOSSES[self._config.loss.name].score(logits).mean())
        D.train()
        return {D_VAL: float(means[0] - means[1])}


def _like(image_set: ImageSet, chosen: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Training rows, as many as `chosen`, each with the condition of one of those where the training split has it."""
    pool = generator.permutation(image_set.rows("train"))
    by_condition: dict[bytes, list[int]] = {}
    for row in pool:
        by_condition.setdefault(image_set.conditions[row].tobytes(), []).append(int(row))
    spare = [int(row) for row in pool]
    found: list[int] = []
    for row in chosen:
        alike = by_condition.get(image_set.conditions[row].tobytes())
        found.append(alike.pop() if alike else spare[len(found) % len(spare)])
    return np.array(found, dtype=np.int64)
