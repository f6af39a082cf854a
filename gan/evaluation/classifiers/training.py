"""Training of classifiers: for a fixed number of images, or until the validation score stops improving.

Letters: n training images, N in a batch, C channels, H = W the side, K conditions.
"""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import gan.data.order
from gan.evaluation.budget import EarlyStopping
from gan.evaluation.classifiers.consistency import UnlabelledViews, consistency_loss
from gan.evaluation.classifiers.recipes import Recipe
from gan.evaluation.classifiers.small_resnet import (
    BATCH,
    Augment,
    Classifier,
    Images,
    ImageSequence,
    PhaseProgress,
    autocast,
    no_progress,
    random_shift,
)

WEIGHT_DECAY = 1e-2
WARM_UP = 0.2
"""Share of a training of fixed length in which the learning rate rises."""
WARM_UP_STEPS = 50
"""Steps in which the learning rate of a training of open length rises."""
VALIDATED_AT = (0.5, 0.75, 1.0)
"""Shares of a training of fixed length, and of the cooldown, after which a network is validated where its best state
is wanted."""

Positions = NDArray[np.int64]
Validate = Callable[[Classifier], float]
"""Scores a network on validation images; higher is better."""


@dataclass(frozen=True)
class TrainedClassifier:
    """A classifier trained until its validation score stopped improving.

    `steps` are all optimiser steps that were done, `kept_steps` those that led to this state. `plateaued`: the score
    stopped improving before the most steps. `scores` has the validation score of each check, `score` is that of the
    final state.
    """

    network: Classifier
    steps: int
    kept_steps: int
    plateaued: bool
    scores: list[float]
    score: float


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
    validate: Validate | None = None,
    unlabelled: ImageSequence | None = None,
    batch_norm_images: int = 512,
    device: str = "cpu",
    progress: PhaseProgress = no_progress,
) -> Classifier:
    """A classifier trained on images uint8 (n, C, H, H) and conditions (n, K) of `kind` "class" or "attributes".

    Reproducible on one machine for the same seed and images. `augment` defaults to `random_shift`, `network` to the
    small residual network. `validate` scores the network after the shares VALIDATED_AT of the training: the state with
    the highest score is returned, the latest of equal ones. Before each, batch norm's statistics are recomputed from
    `batch_norm_images` training images. For "class", `unlabelled` images (u, C, H, H), at least one, are learned too
    (`consistency.py`).
    """
    recipe = Recipe(augment or random_shift)
    training = _Training(
        images, conditions, kind, recipe, network, seed, batch, device, batch_norm_images, unlabelled=unlabelled
    )
    steps = max(1, images_seen // training.batch)
    schedule = _one_cycle(training.optimiser, training.network.learning_rate, steps)
    validated = {max(1, round(share * steps)) for share in VALIDATED_AT} if validate else set()
    best = _BestState()
    for done in range(1, steps + 1):
        training.step()
        schedule.step()
        if validate is not None and done in validated:
            best.update(training.validate(validate), training.network)
        if done % 20 == 1:
            progress(done / steps)
    progress(1.0)
    return best.restore(training.network).eval().requires_grad_(False)


def train_to_plateau(
    images: Images,
    conditions: NDArray[np.float32],
    kind: str,
    validate: Validate,
    *,
    stopping: EarlyStopping = EarlyStopping(),
    recipe: Recipe = Recipe(),
    positions: Iterator[Positions] | None = None,
    seed: int = 0,
    batch: int = BATCH,
    network: Callable[[], Classifier] | None = None,
    batch_norm_images: int = 512,
    device: str = "cpu",
    progress: PhaseProgress = no_progress,
) -> TrainedClassifier:
    """A classifier trained as in `train_classifier`, until `validate` stops improving.

    `positions` are those of each batch's images (N,), by default shuffled passes over all, or over equally many of each
    class where the recipe is balanced. After the cooldown of the best state, the highest of its scores after the shares
    VALIDATED_AT of it decides which state is kept: one of many checks at the high learning rate would be luck.
    """
    training = _Training(images, conditions, kind, recipe, network, seed, batch, device, batch_norm_images, positions)
    rate, plateau, scores = training.network.learning_rate, _Plateau(), []
    while training.steps < stopping.max_steps and not plateau.reached(training.steps, stopping):
        training.step(rate * min(1.0, (training.steps + 1) / WARM_UP_STEPS))
        if training.steps % stopping.check_every == 0 or training.steps == stopping.max_steps:
            scores.append(training.validate(validate))
            plateau.update(scores[-1], training)
        if training.steps % 20 == 1:
            progress(training.steps / stopping.most_steps)
    plateaued = plateau.reached(training.steps, stopping)
    plateau.restore(training)
    length, best = stopping.cooldown_steps(plateau.steps), _BestState()
    validated = {max(1, round(share * length)) for share in VALIDATED_AT}
    for done in range(1, length + 1):
        training.step(rate * (1 - math.sqrt(done / (length + 1))))
        if done in validated:
            scores.append(training.validate(validate))
            best.update(scores[-1], training.network)
    progress(1.0)
    kept = best.restore(training.network).eval().requires_grad_(False)
    return TrainedClassifier(kept, training.steps, plateau.steps + length, plateaued, scores, best.score)


def starting_from(network: Classifier) -> Callable[[], Classifier]:
    """A function that builds a copy of a trained network, to be trained further: synthetic images first, real last."""
    return lambda: copy.deepcopy(network).requires_grad_(True)


class _Training:
    """A classifier with its optimiser and the order of its batches."""

    def __init__(
        self,
        images: Images,
        conditions: NDArray[np.float32],
        kind: str,
        recipe: Recipe,
        network: Callable[[], Classifier] | None,
        seed: int,
        batch: int,
        device: str,
        batch_norm_images: int,
        positions: Iterator[Positions] | None = None,
        unlabelled: ImageSequence | None = None,
    ):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = network() if network else Classifier(images.shape[2], images.shape[1], conditions.shape[1])
        self.network = made.to(device).to(memory_format=torch.channels_last).train()
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), made.learning_rate, weight_decay=WEIGHT_DECAY, fused=device != "mps"
        )
        self.batch, self.steps = min(batch, len(images)), 0
        self._images, self._targets = torch.from_numpy(images).to(device), torch.from_numpy(conditions).to(device)
        self._kind, self._recipe, self._device = kind, recipe, device
        self._batch_norm_images = batch_norm_images
        self._shares = self._targets.mean(dim=0)  # (K,)
        self._generator = np.random.default_rng([seed, 1])
        labels = conditions.argmax(axis=1) if recipe.balanced else None
        self._views = UnlabelledViews(unlabelled, self.batch, seed) if unlabelled is not None else None
        self._positions = positions or gan.data.order.shuffled_batches(len(images), labels, seed, 0, self.batch)

    def step(self, learning_rate: float | None = None) -> None:
        """One optimiser step, at this learning rate where it is given."""
        chosen = torch.from_numpy(next(self._positions)).to(self._device)
        x, targets = self._recipe.augment(self._images[chosen], self._generator), self._targets[chosen]  # (N, C, H, H)
        if self._recipe.mix is not None:
            x, targets = self._recipe.mix(x, targets, self._generator)
        if self._views is not None:
            x = torch.cat([x, self._views.draw(self._recipe.augment, self._generator).to(self._device)])
        with autocast(self._device):
            logits = self.network(x).float()  # (N, K), with unlabelled images (N + 2 M, K)
        n = len(targets)
        loss = self._recipe.loss[self._kind](logits[:n], targets, self._shares)
        if self._views is not None:
            loss = loss + self._views.share * consistency_loss(logits[n:])
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        if learning_rate is not None:
            for group in self.optimiser.param_groups:
                group["lr"] = learning_rate
        self.optimiser.step()
        self.steps += 1

    def validate(self, validate: Validate) -> float:
        """The score of the network, after its batch norm was recomputed from training images: unlabelled ones where
        there are some, which are most of what it sees, and labelled ones where these are too few."""
        sample = self._images[:0]
        if self._views is not None:
            sample = self._views.sample(self._batch_norm_images, self._generator).to(self._device)
        if len(sample) < self._batch_norm_images:
            rows = self._generator.permutation(len(self._images))[: self._batch_norm_images - len(sample)]
            sample = torch.cat([sample, self._images[torch.from_numpy(rows).to(self._device)]])
        _recompute_batch_norm(self.network, sample, self._recipe.augment, self._generator)
        score = validate(self.network.eval())
        self.network.train()
        return score


def _one_cycle(optimiser: torch.optim.Optimizer, rate: float, steps: int) -> torch.optim.lr_scheduler.OneCycleLR:
    """One cycle of the learning rate over so many steps.

    torch divides by the length of the warm-up, which is WARM_UP * steps - 1: 0 for five steps.
    """
    warm_up = 2 * WARM_UP if WARM_UP * steps == 1 else WARM_UP
    return torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=warm_up)


@torch.no_grad()
def _recompute_batch_norm(
    network: Classifier, images: Tensor, augment: Augment, generator: np.random.Generator
) -> None:
    """Recompute batch norm's means and variances from training images uint8 (n, C, H, H).

    In a short training the running statistics lag behind the weights: a classifier can rank images well and still get
    most of them wrong, which would bias the comparison of arms (Wu and Johnson 2021, arXiv:2105.07576).
    """
    layers = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # cumulative mean over all batches
    for chunk in images.tensor_split(-(-len(images) // BATCH)):  # nearly equal sizes: batch norm needs two images
        with autocast(images.device.type):
            network(augment(chunk, generator))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


class _BestState:
    """The network state with the highest validation score so far, the latest of equal ones."""

    def __init__(self) -> None:
        self.score = -math.inf
        self._state: dict[str, Tensor] | None = None

    def update(self, score: float, network: Classifier) -> None:
        if score >= self.score:
            self.score = score
            self._state = {name: value.clone() for name, value in network.state_dict().items()}

    def restore(self, network: Classifier) -> Classifier:
        if self._state is not None:
            network.load_state_dict(self._state)
        return network


@dataclass
class _Plateau:
    """The training state with the highest score so far, the first of equal ones, and the checks since."""

    score: float = -math.inf
    waited: int = 0
    steps: int = 0
    _state: tuple[dict[str, Tensor], dict[str, object]] | None = field(default=None, repr=False)

    def update(self, score: float, training: _Training) -> None:
        self.waited += 1
        if score > self.score:
            self.score, self.waited, self.steps = score, 0, training.steps
            self._state = copy.deepcopy((training.network.state_dict(), training.optimiser.state_dict()))

    def reached(self, steps: int, stopping: EarlyStopping) -> bool:
        return self.waited >= stopping.patience and steps >= stopping.min_steps

    def restore(self, training: _Training) -> None:
        """Return to that state; the order of the batches goes on."""
        if self._state is not None:
            training.network.load_state_dict(self._state[0])
            training.optimiser.load_state_dict(self._state[1])
