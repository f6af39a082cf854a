"""`--preset auto`: a config chosen from a set's size, classes and channels, and the reason in one sentence. No torch.

    python -m gan train --preset auto --data.name medmnist --data.flag breastmnist

Why it takes each option, and where that was measured: `auto_choices.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gan.config import options
from gan.config.run_config import DataConfig, JobConfig, RunConfig
from gan.data.image_set import ImageSet
from gan.data.ingest.checks.class_findings import MIN_TRAINING_IMAGES
from gan.data.subclasses import MIN_IMAGES_PER_SUBCLASS
from gan.data.training_size import Sides, size_choice
from gan.data.unlabelled import images_to_learn, unlabelled_to_learn
from gan.errors import RunError
from gan.jobs.device_list import matching_devices, no_such_device

AUGMENT_BELOW = 2000
"""Training images below which D's images are augmented, and a start from another run is proposed."""
LARGE_SET = 10_000
"""Training images from which on networks are wide on a CPU too, with subclasses, narrower noise, a constant rate."""
WIDTH, NARROW_WIDTH = 64, 32
"""`model.width`, and that of fewer images than LARGE_SET on a CPU."""
LEARNING_RATE = 5e-4
DECAY_FROM = 0.5
"""`optim.decay_from` below LARGE_SET images."""
AUGMENTED_LENGTH = 2
"""Factor on the length of a run with augmentation: D learns less from each image, and goes on learning."""
MISMATCHED_SHARE = 0.5
"""`loss.mismatched` where images are few."""
TRAINING_NOISE = 0.87
"""`train.noise` from LARGE_SET images on."""
SUBCLASSES = 8
"""`model.subclasses` from LARGE_SET images on."""
MAX_IMBALANCE = 1.2
"""Ratio of the largest class to the smallest from which on classes are sampled equally often."""


QUICK_SECONDS, NIGHT_SECONDS = 3 * 60, 8 * 3600
LONGEST = 10
"""A night's run has at most so many times the recommended images: more was not measured."""


@dataclass(frozen=True)
class Length:
    """A length to choose: `train.kimg` with its seconds on this machine, and how often to save."""

    key: Literal["quick", "recommended", "night"]
    kimg: float
    snapshot_kimg: float
    seconds: float


def lengths(recommended: RunConfig, images_per_second: float) -> tuple[Length, ...]:
    """A quick look of about three minutes, the recommended length, and what a night of eight hours allows.

    A quick look is at most half of the recommended length, and has at least one batch.
    """
    kimg, rate = recommended.train.kimg, images_per_second / 1000
    quick = max(min(QUICK_SECONDS * rate, kimg / 2), recommended.train.batch / 1000, 0.1)
    night = max(min(NIGHT_SECONDS * rate, LONGEST * kimg), quick)
    named: dict[Literal["quick", "recommended", "night"], float] = {
        "quick": _two_digits(quick),
        "recommended": kimg,
        "night": _two_digits(night),
    }
    return tuple(
        Length(key, length, max(_two_digits(length / 10), 0.001), length / rate) for key, length in named.items()
    )


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


@dataclass(frozen=True)
class Recommendation:
    """A config, the reason for it in one sentence, and a warning against training at all, or ""."""

    config: RunConfig
    why: str
    advice: str


def recommend(data: DataConfig, image_set: ImageSet, job: JobConfig, sides: Sides | None = None) -> Recommendation:
    """The recommended config for a set, for a run with these `job` options; raises RunError where the device does not
    exist here. A job of Slurm is on a GPU unless its device is "cpu", whatever this machine has.

    The image size and `data.pseudo_labels` are those of `data`; of one's own images the reason for the size is known
    where their `sides` are given. Unlabelled images that are to be learned count as if all got a class.
    """
    on_cpu = _is_on_cpu(job)
    counts = image_set.counts()["train"]
    total, unlabelled = images_to_learn(data, image_set), unlabelled_to_learn(data, image_set)
    imbalanced = image_set.kind == "class" and max(counts.values()) > MAX_IMBALANCE * min(counts.values())
    augment = total < AUGMENT_BELOW
    kimg = _length(total, on_cpu) * (AUGMENTED_LENGTH if augment else 1)
    values: dict[str, Any] = {f"data.{name}": value for name, value in data}
    values |= {"data.balance": imbalanced} | {f"job.{name}": value for name, value in job}
    small, in_colour = total < LARGE_SET, image_set.images.shape[1] == 3
    values |= {"model.family": "projection", "model.upsampling": "nearest" if small or in_colour else "transposed"}
    values |= {"optim.lr": LEARNING_RATE, "optim.decay_from": DECAY_FROM if small else 1.0}
    values |= {
        "model.width": NARROW_WIDTH if on_cpu and small else WIDTH,
        "train.batch": _batch(total, data.image_size, on_cpu),
    }
    values |= {"loss.mismatched": MISMATCHED_SHARE if augment and not image_set.one_condition() else 0.0}
    values |= {"train.kimg": kimg, "train.snapshot_kimg": kimg / 10, "train.augment": augment}
    values |= {"train.noise": 1.0 if small else TRAINING_NOISE}
    divisible = image_set.kind == "class" and max(counts.values()) + unlabelled >= 2 * MIN_IMAGES_PER_SUBCLASS
    values |= {"model.subclasses": SUBCLASSES if divisible and not small else 1}
    config = options.build_config(values)
    why = _why(config, image_set, counts, on_cpu, sides)
    return Recommendation(config, why, advice_against(image_set.kind, counts, unlabelled))


def _is_on_cpu(job: JobConfig) -> bool:
    if job.engine == "slurm":
        return job.device == "cpu"
    devices = matching_devices(job.device)
    if not devices:
        raise RunError(no_such_device(job.device))
    return devices[0] == "cpu"


def _length(total: int, on_cpu: bool) -> float:
    """`train.kimg`, with the cube root of the number of images, times 4 on a GPU.

    It is that without augmentation. On a CPU a run makes about 270 passes over 500 images, with AUGMENTED_LENGTH, 30
    over 5,000 and 6 over 50,000.
    """
    kimg = 40 * (total / 100) ** (1 / 3) * (1 if on_cpu else 4)
    return _two_digits(max(kimg, 20))


def _batch(total: int, size: int, on_cpu: bool) -> int:
    """`train.batch`: 64 on a CPU, 128 on a GPU, or the power of two that fits four times into a small set.

    At 256 px a quarter of it, which takes the memory of a whole one at 128 px.
    """
    batch = 64 if on_cpu else 128
    batch = batch // 4 if size > 128 else batch
    while batch > 8 and 4 * batch > total:
        batch //= 2
    return batch


def _why(config: RunConfig, image_set: ImageSet, counts: dict[str, int], on_cpu: bool, sides: Sides | None) -> str:
    """What the set is and what follows from that, in one sentence."""
    total, size, kimg = images_to_learn(config.data, image_set), config.data.image_size, config.train.kimg
    colour, device = "colour" if image_set.images.shape[1] == 3 else "grey", "CPU" if on_cpu else "GPU"
    unlabelled = unlabelled_to_learn(config.data, image_set)
    inferred = f", {unlabelled:,} of them with a class that is inferred," if unlabelled else ""
    parts = [
        f"For {total:,} {colour} images{inferred} of {size} px{_size_reason(config.data, sides)} on a {device}: the "
        f"projection GAN, best in our measurements, {config.model.width} maps wide, "
        f"for {kimg:,g} thousand images ({kimg * 1000 / total:,.0f} passes) in batches of {config.train.batch}"
    ]
    if config.train.augment:
        pairs = " and mismatched pairs" if config.loss.mismatched else ""
        parts.append(f"with augmentation{pairs} because the images are few")
    if config.model.subclasses > 1:
        parts.append(f"conditioned on {config.model.subclasses} subclasses of each class so that rare ones are kept")
    if config.train.noise < 1:
        parts.append(f"with noise of scale {config.train.noise:g} in training so that sampling with 1 varies more")
    if config.data.balance:
        rarest = min(counts, key=lambda name: counts[name])
        parts.append(f"with classes sampled equally often because {rarest} has only {counts[rarest]:,}")
    return ", ".join(parts) + "."


def _size_reason(data: DataConfig, sides: Sides | None) -> str:
    """Why images of this size, in brackets; "" of one's own images without `sides`, whose size the user gave."""
    if data.name == "folder":
        return f" ({size_choice(sides, data.image_size)})" if sides is not None else ""
    usual = DataConfig(name=data.name, medmnist_size=data.medmnist_size).image_size
    if data.image_size == usual:
        return " (the usual size of this set)"
    return f" (your choice; the usual size of this set is {usual} px)"


def advice_against(kind: str, counts: Mapping[str, int], unlabelled: int) -> str:
    """Why not to train yet, where a class has fewer than `MIN_TRAINING_IMAGES` training images; else "".

    `counts` are those with a label; any of the `unlabelled` ones that are learned too may be of that class.
    """
    few = [f"{name} ({count})" for name, count in counts.items() if count + unlabelled < MIN_TRAINING_IMAGES]
    if not few or kind != "class":
        return ""
    return (
        f"Do not train yet: fewer than {MIN_TRAINING_IMAGES} training images of {', '.join(few)}. In our measurements "
        "a generator trained on so few made nearly the same image again and again, and a classifier learnt far less "
        "from its images than from the real ones, shifted, turned and brightened a little (classical augmentation). "
        "Collect more images, or use classical augmentation."
    )
