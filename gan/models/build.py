"""The families of networks by name, and new networks from a config.

A family is a module with a `Generator`, a `Discriminator` and `init_weights`. The keys of `FAMILIES` are the choices of
`model.family`.
"""

from types import ModuleType

from torch import nn

from gan.config.run_config import ModelConfig
from gan.data.info import DatasetInfo
from gan.data.subclasses import condition_width
from gan.models import dcgan, efficientnet_weights, fastgan, projection

FAMILIES: dict[str, ModuleType] = {"dcgan": dcgan, "projection": projection, "fastgan": fastgan}

FROZEN_WEIGHTS = {"fastgan": efficientnet_weights.SHA256}
"""SHA-256 of the frozen weights file that a family's discriminator builds on; the other families have none."""


def build_generator(config: ModelConfig, info: DatasetInfo) -> nn.Module:
    """The generator (z (N, Z), conditions (N, K) -> images) alone, with random weights to be replaced."""
    generator: nn.Module = FAMILIES[config.family].Generator(
        info.image_size, info.channels, _conditions(config, info), config.latent, config.width, **own_options(config)
    )
    return generator


def own_options(config: ModelConfig) -> dict[str, str]:
    """The arguments of the family's `Generator` that other families do not have."""
    return {"upsampling": config.upsampling} if config.family == "projection" else {}


def build_networks(config: ModelConfig, info: DatasetInfo) -> tuple[nn.Module, nn.Module]:
    """Generator (z (N, Z), conditions (N, K) -> images) and discriminator (images, conditions -> logits (N,), or (S, N)
    from S heads).

    Their weights are drawn from torch's global generator. With subclasses K counts those too. Raises UserError where
    pretrained weights that the discriminator takes are not installed.
    """
    family = FAMILIES[config.family]
    generator = build_generator(config, info)
    discriminator = family.Discriminator(info.image_size, info.channels, _conditions(config, info), config.width)
    for network in (generator, discriminator):
        family.init_weights(network)
    return generator, discriminator


def _conditions(config: ModelConfig, info: DatasetInfo) -> int:
    return condition_width(len(info.names), config.subclasses)
