"""What training can change without generated images: values by hand."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gan.evaluation.classifiers import recipes
from gan.evaluation.classifiers.recipes import RECIPES

SHARES = torch.tensor([0.8, 0.2])


def batch(channels: int = 1) -> tuple[Tensor, Tensor]:
    """Images uint8 (8, C, 20, 20), each of one grey level 0, 10, ... 70, and their targets (8, 8)."""
    levels = torch.arange(0, 80, 10, dtype=torch.uint8)[:, None, None, None]
    return levels.expand(-1, channels, 20, 20).clone(), torch.eye(8)


def test_mixup_averages_images_and_targets_by_the_same_weight() -> None:
    images, targets = batch()
    mixed, soft = recipes.mixup(images, targets, np.random.default_rng(0))
    assert mixed.shape == images.shape
    assert mixed.is_floating_point()
    assert torch.allclose(soft.sum(dim=1), torch.ones(8))
    assert int((soft > 0).sum(dim=1).max()) == 2
    expected = (soft * 10 * torch.arange(8)).sum(dim=1)  # the mean of the grey levels
    assert torch.allclose(mixed, expected[:, None, None, None].expand_as(mixed), atol=1e-3)
    weights = [float(recipes.mixup(images, targets, np.random.default_rng(seed))[1][0, 0]) for seed in range(200)]
    assert np.mean(weights) == pytest.approx(0.5, abs=0.1)
    assert np.mean([0.1 < weight < 0.9 for weight in weights]) == pytest.approx(0.34, abs=0.1)  # Beta(0.2, 0.2)


def test_cutmix_weighs_targets_by_the_area_of_the_box() -> None:
    images, targets = batch(3)
    areas = []
    for seed in range(20):
        mixed, soft = recipes.cutmix(images, targets, np.random.default_rng(seed))
        for i in range(8):
            levels, counts = mixed[i, 0].unique(return_counts=True)
            for level, count in zip(levels.tolist(), counts.tolist(), strict=True):
                assert float(soft[i, int(level) // 10]) == pytest.approx(count / 400, abs=1e-5)
        areas.append(float(soft[0, 0]))
        assert (mixed[:, 0] == mixed[:, 2]).all()
    assert min(areas) < 0.5 < max(areas)


def test_focal_loss_counts_what_is_easy_less() -> None:
    logits = torch.tensor([[math.log(3.0), 0.0], [math.log(1 / 9), 0.0]])  # p = 0.75 and 0.1 of class 0
    targets = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    expected = (0.25**2 * -math.log(0.75) + 0.9**2 * -math.log(0.1)) / 2
    assert float(recipes.focal_loss(logits, targets, SHARES)) == pytest.approx(expected)
    half = torch.tensor([[0.5, 0.5]])
    expected = 0.5 * (0.25**2 * -math.log(0.75) + 0.75**2 * -math.log(0.25))
    assert float(recipes.focal_loss(logits[:1], half, SHARES)) == pytest.approx(expected)


def test_class_weights_make_classes_weigh_the_same() -> None:
    logits = torch.tensor([[math.log(3.0), 0.0], [math.log(3.0), 0.0]])
    targets = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    expected = (0.625 * -math.log(0.75) + 2.5 * -math.log(0.25)) / 2  # 1 / (2 * 0.8) and 1 / (2 * 0.2)
    assert float(recipes.class_weighted_cross_entropy(logits, targets, SHARES)) == pytest.approx(expected)
    equal = torch.tensor([0.5, 0.5])
    plain = float(torch.nn.functional.cross_entropy(logits, targets))
    assert float(recipes.class_weighted_cross_entropy(logits, targets, equal)) == pytest.approx(plain)
    assert float(recipes.cross_entropy(logits, targets, SHARES)) == pytest.approx(plain)


def test_losses_of_attributes_by_hand() -> None:
    logits = torch.tensor([[math.log(3.0), math.log(1 / 9)]])  # p = 0.75 and 0.1
    targets, shares = torch.tensor([[1.0, 0.0]]), torch.tensor([0.2, 0.5])
    missed, imagined = -math.log(0.75), -math.log(0.9)
    assert float(recipes.binary_cross_entropy(logits, targets, shares)) == pytest.approx((missed + imagined) / 2)
    weighted = float(recipes.weighted_binary_cross_entropy(logits, targets, shares))
    assert weighted == pytest.approx((4 * missed + imagined) / 2)  # 0.8 / 0.2
    absent = float(recipes.weighted_binary_cross_entropy(logits, 1 - targets, shares))
    assert absent == pytest.approx((-math.log(0.25) - math.log(0.1)) / 2)
    focal = float(recipes.binary_focal_loss(logits, targets, shares))
    assert focal == pytest.approx((0.25**2 * missed + 0.1**2 * imagined) / 2)
    soft = float(recipes.binary_focal_loss(logits, torch.tensor([[0.5, 0.0]]), shares))
    expected = 0.5 * (0.25**2 * missed + 0.75**2 * -math.log(0.25))
    assert soft == pytest.approx((expected + 0.1**2 * imagined) / 2)


def test_mixing_averages_attributes_too() -> None:
    images, targets = batch()[0], torch.ones(8, 3)
    targets[:4, 1] = 0
    for mix in (recipes.mixup, recipes.cutmix):
        soft = mix(images, targets, np.random.default_rng(0))[1]
        assert (soft[:, [0, 2]] == 1).all()  # all images have them
        assert ((soft[:, 1] >= 0) & (soft[:, 1] <= 1)).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_trivial_augment_changes_each_image_differently(channels: int) -> None:
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, channels, 28, 28), dtype=np.uint8))
    images = image.expand(40, -1, -1, -1)
    changed = recipes.trivial_augment(images, np.random.default_rng(1))
    assert changed.dtype == torch.uint8
    assert changed.shape == images.shape
    assert len(torch.unique(changed.flatten(1), dim=0)) > 25
    assert torch.equal(changed, recipes.trivial_augment(images, np.random.default_rng(1)))


def test_transforms_of_torchvision_leave_torchs_random_numbers_alone() -> None:
    images, targets = batch()
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    recipes.trivial_augment(images, np.random.default_rng(0))
    recipes.mixup(images, targets, np.random.default_rng(0))
    recipes.cutmix(images, targets, np.random.default_rng(0))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_gives_a_finite_loss(name: str) -> None:
    recipe, generator = RECIPES[name], np.random.default_rng(0)
    images, targets = batch(3)
    x = recipe.augment(images, generator)
    assert x.dtype == torch.uint8
    if recipe.mix is not None:
        x, targets = recipe.mix(x, targets, generator)
        assert 0 <= float(x.min()) <= float(x.max()) <= 255
    for loss in recipe.loss.values():
        assert math.isfinite(float(loss(torch.randn(8, 8), targets, torch.full((8,), 1 / 8))))
