"""Images from a trained generator, by condition, seed and position.

An image depends on its snapshot, seed, position and condition alone, not on the batch: its noise and its subclass come
from a counter-based random generator at that position. So each image of a manifest can be made again, on the same
machine to within one grey level.

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
from gan.models.build import build_generator
from gan.runs.run import Run
from gan.runs.snapshots import read_ready
from gan.sampling.latents import generate_images, sample_noise
from gan.sampling.subclass_sampling import network_conditions

BATCH_SIZE = 64


def load_averaged_generator(run: Run, generator: nn.Module, seen: int | None = None) -> str:
    """Load the averaged generator of a snapshot, the newest by default, into `generator`; gives the file's SHA-256.

    Raises RunError where the snapshot is missing or damaged.
    """
    folder = run.snapshot(seen)
    try:
        generator.load_state_dict(load_file(check_regular(folder / "generator.safetensors")))
        return read_ready(folder)["sha256"]
    except (OSError, SafetensorError, RuntimeError, DamagedFileError) as error:
        raise RunError(
            f"Snapshot {folder.name} of {run.name} is damaged ({error}): choose another, or resume the run."
        ) from None


@dataclass(frozen=True)
class Sampler:
    """The averaged generator of one snapshot."""

    network: nn.Module
    info: DatasetInfo
    latent: int
    """Length Z of the noise vector."""
    run: str
    seen: int
    """The snapshot, by images seen."""
    sha256: str
    """SHA-256 of the snapshot's generator.safetensors."""

    def generate(
        self,
        conditions: NDArray[np.float32],
        seed: int,
        start: int = 0,
        truncation: float = 1.0,
        subclass: int | None = None,
    ) -> NDArray[np.uint8]:
        """Images (n, C, native, native) uint8 of conditions (n, K), at positions start to start + n of a seed.

        `truncation`, 0.05 to 1: below 1, values of z outside +-2 x truncation are sampled again, which makes images
        more typical and less diverse. `subclass` is that of all images; None: each position gives one.
        """
        return self.generate_at(conditions, seed, range(start, start + len(conditions)), truncation, subclass)

    def generate_at(
        self,
        conditions: NDArray[np.float32],
        seed: int,
        positions: Sequence[int],
        truncation: float = 1.0,
        subclass: int | None = None,
    ) -> NDArray[np.uint8]:
        """As `generate`, at any n positions of a seed."""
        device = next(self.network.parameters()).device
        side = self.info.native_size
        images = [np.zeros((0, self.info.channels, side, side), np.uint8)]
        for first in range(0, len(conditions), BATCH_SIZE):
            batch = slice(first, first + BATCH_SIZE)
            rows = torch.from_numpy(network_conditions(self.info, conditions[batch], seed, positions[batch], subclass))
            z = sample_noise(seed, positions[batch], self.latent, truncation)
            images.append(generate_images(self.network, z.to(device), rows.to(device), side))
        return np.concatenate(images)


def load_generator(run: Run, snapshot: int | None = None, device: str = "cpu") -> Sampler:
    """The sampler of a run's snapshot, the newest by default; raises RunError where it is missing or damaged."""
    info = run.info()
    network = build_generator(run.config.model, info)
    sha256 = load_averaged_generator(run, network, snapshot)
    seen = int(run.snapshot(snapshot).name)
    network.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
    return Sampler(network, info, run.config.model.latent, run.name, seen, sha256)
