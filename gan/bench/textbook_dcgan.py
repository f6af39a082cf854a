"""The conditional DCGAN and its training loop as tutorials write them: the baseline of `gan bench`.

Eager float32, `nn.Conv2d` and `nn.ConvTranspose2d`, the condition as planes beside the image, a DataLoader, Adam with
its default options, and `.item()` of each metric in each step. The networks start with the weights of ours.

Letters: N images, C channels, H = W the side, Z latent, K conditions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from gan.config.run_config import RunConfig
from gan.data.image_set import ImageSet
from gan.models import dcgan
from gan.training.checkpoint import State


class Generator(nn.Module):
    """z (N, Z) and conditions (N, K) to images (N, C, H, H)."""

    def __init__(self, ours: dcgan.Generator):
        super().__init__()
        self.layers = _plain(ours.layers)

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        images: Tensor = self.layers(torch.cat([z, conditions], dim=1)[:, :, None, None])
        return images


class Discriminator(nn.Module):
    """Images (N, C, H, H) and conditions (N, K) to logits (N,)."""

    def __init__(self, ours: dcgan.Discriminator):
        super().__init__()
        self.layers = _plain([ours.first, *ours.layers])

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        planes = conditions[:, :, None, None].expand(-1, -1, *images.shape[2:])  # (N, K, H, H)
        logits: Tensor = self.layers(torch.cat([images, planes], dim=1))
        return logits.flatten()


def _plain(ours: Iterable[nn.Module]) -> nn.Sequential:
    """The layers of one of our networks as plain torch layers with the same weights."""
    layers = nn.Sequential(*map(_layer, ours))
    return layers.to(memory_format=torch.contiguous_format)


def _layer(ours: nn.Module) -> nn.Module:
    plain: nn.Module
    match ours:
        case nn.Conv2d():
            plain = nn.Conv2d(ours.in_channels, ours.out_channels, 4, *_stride_and_padding(ours), bias=False)
        case nn.ConvTranspose2d():
            plain = nn.ConvTranspose2d(ours.in_channels, ours.out_channels, 4, *_stride_and_padding(ours), bias=False)
        case nn.BatchNorm2d():
            plain = nn.BatchNorm2d(ours.num_features)
        case _:  # an activation has no weights
            return ours
    plain.load_state_dict(ours.state_dict())
    return plain


def _stride_and_padding(layer: nn.Conv2d | nn.ConvTranspose2d) -> tuple[int, int]:
    return (1, 0) if layer.stride == (1, 1) else (2, 1)


@dataclass
class Textbook:
    """Networks and optimisers of the tutorial's loop."""

    generator: nn.Module
    discriminator: nn.Module
    for_generator: torch.optim.Optimizer
    for_discriminator: torch.optim.Optimizer

    @classmethod
    def from_state(cls, state: State, config: RunConfig) -> "Textbook":
        """Start with copies of the weights of `state`; raises AssertionError where it has no DCGAN."""
        ours = state.generator, state.discriminator
        assert isinstance(ours[0], dcgan.Generator)
        assert isinstance(ours[1], dcgan.Discriminator)
        networks = Generator(ours[0]), Discriminator(ours[1])
        device, betas = state.sums.device, (config.optim.beta1, config.optim.beta2)
        G, D = (network.to(device) for network in networks)
        G_adam, D_adam = (torch.optim.Adam(network.parameters(), config.optim.lr, betas) for network in (G, D))
        return cls(G, D, G_adam, D_adam)

    def step(self, x: Tensor, condition: Tensor, z: Tensor, bce: nn.Module) -> dict[str, float]:
        """One step on images (N, C, H, H) in [-1, 1], conditions (N, K) and noise (N, Z); returns the five metrics."""
        G, D = self.generator, self.discriminator
        ones, zeros = torch.ones(len(x), device=x.device), torch.zeros(len(x), device=x.device)
        D.zero_grad()
        D_x = D(x, condition)
        loss_real = bce(D_x, ones)
        loss_real.backward()
        G_z = G(z, condition)
        D_G_z1 = D(G_z.detach(), condition)
        loss_fake = bce(D_G_z1, zeros)
        loss_fake.backward()
        self.for_discriminator.step()
        G.zero_grad()
        D_G_z2 = D(G_z, condition)
        loss_g = bce(D_G_z2, ones)
        loss_g.backward()
        self.for_generator.step()
        return {
            "loss_d": (loss_real + loss_fake).item(),
            "loss_g": loss_g.item(),
            "d_x": D_x.sigmoid().mean().item(),
            "d_g_z1": D_G_z1.sigmoid().mean().item(),
            "d_g_z2": D_G_z2.sigmoid().mean().item(),
        }


def textbook_loop(textbook: Textbook, image_set: ImageSet, config: RunConfig, device: torch.device) -> Iterator[int]:
    """Train without end; yields the number of images of each step. Each `.item()` waits for the device."""
    scaled = torch.from_numpy(image_set.images).float() / 127.5 - 1
    loader = DataLoader(TensorDataset(scaled, torch.from_numpy(image_set.conditions)), config.train.batch, shuffle=True)
    bce = nn.BCEWithLogitsLoss()
    while True:
        for x, condition in loader:
            z = torch.randn(len(x), config.model.latent, device=device)
            textbook.step(x.to(device), condition.to(device), z, bce)
            yield len(x)
