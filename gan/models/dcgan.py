"""The conditional DCGAN of the report: Radford et al. 2016 (arXiv:1511.06434), conditioned as Mirza and Osindero 2014.

The generator starts from z and the condition side by side and doubles the picture's side by transposed convolutions;
the discriminator sees the image with the condition as K constant planes beside it, and halves it by strided ones.
The layers are torch's own, computed faster where the processor allows (`layers.py`).
Conditions are the rows themselves, one-hot or 0/1 each: a learnt embedding drawn from N(0, 1) let the generator
forget z and give one image a class.

Letters: N images, C channels, H = W the side, Z latent, K conditions, F = width.
"""

import torch
from torch import Tensor, nn

from gan.models.layers import ConditionalConv2d, Conv2d, ConvTranspose2d


def resolution_levels(size: int) -> int:
    """Doublings between the 4 x 4 maps and the image: 3 at 32 px, 4 at 64 px, 5 at 128 px."""
    assert size in (32, 64, 128), size
    return size.bit_length() - 3


class Generator(nn.Module):
    """z (N, Z) and conditions (N, K) to images (N, C, H, H) in [-1, 1]."""

    def __init__(self, size: int, channels: int, conditions: int, latent: int, width: int):
        super().__init__()
        self.latent = latent
        levels = resolution_levels(size)
        features = width << (levels - 1)
        layers: list[nn.Module] = [  # (N, Z + K, 1, 1)
            ConvTranspose2d(latent + conditions, features, 4, 1, 0),
            nn.BatchNorm2d(features),
            nn.ReLU(inplace=True),
        ]  # (N, F * 2^(levels - 1), 4, 4)
        # Each halves the maps and doubles the side: at 64 px 8F x 4, 4F x 8, 2F x 16, F x 32.
        for _ in range(levels - 1):
            layers += [
                ConvTranspose2d(features, features // 2, 4, 2, 1),
                nn.BatchNorm2d(features // 2),
                nn.ReLU(inplace=True),
            ]
            features //= 2
        layers += [ConvTranspose2d(features, channels, 4, 2, 1), nn.Tanh()]  # (N, C, H, H)
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        images: Tensor = self.layers(torch.cat([z, conditions], dim=1)[:, :, None, None])
        return images


class Discriminator(nn.Module):
    """Images (N, C, H, H) in [-1, 1] and their conditions (N, K) to logits (N,): above 0 means real.

    Conditions (M, N, K), M for each image, give logits (M, N), by M passes.
    """

    def __init__(self, size: int, channels: int, conditions: int, width: int):
        super().__init__()
        features = width
        self.first = ConditionalConv2d(channels, conditions, features)  # (N, F, H / 2, H / 2)
        layers: list[nn.Module] = [nn.LeakyReLU(0.2, inplace=True)]  # no batch norm on the image itself
        # Each doubles the maps and halves the side: at 64 px F x 32, 2F x 16, 4F x 8, 8F x 4.
        for _ in range(resolution_levels(size) - 1):
            layers += [
                Conv2d(features, features * 2, 4, 2, 1),
                nn.BatchNorm2d(features * 2),
                nn.LeakyReLU(0.2, inplace=True),
            ]
            features *= 2
        layers += [Conv2d(features, 1, 4, 1, 0)]  # (N, 1, 1, 1)
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        if conditions.ndim == 3:
            return torch.stack([self(images, condition) for condition in conditions])
        logits: Tensor = self.layers(self.first(images, conditions))
        return logits.flatten()


@torch.no_grad()
def init_weights(network: nn.Module) -> None:
    """Draw the weights as the paper does: convolutions N(0, 0.02), batch norm N(1, 0.02) with offset 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
