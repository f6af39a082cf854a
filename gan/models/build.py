"""The families of networks by name, and new networks from a config.

A family is a module with a `Generator`, a `Discriminator` and `init_weights`. The keys of `FAMILIES` are the choices of
`model.family`.
"""

from types import ModuleType

from torch import nn

from gan.config.run_config import ModelConfig
from gan.data.info import DatasetInfo
from gan.data.subclasses import condition_width
from gan.models import dcgan, projection

FAMILIES: dict[str, ModuleType] = {"dcgan": dcgan, "projection": projection}


def build_networks(config: ModelConfig, info: DatasetInfo) -> tuple[nn.Module, nn.Module]:
    """Generator (z (N, Z), conditions (N, K) -> images) and discriminator (images, conditions -> logits (N,)).

    Their weights are drawn from torch's global generator. With subclasses K counts those too.
    """
    family, conditions = FAMILIES[config.family], condition_width(len(info.names), config.subclasses)
    generator = family.Generator(info.image_size, info.channels, conditions, config.latent, config.width)
    discriminator = family.Discriminator(info.image_size, info.channels, conditions, config.width)
    for network in (generator, discriminator):
        family.init_weights(network)
    return generator, discriminator
