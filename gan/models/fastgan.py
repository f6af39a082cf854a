"""A light FastGAN generator (Liu et al. 2021, arXiv:2101.04775), trained against a projected discriminator.

The generator upsamples by nearest neighbours and a convolution, which leaves no checkerboard. Each level ends in a
gated linear unit, and coarse maps scale the channels of fine ones (skip-layer excitation). As in the light variant of
Sauer et al. 2021 (arXiv:2111.01007) a level has one convolution. FastGAN's noise in the maps is left out, so that an
image depends on z and the condition alone. The condition modulates every batch norm and is concatenated to z, as in the
projection GAN. The discriminator: `projected_discriminator.py`.

Letters: N images, C channels, H = W the side, Z latent, K conditions, D and F channels in and out, h = w the side of
maps.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan.models.layers import ConvTranspose2d, UpsamplingConv2d
from gan.models.levels import generator_widths, skipped_levels
from gan.models.projected_discriminator import Discriminator
from gan.models.projection import ConditionalBatchNorm2d, init_weights

__all__ = ["Discriminator", "Generator", "init_weights"]


class GatedLinearUnit(nn.Module):
    """Maps (N, 2 F, h, h) to (N, F, h, h): one half times the sigmoid of the other.

    As `nn.GLU`, whose gradient is not channels last in memory, which makes batch norm slow on a CPU.
    """

    def forward(self, maps: Tensor) -> Tensor:
        values, gates = maps.chunk(2, dim=1)
        return values * torch.sigmoid(gates)


class SkipLayerExcitation(nn.Module):
    """Factors from 0 to 1 (N, F, 1, 1) for the channels of fine maps, from coarse maps (N, D, h, h), h at least 4."""

    def __init__(self, coarse: int, fine: int):
        super().__init__()
        self.pooled = nn.Conv2d(coarse, fine, 4, 1, 0, bias=False)
        self.factors = nn.Conv2d(fine, fine, 1, 1, 0, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        pooled = self.pooled(F.avg_pool2d(maps, maps.shape[2] // 4))  # of (N, D, 4, 4): (N, F, 1, 1)
        return torch.sigmoid(self.factors(F.silu(pooled)))


class Generator(nn.Module):
    """z (N, Z) and conditions (N, K) to images (N, C, H, H) in [-1, 1]."""

    def __init__(self, size: int, channels: int, conditions: int, latent: int, width: int):
        super().__init__()
        self.latent = latent
        features = generator_widths(size, width)  # 4 x 4 maps first
        self.skipped = skipped_levels(size)
        self.gate = GatedLinearUnit()
        self.first = ConvTranspose2d(latent + conditions, 2 * features[0], 4, 1, 0)  # (N, 2 features[0], 4, 4)
        self.convolutions = nn.ModuleList(
            UpsamplingConv2d(coarse, 2 * fine) for coarse, fine in itertools.pairwise(features)
        )
        self.norms = nn.ModuleList(ConditionalBatchNorm2d(2 * count, conditions) for count in features)
        self.excitations = nn.ModuleList(
            SkipLayerExcitation(coarse, fine) for coarse, fine in zip(features, features[self.skipped :], strict=False)
        )
        self.last = nn.Conv2d(features[-1], channels, 3, 1, 1, bias=False)

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        maps = self.first(torch.cat([z, conditions], dim=1)[:, :, None, None])
        levels = [self.gate(self.norms[0](maps, conditions))]  # (N, features[0], 4, 4)
        for number, convolution in enumerate(self.convolutions, start=1):
            maps = self.gate(self.norms[number](convolution(levels[-1]), conditions))
            if number >= self.skipped:
                maps = maps * self.excitations[number - self.skipped](levels[number - self.skipped])
            levels.append(maps)
        return torch.tanh(self.last(levels[-1]))  # (N, C, H, H)
