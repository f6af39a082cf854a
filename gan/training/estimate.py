"""What a config will take: weights, memory, disk, and time from the speed measured here. No torch."""

import itertools
import math
from dataclasses import dataclass
from typing import Literal

from gan.config.run_config import ModelConfig, RunConfig
from gan.data import registry
from gan.data.info import DatasetInfo
from gan.data.subclasses import condition_width
from gan.errors import GanError
from gan.jobs.device_list import matching_devices
from gan.models.levels import generator_widths, head_widths, input_side, level_widths, skipped_levels
from gan.runs.run import stored_runs
from gan.training.measured_speed import load_speed, speed_values


@dataclass(frozen=True)
class Speed:
    """Images of training per second on this machine, and how they were measured: by the latest comparable run, by
    some steps alone, or by steps while another run used the device."""

    images_per_second: float
    measured_by: Literal["run", "steps", "shared-steps"]


MEASURED_BY = {
    "run": "from the speed of an earlier run here",
    "steps": "measured here by some training steps",
    "shared-steps": "measured here while another run was training: alone it is faster",
}


SCORING_SHARE = 0.05
"""Largest share of the time of a run on the CPU that light scores of its snapshots take."""


FROZEN_WEIGHTS = 3_370_000
"""Weights of the frozen features, about, of which there is one copy without gradients."""
FROZEN_MAPS = 290
"""Values that the frozen features keep of an image for a backward pass, for each pixel of their input: counted over
the layers, with ReLU6 and padding as copies."""


@dataclass(frozen=True)
class Estimate:
    """Counts, bytes and seconds; None where not known yet."""

    images: int | None
    """Training images; None before the set is read."""
    per_condition: dict[str, int] | None
    """Training images of each class, or with each attribute."""
    weights: int | None
    """Parameters of both networks."""
    memory: int | None
    """Bytes on the device, or on each of several, about: weights, optimisers, feature maps of a batch, and images where
    they are few."""
    disk: int | None
    """Bytes of the finished run's folder, about."""
    seconds: float | None
    """Seconds of training at `speed`."""
    speed: Speed | None
    """None before it was measured."""
    scoring: str = ""
    """What scoring the snapshots costs, in a sentence."""

    def lines(self) -> list[str]:
        """The estimate as text, one line each, with what is not known."""
        if self.images is None or self.weights is None or self.memory is None or self.disk is None:
            lines = ["The image set was not read yet: counts and sizes are not known."]
        else:
            lines = [
                f"Training images: {self.images:,}",
                f"Weights: {self.weights / 1e6:.1f} million",
                f"Memory on a device: about {_bytes(self.memory)}",
                f"Disk: about {_bytes(self.disk)}",
            ]
        if self.seconds is None or self.speed is None:
            lines.append("Time: not known, the speed was not measured here yet.")
        else:
            lines.append(f"Time: about {_duration(self.seconds)}, {MEASURED_BY[self.speed.measured_by]}.")
        return [*lines, *([f"Scores of the snapshots: {self.scoring}"] if self.scoring else [])]


def scoring_cost(config: RunConfig, seconds: float | None) -> str:
    """What scoring the snapshots of a run of so many seconds costs, in a sentence."""
    if config.train.score == "off":
        return "off."
    if config.job.engine == "slurm":
        return "not in a job of Slurm; `gan evaluate RUN --all-snapshots --light` makes them afterwards."
    if config.train.score == "full":
        return "full, on the CPU in the background, minutes each; they may go on after the training."
    if matching_devices(config.job.device)[:1] != ["cpu"]:
        return "light, on the CPU in the background: a few seconds of one core each."
    most = "" if seconds is None else f" (about {_duration(SCORING_SHARE * seconds)})"
    return f"light, within {SCORING_SHARE:.0%} of that time{most}; what does not fit follows the training."


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"


def _bytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def estimate(config: RunConfig) -> Estimate:
    """What this config takes; sizes are known once its image set has been read, at any image size."""
    image_set = registry.cached_at_any_size(config.data) if registry.problem(config.data) is None else None
    speed = find_speed(config)
    seconds = None if speed is None else config.train.kimg * 1000 / speed.images_per_second
    if image_set is None:
        return Estimate(None, None, None, None, None, seconds, speed, scoring_cost(config, seconds))
    channels, size = image_set.images.shape[1], config.data.image_size
    count = len(image_set.rows("train"))
    conditions = condition_width(len(image_set.names), config.model.subclasses)
    generator, discriminator = parameter_counts(config.model, size, channels, len(image_set.names))
    both = generator + discriminator
    memory = _processes_on_device(config) * (
        _weight_bytes(config, size, channels, len(image_set.names))
        + math.ceil(config.train.batch / config.job.gpus) * _feature_map_bytes(config.model, size)
        + min(count * (channels * size * size + 4 * conditions), 2_000_000_000)
    )
    snapshots = min(config.train.keep_snapshots, max(1, int(config.train.kimg // config.train.snapshot_kimg)))
    disk = 4 * (snapshots * generator + 2 * 3 * both)
    scoring = scoring_cost(config, seconds)
    return Estimate(count, image_set.counts()["train"], both, memory, disk, seconds, speed, scoring)


def batch_that_fits(config: RunConfig, info: DatasetInfo, memory: int) -> int:
    """The largest power of two that should train in `memory` bytes, at least 2 and at most half of the config's batch.

    `memory` is that of one device. A tenth of it is left to the framework.
    """
    sharing, least = _processes_on_device(config), max(2, config.job.gpus)
    fixed = sharing * _weight_bytes(config, info.image_size, info.channels, len(info.names))
    batch = (0.9 * memory - fixed) / _feature_map_bytes(config.model, info.image_size)
    batch = min(batch * config.job.gpus / sharing, config.train.batch / 2)
    return int(2 ** max(math.ceil(math.log2(least)), int(math.log2(max(batch, least)))))


def _processes_on_device(config: RunConfig) -> int:
    """How many processes of the run share a device."""
    return config.job.gpus if config.job.device == "cpu" else 1


def _weight_bytes(config: RunConfig, size: int, channels: int, conditions: int) -> int:
    """Bytes of both networks with gradients and Adam's two moments, and of the averaged generator, in float32."""
    generator, discriminator = parameter_counts(config.model, size, channels, conditions)
    frozen = FROZEN_WEIGHTS if config.model.family == "fastgan" else 0
    return 4 * (4 * (generator + discriminator) + generator + frozen)


def parameter_counts(config: ModelConfig, size: int, channels: int, conditions: int) -> tuple[int, int]:
    """Parameters of the generator and of the discriminator that are trained, from the layers of the family in
    `gan/models`."""
    conditions = condition_width(conditions, config.subclasses)
    if config.family == "fastgan":
        return _fastgan_counts(config, size, channels, conditions)
    features = level_widths(size, config.width)  # fine to coarse
    between = sum(16 * fine * coarse for fine, coarse in itertools.pairwise(features))
    generator = 16 * (config.latent + conditions) * features[-1] + between + 16 * features[0] * channels
    generator += 2 * sum(features)
    discriminator = 16 * channels * features[0] + between + 16 * features[-1] + 2 * sum(features[1:])
    if config.family == "dcgan":
        return generator, discriminator + 16 * conditions * features[0]
    generator += 2 * conditions * sum(features)
    return generator, discriminator + (16 * features[-1] + conditions) * features[-1]


def _fastgan_counts(config: ModelConfig, size: int, channels: int, conditions: int) -> tuple[int, int]:
    """`parameter_counts` of the family fastgan; `conditions` are those of the networks."""
    widths, width = generator_widths(size, config.width), config.width
    generator = 32 * (config.latent + conditions) * widths[0] + 9 * widths[-1] * channels
    generator += sum(18 * coarse * fine for coarse, fine in itertools.pairwise(widths))
    generator += sum(4 * (1 + conditions) * count for count in widths)
    excited = zip(widths, widths[skipped_levels(size) :], strict=False)
    generator += sum(16 * coarse * fine + fine * fine for coarse, fine in excited)
    discriminator = 0
    for head in head_widths(size, width).values():
        discriminator += head[0] ** 2 + 2 * sum(head) + sum(16 * a * b for a, b in itertools.pairwise(head))
        discriminator += 16 * head[-1] * (1 + width) + conditions * width
    return generator, discriminator


def _feature_map_bytes(model: ModelConfig, size: int) -> int:
    """Bytes of feature maps that one image keeps for the backward pass, about: three passes, three maps a level."""
    if model.family == "fastgan":
        side = input_side(size)
        maps = sum(9 * count * (4 << level) ** 2 for level, count in enumerate(generator_widths(size, model.width)))
        for stride, head in head_widths(size, model.width).items():
            maps += sum(9 * count * (side // stride >> level) ** 2 for level, count in enumerate(head))
        return 4 * (maps + FROZEN_MAPS * side**2)
    return sum(9 * 4 * maps * (size >> (level + 1)) ** 2 for level, maps in enumerate(level_widths(size, model.width)))


def find_speed(config: RunConfig) -> Speed | None:
    """The speed of the latest comparable run, or else the measured one; None where there is neither."""
    values = speed_values(config)
    for run in stored_runs():
        try:
            rate = run.status().get("images_per_second") if speed_values(run.config) == values else None
        except (GanError, OSError):  # a damaged run folder; the overview shows it
            continue
        if rate:
            return Speed(float(rate), "run")
    measured = load_speed(config)
    if measured is None:
        return None
    return Speed(measured.images_per_second, "shared-steps" if measured.shared else "steps")
