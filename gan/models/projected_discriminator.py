"""The projected discriminator (Sauer et al. 2021, arXiv:2111.01007): small heads on a pretrained network's features.

Images are upsampled and go through EfficientNet-Lite0, whose weights are frozen. Its maps at several resolutions are
mixed by random convolutions that are not trained either: across channels, and from coarse to fine across resolutions.
Each resolution has a head, which downsamples to 4 x 4 pixels and gives a logit of its own; the condition enters each by
projection, as in the projection GAN.

The convolutions of the mixing are drawn with the first weights and saved with the heads, which are of no use with
others.

Letters: N images, C channels (1 or 3), H = W the side, K conditions, S heads, F maps, h = w the side of maps, E length
of the features that are compared with the condition's vector.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan.models.frozen_features import FrozenFeatures
from gan.models.layers import Conv2d
from gan.models.levels import FEATURE_CHANNELS, head_widths, input_side


class Discriminator(nn.Module):
    """Images (N, C, H, H) in [-1, 1] and conditions (N, K) to logits (S, N), above 0 for real.

    Conditions (M, N, K) give logits (M, S, N), in one pass over the images.
    """

    def __init__(self, size: int, channels: int, conditions: int, width: int):
        super().__init__()
        widths = head_widths(size, width)
        self.side = input_side(size)
        self.features = FrozenFeatures(len(widths))
        self.mixing = RandomMixing(
            [FEATURE_CHANNELS[stride] for stride in widths], [counts[0] for counts in widths.values()]
        )
        self.heads = nn.ModuleDict({str(stride): Head(counts, conditions, width) for stride, counts in widths.items()})

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        upsampled = F.interpolate(images, (self.side, self.side), mode="bilinear")
        mixed = self.mixing(self.features(upsampled))
        logits = [head(maps, conditions) for head, maps in zip(self.heads.values(), mixed, strict=True)]
        return torch.stack(logits, dim=-2)


class RandomMixing(nn.Module):
    """Maps at S resolutions, fine to coarse, to as many mixed ones: (N, channels[s], h, h) to (N, mixed[s], h, h).

    Each is mixed across its channels, and the next coarser mixed one, upsampled, is added. The weights are buffers.
    """

    def __init__(self, channels: list[int], mixed: list[int]):
        super().__init__()
        for number, (inputs, outputs) in enumerate(zip(channels, mixed, strict=True)):
            self.register_buffer(f"across_channels_{number}", _random_convolution(inputs, outputs))
        for number, (fine, coarse) in enumerate(itertools.pairwise(mixed)):
            self.register_buffer(f"across_scales_{number}", _random_convolution(coarse, fine))

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        last = len(maps) - 1
        mixed = [torch.conv2d(maps[last], self.get_buffer(f"across_channels_{last}"))]
        for number in reversed(range(last)):
            own = torch.conv2d(maps[number], self.get_buffer(f"across_channels_{number}"))
            coarser = torch.conv2d(mixed[-1], self.get_buffer(f"across_scales_{number}"))
            mixed.append(own + F.interpolate(coarser, scale_factor=2, mode="bilinear"))
        return mixed[::-1]


class Head(nn.Module):
    """Mixed maps (N, widths[0], h, h) and conditions (N, K) or (M, N, K) to logits (N,) or (M, N)."""

    def __init__(self, widths: list[int], conditions: int, width: int):
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(widths[0], widths[0], 1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.LeakyReLU(0.2, inplace=True),
        ]
        for fine, coarse in itertools.pairwise(widths):
            layers += [Conv2d(fine, coarse, 4, 2, 1), nn.BatchNorm2d(coarse), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers)  # (N, widths[-1], 4, 4)
        self.score = Conv2d(widths[-1], 1, 4, 1, 0)
        self.features = nn.Linear(16 * widths[-1], width, bias=False)
        self.vectors = nn.Linear(conditions, width, bias=False)

    def forward(self, maps: Tensor, conditions: Tensor) -> Tensor:
        maps = self.layers(maps)
        features = self.features(maps.permute(0, 2, 3, 1).flatten(1))  # (N, E)
        projection = (self.vectors(conditions) * features).sum(dim=-1) / math.sqrt(features.shape[1])
        logits: Tensor = self.score(maps).flatten() + projection
        return logits


def _random_convolution(inputs: int, outputs: int) -> Tensor:
    """Weights (outputs, inputs, 1, 1), N(0, 1 / inputs): a convolution with them keeps the mean square of maps."""
    return torch.randn(outputs, inputs, 1, 1) / math.sqrt(inputs)
