"""Noise z by seed and position, its interpolation, and the images that a generator makes of it.

Letters: n images, C channels, H = W the side, Z latent, K conditions, t steps.
"""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan.data.transform import crop_padding


def sample_noise(seed: int, positions: Iterable[int], latent: int, truncation: float = 1.0) -> Tensor:
    """Noise (n, Z) float32 from N(0, 1) at those positions of a seed's stream; each row depends on its position alone.

    With `truncation` below 1, values outside +-2 x truncation are sampled again.
    """
    rows = []
    for position in positions:
        generator = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, position]))
        z = generator.standard_normal(latent)
        while truncation < 1 and (outside := np.abs(z) > 2 * truncation).any():
            z[outside] = generator.standard_normal(int(outside.sum()))
        rows.append(z)
    return torch.from_numpy(np.stack(rows).astype(np.float32))


def slerp(first: Tensor, last: Tensor, share: Tensor) -> Tensor:
    """Points (t, Z) on the great circle from `first` to `last` (Z,), at shares (t,) of its angle.

    Lengths are interpolated linearly. So are ends in the same direction, and in opposite ones, between which no great
    circle is the shortest.
    """
    lengths = first.norm(), last.norm()
    directions = first / lengths[0], last / lengths[1]
    angle = torch.arccos((directions[0] @ directions[1]).clamp(-1, 1))
    if min(angle, torch.pi - angle) < 1e-3:
        return torch.lerp(first, last, share[:, None])
    before, after = torch.sin((1 - share) * angle), torch.sin(share * angle)  # (t,)
    direction = (before[:, None] * directions[0] + after[:, None] * directions[1]) / torch.sin(angle)
    path: Tensor = torch.lerp(lengths[0], lengths[1], share)[:, None] * direction
    return path


@torch.inference_mode()
def generate_images(network: nn.Module, z: Tensor, conditions: Tensor, native_size: int) -> NDArray[np.uint8]:
    """Images (n, C, native, native) uint8 from noise (n, Z) and network conditions (n, K), with the padding cropped."""
    images = network(z, conditions)  # (n, C, H, H) in [-1, 1]
    pixels = ((images.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).contiguous().cpu().numpy()
    return crop_padding(pixels, native_size)
