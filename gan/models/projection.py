"""The projection GAN: the DCGAN's ladder, conditioned at every level (Miyato and Koyama 2018, arXiv:1802.05637).

The layers that double and halve the picture are the DCGAN's. What differs is where the condition comes in: beside z and
by the gain and offset of each batch norm in the generator (Dumoulin et al. 2017, arXiv:1610.07629), and in the
discriminator as an inner product of the image's features with the condition's own vector, beside a score of the image
alone. So the image itself stays free of condition planes, and neither network has to carry the condition through its
layers. The modulation starts at zero: the condition gains its influence on the norms as it is learnt. How the two
families compare was measured: docs/results.md.

Letters: N images, C channels, H = W the side, Z latent, K conditions, F = width.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan.models.dcgan import resolution_levels
from gan.models.layers import Conv2d, ConvTranspose2d


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm of maps (N, F, h, h) whose gain and offset are moved by a linear map of the conditions (N, K)."""

    def __init__(self, features: int, conditions: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(features)
        self.modulation = nn.Linear(conditions, 2 * features, bias=False)

    def forward(self, maps: Tensor, conditions: Tensor) -> Tensor:
        gain, offset = self.modulation(conditions)[:, :, None, None].chunk(2, dim=1)  # (N, F, 1, 1) each
        normalised = self.norm(maps)  # (N, F, h, h)
        return torch.addcmul(offset.to(normalised.dtype), normalised, 1 + gain.to(normalised.dtype))


class Generator(nn.Module):
    """z (N, Z) and conditions (N, K) to images (N, C, H, H) in [-1, 1]."""

    def __init__(self, size: int, channels: int, conditions: int, latent: int, width: int):
        super().__init__()
        self.latent = latent
        features = [width << level for level in reversed(range(resolution_levels(size)))]  # coarse to fine
        self.first = ConvTranspose2d(latent + conditions, features[0], 4, 1, 0)  # (N, F * 2^(levels - 1), 4, 4)
        self.norms = nn.ModuleList(ConditionalBatchNorm2d(count, conditions) for count in features)
        self.doublings = nn.ModuleList(
            ConvTranspose2d(coarse, fine, 4, 2, 1)
            for coarse, fine in zip(features, [*features[1:], channels], strict=True)
        )

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        maps = self.first(torch.cat([z, conditions], dim=1)[:, :, None, None])
        for norm, convolution in zip(self.norms, self.doublings, strict=True):
            maps = convolution(F.relu(norm(maps, conditions)))  # half the maps, twice the side
        return torch.tanh(maps)  # (N, C, H, H)


class Discriminator(nn.Module):
    """Images (N, C, H, H) in [-1, 1] and their conditions (N, K) to logits (N,): above 0 means real.

    Conditions (M, N, K), M for each image, give logits (M, N) for hardly more work.
    """

    def __init__(self, size: int, channels: int, conditions: int, width: int):
        super().__init__()
        features = width
        layers: list[nn.Module] = [Conv2d(channels, features, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
        for _ in range(resolution_levels(size) - 1):
            layers += [
                Conv2d(features, features * 2, 4, 2, 1),
                nn.BatchNorm2d(features * 2),
                nn.LeakyReLU(0.2, inplace=True),
            ]
            features *= 2
        self.layers = nn.Sequential(*layers)  # (N, F * 2^(levels - 1), 4, 4)
        self.score = Conv2d(features, 1, 4, 1, 0)
        self.features = nn.Linear(16 * features, features, bias=False)
        self.vectors = nn.Linear(conditions, features, bias=False)

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        maps = self.layers(images)
        features = self.features(maps.permute(0, 2, 3, 1).flatten(1))  # (N, F * 2^(levels - 1))
        agreement = (self.vectors(conditions) * features).sum(dim=-1) / math.sqrt(features.shape[1])  # (N,) or (M, N)
        logits: Tensor = self.score(maps).flatten() + agreement
        return logits


@torch.no_grad()
def init_weights(network: nn.Module) -> None:
    """Draw the first weights: the DCGAN's N(0, 0.02), no modulation, and a condition's vector from N(0, 1)."""
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            spread = {"vectors": 1.0, "features": 0.02}.get(name, 0.0)
            nn.init.normal_(module.weight, 0.0, spread)
