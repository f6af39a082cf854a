"""Mismatched pairs: real images under another image's condition, as negative examples for D.

This is the matching-aware discriminator of Reed et al. 2016 (arXiv:1605.05396, section 4.2). Without it D sees real
images under their own condition only. From few images it then learns mostly whether one looks real, and G often makes
images of the wrong class. The cost: where two conditions look alike, G avoids what they share, so that a class varies a
little less. Measured: docs/results.md.

Letters: N images, K conditions, M wrong conditions for each image, 0 or 1.
"""

import torch
from torch import Tensor


def with_mismatched(conditions: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Each real image's own condition and wrong ones (1 + M, N, K), own first; the weights (M, N) of the wrong ones.

    The wrong condition of an image is that of the image before it in the batch, which is in random order. Its weight is
    0 where both are equal; the other weights are equal and sum to `share`. With `share` 0, M is 0.
    """
    if share == 0:
        return conditions[None], conditions.new_zeros(0, len(conditions))
    wrong = conditions.roll(1, dims=0)  # (N, K)
    differs = (wrong != conditions).any(dim=1).to(conditions.dtype)  # (N,)
    weight = share * differs / differs.sum().clamp(min=1)  # (N,)
    return torch.stack([conditions, wrong]), weight[None]
