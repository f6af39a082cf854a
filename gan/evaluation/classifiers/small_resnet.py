"""A small residual network (He et al. 2016, scaled down) that classifies images by their conditions.

Trained on the real training split it provides the features in which sets of images are compared ("own features") and
obedience, the accuracy on synthetic images. Trained on synthetic images alone it gives CAS, the accuracy on real ones
(Ravuri and Vinyals 2019, arXiv:1905.10887). `training.py` trains it.

Letters: n images in a set, N in a batch, C channels, H = W the side, K conditions, F features.
"""

import contextlib
import itertools
import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan.config.run_config import RunConfig
from gan.training.precision import mixed_precision, normalise

WIDTH = 16
FEATURES = 8 * WIDTH
LEARNING_RATE = 2e-3
BATCH = 64
LARGEST_SHIFT = 2
"""Largest random shift of training images in pixels; more could move a digit out of a 28 px picture."""

Images = NDArray[np.uint8]
PhaseProgress = Callable[[float], None]
"""Called with the finished share of one phase, from 0 to 1; raises StoppedError to stop the work."""
Augment = Callable[[Tensor, np.random.Generator], Tensor]
"""Augments a batch of training images uint8 (N, C, H, H), each image differently."""


def no_progress(done: float) -> None:
    """A PhaseProgress that shows nothing and never stops the work."""


class ImageSequence(Protocol):
    """Images uint8 (n, C, H, H) indexed by position: an array, or images that stay on disk."""

    def __len__(self) -> int: ...

    def __getitem__(self, positions: slice | NDArray[np.int64], /) -> Images: ...


class _Block(nn.Module):
    """Two convolutions beside a shortcut: (N, C, H, H) to (N, D, H / 2, H / 2)."""

    def __init__(self, channels: int, features: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, features, 3, 2, 1, bias=False),
            nn.BatchNorm2d(features),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, features, 3, 1, 1, bias=False),
            nn.BatchNorm2d(features),
        )
        self.shortcut = nn.Conv2d(channels, features, 1, 2, 0, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.relu(self.layers(x) + self.shortcut(x))


class Classifier(nn.Module):
    """Images uint8 (N, C, H, H) to logits (N, K): K exclusive classes, or K independent attributes.

    `body` maps images in [-1, 1] to feature maps (N, width, h, w) or features (N, width); by default `small_resnet`.
    `learning_rate` is the highest in training. `input_side` is the side to which `body` resizes, where it does.
    """

    def __init__(
        self,
        size: int,
        channels: int,
        conditions: int,
        body: nn.Module | None = None,
        width: int = FEATURES,
        learning_rate: float = LEARNING_RATE,
        input_side: int | None = None,
    ):
        super().__init__()
        self.body = small_resnet(size, channels) if body is None else body
        self.width, self.learning_rate, self.input_side = width, learning_rate, input_side or size
        self.head = nn.Linear(width, conditions)

    def features(self, images: Tensor) -> Tensor:
        """Penultimate features (N, F) float32 of images uint8 (N, C, H, H)."""
        maps: Tensor = self.body(normalise(images))
        return maps.float().mean(dim=(2, 3)) if maps.ndim == 4 else maps.float()

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images))
        return logits


def small_resnet(size: int, channels: int) -> nn.Module:
    """The network up to its last feature maps: (N, C, H, H) to (N, F, ~4, ~4), for sides H = `size` of at least 14 px.

    Each doubling of the side above 32 px adds one level.
    """
    extra = max(0, math.ceil(math.log2(size / 32)))
    widths = [WIDTH] * (extra + 1) + [2 * WIDTH, 4 * WIDTH, FEATURES]
    stem = nn.Conv2d(channels, WIDTH, 3, 1, 1, bias=False)  # (N, 16, H, H)
    blocks = [_Block(before, after) for before, after in itertools.pairwise(widths)]
    return nn.Sequential(stem, nn.BatchNorm2d(WIDTH), nn.ReLU(inplace=True), *blocks)


def no_augmentation(images: Tensor, generator: np.random.Generator) -> Tensor:
    """The images unchanged."""
    return images


def random_shift(images: Tensor, generator: np.random.Generator) -> Tensor:
    """Images (N, C, H, H) shifted by up to 2 px each way, edges repeated."""
    n, _, height, width = images.shape
    rows = np.arange(height) + generator.integers(-LARGEST_SHIFT, LARGEST_SHIFT + 1, (n, 1))  # (N, H)
    columns = np.arange(width) + generator.integers(-LARGEST_SHIFT, LARGEST_SHIFT + 1, (n, 1))
    row = torch.from_numpy(rows.clip(0, height - 1)).to(images.device)[:, :, None]  # (N, H, 1)
    column = torch.from_numpy(columns.clip(0, width - 1)).to(images.device)[:, None, :]  # (N, 1, W)
    shifted = images.permute(0, 2, 3, 1)[torch.arange(n, device=images.device)[:, None, None], row, column]
    return shifted.permute(0, 3, 1, 2)


def images_at_a_time(images: ImageSequence, most: int) -> int:
    """`most`, or as many as take the memory of `most` images of 128 px."""
    return _images_of_side(images[:1].shape[-1] if len(images) else 1, most)


def _images_of_side(side: int, most: int) -> int:
    return max(1, min(most, most * 128**2 // side**2))


@torch.inference_mode()
def predict(
    network: Classifier, images: ImageSequence, progress: PhaseProgress = no_progress, batch: int = 256
) -> tuple[Tensor, Tensor]:
    """Features (n, F) and logits (n, K) of images uint8 (n, C, H, H), float32 on the CPU.

    `batch` images at a time, fewer where they, or the images to which the network resizes them, are above 128 px.
    """
    device = next(network.parameters()).device
    features, logits = [], []
    batch = min(images_at_a_time(images, batch), _images_of_side(network.input_side, batch))
    for first in range(0, len(images), batch):
        chunk = torch.from_numpy(np.ascontiguousarray(images[first : first + batch])).to(device)
        with autocast(device.type):
            penultimate = network.features(chunk)  # (N, F)
        features.append(penultimate.cpu())
        logits.append(network.head(penultimate).cpu())
        progress(min(1.0, (first + batch) / len(images)))
    if not features:
        return torch.zeros(0, network.width), torch.zeros(0, network.head.out_features)
    return torch.cat(features), torch.cat(logits)


def autocast(device: str) -> contextlib.AbstractContextManager[object]:
    """The trainer's mixed precision on this device: bfloat16 where that is faster."""
    return mixed_precision(RunConfig(), torch.device(device))
