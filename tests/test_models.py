"""The networks: shapes at every size, first weights, and that the counts shown before a start are the networks' own."""

import numpy as np
import pytest
import torch

from gan.config import ModelConfig
from gan.estimate import weights
from gan.facts import DataFacts
from gan.models import networks


def facts(size: int, channels: int, kinds: int) -> DataFacts:
    names = tuple(str(k) for k in range(kinds))
    return DataFacts(names, "class", channels, size, size, "", "", "", np.eye(kinds, dtype=np.uint8))


@pytest.mark.parametrize(("size", "channels", "kinds"), [(32, 1, 10), (64, 3, 40), (128, 3, 2)])
def test_images_go_in_and_out_at_every_size(size: int, channels: int, kinds: int) -> None:
    config = ModelConfig(width=8, latent=12)
    generator, discriminator = networks(config, facts(size, channels, kinds))
    conditions = torch.eye(kinds)[:2]
    made = generator(torch.randn(2, 12), conditions)
    assert made.shape == (2, channels, size, size)
    assert made.abs().max() <= 1
    assert discriminator(made, conditions).shape == (2,)
    counted = tuple(sum(p.numel() for p in network.parameters()) for network in (generator, discriminator))
    assert weights(config, size, channels, kinds) == counted


def test_first_weights_are_drawn_as_the_paper_says() -> None:
    torch.manual_seed(0)
    for network in networks(ModelConfig(width=32), facts(32, 1, 10)):
        for name, weight in network.named_parameters():
            mean, spread = weight.mean().item(), weight.std().item()
            if weight.ndim == 4:
                assert (mean, spread) == (pytest.approx(0, abs=0.002), pytest.approx(0.02, rel=0.1)), name
            elif name.endswith("weight"):
                assert (mean, spread) == (pytest.approx(1, abs=0.01), pytest.approx(0.02, rel=0.35)), name
            else:
                assert (weight == 0).all(), name


def test_both_networks_use_the_condition() -> None:
    generator, discriminator = networks(ModelConfig(width=8), facts(32, 1, 3))
    z, images = torch.randn(4, 100), torch.rand(4, 1, 32, 32)
    one, other = torch.eye(3)[[0] * 4], torch.eye(3)[[1] * 4]
    assert not torch.allclose(generator(z, one), generator(z, other))
    assert not torch.allclose(discriminator(images, one), discriminator(images, other))
