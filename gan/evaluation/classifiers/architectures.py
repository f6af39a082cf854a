"""The classifiers that a study can train, and what classical augmentation does to their images.

`small` is the network of `classifier.py`. The others are torchvision's, from scratch and without a download; their
first convolution takes the set's own channels and, below 96 px, keeps every pixel, as they were made for 224 px. Read
next: `study.py`.

Letters: N images, C channels, H = W the side, K conditions.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gan.errors import ConfigError
from gan.evaluation.classifiers.small_resnet import Classifier

SMALL = "small"
FROM_TORCHVISION = ("resnet18", "resnet50", "mobilenet_v3_small", "efficientnet_b0")
ARCHITECTURES = (SMALL, *FROM_TORCHVISION)
FINE = 96
"""Side in pixels below which the first convolution does not halve the image."""

TURN, ZOOM, SHIFT, LIGHT = 10.0, 0.1, 0.06, 0.1
"""Classical augmentation: degrees, and shares of size, of the side, and of brightness and contrast, at most."""


def classifier_builder(name: str, size: int, channels: int, conditions: int) -> Callable[[], Classifier]:
    """What builds a classifier with fresh weights for images (N, C, H, H) and K conditions.

    Raises ConfigError for a name that is not among NAMES.
    """
    if name not in ARCHITECTURES:
        raise ConfigError(f"classifier is {name!r}: it takes {', '.join(ARCHITECTURES)}.")
    if name == SMALL:
        return lambda: Classifier(size, channels, conditions)

    def build() -> Classifier:
        from torchvision import models  # here: it takes a second, and the small network does not need it

        body: nn.Module = models.get_model(name, weights=None)
        _adapt(body, size, channels)
        width = _without_head(body)
        return Classifier(size, channels, conditions, body, width)

    return build


def _adapt(body: nn.Module, size: int, channels: int) -> None:
    """Give the network a first convolution for these channels, one that keeps small images whole."""
    name, first = next((name, part) for name, part in body.named_modules() if isinstance(part, nn.Conv2d))
    stride = 1 if size < FINE else first.stride[0]
    fresh = nn.Conv2d(channels, first.out_channels, (3, 3), stride, (1, 1), bias=first.bias is not None)
    holder, _, last = name.rpartition(".")
    setattr(body.get_submodule(holder), last, fresh)
    if size < FINE:
        for part_name, part in list(body.named_children()):
            if isinstance(part, nn.MaxPool2d):
                setattr(body, part_name, nn.Identity())


def _without_head(body: nn.Module) -> int:
    """Take the last layer, which knows ImageNet's classes, away; gives how many features it took in."""
    name, last = [(name, part) for name, part in body.named_modules() if isinstance(part, nn.Linear)][-1]
    top = name.partition(".")[0]  # the layers before it go too where there are some: they are its head
    inputs = [part for part in body.get_submodule(top).modules() if isinstance(part, nn.Linear)]
    setattr(body, top, nn.Identity())
    return (inputs[0] if inputs else last).in_features


def classical_augmentation(images: Tensor, generator: np.random.Generator) -> Tensor:
    """Images uint8 (N, C, H, H), each turned by up to 10 degrees, scaled by up to 10% and shifted by up to 6% of its
    side, made up to 10% brighter or darker, with up to 10% more or less contrast; its edge is repeated.

    Conservative on purpose, and without mirroring: a mirrored chest X-ray or digit shows something that does not exist.
    """
    n, device = len(images), images.device
    angle, zoom, right, down, light, contrast = generator.uniform(-1, 1, (6, n)).astype(np.float32) * np.array(
        [[TURN], [ZOOM], [SHIFT], [SHIFT], [LIGHT], [LIGHT]], np.float32
    )
    angle, zoom = angle * math.pi / 180, 1 + zoom
    cosine, sine = np.cos(angle) * zoom, np.sin(angle) * zoom
    matrix = np.stack([cosine, -sine, 2 * right, sine, cosine, 2 * down], axis=1).reshape(n, 2, 3)
    grid = functional.affine_grid(torch.from_numpy(matrix).to(device), list(images.shape), align_corners=False)
    moved = functional.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)  # (N, C, H, H)
    middle = moved.mean(dim=(1, 2, 3), keepdim=True)
    brighter, stronger = (torch.from_numpy(one).to(device)[:, None, None, None] for one in (255 * light, 1 + contrast))
    return ((moved - middle) * stronger + middle + brighter).round().clamp(0, 255).to(torch.uint8)
