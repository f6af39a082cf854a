"""Conditioned images from a trained generator.

Image i of a request depends on the run, the snapshot, the seed, i and its condition alone, whatever the batch size: its
noise, and its kind within the class where its run has kinds (`kinds.py`), come from a counter-based generator at
position i. So any image can be made again from its row in a manifest, to one grey level on one machine.

Letters: n images, C channels, H = W the side, Z latent, K conditions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from gan.data.info import DatasetInfo
from gan.errors import DamagedFileError, RunError
from gan.io.untrusted_files import check_regular
from gan.models.build import build_networks
from gan.runs.run import Run
from gan.runs.snapshots import read_ready
from gan.sampling.latents import generate_images, sample_noise
from gan.sampling.subclass_sampling import network_conditions


def load_averaged_generator(run: Run, generator: nn.Module, seen: int | None = None) -> str:
    """Load a snapshot's averaged generator into `generator`; gives its SHA-256. Raises RunError where it is damaged."""
    folder = run.snapshot(seen)
    try:
        generator.load_state_dict(load_file(check_regular(folder / "generator.safetensors")))
        return read_ready(folder)["sha256"]
    except (OSError, SafetensorError, RuntimeError, DamagedFileError) as error:
        raise RunError(
            f"The snapshot {folder.name} of {run.name} is damaged ({error}): choose another, or resume the run."
        ) from None


BATCH_SIZE = 64


@dataclass(frozen=True)
class Sampler:
    """The averaged generator of one snapshot, read_ready to make images."""

    network: nn.Module
    info: DatasetInfo
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
        return self.generate_at(conditions, seed, range(start, start + len(conditions)), truncation)

    def generate_at(
        self, conditions: NDArray[np.float32], seed: int, positions: Sequence[int], truncation: float = 1.0
    ) -> NDArray[np.uint8]:
        """The same for conditions (n, K) at any n positions of a seed."""
        device = next(self.network.parameters()).device
        made = []
        for first in range(0, len(conditions), BATCH_SIZE):
            here = slice(first, first + BATCH_SIZE)
            told = torch.from_numpy(network_conditions(self.info, conditions[here], seed, positions[here])).to(device)
            z = sample_noise(seed, positions[here], self.latent, truncation).to(device)
            made.append(generate_images(self.network, z, told, self.info.native_size))
        if made:
            return np.concatenate(made)
        return np.zeros((0, self.info.channels, self.info.native_size, self.info.native_size), np.uint8)


def load_generator(run: Run, snapshot: int | None = None, device: str = "cpu") -> Sampler:
    """The generator of a run's snapshot, the newest by default; raises RunError where there is no whole one."""
    info = run.info()
    network, _ = build_networks(run.config.model, info)
    sha256 = load_averaged_generator(run, network, snapshot)
    seen = int(run.snapshot(snapshot).name)
    network.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
    return Sampler(network, info, run.config.model.latent, run.name, seen, sha256)
