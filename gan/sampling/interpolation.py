"""Interpolation in the latent space from one generated image to another, as frames and as a GIF.

Noise is interpolated along the great circle (Shoemake 1985; White 2016, arXiv:1609.04468): on the straight line between
two Gaussian samples lie vectors shorter than those the generator was trained on. Conditions are interpolated linearly.

Letters: t steps, Z latent, K conditions, C channels, H = W the side.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan.errors import UserError
from gan.io import animation
from gan.io.contact_sheet import to_pil
from gan.sampling import subclass_sampling
from gan.sampling.conditions import Condition
from gan.sampling.latents import generate_images, sample_noise, slerp
from gan.sampling.provenance import Origin
from gan.sampling.sampler import Sampler

FRAME_LIMITS = (3, 240)
"""Fewest and most frames, both ends included."""
BATCH_SIZE = 16
MIN_GIF_SIDE = 256
"""Pixels of a GIF's side, at least: large enough for a slide."""


def frames(
    sampler: Sampler,
    first: Origin,
    last: Origin,
    steps: int,
    progress: Callable[[float], None] = lambda done: None,
) -> NDArray[np.uint8]:
    """Images (t, C, H, H) uint8 from one origin to the other, both included, by the sampler's snapshot.

    Raises UserError where `steps` lies outside `FRAME_LIMITS`, or a condition is not one of this run.
    """
    if not FRAME_LIMITS[0] <= steps <= FRAME_LIMITS[1]:
        raise UserError(f"{steps} frames: an interpolation takes {FRAME_LIMITS[0]} to {FRAME_LIMITS[1]}.")
    ends = [sample_noise(end.seed, [end.index], sampler.latent, end.truncation)[0] for end in (first, last)]
    conditions = [_network_condition(sampler, end) for end in (first, last)]  # (K,) each
    share = torch.linspace(0, 1, steps)  # (t,)
    z = slerp(ends[0], ends[1], share)  # (t, Z)
    mixed = torch.lerp(conditions[0], conditions[1], share[:, None])  # (t, K)
    device = next(sampler.network.parameters()).device
    images = []
    for start in range(0, steps, BATCH_SIZE):
        batch = slice(start, start + BATCH_SIZE)
        images.append(
            generate_images(sampler.network, z[batch].to(device), mixed[batch].to(device), sampler.info.native_size)
        )
        progress(min(1.0, (start + BATCH_SIZE) / steps))
    return np.concatenate(images)


def _network_condition(sampler: Sampler, end: Origin) -> Tensor:
    """The generator's condition (K,) for an origin's image."""
    condition = Condition.from_text(end.condition, sampler.info)
    row = condition.row(sampler.info)[None]  # (1, K)
    return torch.from_numpy(
        subclass_sampling.network_conditions(sampler.info, row, end.seed, [end.index], condition.subclass)
    )[0]


def gif(images: NDArray[np.uint8], seconds: float, *, back: bool = True) -> bytes:
    """A GIF of images (t, C, H, H) that loops, enlarged with sharp pixels to at least `MIN_GIF_SIDE`.

    It takes `seconds` from the first image to the last; with `back` it then returns the same way.
    """
    scale = -(-MIN_GIF_SIDE // images.shape[-1])
    pictures = [to_pil(image.repeat(scale, axis=1).repeat(scale, axis=2)) for image in images]
    if back:
        pictures += pictures[-2:0:-1]
    return animation.encode_gif(pictures, seconds * 1000 / len(images), hold_last=1)
