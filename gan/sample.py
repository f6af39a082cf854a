"""Conditioned images from a trained generator.

Image i of a request depends on the run, the snapshot, the seed, i and its condition alone, whatever the batch size: its
noise, and its kind within the class where its run has kinds (`kinds.py`), come from a counter-based generator at
position i. So any image can be made again from its row in a manifest, to one grey level on one machine.

Letters: n images, C channels, H = W the side, Z latent, K conditions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan import checkpoint
from gan.data import subclasses
from gan.data.info import DataFacts
from gan.data.transform import crop
from gan.models import networks
from gan.runs.run import Run

BATCH = 64


@dataclass(frozen=True)
class Sampler:
    """The averaged generator of one snapshot, ready to make images."""

    network: nn.Module
    facts: DataFacts
    latent: int
    run: str
    seen: int
    sha256: str
    """Of the snapshot's generator.safetensors: names the weights in a manifest."""

    def generate(
        self, conditions: NDArray[np.float32], seed: int, start: int = 0, truncation: float = 1.0
    ) -> NDArray[np.uint8]:
        """Images (n, C, native, native) uint8 for conditions (n, K): those at positions start to start + n of `seed`.

        `truncation` 1 draws all of N(0, 1); below 1, values of z outside +-2 x truncation are drawn again, for images
        that are more typical and less varied. It takes 0.05 to 1 (`export.TRUNCATIONS`).
        """
        return self.at(conditions, seed, range(start, start + len(conditions)), truncation)

    def at(
        self, conditions: NDArray[np.float32], seed: int, positions: Sequence[int], truncation: float = 1.0
    ) -> NDArray[np.uint8]:
        """The same for conditions (n, K) at any n positions of a seed."""
        device = next(self.network.parameters()).device
        made = []
        for first in range(0, len(conditions), BATCH):
            here = slice(first, first + BATCH)
            told = torch.from_numpy(subclasses.drawn(self.facts, conditions[here], seed, positions[here])).to(device)
            z = noise(seed, positions[here], self.latent, truncation).to(device)
            made.append(generate(self.network, z, told, self.facts.native_size))
        if made:
            return np.concatenate(made)
        return np.zeros((0, self.facts.channels, self.facts.native_size, self.facts.native_size), np.uint8)


def load_generator(run: Run, snapshot: int | None = None, device: str = "cpu") -> Sampler:
    """The generator of a run's snapshot, the newest by default; raises RunError where there is no whole one."""
    facts = run.facts()
    network, _ = networks(run.config.model, facts)
    sha256 = checkpoint.load_average(run, network, snapshot)
    seen = int(run.snapshot(snapshot).name)
    network.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
    return Sampler(network, facts, run.config.model.latent, run.name, seen, sha256)


def noise(seed: int, positions: Iterable[int], latent: int, truncation: float = 1.0) -> Tensor:
    """Noise (n, Z) float32 at those positions of a seed's endless stream; each row depends on its position alone."""
    rows = []
    for position in positions:
        generator = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, position]))
        z = generator.standard_normal(latent)
        while truncation < 1 and (outside := np.abs(z) > 2 * truncation).any():
            z[outside] = generator.standard_normal(int(outside.sum()))
        rows.append(z)
    return torch.from_numpy(np.stack(rows).astype(np.float32))


@torch.inference_mode()
def generate(network: nn.Module, z: Tensor, conditions: Tensor, native_size: int) -> NDArray[np.uint8]:
    """Images (n, C, native, native) uint8 from noise (n, Z) and what the network is told (n, K), padding cropped."""
    made = network(z, conditions)  # (n, C, H, H) in [-1, 1]
    grey = ((made.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).contiguous().cpu().numpy()
    return crop(grey, native_size)
