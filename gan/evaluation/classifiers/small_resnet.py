"""A small residual network that tells conditions apart: the eyes of every score here.

Trained on the real training split it gives the features in which images are compared ("own features") and the verdict
on whether a synthetic image shows what was asked for (obedience). Trained on synthetic images alone it gives CAS, the
accuracy on real ones (Ravuri and Vinyals 2019, arXiv:1905.10887). The network is He et al. 2016 in small.

Time is counted in images seen, as in `gan/training/train.py`, so that a small set and a large one cost the same.

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

import gan.data.order
from gan.config.run_config import RunConfig
from gan.errors import StoppedError
from gan.training.precision import mixed_precision, normalise

WIDTH = 16
FEATURES = 8 * WIDTH
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-2
BATCH = 64
PASSES, SHORTEST, LONGEST = 20, 20_000, 150_000
"""How often a classifier sees each image, within these limits of images seen in all."""
LARGEST_SHIFT = 2
"""Pixels by which training images are moved at most; more would move a digit out of a 28 px picture."""

Images = NDArray[np.uint8]
Progress = Callable[[float], None]


Augment = Callable[[Tensor, np.random.Generator], Tensor]
"""Changes a batch of training images uint8 (N, C, H, H), each in its own way; what they show stays the same."""
SETTLED = 512
"""Training images from which batch norm takes its means before a network is judged."""
JUDGED = (0.5, 0.75, 1.0)
"""Shares of a training after which a classifier is judged where its best state is wanted."""


class ImageSequence(Protocol):
    """Images uint8 (n, C, H, H) that can be asked for by position: an array, or one that stays on the disk."""

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
    """Images uint8 (N, C, H, H) to K logits (N, K): one class of K, or K attributes each by itself.

    `body` turns images in [-1, 1] into maps or features of `width` channels; by default the small residual network.
    """

    def __init__(self, size: int, channels: int, conditions: int, body: nn.Module | None = None, width: int = FEATURES):
        super().__init__()
        self.body = small_resnet(size, channels) if body is None else body
        self.width = width
        self.head = nn.Linear(width, conditions)

    def features(self, images: Tensor) -> Tensor:
        """What the network sees in images uint8 (N, C, H, H), before it decides: (N, F) float32."""
        maps: Tensor = self.body(normalise(images))
        return maps.float().mean(dim=(2, 3)) if maps.ndim == 4 else maps.float()

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images))
        return logits


def small_resnet(size: int, channels: int) -> nn.Module:
    """The small residual network before its mean over positions: (N, C, H, H) to maps (N, F, ~4, ~4).

    Any side from 16 px on; each doubling above 32 px adds a level, so that the last maps are about 4 x 4 throughout.
    """
    extra = max(0, math.ceil(math.log2(size / 32)))
    widths = [WIDTH] * (extra + 1) + [2 * WIDTH, 4 * WIDTH, FEATURES]
    stem = nn.Conv2d(channels, WIDTH, 3, 1, 1, bias=False)  # (N, 16, H, H)
    blocks = [_Block(before, after) for before, after in itertools.pairwise(widths)]
    return nn.Sequential(stem, nn.BatchNorm2d(WIDTH), nn.ReLU(inplace=True), *blocks)


def budget(count: int) -> int:
    """Images a classifier sees in training on `count` different ones: 20 passes, from 20,000 to 150,000 in all."""
    return min(max(PASSES * count, SHORTEST), LONGEST)


def train_classifier(
    images: Images,
    conditions: NDArray[np.float32],
    kind: str,
    *,
    images_seen: int,
    seed: int = 0,
    batch: int = BATCH,
    augment: Augment | None = None,
    network: Callable[[], Classifier] | None = None,
    judge: Callable[[Classifier], float] | None = None,
    device: str = "cpu",
    progress: Progress = lambda done: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Classifier:
    """A classifier trained on images uint8 (n, C, H, H) and conditions (n, K) of `kind` "class" or "attributes".

    The same seed and images give the same network on one machine. Images are changed by `augment`, by default shifted
    by up to 2 px; `network` builds another one than the small one. With `judge`, a score of the network on other
    images, the highest wins, the latest of equal ones, of its states after the shares JUDGED of the training. Raises
    StoppedError where it is asked to stop.
    """
    augment = augment or random_shift
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        taught = network() if network else Classifier(images.shape[2], images.shape[1], conditions.shape[1])
    taught = taught.to(device).to(memory_format=torch.channels_last).train()
    everything, targets = torch.from_numpy(images).to(device), torch.from_numpy(conditions).to(device)
    optimiser = torch.optim.AdamW(taught.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=device != "mps")
    batch = min(batch, len(images))
    steps = max(1, images_seen // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.2)
    generator = np.random.default_rng([seed, 1])
    positions = gan.data.order.shuffled_batches(len(images), None, seed, 0, batch)
    judged = {max(1, round(share * steps)) for share in JUDGED} if judge else set()
    best = _Best()
    for done in range(1, steps + 1):
        chosen = torch.from_numpy(next(positions)).to(device)
        x = augment(everything[chosen], generator)  # (N, C, H, H)
        with autocast(device):
            logits = taught(x).float()  # (N, K)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(_loss(logits, targets[chosen], kind))
        optimiser.step()
        schedule.step()
        if judge is not None and done in judged:
            some = torch.from_numpy(generator.permutation(len(images))[:SETTLED]).to(device)
            _settle(taught, everything[some], augment, generator)
            best.see(taught, judge)
        if done % 20 == 1:
            progress(done / steps)
            if should_stop():
                raise StoppedError
    progress(1.0)
    return best.restored(taught).eval().requires_grad_(False)


@torch.no_grad()
def _settle(network: Classifier, images: Tensor, augment: Augment, generator: np.random.Generator) -> None:
    """Take batch norm's means and variances anew from training images uint8 (n, C, H, H).

    The running ones trail behind the weights of a short training: a classifier can then rank images well and still be
    wrong about most, and an arm would win by that alone (Wu and Johnson 2021, arXiv:2105.07576).
    """
    layers = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean over all batches since
    for chunk in images.tensor_split(-(-len(images) // BATCH)):  # of about equal size: batch norm takes no single one
        with autocast(images.device.type):
            network(augment(chunk, generator))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


class _Best:
    """The best state of a network so far."""

    def __init__(self) -> None:
        self._score = -math.inf
        self._state: dict[str, Tensor] | None = None

    def see(self, network: Classifier, judge: Callable[[Classifier], float]) -> None:
        score = judge(network.eval())
        network.train()
        if score >= self._score:
            self._score = score
            self._state = {name: value.clone() for name, value in network.state_dict().items()}

    def restored(self, network: Classifier) -> Classifier:
        if self._state is not None:
            network.load_state_dict(self._state)
        return network


def no_augmentation(images: Tensor, generator: np.random.Generator) -> Tensor:
    """The images as they are."""
    return images


def random_shift(images: Tensor, generator: np.random.Generator, flip: bool = False) -> Tensor:
    """Images (N, C, H, H), each moved by up to 2 px, its edge repeated, and half of them mirrored where `flip`."""
    n, _, height, width = images.shape
    rows = np.arange(height) + generator.integers(-LARGEST_SHIFT, LARGEST_SHIFT + 1, (n, 1))  # (N, H)
    columns = np.arange(width) + generator.integers(-LARGEST_SHIFT, LARGEST_SHIFT + 1, (n, 1))
    if flip:
        mirrored = generator.random(n) < 0.5
        columns[mirrored] = columns[mirrored, ::-1]
    row = torch.from_numpy(rows.clip(0, height - 1)).to(images.device)[:, :, None]  # (N, H, 1)
    column = torch.from_numpy(columns.clip(0, width - 1)).to(images.device)[:, None, :]  # (N, 1, W)
    picked = images.permute(0, 2, 3, 1)[torch.arange(n, device=images.device)[:, None, None], row, column]
    return picked.permute(0, 3, 1, 2)


@torch.inference_mode()
def predict(
    network: Classifier, images: ImageSequence, progress: Progress = lambda done: None, batch: int = 256
) -> tuple[Tensor, Tensor]:
    """Features (n, F) and logits (n, K) of images uint8 (n, C, H, H), float32 on the CPU."""
    device = next(network.parameters()).device
    features, logits = [], []
    for first in range(0, len(images), batch):
        chunk = torch.from_numpy(np.ascontiguousarray(images[first : first + batch])).to(device)
        with autocast(device.type):
            seen = network.features(chunk)  # (N, F)
        features.append(seen.cpu())
        logits.append(network.head(seen).cpu())
        progress(min(1.0, (first + batch) / len(images)))
    if not features:
        return torch.zeros(0, network.width), torch.zeros(0, network.head.out_features)
    return torch.cat(features), torch.cat(logits)


def autocast(device: str) -> contextlib.AbstractContextManager[object]:
    """The trainer's own choice of number format for this device: bfloat16 where that is faster."""
    return mixed_precision(RunConfig(), torch.device(device))


def _loss(logits: Tensor, targets: Tensor, kind: str) -> Tensor:
    if kind == "class":
        return nn.functional.cross_entropy(logits, targets.argmax(dim=1))
    return nn.functional.binary_cross_entropy_with_logits(logits, targets)
