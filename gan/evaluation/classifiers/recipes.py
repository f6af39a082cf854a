"""What may change in a classifier's training at no cost in generated images: the recipes a study compares with.

    augment   each image by itself: classical (`architectures.py`), TrivialAugment
    mix       images of a batch with each other, and their labels: MixUp, CutMix
    loss      cross-entropy, class-weighted cross-entropy, focal loss
    balanced  classes drawn equally often: class-balanced sampling

Letters: N images in a batch, C channels, H = W the side, K classes, n training images.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from gan.evaluation.classifiers.architectures import classical_augmentation
from gan.evaluation.classifiers.small_resnet import Augment, no_augmentation

Mix = Callable[[Tensor, Tensor, np.random.Generator], tuple[Tensor, Tensor]]
"""Mixes images uint8 (N, C, H, H) and targets (N, K) of a batch: to float images from 0 to 255, and soft targets."""
Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""The mean loss of logits (N, K) for targets (N, K), given the share (K,) of each class in the training set."""

MIXUP_ALPHA, CUTMIX_ALPHA = 0.2, 1.0
"""Parameters of the Beta distribution, as the papers use them on ImageNet."""
FOCUS = 2.0
"""The focal loss's gamma, as in its paper."""


@dataclass(frozen=True)
class Recipe:
    """How a classifier is trained, beside its images and its length."""

    augment: Augment = no_augmentation
    mix: Mix | None = None
    loss: Loss | None = None
    balanced: bool = False


def trivial_augment(images: Tensor, generator: np.random.Generator) -> Tensor:
    """Images uint8 (N, C, H, H), each changed by one random operation of random strength.

    torchvision's TrivialAugmentWide (Müller and Hutter 2021, arXiv:2103.10158): shears, shifts, rotations, brightness,
    contrast, sharpness, posterising, solarising, equalising; colour where there are three channels. No mirroring.
    """
    from torchvision.transforms import v2  # here: it takes a second to import

    transform = v2.TrivialAugmentWide(interpolation=v2.InterpolationMode.BILINEAR)
    with _seeded(generator):
        return torch.stack([transform(image) for image in images])


def mixup(images: Tensor, targets: Tensor, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Each image and target averaged with those of another of the batch, by one random weight for all.

    torchvision's MixUp (Zhang et al. 2018, arXiv:1710.09412).
    """
    from torchvision.transforms import v2

    with _seeded(generator):
        mixed, soft = v2.MixUp(alpha=MIXUP_ALPHA)(images.float(), targets)
    return mixed, soft


def cutmix(images: Tensor, targets: Tensor, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A random box of each image replaced by that of another of the batch; targets are averaged by area.

    torchvision's CutMix (Yun et al. 2019, arXiv:1905.04899).
    """
    from torchvision.transforms import v2

    with _seeded(generator):
        mixed, soft = v2.CutMix(alpha=CUTMIX_ALPHA)(images.float(), targets)
    return mixed, soft


def cross_entropy(logits: Tensor, targets: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy of logits (N, K) for targets (N, K), which may be soft."""
    return functional.cross_entropy(logits, targets)


def class_weighted_cross_entropy(logits: Tensor, targets: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy in which each class weighs 1 / (K share), so that all classes weigh the same in total.

    The mean over the batch is not divided by its weights: batches with few rare images would weigh them more.
    """
    weights = 1 / (len(shares) * shares.clamp(min=1e-9))  # (K,)
    return -(weights * targets * functional.log_softmax(logits, dim=1)).sum(dim=1).mean()


def focal_loss(logits: Tensor, targets: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy of each class weighted by (1 - p)^2, p its probability: what is easy counts less.

    The multi-class form of Lin et al. 2017 (arXiv:1708.02002), without class weights.
    """
    log_p = functional.log_softmax(logits, dim=1)
    return -(targets * (1 - log_p.exp()) ** FOCUS * log_p).sum(dim=1).mean()


RECIPES = {
    "plain": Recipe(),
    "classical": Recipe(classical_augmentation),
    "trivial-augment": Recipe(trivial_augment),
    "mixup": Recipe(classical_augmentation, mix=mixup),
    "cutmix": Recipe(classical_augmentation, mix=cutmix),
    "balanced": Recipe(classical_augmentation, balanced=True),
    "class-weighted": Recipe(classical_augmentation, loss=class_weighted_cross_entropy),
    "focal": Recipe(classical_augmentation, loss=focal_loss),
}
"""Recipes by name. All but "plain" and "trivial-augment" include classical augmentation, as practice has it."""


@contextlib.contextmanager
def _seeded(generator: np.random.Generator) -> Iterator[None]:
    """torch's own random numbers on the CPU seeded from `generator`, for transforms that take none."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(generator.integers(2**63)))
        yield
