"""Real images under the condition of another one: false examples that teach D to look at the condition.

The matching-aware discriminator of Reed et al. 2016 (arXiv:1605.05396, section 4.2). Without them D sees every real
image under its own condition only, and learns from few images mostly whether one looks real; what it tells G of the
class is little, and G's images of a class are partly of another. Measured: docs/results.md. What it costs: where two
conditions look alike, G keeps to the images that tell them apart, so that a class varies a little less. Where the
networks are told of kinds within a class, another kind of it is another condition too.


Letters: N images, K conditions, M wrong conditions for each image, 0 or 1.
"""

import torch
from torch import Tensor


def with_mismatched(conditions: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """The conditions under which D sees each real image (1 + M, N, K), its own first; the wrong ones' weights (M, N).

    The wrong one is that of the image before it in the batch, which comes in random order. It weighs nothing where it
    happens to be the same; the others share `share` among them. With `share` 0 there is none: M is 0.
    """
    if share == 0:
        return conditions[None], conditions.new_zeros(0, len(conditions))
    other = conditions.roll(1, dims=0)  # (N, K)
    differs = (other != conditions).any(dim=1).to(conditions.dtype)  # (N,)
    weight = share * differs / differs.sum().clamp(min=1)  # (N,): of sum `share`, or 0 where all are alike
    return torch.stack([conditions, other]), weight[None]
