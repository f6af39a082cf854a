"""Differentiable augmentation: what D sees, real and generated alike, is changed at random, so that it cannot learn a
few training images by heart (Zhao et al. 2020, DiffAugment, arXiv:2006.10738).

Both sides pass through the same changes, and G's gradient through them, so the changes do not leak into what is
generated. `train.py` applies it to every image on its way into D.

Letters: N images, C channels, H = W the side.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

SHIFT = 1 / 8
"""The largest move, of the image's side."""
CUTOUT = 1 / 2
"""The side of the square that is painted grey, of the image's side."""


def diffaugment(images: Tensor, noise: torch.Generator) -> Tensor:
    """Images (N, C, H, H) in [-1, 1], each moved with mid-grey coming in at the edge, and a square of it painted so.

    Moves are up to an eighth of the side, the paper's "translation", and the square has half of it, its "cutout": the
    policy without changes of colour, which in medical images often are the finding.
    """
    return cutout(translate(images, noise), noise)


def translate(images: Tensor, noise: torch.Generator) -> Tensor:
    """Images (N, C, H, H), each moved by its own draw in both directions."""
    n, _, side, _ = images.shape
    most = int(side * SHIFT)
    padded = F.pad(images, [most] * 4).permute(0, 2, 3, 1)  # (N, H + 2 most, H + 2 most, C)
    start = torch.randint(0, 2 * most + 1, (2, n, 1), generator=noise, device=images.device)
    rows, columns = torch.arange(side, device=images.device) + start  # (N, H) each
    one = torch.arange(n, device=images.device)[:, None, None]
    return padded[one, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cutout(images: Tensor, noise: torch.Generator) -> Tensor:
    """Images (N, C, H, H), each with a square of 0, mid-grey, whose centre lies anywhere."""
    n, _, side, _ = images.shape
    half = int(side * CUTOUT) // 2
    centre = torch.randint(0, side + 1, (2, n, 1), generator=noise, device=images.device)
    inside = (torch.arange(side, device=images.device) - centre + 0.5).abs() < half  # (2, N, H)
    square = inside[0][:, :, None] & inside[1][:, None, :]  # (N, H, H)
    return images * ~square[:, None]
