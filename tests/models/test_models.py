"""The networks: shapes at every size, first weights, and that the counts shown before a start are the networks' own."""

import numpy as np
import pytest
import torch
from torch import nn

from gan.config import options
from gan.config.run_config import ModelConfig
from gan.data.info import DatasetInfo
from gan.data.subclasses import condition_width
from gan.models.build import FAMILIES, build_networks
from gan.models.layers import ConditionalConv2d, Conv2d, ConvTranspose2d, UpsamplingConv2d, _Down, _Outer, _Up
from gan.models.levels import level_widths
from gan.models.projection import ConditionalBatchNorm2d
from gan.training.estimate_memory import parameter_counts


def info(size: int, channels: int, classes: int) -> DatasetInfo:
    names = tuple(str(k) for k in range(classes))
    return DatasetInfo(names, "class", channels, size, size, "", "", "", np.eye(classes, dtype=np.uint8))


@pytest.mark.parametrize(
    ("family", "upsampling"), [*((family, "transposed") for family in FAMILIES), ("projection", "nearest")]
)
@pytest.mark.parametrize(
    ("size", "channels", "classes", "subclasses"),
    [(16, 1, 3, 1), (32, 1, 10, 1), (64, 3, 40, 1), (128, 3, 2, 1), (256, 1, 2, 1), (16, 1, 2, 2), (32, 3, 4, 5)],
)
def test_images_go_in_and_out_at_every_size(
    family: str, upsampling: str, size: int, channels: int, classes: int, subclasses: int
) -> None:
    values = {
        "model.family": family,
        "model.upsampling": upsampling,
        "model.width": 8,
        "model.latent": 12,
        "model.subclasses": subclasses,
    }
    config = options.build_config(values).model
    generator, discriminator = build_networks(config, info(size, channels, classes))
    conditions = torch.eye(condition_width(classes, subclasses))[:2]
    made = generator(torch.randn(2, 12), conditions)
    assert made.shape == (2, channels, size, size)
    assert made.abs().max() <= 1
    assert discriminator(made, conditions).shape[-1] == 2
    counted = tuple(sum(p.numel() for p in network.parameters()) for network in (generator, discriminator))
    assert parameter_counts(config, size, channels, classes) == counted


def test_feature_maps_double_down_to_4_px_up_to_sixteen_times_the_width() -> None:
    assert level_widths(16, 8) == [8, 16]  # 8 x 8 and 4 x 4 pixels
    assert level_widths(32, 8) == [8, 16, 32]
    assert level_widths(64, 64) == [64, 128, 256, 512]
    assert level_widths(128, 8) == [8, 16, 32, 64, 128]
    assert level_widths(256, 8) == [8, 16, 32, 64, 128, 128]


def test_weights_are_initialised_as_in_the_paper() -> None:
    torch.manual_seed(0)
    for network in build_networks(ModelConfig(width=32), info(32, 1, 10)):
        for name, weight in network.named_parameters():
            mean, spread = weight.mean().item(), weight.std().item()
            if weight.ndim == 4:
                assert (mean, spread) == (pytest.approx(0, abs=0.002), pytest.approx(0.02, rel=0.1)), name
            elif name.endswith("weight"):
                assert (mean, spread) == (pytest.approx(1, abs=0.01), pytest.approx(0.02, rel=0.35)), name
            else:
                assert (weight == 0).all(), name


@pytest.mark.parametrize("family", FAMILIES)
def test_both_networks_use_the_condition(family: str) -> None:
    config = options.build_config({"model.family": family, "model.width": 8}).model
    generator, discriminator = build_networks(config, info(32, 1, 3))
    z, images = torch.randn(4, 100), torch.rand(4, 1, 32, 32)
    one, other = torch.eye(3)[[0] * 4], torch.eye(3)[[1] * 4]
    assert not torch.allclose(generator(z, one), generator(z, other))
    assert not torch.allclose(discriminator(images, one), discriminator(images, other))


@pytest.mark.parametrize("family", FAMILIES)
def test_an_image_can_be_judged_under_several_conditions_at_once(family: str) -> None:
    config = options.build_config({"model.family": family, "model.width": 8})
    _, discriminator = build_networks(config.model, info(32, 1, 3))
    images, conditions = torch.rand(4, 1, 32, 32), torch.eye(3)[torch.tensor([[0, 1, 2, 0], [1, 1, 0, 2]])]
    together = discriminator(images, conditions)  # (2, 4), or (2, S, 4) from S heads
    torch.testing.assert_close(together, torch.stack([discriminator(images, one) for one in conditions]))


def test_conditional_batch_norm_starts_as_batch_norm_and_learns_scale_and_shift_by_condition() -> None:
    torch.manual_seed(0)
    norm = ConditionalBatchNorm2d(features=2, conditions=3)
    nn.init.zeros_(norm.modulation.weight)
    maps, conditions = torch.randn(8, 2, 4, 4), torch.eye(3)[[0, 1] * 4]
    plain = nn.BatchNorm2d(2)(maps)
    assert torch.equal(norm(maps, conditions), plain)
    with torch.no_grad():
        norm.modulation.weight[:, 1] = torch.tensor([0.5, 1.0, 7.0, 8.0])  # gains of both maps, then their offsets
    moved = norm(maps, conditions)
    assert torch.equal(moved[0::2], plain[0::2])  # condition 0 is not moved
    by_hand = plain[1::2] * torch.tensor([1.5, 2.0])[:, None, None] + torch.tensor([7.0, 8.0])[:, None, None]
    torch.testing.assert_close(moved[1::2], by_hand)


def test_layers_by_matrix_products_equal_the_convolutions() -> None:
    """On bfloat16 values of few bits every sum is exact in both ways, so that not even the rounding differs."""
    whole = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randint(-1, 2, shape, generator=whole).bfloat16()

    for side in (2, 4, 8):
        image, weight, maps = drawn(2, 3, 2 * side, 2 * side), drawn(5, 3, 4, 4), drawn(2, 5, side, side)
        for tensor in (image, weight, maps):
            tensor.requires_grad_()
        halving, doubling = Conv2d(3, 5, 4, 2, 1), ConvTranspose2d(5, 3, 4, 2, 1)
        halving.weight.data = doubling.weight.data = weight.data
        pairs = [
            (halving(image), torch.conv2d(image, halving.weight, None, 2, 1), (image, halving.weight)),
            (doubling(maps), torch.conv_transpose2d(maps, doubling.weight, None, 2, 1), (maps, doubling.weight)),
        ]
        for ours, torchs, inputs in pairs:
            assert (ours == torchs).all()
            towards = drawn(*ours.shape)
            by_ours = torch.autograd.grad(ours, inputs, towards)
            by_torch = torch.autograd.grad(torchs, inputs, towards)
            assert all((one == other).all() for one, other in zip(by_ours, by_torch, strict=True))


@pytest.mark.parametrize(
    ("ours", "torchs", "shape"),
    [
        (Conv2d(3, 5, 4, 2, 1), nn.Conv2d(3, 5, 4, 2, 1, bias=False), (2, 3, 16, 16)),
        (Conv2d(3, 1, 4, 1, 0), nn.Conv2d(3, 1, 4, 1, 0, bias=False), (2, 3, 4, 4)),
        (ConvTranspose2d(5, 3, 4, 2, 1), nn.ConvTranspose2d(5, 3, 4, 2, 1, bias=False), (2, 5, 8, 8)),
        (ConvTranspose2d(5, 3, 4, 1, 0), nn.ConvTranspose2d(5, 3, 4, 1, 0, bias=False), (2, 5, 1, 1)),
    ],
)
def test_layers_take_the_weights_of_torchs_layers_and_give_the_same(
    ours: nn.Module, torchs: nn.Module, shape: tuple[int, ...]
) -> None:
    ours.load_state_dict(torchs.state_dict())
    values = torch.randn(shape)
    torch.testing.assert_close(ours(values), torchs(values))


def test_condition_planes_equal_a_convolution_of_constant_channels() -> None:
    image, conditions = torch.randn(3, 2, 8, 8, dtype=torch.double), torch.randn(3, 6, dtype=torch.double)
    layer = ConditionalConv2d(2, 6, 7).double()
    nn.init.normal_(layer.weight)
    drawn = torch.cat([image, conditions[:, :, None, None].expand(-1, -1, 8, 8)], 1)
    torch.testing.assert_close(layer(image, conditions), torch.conv2d(drawn, layer.weight, None, 2, 1))


def test_second_derivatives_of_the_layers_are_right() -> None:
    """By finite differences in float64, which needs the products themselves."""
    image, weight, maps = torch.randn(1, 2, 4, 4), torch.randn(2, 2, 4, 4), torch.randn(1, 2, 2, 2)
    for operation, inputs in ((_Down, (image, weight)), (_Up, (maps, weight)), (_Outer, (image, maps))):
        inputs = tuple(one.double().requires_grad_() for one in inputs)
        assert torch.autograd.gradcheck(operation.apply, inputs)
        assert torch.autograd.gradgradcheck(operation.apply, inputs)


def test_upsampling_by_nearest_neighbours_leaves_no_checkerboard() -> None:
    """Away from the edges, maps that are constant stay so: first weights of transposed convolutions make a pattern."""

    def unevenness(layer: nn.Module) -> float:
        inner = layer(torch.ones(1, 8, 8, 8))[..., 2:-2, 2:-2]
        return float(inner.std(dim=(2, 3)).mean() / inner.abs().mean())

    torch.manual_seed(0)
    nearest, transposed = UpsamplingConv2d(8, 16), ConvTranspose2d(8, 16, 4, 2, 1)
    nn.init.normal_(transposed.weight, 0.0, 0.02)
    with torch.no_grad():
        assert unevenness(nearest) < 1e-5
        assert unevenness(transposed) > 0.3


def test_the_discriminator_of_projection_sees_contrast_that_a_whole_batch_shares() -> None:
    """Batch norm takes the scale of a batch out; the bias before it makes the logits depend on it."""
    torch.manual_seed(0)
    config = options.build_config({"model.family": "projection", "model.width": 16}).model
    D = build_networks(config, info(32, 3, 4))[1]
    images, conditions = 0.6 * torch.randn(16, 3, 32, 32).tanh(), torch.eye(4).repeat(4, 1)

    @torch.no_grad()
    def change() -> float:
        """The largest change of D's logits by half as much contrast again, as a share of their spread."""
        weak, strong = D(images, conditions), D(1.5 * images, conditions)
        return float((strong - weak).abs().max() / weak.std())

    (first,) = (layer for layer in D.modules() if isinstance(layer, Conv2d) and layer.bias is not None)
    assert first.bias is not None
    assert change() > 0.2
    nn.init.zeros_(first.bias)
    assert change() < 0.02
