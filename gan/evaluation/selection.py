"""Which synthetic images to keep: those that show what was asked for, and look like the training images of their kind.

Two numbers an image, after Xue et al. 2021 (HistoGAN, arXiv:2111.06399), who keep images by both:

    confidence   how sure the real-trained classifier is of the condition that was asked for, from 0 to 1
    typicality   how near the image lies to the real training images of its condition, in that classifier's features:
                 1 where it is as near to them as they are to one another, lower the further it is away

An image is kept by their product. Typicality counts up to 1 only: an image nearer than that is not better, and may be a
copy. Neither number depends on the other images of a batch, so that a selection can be made a chunk at a time.
Selection trades variety for safety: whether it pays is for the augmentation study to tell. No torch: what computes the
two numbers is in `selector.py`.

Letters: n images asked about.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.errors import ConfigError

KEEP_RATES = (0.05, 1.0)
"""The smallest and the largest share of candidates that can be kept."""


@dataclass(frozen=True)
class SelectionScores:
    """What speaks for each of n images: `confidence` (n,) from 0 to 1 and `typicality` (n,), above 0."""

    confidence: NDArray[np.float64]
    typicality: NDArray[np.float64]

    @property
    def overall(self) -> NDArray[np.float64]:
        """By what images are kept (n,), from 0 to 1: the higher, the better."""
        return np.asarray(self.confidence * self.typicality.clip(max=1.0))

    def order(self) -> NDArray[np.int64]:
        """Positions (n,) from the best image to the worst; equal ones in their own order."""
        return np.argsort(-self.overall, kind="stable")


def best_of_each_class(overall: NDArray[np.float64], labels: NDArray[np.int64], keep_rate: float) -> NDArray[np.int64]:
    """Positions, ascending, of the share of each label's images with the highest scores (n,), at least one of each."""
    kept = []
    for k in np.unique(labels):
        lot = np.flatnonzero(labels == k)
        kept.append(lot[np.argsort(-overall[lot], kind="stable")[: max(1, round(keep_rate * len(lot)))]])
    return np.sort(np.concatenate(kept)) if kept else np.zeros(0, np.int64)


def check_keep_rate(keep_rate: float) -> None:
    """Raise ConfigError for a share outside KEEP_RATES."""
    if not KEEP_RATES[0] <= keep_rate <= KEEP_RATES[1]:
        raise ConfigError(f"keep_rate is {keep_rate}: it takes a number from {KEEP_RATES[0]} to 1, which keeps all.")
