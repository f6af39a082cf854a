"""The networks, one file a family, built from the data's own facts and the model section of the config.

A family is a pair of functions in `FAMILIES`; its keys are the choices of `model.family`. Read next: `dcgan.py`.
"""

from collections.abc import Callable

from torch import nn

from gan.config import ModelConfig
from gan.facts import DataFacts
from gan.models import dcgan


def _dcgan(config: ModelConfig, facts: DataFacts) -> tuple[nn.Module, nn.Module]:
    generator = dcgan.Generator(facts.image_size, facts.channels, len(facts.names), config.latent, config.width)
    discriminator = dcgan.Discriminator(facts.image_size, facts.channels, len(facts.names), config.width)
    dcgan.initialise(generator)
    dcgan.initialise(discriminator)
    return generator, discriminator


FAMILIES: dict[str, Callable[[ModelConfig, DataFacts], tuple[nn.Module, nn.Module]]] = {"dcgan": _dcgan}


def networks(config: ModelConfig, facts: DataFacts) -> tuple[nn.Module, nn.Module]:
    """A new generator (z (N, Z), conditions (N, K) -> images) and discriminator (images, conditions -> logits (N,))."""
    return FAMILIES[config.family](config, facts)
