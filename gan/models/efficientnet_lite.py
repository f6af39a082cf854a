"""EfficientNet-Lite0 with ImageNet weights from a Python package: pretrained features without a download.

The network is EfficientNet-B0 (Tan and Le 2019, arXiv:1905.11946, table 1) without squeeze-and-excitation and with
ReLU6, as published in tensorflow/tpu, models/official/efficientnet/lite: 4.7 million parameters, 0.4 GFLOP an image of
224 px, 75.1% top-1 on ImageNet. Padding is TensorFlow's "SAME": where the stride is 2 it is larger on the right and at
the bottom.

Letters: N images in a batch, C and D channels in and out, H = W the side, F = 1280 features.
"""

import itertools
import math
import re

import torch
from torch import Tensor, nn

from gan.models.efficientnet_weights import checked_weights_file

SIDE = 224
MEAN, STD = (127 / 255,) * 3, (128 / 255,) * 3
"""Side in pixels and normalisation of the network's training images, for values from 0 to 1."""
FEATURES = 1280
STEM = 32
STAGES = (
    # expansion, channels, blocks, stride of the first block, kernel
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
RENAMED = (
    (r"^_conv_stem\.", "features.0.conv."),
    (r"^_bn0\.", "features.0.norm."),
    (r"\._expand_conv\.", ".expand.conv."),
    (r"\._bn0\.", ".expand.norm."),
    (r"\._depthwise_conv\.", ".depthwise.conv."),
    (r"\._bn1\.", ".depthwise.norm."),
    (r"\._project_conv\.", ".project.conv."),
    (r"\._bn2\.", ".project.norm."),
    (r"^_conv_head\.", "features.18.conv."),
    (r"^_bn1\.", "features.18.norm."),
    (r"^_fc\.", "classifier."),
)
"""The package's parameter names, as regular expressions, and ours."""


class NormalisedConvolution(nn.Module):
    """Convolution with "SAME" padding and batch norm: (N, C, H, H) to (N, D, H / stride, H / stride)."""

    def __init__(self, channels: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(out, eps=1e-3)

    def padding(self, side: int) -> tuple[int, int]:
        """Pixels before and after maps of that side."""
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        padding = max(0, (math.ceil(side / stride) - 1) * stride + kernel - side)
        return padding // 2, padding - padding // 2

    def forward(self, x: Tensor) -> Tensor:
        before, after = self.padding(x.shape[-1])
        normed: Tensor = self.norm(self.conv(nn.functional.pad(x, (before, after, before, after))))
        return normed


class _InvertedResidual(nn.Module):
    """MBConv block (Sandler et al. 2018): expand, convolve each channel, project: (N, C, H, H) to (N, D, H', H')."""

    def __init__(self, channels: int, out: int, expansion: int, kernel: int, stride: int):
        super().__init__()
        wide = expansion * channels
        self.expand = NormalisedConvolution(channels, wide) if expansion > 1 else None
        self.depthwise = NormalisedConvolution(wide, wide, kernel, stride, groups=wide)
        self.project = NormalisedConvolution(wide, out)
        self.residual = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        wide = x if self.expand is None else nn.functional.relu6(self.expand(x))
        out: Tensor = self.project(nn.functional.relu6(self.depthwise(wide)))
        return x + out if self.residual else out


class EfficientNetLite0(nn.Module):
    """Normalised images (N, 3, H, H) to logits (N, 1000) of ImageNet; `features` gives maps (N, F, H / 32, H / 32)."""

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        channels = STEM
        for expansion, out, count, stride, kernel in STAGES:
            for first in itertools.chain([stride], itertools.repeat(1, count - 1)):
                blocks.append(_InvertedResidual(channels, out, expansion, kernel, first))
                channels = out
        stem, head = NormalisedConvolution(3, STEM, 3, 2), NormalisedConvolution(channels, FEATURES)
        self.features = nn.Sequential(stem, nn.ReLU6(), *blocks, head, nn.ReLU6())
        self.classifier = nn.Linear(FEATURES, 1000)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).mean(dim=(2, 3)))
        return logits


def load_efficientnet_lite0() -> EfficientNetLite0:
    """The network with its ImageNet weights.

    Raises UserError where they are not installed, or where the file is not the published one.
    """
    weights = torch.load(checked_weights_file(), map_location="cpu", weights_only=True)
    network = EfficientNetLite0()
    network.load_state_dict({_renamed(name): value for name, value in weights.items()})
    return network


def _renamed(name: str) -> str:
    """Our name of one of the package's parameters."""
    for pattern, replacement in RENAMED:
        name = re.sub(pattern, replacement, name)
    return re.sub(r"^_blocks\.(\d+)\.", lambda match: f"features.{int(match[1]) + 2}.", name)
