"""The classifiers a study can train, and classical augmentation of their images.

`small` is the network of `small_resnet.py`. The others in ARCHITECTURES are torchvision's, trained from scratch. They
were designed for 224 px: their first convolution is replaced by one for the set's channels, and below 96 px nothing
there downsamples. The networks of `pretrained.py` are fine-tuned from their ImageNet weights.

Letters: N images, C channels, H = W the side, K conditions.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gan.errors import ConfigError
from gan.evaluation.classifiers.pretrained import (
    FINE_TUNING_LEARNING_RATE,
    PRETRAINED,
    check_pretrained,
    load_pretrained_body,
    remove_head,
)
from gan.evaluation.classifiers.small_resnet import Classifier

SMALL = "small"
FROM_TORCHVISION = ("resnet18", "resnet50", "mobilenet_v3_small", "efficientnet_b0")
ARCHITECTURES = (SMALL, *FROM_TORCHVISION)
CLASSIFIERS = (*ARCHITECTURES, *PRETRAINED)
"""All names of classifiers; ARCHITECTURES are those trained from scratch."""
SMALL_SIDE = 96
"""Side in pixels below which the first convolution keeps the resolution."""

ROTATION, ZOOM, SHIFT, LIGHT = 10.0, 0.1, 0.06, 0.1
"""Limits of classical augmentation: degrees; shares of the size, of the side, of brightness and of contrast."""


def classifier_builder(name: str, size: int, channels: int, conditions: int) -> Callable[[], Classifier]:
    """A function that builds a classifier for images (N, C, H, H) and K conditions, to be trained.

    Raises ConfigError for a name that is not in CLASSIFIERS, UserError for a pretrained network without its weights.
    """
    if name not in CLASSIFIERS:
        raise ConfigError(f"classifier is {name!r}: it takes {', '.join(CLASSIFIERS)}.")
    if name == SMALL:
        return lambda: Classifier(size, channels, conditions)
    if name in PRETRAINED:
        check_pretrained(name, channels)

        def fine_tuned() -> Classifier:
            body, width = load_pretrained_body(name, size)
            return Classifier(size, channels, conditions, body, width, FINE_TUNING_LEARNING_RATE, body.side)

        return fine_tuned

    def build() -> Classifier:
        from torchvision import models  # here: it takes a second to import

        body: nn.Module = models.get_model(name, weights=None)
        _replace_stem(body, size, channels)
        width = remove_head(body)
        return Classifier(size, channels, conditions, body, width)

    return build


def _replace_stem(body: nn.Module, size: int, channels: int) -> None:
    """Replace the first convolution by one for these channels; for small images it and max pooling keep the size."""
    name, first = next((name, module) for name, module in body.named_modules() if isinstance(module, nn.Conv2d))
    stride = 1 if size < SMALL_SIDE else first.stride[0]
    stem = nn.Conv2d(channels, first.out_channels, (3, 3), stride, (1, 1), bias=first.bias is not None)
    parent, _, last = name.rpartition(".")
    setattr(body.get_submodule(parent), last, stem)
    if size < SMALL_SIDE:
        for child_name, child in list(body.named_children()):
            if isinstance(child, nn.MaxPool2d):
                setattr(body, child_name, nn.Identity())


def classical_augmentation(images: Tensor, generator: np.random.Generator) -> Tensor:
    """Images uint8 (N, C, H, H), each randomly rotated (up to 10 degrees), zoomed (10%), shifted (6% of the side), and
    changed in brightness and contrast (10% each); edges are repeated.

    No mirroring: a mirrored chest X-ray or digit shows something that does not exist.
    """
    n, device = len(images), images.device
    angle, zoom, right, down, light, contrast = generator.uniform(-1, 1, (6, n)).astype(np.float32) * np.array(
        [[ROTATION], [ZOOM], [SHIFT], [SHIFT], [LIGHT], [LIGHT]], np.float32
    )
    angle, zoom = angle * math.pi / 180, 1 + zoom
    cosine, sine = np.cos(angle) * zoom, np.sin(angle) * zoom
    matrix = np.stack([cosine, -sine, 2 * right, sine, cosine, 2 * down], axis=1).reshape(n, 2, 3)
    grid = functional.affine_grid(torch.from_numpy(matrix).to(device), list(images.shape), align_corners=False)
    moved = functional.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)  # (N, C, H, H)
    middle = moved.mean(dim=(1, 2, 3), keepdim=True)
    brighter, stronger = (
        torch.from_numpy(values).to(device)[:, None, None, None] for values in (255 * light, 1 + contrast)
    )
    return ((moved - middle) * stronger + middle + brighter).round().clamp(0, 255).to(torch.uint8)
