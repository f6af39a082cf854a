"""The projection GAN: the DCGAN's convolutions with other conditioning (Miyato and Koyama 2018, arXiv:1802.05637).

The generator has conditional batch norm (Dumoulin et al. 2017, arXiv:1610.07629) and takes the condition concatenated
to z. The discriminator adds to an unconditional logit the inner product of the image's features with an embedding of
the condition. The modulation of the batch norm starts at zero. docs/results.md compares the families.

Letters: N images, C channels, H = W the side, Z latent, K conditions, F = width.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan.models.layers import Conv2d, ConvTranspose2d, UpsamplingConv2d
from gan.models.levels import level_widths


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm of maps (N, F, h, h) with a scale and a shift that are linear in the conditions (N, K)."""

    def __init__(self, features: int, conditions: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(features)
        self.modulation = nn.Linear(conditions, 2 * features, bias=False)

    def forward(self, maps: Tensor, conditions: Tensor) -> Tensor:
        scale, shift = self.modulation(conditions)[:, :, None, None].chunk(2, dim=1)  # (N, F, 1, 1) each
        normalised = self.norm(maps)  # (N, F, h, h)
        return torch.addcmul(shift.to(normalised.dtype), normalised, 1 + scale.to(normalised.dtype))


class Generator(nn.Module):
    """z (N, Z) and conditions (N, K) to images (N, C, H, H) in [-1, 1].

    With `upsampling` "nearest" instead of "transposed" maps are doubled by nearest neighbours and a convolution.
    """

    def __init__(
        self,
        size: int,
        channels: int,
        conditions: int,
        latent: int,
        width: int,
        upsampling: str = "transposed",
    ):
        super().__init__()
        self.latent = latent
        features = level_widths(size, width)[::-1]  # 4 x 4 maps first
        self.first = ConvTranspose2d(latent + conditions, features[0], 4, 1, 0)  # (N, features[0], 4, 4)
        self.norms = nn.ModuleList(ConditionalBatchNorm2d(count, conditions) for count in features)
        self.doublings = nn.ModuleList(
            UpsamplingConv2d(coarse, fine) if upsampling == "nearest" else ConvTranspose2d(coarse, fine, 4, 2, 1)
            for coarse, fine in zip(features, [*features[1:], channels], strict=True)
        )

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        maps = self.first(torch.cat([z, conditions], dim=1)[:, :, None, None])
        for norm, convolution in zip(self.norms, self.doublings, strict=True):
            maps = convolution(F.relu(norm(maps, conditions)))  # half the channels, twice the side
        return torch.tanh(maps)  # (N, C, H, H)


class Discriminator(nn.Module):
    """Images (N, C, H, H) in [-1, 1] and conditions (N, K) to logits (N,), above 0 for real.

    Conditions (M, N, K) give logits (M, N), in one pass over the images.

    The first convolution has a bias. Without one, all layers up to the first batch norm scale with the image, and batch
    norm takes the scale out: D would not see by how much the contrast of a whole batch is too strong, and G drifts
    (docs/results.md, bad stretches).
    """

    def __init__(self, size: int, channels: int, conditions: int, width: int):
        super().__init__()
        features = level_widths(size, width)
        layers: list[nn.Module] = [Conv2d(channels, features[0], 4, 2, 1, bias=True), nn.LeakyReLU(0.2, inplace=True)]
        for fine, coarse in itertools.pairwise(features):
            layers += [Conv2d(fine, coarse, 4, 2, 1), nn.BatchNorm2d(coarse), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers)  # (N, features[-1], 4, 4)
        self.score = Conv2d(features[-1], 1, 4, 1, 0)
        self.features = nn.Linear(16 * features[-1], features[-1], bias=False)
        self.vectors = nn.Linear(conditions, features[-1], bias=False)

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        maps = self.layers(images)
        features = self.features(maps.permute(0, 2, 3, 1).flatten(1))  # (N, features[-1])
        projection = (self.vectors(conditions) * features).sum(dim=-1) / math.sqrt(features.shape[1])  # (N,) or (M, N)
        logits: Tensor = self.score(maps).flatten() + projection
        return logits


@torch.no_grad()
def init_weights(network: nn.Module) -> None:
    """Initialise weights as the DCGAN's; linear layers N(0, 0.02), embeddings N(0, 1), modulation 0.

    Biases of convolutions are N(0, 0.05), about as large as what the first one gives of an image: D sees contrast from
    the first step on.
    """
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.normal_(module.bias, 0.0, 0.05)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            deviation = {"vectors": 1.0, "features": 0.02}.get(name.rpartition(".")[2], 0.0)
            nn.init.normal_(module.weight, 0.0, deviation)
