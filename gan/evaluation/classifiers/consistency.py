"""Learning from unlabelled images too: FixMatch (Sohn et al. 2020, arXiv:2001.07685).

Of each unlabelled image a network sees two views. Where it is confident of the class of the one that is augmented as
labelled images are, it learns to give that class to the other one, which is augmented more strongly.

Letters: N labelled, M unlabelled images in a batch, u unlabelled images, C channels, H = W the side, K classes.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

import gan.data.order
from gan.evaluation.classifiers import confident_classes
from gan.evaluation.classifiers.recipes import trivial_augment
from gan.evaluation.classifiers.small_resnet import Augment, ImageSequence

UNLABELLED_SHARE = 2
"""Unlabelled images for each labelled one in a batch. The paper takes 7, of which each costs two views."""


class UnlabelledViews:
    """The views of unlabelled images (u, C, H, H) that a training sees, in shuffled passes."""

    def __init__(self, images: ImageSequence, labelled: int, seed: int):
        """For batches of so many labelled images; of fewer unlabelled ones than belong beside these, `share` is the
        weight of their loss: each weighs no more than where there are many."""
        self._images = images
        whole = UNLABELLED_SHARE * labelled
        batch = min(whole, len(images))
        self.share = batch / whole
        self._positions: Iterator[NDArray[np.int64]] = gan.data.order.shuffled_batches(
            len(images), None, seed, 0, batch
        )

    def draw(self, augment: Augment, generator: np.random.Generator) -> Tensor:
        """Views uint8 (2 M, C, H, H) of the next images: all by `augment`, then all by TrivialAugment."""
        images = torch.from_numpy(self._images[next(self._positions)])  # (M, C, H, H)
        return torch.cat([augment(images, generator), trivial_augment(images, generator)])

    def sample(self, most: int, generator: np.random.Generator) -> Tensor:
        """Some of the images uint8 (n, C, H, H), drawn at random."""
        return torch.from_numpy(self._images[generator.permutation(len(self._images))[:most]])


def consistency_loss(logits: Tensor) -> Tensor:
    """The cross-entropy of the second views for the classes of the first ones, in logits (2 M, K) of both; 0 for an
    image of whose class the network is not confident."""
    first, second = logits.chunk(2)  # (M, K)
    confidence, classes = first.detach().softmax(dim=1).max(dim=1)  # (M,)
    confident = (confidence >= confident_classes.CONFIDENT).to(logits.dtype)
    return (confident * functional.cross_entropy(second, classes, reduction="none")).mean()
