"""EfficientNet-Lite0's maps at several resolutions, with weights that nothing changes.

Batch norms are folded into the convolutions, so that none can follow the images. The weights are buffers outside the
state dict: no optimiser has them, `requires_grad_` does not reach them, and no snapshot holds them.

Letters: N images, C channels (1 or 3), H = W the side, D and F channels in and out.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan.models.efficientnet_lite import MEAN, STD, NormalisedConvolution, load_efficientnet_lite0

AFTER = (4, 6, 12, 17)
"""Numbers of the layers whose outputs are taken, one for each stride in FEATURE_CHANNELS."""


class FrozenFeatures(nn.Module):
    """Images (N, C, H, H) in [-1, 1] to maps (N, F, H / stride, H / stride), for the first strides in FEATURE_CHANNELS.

    Grey images are repeated to three channels. Raises UserError where the weights are not installed.
    """

    def __init__(self, strides: int):
        super().__init__()
        with torch.device("cpu"):  # also where networks are built without memory
            layers = load_efficientnet_lite0().features[: AFTER[strides - 1] + 1]
            _freeze(layers)
        self.layers, self.after = layers, AFTER[:strides]

    def forward(self, images: Tensor) -> list[Tensor]:
        mean, std = MEAN[0], STD[0]  # the same for all colours
        maps = (images.expand(-1, 3, -1, -1) * 0.5 + (0.5 - mean)) / std
        taken = []
        for number, layer in enumerate(self.layers):
            maps = layer(maps)
            if number in self.after:
                taken.append(maps)
        return taken


class FrozenConvolution(nn.Module):
    """A convolution with its batch norm's running statistics: (N, D, H, H) to (N, F, H / stride, H / stride)."""

    weight: Tensor
    bias: Tensor

    @torch.no_grad()
    def __init__(self, trained: NormalisedConvolution):
        super().__init__()
        conv, norm = trained.conv, trained.norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        self.register_buffer("weight", conv.weight * scale[:, None, None, None], persistent=False)
        self.register_buffer("bias", norm.bias - norm.running_mean * scale, persistent=False)
        self.padding, self.stride, self.groups = trained.padding, conv.stride[0], conv.groups

    def forward(self, maps: Tensor) -> Tensor:
        before, after = self.padding(maps.shape[-1])
        if before != after:
            maps, before = F.pad(maps, (before, after, before, after)), 0
        return torch.conv2d(maps, self.weight, self.bias, self.stride, before, 1, self.groups)


def _freeze(network: nn.Module) -> None:
    """Replace the convolutions of a network by frozen ones."""
    for name, child in network.named_children():
        if isinstance(child, NormalisedConvolution):
            setattr(network, name, FrozenConvolution(child))
        else:
            _freeze(child)
