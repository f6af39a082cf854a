"""What a config will take, before it starts: weights, memory, disk, and time by what earlier runs measured."""

import itertools
import math
from dataclasses import dataclass

from gan.config.run_config import ModelConfig, RunConfig
from gan.data import registry
from gan.data.info import DatasetInfo
from gan.data.subclasses import condition_width
from gan.errors import GanError
from gan.runs.run import all_runs


@dataclass(frozen=True)
class Estimate:
    """Bytes, seconds and counts; None where it cannot be known yet."""

    images: int | None
    """Training images, once the set was read."""
    per_condition: dict[str, int] | None
    """Training images of each class, or with each attribute."""
    weights: int | None
    memory: int | None
    """Bytes on the device at most, about: weights, optimisers, one batch's maps, the images where they are small."""
    disk: int | None
    """Bytes that the finished run takes in the store, about."""
    seconds: float | None
    """By the rate of the latest run here of the same networks, image and batch size; None before there was one."""

    def lines(self) -> list[str]:
        """The estimate in words, a line each; what is not known is said."""
        if self.images is None or self.weights is None or self.memory is None or self.disk is None:
            found = ["The data set was not read yet: its counts and sizes are known when it has been."]
        else:
            found = [
                f"Training images: {self.images:,}",
                f"Weights: {self.weights / 1e6:.1f} million",
                f"Memory on the device: about {_bytes(self.memory)}",
                f"Disk: about {_bytes(self.disk)}",
            ]
        if self.seconds is None:
            return [*found, "Time: not known before a run of this kind was measured here."]
        length = f"{self.seconds / 60:.0f} minutes" if self.seconds >= 90 else f"{self.seconds:.0f} seconds"
        return [*found, f"Time: about {length}, by an earlier run here."]


def _bytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def estimate(config: RunConfig) -> Estimate:
    """What this config takes; sizes are known once its data set was read."""
    image_set = registry.cached_image_set(config.data) if registry.problem(config.data) is None else None
    if image_set is None:
        return Estimate(None, None, None, None, None, _seconds(config))
    channels, size = image_set.images.shape[1:3]
    count = len(image_set.rows("train"))
    conditions = condition_width(len(image_set.names), config.model.subclasses)
    generator, discriminator = parameter_counts(config.model, size, channels, len(image_set.names))
    both = generator + discriminator
    memory = (
        _fixed(config, size, channels, len(image_set.names))
        + config.train.batch * _maps(config.model.width, size)
        + min(count * (channels * size * size + 4 * conditions), 2_000_000_000)
    )
    snapshots = min(config.train.keep_snapshots, max(1, int(config.train.kimg // config.train.snapshot_kimg)))
    disk = 4 * (snapshots * generator + 2 * 3 * both)
    return Estimate(count, image_set.counts()["train"], both, memory, disk, _seconds(config))


def batch_that_fits(config: RunConfig, info: DatasetInfo, room: int) -> int:
    """The largest power of two that should train in `room` bytes of memory, at most half of the config's batch.

    Nine tenths of the room are counted on: the rest goes to the framework.
    """
    fixed = _fixed(config, info.image_size, info.channels, len(info.names))
    fit = (0.9 * room - fixed) / _maps(config.model.width, info.image_size)
    most = min(fit, config.train.batch / 2)
    return int(2 ** max(1, int(math.log2(max(most, 2)))))


def _fixed(config: RunConfig, size: int, channels: int, conditions: int) -> int:
    """Bytes in float32 of each network with its gradient and Adam's two moments, and of the averaged generator."""
    generator, discriminator = parameter_counts(config.model, size, channels, conditions)
    return 4 * (4 * (generator + discriminator) + generator)


def parameter_counts(config: ModelConfig, size: int, channels: int, conditions: int) -> tuple[int, int]:
    """Weights of the generator and of the discriminator, counted from the layers of the family in `models/`."""
    levels = size.bit_length() - 3
    features = [config.width << level for level in range(levels)]  # fine to coarse
    conditions = condition_width(conditions, config.subclasses)
    between = sum(16 * fine * coarse for fine, coarse in itertools.pairwise(features))
    generator = 16 * (config.latent + conditions) * features[-1] + between + 16 * features[0] * channels
    generator += 2 * sum(features)
    discriminator = 16 * channels * features[0] + between + 16 * features[-1] + 2 * sum(features[1:])
    if config.family == "dcgan":
        return generator, discriminator + 16 * conditions * features[0]
    generator += 2 * conditions * sum(features)
    return generator, discriminator + (16 * features[-1] + conditions) * features[-1]


def _maps(width: int, size: int) -> int:
    """Bytes of feature maps that one image keeps for the backward pass, about: three passes, three copies a level."""
    levels = size.bit_length() - 3
    return sum(9 * 4 * (width << level) * (size >> (level + 1)) ** 2 for level in range(levels))


def _seconds(config: RunConfig) -> float | None:
    for run in all_runs():
        try:
            rate = run.status().get("images_per_second") if _alike(run.config, config) else None
        except GanError:  # a broken run folder measures nothing; the overview shows it
            continue
        if rate:
            return float(config.train.kimg * 1000 / rate)
    return None


def _alike(one: RunConfig, other: RunConfig) -> bool:
    """Whether both take the same time for an image."""
    keys = (
        "data.image_size",
        "model.family",
        "model.width",
        "model.subclasses",
        "loss.mismatched",
        "train.batch",
        "train.augment",
        "job.device",
        "job.precision",
        "job.threads",
    )
    first, second = one.flat(), other.flat()
    return all(first[key] == second[key] for key in keys)
