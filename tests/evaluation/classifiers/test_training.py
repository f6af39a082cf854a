"""How long classifiers train: a fixed length, or until validation stops improving."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan.evaluation.budget import EarlyStopping
from gan.evaluation.classifiers.consistency import UnlabelledViews
from gan.evaluation.classifiers.recipes import RECIPES, Recipe
from gan.evaluation.classifiers.small_resnet import Classifier, predict
from gan.evaluation.classifiers.training import starting_from, train_classifier, train_to_plateau

LABELS = np.arange(24) % 2
CONDITIONS = np.eye(2, dtype=np.float32)[LABELS]


def spots() -> np.ndarray:
    """Noise (24, 1, 16, 16), with a bright square in the images of class 1."""
    images = np.random.default_rng(0).integers(0, 100, (24, 1, 16, 16), dtype=np.uint8)
    images[LABELS == 1, :, 4:12, 4:12] += 120
    return images


def scripted(scores: list[float]) -> Callable[[Classifier], float]:
    """A validation that gives these scores one by one."""
    left = iter(scores)
    return lambda network: next(left)


class Mean(nn.Module):
    """A body that sees the mean of each image alone: (N, C, H, H) to (N, 1)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(1, 2, 3))[:, None]


def tiny() -> Classifier:
    return Classifier(16, 1, 2, Mean(), 1)


@pytest.mark.parametrize("steps", [2, 3, 4, 5, 6, 10])
def test_a_training_may_have_any_number_of_steps(steps: int) -> None:
    network = train_classifier(spots(), CONDITIONS, "class", images_seen=24 * steps, network=tiny)
    torch.manual_seed(0)
    start, trained = tiny().head.weight, network.head.weight
    assert trained.isfinite().all()
    assert (trained != start).all()


def test_few_unlabelled_images_weigh_and_normalise_no_more_than_their_share() -> None:
    images, scores = spots(), []

    def accuracy(network: Classifier) -> float:
        scores.append(float((predict(network, images)[1].numpy().argmax(axis=1) == LABELS).mean()))
        return scores[-1]

    black = np.zeros((1, 1, 16, 16), dtype=np.uint8)
    train_classifier(images, CONDITIONS, "class", images_seen=24 * 40, unlabelled=black, validate=accuracy)
    assert scores[-1] == 1.0
    assert UnlabelledViews(black, 24, 0).share == 1 / 48
    assert UnlabelledViews(np.repeat(black, 48, axis=0), 24, 0).share == 1


def test_training_ends_when_validation_stops_improving_and_cools_the_best_state_down() -> None:
    rule = EarlyStopping(check_every=10, patience=2, min_steps=0, max_steps=100, cooldown=0.5)
    scores = [0.5, 0.7, 0.6, 0.7, *[0.8, 0.9, 0.85]]
    trained = train_to_plateau(
        spots(), CONDITIONS, "class", scripted(scores), stopping=rule, network=tiny, seed=3, batch=8
    )
    assert (trained.plateaued, trained.scores, trained.score) == (True, scores, 0.9)
    assert (trained.steps, trained.kept_steps) == (40 + 10, 20 + 10)  # the best came after 20; half of it to cool down


def test_training_goes_on_to_its_limits() -> None:
    rule = EarlyStopping(check_every=10, patience=1, min_steps=30, max_steps=45, cooldown=0.2)
    improving = train_to_plateau(
        spots(), CONDITIONS, "class", scripted([*np.linspace(0, 1, 5), 1, 1, 1]), stopping=rule, network=tiny
    )
    assert (improving.plateaued, improving.steps, len(improving.scores)) == (False, 45 + 9, 8)
    worsening = train_to_plateau(
        spots(), CONDITIONS, "class", scripted([3, 2, 1, 0, 0, 0]), stopping=rule, network=tiny
    )
    assert (worsening.plateaued, worsening.steps, worsening.kept_steps) == (True, 30 + 2, 10 + 2)
    assert rule.most_steps == 54


def test_the_state_before_the_wait_is_the_one_that_is_cooled_down() -> None:
    seen: list[Tensor] = []

    def watched(scores: list[float]) -> Callable[[Classifier], float]:
        left = iter(scores)

        def score(network: Classifier) -> float:
            seen.append(network.head.weight.detach().clone())
            return next(left)

        return score

    rule = EarlyStopping(check_every=50, patience=2, min_steps=0, max_steps=200, cooldown=0.001)
    train_to_plateau(spots(), CONDITIONS, "class", watched([1, 0, 0, 0]), stopping=rule, network=tiny)
    best, _, last, cooled = seen
    assert (cooled - best).abs().max() < 0.2 * (last - best).abs().max()


def test_the_most_steps_grow_with_the_share_of_added_images() -> None:
    rule = EarlyStopping(check_every=100, patience=5, min_steps=300, max_steps=3_000).extended(1.5)
    assert rule == EarlyStopping(check_every=100, patience=5, min_steps=300, max_steps=4_500)


def test_a_classifier_of_open_length_learns_and_is_reproducible() -> None:
    images = spots()
    rule = EarlyStopping(check_every=5, patience=2, min_steps=0, max_steps=40)

    def validate(network: Classifier) -> float:
        return float((predict(network, images)[1].argmax(dim=1).numpy() == LABELS).mean())

    trained, again = (
        train_to_plateau(images, CONDITIONS, "class", validate, stopping=rule, batch=12) for _ in range(2)
    )
    assert trained.score == 1.0
    assert trained.plateaued
    assert torch.equal(trained.network.head.weight, again.network.head.weight)


def test_a_trained_network_can_be_trained_further() -> None:
    images = spots()
    first = train_classifier(images, CONDITIONS, "class", images_seen=24 * 3, network=tiny)
    weights = first.head.weight.clone()
    rule = EarlyStopping(check_every=1, patience=1, min_steps=0, max_steps=1)
    further = train_to_plateau(
        images, CONDITIONS, "class", lambda network: 0.0, stopping=rule, network=starting_from(first)
    ).network
    assert torch.equal(first.head.weight, weights)
    assert 0 < float((further.head.weight - weights).abs().max()) < 1e-3  # two steps at a low rate from there


def test_a_balanced_recipe_shows_classes_equally_often() -> None:
    images, shown = spots()[:16], []
    conditions = np.eye(2, dtype=np.float32)[[0] * 12 + [1] * 4]

    def count(images: Tensor, targets: Tensor, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        shown.append(targets.sum(dim=0).tolist())
        return images, targets

    rule = EarlyStopping(check_every=3, patience=1, min_steps=0, max_steps=3)
    for balanced, counts in ((False, [12, 4]), (True, [8, 8])):
        shown.clear()
        recipe = Recipe(mix=count, balanced=balanced)
        train_to_plateau(
            images, conditions, "class", lambda network: 0.0, stopping=rule, recipe=recipe, network=tiny, batch=16
        )
        assert shown == [counts] * 4


def test_a_recipe_decides_on_batches_loss_and_mixing() -> None:
    batches: list[tuple[int, float]] = []

    def mix(images: Tensor, targets: Tensor, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        return images.float(), torch.full_like(targets, 0.5)

    def loss(logits: Tensor, targets: Tensor, shares: Tensor) -> Tensor:
        batches.append((len(logits), float(targets.unique())))
        assert shares.tolist() == [0.5, 0.5]
        return logits.square().mean()

    rule = EarlyStopping(check_every=2, patience=1, min_steps=0, max_steps=4, cooldown=0.5)
    train_to_plateau(
        spots(),
        CONDITIONS,
        "class",
        lambda network: 0.0,
        stopping=rule,
        recipe=Recipe(mix=mix, loss={"class": loss}),
        network=tiny,
        batch=6,
    )
    assert set(batches) == {(6, 0.5)}


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if not recipe.balanced])
def test_every_recipe_but_balanced_sampling_learns_attributes(name: str) -> None:
    images, targets = spots(), np.stack([LABELS, np.arange(24) % 3 == 0], axis=1).astype(np.float32)
    images[targets[:, 1] == 1, :, :3] = 255
    rule = EarlyStopping(check_every=10, patience=2, min_steps=0, max_steps=40)

    def validate(network: Classifier) -> float:
        return float(((predict(network, images)[1].numpy() > 0) == targets).mean())

    trained = train_to_plateau(images, targets, "attributes", validate, stopping=rule, recipe=RECIPES[name], batch=12)
    assert trained.score > 0.9
