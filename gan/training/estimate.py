"""What a config will take: weights, memory, disk, and time from the speed measured here. No torch."""

from dataclasses import dataclass
from typing import Literal

from gan.config import settings
from gan.config.run_config import RunConfig
from gan.data import registry
from gan.data.subclasses import condition_width
from gan.data.unlabelled import images_to_learn, unlabelled_to_learn
from gan.errors import GanError
from gan.jobs.device_list import matching_devices
from gan.runs.run import stored_runs
from gan.training.estimate_memory import parameter_counts, processes_on_device, step_memory
from gan.training.measured_speed import load_speed, rate_of_run, speed_values


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
"""Largest share of the CPU time of a training on the CPU that light scores of its snapshots take beside it."""


@dataclass(frozen=True)
class Estimate:
    """Counts, bytes and seconds; None where not known yet."""

    images: int | None
    """Images to learn (`images_to_learn`); None before the set is read."""
    unlabelled: int
    """How many of them have no label: their class is inferred before the training."""
    per_condition: dict[str, int] | None
    """Labelled training images of each class, or with each attribute."""
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
            inferred = f", {self.unlabelled:,} of them unlabelled" if self.unlabelled else ""
            lines = [
                f"Training images: {self.images:,}{inferred}",
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
        command = f"{settings.PROGRAM} evaluate RUN --all-snapshots --light"
        return f"not in a job of Slurm; `{command}` makes them afterwards."
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
        return Estimate(None, 0, None, None, None, None, seconds, speed, scoring_cost(config, seconds))
    channels, size = image_set.images.shape[1], config.data.image_size
    count, unlabelled = images_to_learn(config.data, image_set), unlabelled_to_learn(config.data, image_set)
    conditions = condition_width(len(image_set.names), config.model.subclasses)
    generator, discriminator = parameter_counts(config.model, size, channels, len(image_set.names))
    both = generator + discriminator
    memory = step_memory(config, channels, len(image_set.names)) + processes_on_device(config) * min(
        count * (channels * size * size + 4 * conditions), 2_000_000_000
    )
    snapshots = min(config.train.keep_snapshots, max(1, int(config.train.kimg // config.train.snapshot_kimg)))
    disk = 4 * (snapshots * generator + 2 * 3 * both)
    scoring = scoring_cost(config, seconds)
    return Estimate(count, unlabelled, image_set.counts()["train"], both, memory, disk, seconds, speed, scoring)


def find_speed(config: RunConfig) -> Speed | None:
    """The speed of the latest comparable run on this machine, or of Slurm on its nodes, or else the measured one; None
    where there is neither."""
    values, engine = speed_values(config), config.job.engine
    for run in stored_runs():
        try:
            is_like = speed_values(run.config) == values and run.config.job.engine == engine
            rate = rate_of_run(run) if is_like else None
        except (GanError, OSError):  # a damaged run folder; the overview shows it
            continue
        if rate:
            return Speed(rate, "run")
    measured = load_speed(config)
    if measured is None:
        return None
    return Speed(measured.images_per_second, "shared-steps" if measured.shared else "steps")
