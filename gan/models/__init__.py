"""The networks, one file a family, built from the dataset's info and the model section of the config.

A family is a module of `FAMILIES`, whose keys are the choices of `model.family`: it has a `Generator`, a
`Discriminator` and `initialise`, which draws the first weights of either.
"""

from types import ModuleType

from torch import nn

from gan.config.run_config import ModelConfig
from gan.data.info import DatasetInfo
from gan.data.subclasses import condition_width
from gan.models import dcgan, projection

FAMILIES: dict[str, ModuleType] = {"dcgan": dcgan, "projection": projection}


def networks(config: ModelConfig, info: DatasetInfo) -> tuple[nn.Module, nn.Module]:
    """A new generator (z (N, Z), conditions (N, K) -> images) and discriminator (images, conditions -> logits (N,)).

    K is that of the set, or more where they are told of kinds within its classes.
    """
    family, conditions = FAMILIES[config.family], condition_width(len(info.names), config.subclasses)
    generator = family.Generator(info.image_size, info.channels, conditions, config.latent, config.width)
    discriminator = family.Discriminator(info.image_size, info.channels, conditions, config.width)
    for network in (generator, discriminator):
        family.initialise(network)
    return generator, discriminator
