"""The losses of both networks, from the discriminator's logits.

Where a discriminator has S heads, a loss and a score are the means of those of the heads.

Letters: N images, M wrong conditions for each image (`mismatched_pairs.py`), S heads. Logits written (N,) or (M, N) are
(S, N) or (M, S, N) where there are heads.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Loss:
    """The losses of D and G, and the score that `d_x` and `d_g_z` are means of."""

    discriminator: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    """Logits D(x) of real images (1, N), D(G(z)) of generated ones (N,) and D(x, wrong) of real ones under wrong
    conditions (M, N), and weights (M, N) of the last, to a scalar."""
    generator: Callable[[Tensor], Tensor]
    """Logits D(G(z)) of generated images (N,), to a scalar."""
    score: Callable[[Tensor], Tensor]
    """Logits to scores of the same shape: for "bce" probabilities."""


def bce_discriminator(real: Tensor, fake: Tensor, wrong: Tensor, weight: Tensor) -> Tensor:
    """-[log D(x) + log(1 - D(G(z)))], the mean over the batch (Goodfellow et al. 2014, algorithm 1).

    With wrong conditions, whose weights sum to w, the second term is
    (1 - w) log(1 - D(G(z))) + w log(1 - D(x, wrong)) (Reed et al. 2016, arXiv:1605.05396, algorithm 1).
    """
    negative = (1 - weight.sum()) * F.softplus(fake).mean() + (weight * F.softplus(wrong)).sum()
    return F.softplus(-real).mean() + negative


def weights_of_logits(weight: Tensor, wrong: Tensor) -> Tensor:
    """The weights (M, N) of images under wrong conditions, for logits (M, N) or (M, S, N): S heads share a weight."""
    return weight if wrong.ndim == weight.ndim else weight[:, None].expand_as(wrong) / wrong.shape[1]


def bce_generator(fake: Tensor) -> Tensor:
    """-log D(G(z)), the mean over the batch: the non-saturating loss (Goodfellow et al. 2014, section 3)."""
    return F.softplus(-fake).mean()


LOSSES = {"bce": Loss(bce_discriminator, bce_generator, torch.sigmoid)}
