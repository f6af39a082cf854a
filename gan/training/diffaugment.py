"""DiffAugment: random augmentation of all images that D sees, so that it does not memorise a small training set.

Zhao et al. 2020, arXiv:2006.10738. Real and generated images are augmented alike and G's gradient passes through, so
the augmentation does not appear in generated images.

Letters: N images, C channels, H = W the side. On several ranks N is this rank's part of the batch.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from gan.training.ranks import Part

MAX_TRANSLATION = 1 / 8
"""Largest translation in each direction, as a fraction of the side."""
CUTOUT_SIDE = 1 / 2
"""Side of the square that is cut out, as a fraction of the side."""


def diffaugment(images: Tensor, noise: torch.Generator, part: Part | None = None) -> Tensor:
    """Images (N, C, H, H) in [-1, 1] with the paper's "translation" and "cutout", filled with mid-grey, 0.

    Where the images are a `part` of a batch, the random numbers are drawn for the whole batch.

    The paper's third part, "color", is left out: in medical images brightness and colour are often the finding.
    """
    part = part or Part(0, len(images), len(images))
    return cutout(translate(images, noise, part), noise, part)


def translate(images: Tensor, noise: torch.Generator, part: Part) -> Tensor:
    """Images (N, C, H, H), each translated by whole pixels, uniformly within `MAX_TRANSLATION` in both directions."""
    n, _, side, _ = images.shape
    largest = int(side * MAX_TRANSLATION)
    padded = F.pad(images, [largest] * 4).permute(0, 2, 3, 1)  # (N, H + 2 largest, H + 2 largest, C)
    start = torch.randint(0, 2 * largest + 1, (2, part.batch, 1), generator=noise, device=images.device)
    start = part.of(start, 1)
    rows, columns = torch.arange(side, device=images.device) + start  # (N, H) each
    index = torch.arange(n, device=images.device)[:, None, None]
    return padded[index, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cutout(images: Tensor, noise: torch.Generator, part: Part) -> Tensor:
    """Images (N, C, H, H), each with a square of zeros whose centre is uniform over the image."""
    side = images.shape[2]
    half = int(side * CUTOUT_SIDE) // 2
    centre = part.of(torch.randint(0, side + 1, (2, part.batch, 1), generator=noise, device=images.device), 1)
    inside = (torch.arange(side, device=images.device) - centre + 0.5).abs() < half  # (2, N, H)
    square = inside[0][:, :, None] & inside[1][:, None, :]  # (N, H, H)
    return images * ~square[:, None]
