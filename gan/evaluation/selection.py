"""Which synthetic images to keep: those that show the requested condition and resemble its training images.

Two scores per image, after Xue et al. 2021 (HistoGAN, arXiv:2111.06399):

    confidence   the reference classifier's probability of the requested condition
    typicality   median spacing of the condition's training images over the image's distance to the nearest of them, in
                 the classifier's features: 1 where it lies as close as they lie to one another, lower further away

Images are kept by their product, with typicality clipped at 1: a closer image is not better, and may be a copy. Neither
score depends on the other images of a batch. Selection trades variety for safety; the augmentation study measures
whether it pays. No torch: `selector.py` computes the scores.

Letters: n images.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.errors import ConfigError

KEEP_RATES = (0.05, 1.0)
"""Smallest and largest share of candidates that can be kept."""


@dataclass(frozen=True)
class SelectionScores:
    """`confidence` (n,) from 0 to 1 and `typicality` (n,) above 0."""

    confidence: NDArray[np.float64]
    typicality: NDArray[np.float64]

    @property
    def overall(self) -> NDArray[np.float64]:
        """The score by which images are kept (n,), from 0 to 1; higher is better."""
        return np.asarray(self.confidence * self.typicality.clip(max=1.0))

    def order(self) -> NDArray[np.int64]:
        """Positions (n,) from best to worst; ties keep their order."""
        return np.argsort(-self.overall, kind="stable")


def best_of_each_class(overall: NDArray[np.float64], labels: NDArray[np.int64], keep_rate: float) -> NDArray[np.int64]:
    """Ascending positions of the best `keep_rate` of each label's images by `overall` (n,), at least one per label."""
    kept = []
    for k in np.unique(labels):
        members = np.flatnonzero(labels == k)
        kept.append(members[np.argsort(-overall[members], kind="stable")[: max(1, round(keep_rate * len(members)))]])
    return np.sort(np.concatenate(kept)) if kept else np.zeros(0, np.int64)


def check_keep_rate(keep_rate: float) -> None:
    """Raise ConfigError for a share outside KEEP_RATES."""
    if not KEEP_RATES[0] <= keep_rate <= KEEP_RATES[1]:
        raise ConfigError(f"keep_rate is {keep_rate}: it takes a number from {KEEP_RATES[0]} to 1, which keeps all.")
