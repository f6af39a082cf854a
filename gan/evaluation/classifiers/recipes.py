"""What may change in a classifier's training at no cost in generated images: the recipes a study compares with.

    augment   each image by itself: classical (`architectures.py`), TrivialAugment
    mix       images of a batch with each other, and their labels: MixUp, CutMix
    loss      cross-entropy, class-weighted cross-entropy, focal loss; for attributes the binary forms of them
    balanced  classes drawn equally often: class-balanced sampling; there is no such thing for attributes

Letters: N images in a batch, C channels, H = W the side, K conditions (classes, or attributes), n training images.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from gan.evaluation.classifiers.architectures import classical_augmentation
from gan.evaluation.classifiers.small_resnet import Augment, no_augmentation

Mix = Callable[[Tensor, Tensor, np.random.Generator], tuple[Tensor, Tensor]]
"""Mixes images uint8 (N, C, H, H) and targets (N, K) of a batch: to float images from 0 to 255, and soft targets."""
Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""The mean loss of logits (N, K) for targets (N, K), given the share (K,) of each condition in the training set."""

MIXUP_ALPHA, CUTMIX_ALPHA = 0.2, 1.0
"""Parameters of the Beta distribution, as the papers use them on ImageNet."""
FOCUS = 2.0
"""The focal loss's gamma, as in its paper."""


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


def binary_cross_entropy(logits: Tensor, targets: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy of each attribute by itself, for targets (N, K) that may be soft."""
    return functional.binary_cross_entropy_with_logits(logits, targets)


def weighted_binary_cross_entropy(logits: Tensor, targets: Tensor, shares: Tensor) -> Tensor:
    """Binary cross-entropy in which an attribute that is there weighs (1 - share) / share, so that images with and
    without it weigh the same in total."""
    weight = (1 - shares) / shares.clamp(min=1e-9)
    return functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight)


def binary_focal_loss(logits: Tensor, targets: Tensor, shares: Tensor) -> Tensor:
    """Binary cross-entropy weighted by (1 - p)^2, p the probability of what is true (Lin et al. 2017), unweighted."""
    present, absent = functional.logsigmoid(logits), functional.logsigmoid(-logits)  # log probabilities
    missed, imagined = (1 - present.exp()) ** FOCUS, (1 - absent.exp()) ** FOCUS
    return -(targets * missed * present + (1 - targets) * imagined * absent).mean()


CROSS_ENTROPY = {"class": cross_entropy, "attributes": binary_cross_entropy}
WEIGHTED = {"class": class_weighted_cross_entropy, "attributes": weighted_binary_cross_entropy}
FOCAL = {"class": focal_loss, "attributes": binary_focal_loss}


@dataclass(frozen=True)
class Recipe:
    """How a classifier is trained, beside its images and its length; `loss` by the kind of the image set."""

    augment: Augment = no_augmentation
    mix: Mix | None = None
    loss: Mapping[str, Loss] = field(default_factory=lambda: CROSS_ENTROPY)
    balanced: bool = False


RECIPES = {
    "plain": Recipe(),
    "classical": Recipe(classical_augmentation),
    "trivial-augment": Recipe(trivial_augment),
    "mixup": Recipe(classical_augmentation, mix=mixup),
    "cutmix": Recipe(classical_augmentation, mix=cutmix),
    "balanced": Recipe(classical_augmentation, balanced=True),
    "class-weighted": Recipe(classical_augmentation, loss=WEIGHTED),
    "focal": Recipe(classical_augmentation, loss=FOCAL),
}
"""Recipes by name. All but "plain" and "trivial-augment" include classical augmentation, as practice has it."""


@contextlib.contextmanager
def _seeded(generator: np.random.Generator) -> Iterator[None]:
    """torch's own random numbers on the CPU seeded from `generator`, for transforms that take none."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(generator.integers(2**63)))
        yield
