"""Networks trained on ImageNet, as bodies of classifiers that are fine-tuned, and as frozen features.

Their weights are read from disk and never downloaded here: EfficientNet-Lite0's come with a Python package
(`gan/models/efficientnet_lite.py`), torchvision's are used where they are in torch's cache.

Letters: N images, C channels (1 or 3), H = W the side, F features.
"""

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gan.errors import ConfigError, UserError
from gan.models import efficientnet_lite, efficientnet_weights

EFFICIENTNET_LITE0 = "efficientnet-lite0"
IN_TORCH_CACHE = {
    f"{name}-imagenet": name for name in ("resnet18", "resnet50", "mobilenet_v3_small", "efficientnet_b0")
}
"""Our names of torchvision's pretrained networks, and its names."""
PRETRAINED = (EFFICIENTNET_LITE0, *IN_TORCH_CACHE)
LARGEST_SIDE = 224
FINE_TUNING_LEARNING_RATE = 3e-4
"""A seventh of that from scratch: the weights need adapting, not replacing."""


class PretrainedBody(nn.Module):
    """Images in [-1, 1] (N, C, H, H), grey or RGB, to a network's features, with its own preprocessing.

    Grey images are repeated to three channels, and all are resized to `side` px. `network` takes normalised images
    (N, 3, side, side).
    """

    def __init__(self, network: nn.Module, side: int, mean: tuple[float, ...], std: tuple[float, ...]):
        super().__init__()
        self.network, self.side = network, side
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(std)[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        resized = nn.functional.interpolate(images, (self.side, self.side), mode="bilinear", antialias=True)
        rgb = ((resized + 1) / 2).clamp(0, 1).expand(-1, 3, -1, -1)  # (N, 3, side, side)
        features: Tensor = self.network((rgb - self.mean) / self.std)
        return features


def input_side(size: int) -> int:
    """The side to which images of `size` px are resized: twice theirs, at most 224 px.

    Linear probes of EfficientNet-Lite0, 30 images a class, balanced accuracy, mean of three draws: blood cells of 64 px
    96.5% at 64 px, 97.9% at 128, 98.5% at 224 and five times the time; BreastMNIST (28 px) 62% at 28, 69% at 56, 70% at
    96; PneumoniaMNIST (28 px) 86% at 28, 75% at 56.
    """
    return min(2 * size, LARGEST_SIDE)


def check_pretrained(name: str, channels: int) -> None:
    """Raise UserError unless the weights of a network in PRETRAINED are on disk and images have 1 or 3 channels."""
    if channels not in (1, 3):
        raise ConfigError(f"classifier is {name!r}: it takes grey and RGB images, and these have {channels} channels.")
    if name == EFFICIENTNET_LITE0:
        efficientnet_weights.weights_file()
    else:
        _cached_file(IN_TORCH_CACHE[name])


def load_pretrained_body(name: str, size: int) -> tuple[PretrainedBody, int]:
    """The body of a network in PRETRAINED for images of `size` px, and the number of its features F.

    Raises UserError where its weights are missing or are not the published ones.
    """
    if name == EFFICIENTNET_LITE0:
        network = efficientnet_lite.load_efficientnet_lite0()
        mean, std = efficientnet_lite.MEAN, efficientnet_lite.STD
        return PretrainedBody(network.features, input_side(size), mean, std), efficientnet_lite.FEATURES
    return _load_from_torch_cache(IN_TORCH_CACHE[name], size)


def remove_head(body: nn.Module) -> int:
    """Remove the ImageNet head, from the top-level module of the last linear layer on; returns its input width."""
    name = [name for name, module in body.named_modules() if isinstance(module, nn.Linear)][-1]
    head = name.partition(".")[0]
    first = next(module for module in body.get_submodule(head).modules() if isinstance(module, nn.Linear))
    setattr(body, head, nn.Identity())
    return first.in_features


def _load_from_torch_cache(name: str, size: int) -> tuple[PretrainedBody, int]:
    from torchvision import models  # here: it takes a second to import

    path = _cached_file(name)
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if not sha256.startswith(path.stem.rpartition("-")[2]):
        raise UserError(f"{path} has the wrong checksum. Download it again from {_published(name).url}")
    network: nn.Module = models.get_model(name, weights=None)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    width = remove_head(network)
    preprocessing = _published(name).transforms()
    return PretrainedBody(network, input_side(size), tuple(preprocessing.mean), tuple(preprocessing.std)), width


def _cached_file(name: str) -> Path:
    """The weights file of one of torchvision's networks. Its name ends in the first digits of its SHA-256."""
    address = str(_published(name).url)
    path = Path(torch.hub.get_dir()) / "checkpoints" / address.rpartition("/")[2]
    if not path.exists():
        raise UserError(
            f"{name}-imagenet needs {path.name} on disk. Download it from {address} into {path.parent}, or use "
            f"--classifier {EFFICIENTNET_LITE0} ({efficientnet_weights.INSTALL})."
        )
    return path


def _published(name: str) -> Any:
    """What torchvision publishes of a network's weights: their address and preprocessing."""
    from torchvision import models

    return models.get_model_weights(name).DEFAULT
