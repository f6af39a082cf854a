"""A walk through the latent space from one generated image to another, as frames and as a film (GIF).

The noise goes along the great circle between its two ends (spherical interpolation, Shoemake 1985; for generators,
White 2016, arXiv:1609.04468): a straight line between two Gaussian samples leads through vectors that are shorter than
any the generator was trained on. Conditions are mixed in a straight line.

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
"""Frames from one end to the other: at least one between them, at most a quarter of a minute."""
CHUNK = 16
MIN_GIF_SIDE = 256  # px of the film, so that it is seen well in a slide


def frames(
    sampler: Sampler,
    first: Origin,
    last: Origin,
    steps: int,
    progress: Callable[[float], None] = lambda done: None,
) -> NDArray[np.uint8]:
    """Images (t, C, H, H) from one origin to the other, both ends included, by the sampler's own snapshot.

    Raises UserError where `steps` lies outside `STEPS`, or a condition is not one of this run.
    """
    if not FRAME_LIMITS[0] <= steps <= FRAME_LIMITS[1]:
        raise UserError(f"{steps} frames: a walk takes {FRAME_LIMITS[0]} to {FRAME_LIMITS[1]}.")
    ends = [sample_noise(end.seed, [end.index], sampler.latent, end.truncation)[0] for end in (first, last)]
    asked = [_told(sampler, end) for end in (first, last)]  # (K,)
    share = torch.linspace(0, 1, steps)  # (t,)
    z = slerp(ends[0], ends[1], share)  # (t, Z)
    mixed = torch.lerp(asked[0], asked[1], share[:, None])  # (t, K)
    device = next(sampler.network.parameters()).device
    made = []
    for start in range(0, steps, CHUNK):
        here = slice(start, start + CHUNK)
        made.append(
            generate_images(sampler.network, z[here].to(device), mixed[here].to(device), sampler.info.native_size)
        )
        progress(min(1.0, (start + CHUNK) / steps))
    return np.concatenate(made)


def _told(sampler: Sampler, end: Origin) -> Tensor:
    """What the generator is told for an origin's image (K,)."""
    row = Condition.from_text(end.condition, sampler.info).row(sampler.info)[None]  # (1, K)
    return torch.from_numpy(subclass_sampling.network_conditions(sampler.info, row, end.seed, [end.index]))[0]


def gif(images: NDArray[np.uint8], seconds: float, *, back: bool = True) -> bytes:
    """A GIF of images (t, C, H, H) that runs for ever, enlarged with sharp pixels to at least `LEAST_SIDE`.

    `seconds` is the time from the first image to the last; with `back` it returns the same way, so that it never jumps.
    """
    scale = -(-MIN_GIF_SIDE // images.shape[-1])
    pictures = [to_pil(image.repeat(scale, axis=1).repeat(scale, axis=2)) for image in images]
    if back:
        pictures += pictures[-2:0:-1]
    return animation.encode_gif(pictures, seconds * 1000 / len(images), hold_last=1)
