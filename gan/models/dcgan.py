"""The conditional DCGAN: Radford et al. 2016 (arXiv:1511.06434), conditioned as in Mirza and Osindero 2014.

The generator takes z and the condition concatenated and upsamples by transposed convolutions; the discriminator takes
the image and K constant condition planes as channels, and downsamples by strided convolutions. The layers compute what
torch's do, faster on some processors (`layers.py`).

Conditions are one-hot or 0/1 rows. With a learnt embedding initialised from N(0, 1) the generator ignored z.

Letters: N images, C channels, H = W the side, Z latent, K conditions, F = width.
"""

import itertools

import torch
from torch import Tensor, nn

from gan.models.layers import ConditionalConv2d, Conv2d, ConvTranspose2d
from gan.models.levels import level_widths


class Generator(nn.Module):
    """z (N, Z) and conditions (N, K) to images (N, C, H, H) in [-1, 1]."""

    def __init__(self, size: int, channels: int, conditions: int, latent: int, width: int):
        super().__init__()
        self.latent = latent
        features = level_widths(size, width)[::-1]  # 4 x 4 maps first
        layers: list[nn.Module] = [  # (N, Z + K, 1, 1)
            ConvTranspose2d(latent + conditions, features[0], 4, 1, 0),
            nn.BatchNorm2d(features[0]),
            nn.ReLU(inplace=True),
        ]
        # state size at 64 px: (8F) x 4 x 4, (4F) x 8 x 8, (2F) x 16 x 16, F x 32 x 32
        for coarse, fine in itertools.pairwise(features):
            layers += [ConvTranspose2d(coarse, fine, 4, 2, 1), nn.BatchNorm2d(fine), nn.ReLU(inplace=True)]
        layers += [ConvTranspose2d(features[-1], channels, 4, 2, 1), nn.Tanh()]  # (N, C, H, H)
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        images: Tensor = self.layers(torch.cat([z, conditions], dim=1)[:, :, None, None])
        return images


class Discriminator(nn.Module):
    """Images (N, C, H, H) in [-1, 1] and conditions (N, K) to logits (N,), above 0 for real.

    Conditions (M, N, K) give logits (M, N), in M passes.
    """

    def __init__(self, size: int, channels: int, conditions: int, width: int):
        super().__init__()
        features = level_widths(size, width)
        self.first = ConditionalConv2d(channels, conditions, features[0])  # (N, F, H / 2, H / 2)
        layers: list[nn.Module] = [nn.LeakyReLU(0.2, inplace=True)]  # no batch norm in the first layer
        # state size at 64 px: F x 32 x 32, (2F) x 16 x 16, (4F) x 8 x 8, (8F) x 4 x 4
        for fine, coarse in itertools.pairwise(features):
            layers += [Conv2d(fine, coarse, 4, 2, 1), nn.BatchNorm2d(coarse), nn.LeakyReLU(0.2, inplace=True)]
        layers += [Conv2d(features[-1], 1, 4, 1, 0)]  # (N, 1, 1, 1)
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        if conditions.ndim == 3:
            return torch.stack([self(images, condition) for condition in conditions])
        logits: Tensor = self.layers(self.first(images, conditions))
        return logits.flatten()


@torch.no_grad()
def init_weights(network: nn.Module) -> None:
    """Initialise weights as in the paper: convolutions N(0, 0.02); batch norm weight N(1, 0.02), bias 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
