"""What each network minimises, from the discriminator's logits. Their ideal lines for charts are in `ideals.py`.

Letters: N images; logits (N,); M wrong conditions for each image (`mismatch.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Loss:
    """Both objectives as functions of logits (N,), and `score`, which turns logits into what `d_x` and `d_g_z` show."""

    discriminator: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    """Logits of real and of generated images, of real ones under wrong conditions (M, N), and the weights of these
    (M, N), to the loss, a scalar."""
    generator: Callable[[Tensor], Tensor]
    """Logits of generated images to the loss, a scalar."""
    score: Callable[[Tensor], Tensor]


def bce_discriminator(real: Tensor, fake: Tensor, wrong: Tensor, weight: Tensor) -> Tensor:
    """-[log D(x) + log(1 - D(G(z)))], the mean over the batch (Goodfellow et al. 2014, algorithm 1).

    Real images under wrong conditions are false examples too, and take their weight from the generated ones: the second
    term is then (1 - w) log(1 - D(G(z))) + w log(1 - D(x, wrong)), w the sum of their weights (Reed et al. 2016).
    """
    false = (1 - weight.sum()) * F.softplus(fake).mean() + (weight * F.softplus(wrong)).sum()
    return F.softplus(-real).mean() + false


def bce_generator(fake: Tensor) -> Tensor:
    """-log D(G(z)), the mean over the batch: the non-saturating form (Goodfellow et al. 2014, section 3)."""
    return F.softplus(-fake).mean()


LOSSES = {"bce": Loss(bce_discriminator, bce_generator, torch.sigmoid)}
