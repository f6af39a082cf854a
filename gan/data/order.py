"""The first batch of real images that a run's discriminator will see, before the run exists."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.batches import stream
from gan.config.run_config import RunConfig
from gan.data.image_set import ImageSet
from gan.data.preview import words


@dataclass(frozen=True)
class FirstBatch:
    """Images uint8 (N, C, H, H) as they lie on the device, in the batch's order, and what each shows in words."""

    images: NDArray[np.uint8]
    labels: Sequence[str]

    def beginning(self, count: int) -> "FirstBatch":
        """Its first images, at most `count`."""
        return FirstBatch(self.images[:count], self.labels[:count])


def first_batch(images: ImageSet, config: RunConfig) -> FirstBatch:
    """The batch that training with this config and seed begins with."""
    rows = images.rows("train")[next(stream(images, config, 0))]  # (N,)
    return FirstBatch(
        images=np.asarray(images.images[rows]),
        labels=[words(row, images.names) for row in images.conditions[rows]],
    )
