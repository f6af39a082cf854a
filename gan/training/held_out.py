"""`d_val`: D(training images) - D(validation images), how much D prefers real images that it was trained on.

Both are means of D's score over equally many images with the same conditions. Near 0 D judges training and validation
images alike. As `d_val` rises, D memorises its training images and drives G to copy them (Karras et al. 2020,
arXiv:2006.06676, section 2, plot the same means).

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

MAX_IMAGES = 200
"""Images of each split, at most: few beside those between two rows of metrics."""


class HeldOut:
    """The images of both splits that D is compared on, the same at every row of metrics."""

    def __init__(self, image_set: ImageSet, config: RunConfig, device: torch.device):
        generator = np.random.default_rng([config.train.seed, 2])
        validation = generator.permutation(image_set.rows("val"))[:MAX_IMAGES]
        training = _matching_training_rows(image_set, validation, generator)
        self._empty = len(validation) == 0
        rows = np.sort(training), np.sort(validation)
        self._images = [torch.from_numpy(image_set.images[part]).to(device) for part in rows]  # (n, C, H, H) each
        self._conditions = [torch.from_numpy(image_set.conditions[part]).to(device) for part in rows]  # (n, K) each
        self._config = config

    @torch.inference_mode()
    def measure(self, state: State) -> dict[str, float]:
        """`{"d_val": ...}` in the unit of `d_x`; empty without a validation split. Leaves the state as it was."""
        if self._empty:
            return {}
        D = state.discriminator.eval()  # running statistics: those of the batch would tell the two splits apart
        means: list[Tensor] = []
        for images, conditions in zip(self._images, self._conditions, strict=True):
            with mixed_precision(self._config, images.device):
                logits = D(normalise(images), conditions).float()  # (n,)
            means.append(LOSSES[self._config.loss.name].score(logits).mean())
        D.train()
        return {D_VAL: float(means[0] - means[1])}


def _matching_training_rows(
    image_set: ImageSet, validation: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Training rows (n,), each with the condition of one of the `validation` rows (n,) while the split has unused ones;
    else any training row."""
    training = generator.permutation(image_set.rows("train"))
    by_condition: dict[bytes, list[int]] = {}
    for row in training:
        by_condition.setdefault(image_set.conditions[row].tobytes(), []).append(int(row))
    chosen: list[int] = []
    for row in validation:
        matching = by_condition.get(image_set.conditions[row].tobytes())
        chosen.append(matching.pop() if matching else int(training[len(chosen) % len(training)]))
    return np.array(chosen, dtype=np.int64)
