"""`preset: auto`: the recipe chosen from a set's own facts, and why, in one sentence. No torch.

    python -m gan train --preset auto --data.name medmnist --data.flag breastmnist

What each rule goes by was measured: docs/results.md.
"""

from dataclasses import dataclass
from typing import Any

from gan.config import options
from gan.config.run_config import DataConfig, RunConfig
from gan.data.image_set import ImageSet
from gan.data.subclasses import MIN_IMAGES_PER_SUBCLASS
from gan.errors import RunError
from gan.jobs.device_list import matching_devices, no_such_device

MIN_CLASS_IMAGES = 25
"""Training images of a class below which the measurements give no hope. Of X-rays, 10 a class left a quarter of the
real variety and taught a classifier 56% where the same ten, shifted a little, taught it 89%; 25 a class left nearly
all of the variety, and 86% against 93%."""
AUGMENT_BELOW = 2000
"""Training images below which D comes to know them by heart unless it is shown them augmented. Of 546 it did, within
70 thousand images seen; of 4,708 not within 140 thousand."""
LARGE_SET = 10_000
"""Training images from which on networks of 64 maps are taken on a CPU too. Of 54,000 digits those of 32 maps taught a
classifier 97.3% in five minutes of one core; those of 64 maps no less in that time, and 98.1% in eighteen."""
AUGMENTED_LENGTH = 2
"""How many times longer a run with augmentation is: each image teaches D less, and it goes on learning."""
MISMATCHED_SHARE = 0.5
"""Share of mismatched pairs among D's false examples where images are few. Without them it hardly learns the class from
437 ultrasound images: a classifier knew 83% of the generated ones for what they should show, and 99% with them. Of
54,000 digits D learns it by itself, and mismatched pairs cost some of the variety."""
TRAINING_NOISE = 0.87
"""Spread of the noise in training, of that in use, from WIDE images on. What images of digits lack after a long
training is rare ways of writing; noise of 1.15 times the spread in training reaches some of them: it taught a
classifier 98.3 and 98.4% where the same spread taught it 98.1 and 98.2% (two seeds). On few images it brought nothing
that could be shown, and what is unusual there may be wrong."""
SUBCLASSES = 8
"""Kinds within a class from WIDE images on. Told of them, networks of 32 maps taught a classifier of digits 98.3% where
without they taught it 97.6%; 20 kinds came to 97.9% and 40 to 98.1% (validation, one seed each)."""
MAX_IMBALANCE = 1.2
"""How many times the images of the rarest class the commonest may have before classes are drawn equally often."""


@dataclass(frozen=True)
class Recommendation:
    """A config for a set, why it is so in one sentence, and what speaks against training at all, or nothing."""

    config: RunConfig
    why: str
    advice: str


def recommend(data: DataConfig, image_set: ImageSet, device: str = "auto") -> Recommendation:
    """The recipe for a set on a device as `job.device` names it; raises RunError where there is no such device."""
    there = matching_devices(device)
    if not there:
        raise RunError(no_such_device(device))
    on_cpu = there[0] == "cpu"
    counts = image_set.counts()["train"]
    total = len(image_set.rows("train"))
    uneven = image_set.kind == "class" and max(counts.values()) > MAX_IMBALANCE * min(counts.values())
    augment = total < AUGMENT_BELOW
    kimg = _length(total, on_cpu) * (AUGMENTED_LENGTH if augment else 1)
    values: dict[str, Any] = {f"data.{name}": value for name, value in data}
    values |= {"data.balance": uneven, "job.device": device, "model.family": "projection", "optim.lr": 5e-4}
    values |= {"model.width": 32 if on_cpu and total < LARGE_SET else 64, "train.batch": _batch(total, on_cpu)}
    values |= {"loss.mismatched": MISMATCHED_SHARE if augment and not image_set.one_condition() else 0.0}
    values |= {"train.kimg": kimg, "train.snapshot_kimg": kimg / 10, "train.augment": augment}
    values |= {"train.noise": TRAINING_NOISE if total >= LARGE_SET else 1.0}
    divisible = image_set.kind == "class" and max(counts.values()) >= 2 * MIN_IMAGES_PER_SUBCLASS
    values |= {"model.subclasses": SUBCLASSES if total >= LARGE_SET and divisible else 1}
    config = options.build_config(values)
    return Recommendation(config, _why(config, image_set, counts, on_cpu), _advice(image_set, counts))


def _length(total: int, on_cpu: bool) -> float:
    """Thousand images to see: more for more training images, and where a GPU makes them cheap.

    Passes over the set grow fewer as it grows: about 140 for 500 images, 30 for 5,000 and 6 for 50,000.
    """
    kimg = 40 * (total / 100) ** (1 / 3) * (1 if on_cpu else 4)
    return float(f"{max(kimg, 20):.2g}")


def _batch(total: int, on_cpu: bool) -> int:
    """64 on a CPU and 128 on a GPU, or the power of two that a small set still fills four times."""
    most = 64 if on_cpu else 128
    while most > 8 and 4 * most > total:
        most //= 2
    return most


def _why(config: RunConfig, image_set: ImageSet, counts: dict[str, int], on_cpu: bool) -> str:
    """One sentence that names the facts and what follows from them."""
    total, size, kimg = len(image_set.rows("train")), config.data.image_size, config.train.kimg
    colour, device = "colour" if image_set.images.shape[1] == 3 else "grey", "CPU" if on_cpu else "GPU"
    rarest = min(counts, key=lambda name: counts[name])
    pairs = " and with mismatched pairs" if config.loss.mismatched else ""
    shown = f", augmented for the discriminator{pairs} because they are few" * config.train.augment
    kinds = f", told of {config.model.subclasses} kinds within each class" * (config.model.subclasses > 1)
    narrow = f"{' and' if kinds else ','} with narrower noise in training than in use" * (config.train.noise < 1)
    varied = f"{kinds}{narrow} so that rare kinds are not left out" if narrow else ""
    drawn = f", classes drawn equally often because {rarest} has only {counts[rarest]:,}" * config.data.balance
    return (
        f"For {total:,} {colour} images of {size} px on a {device}: the projection GAN, whose images followed the "
        f"class and varied best in our measurements, {config.model.width} maps wide, for {kimg:g} thousand images "
        f"({kimg * 1000 / total:,.0f} passes) in batches of {config.train.batch}{shown}{varied}{drawn}."
    )


def _advice(image_set: ImageSet, counts: dict[str, int]) -> str:
    few = [f"{name} ({count})" for name, count in counts.items() if count < MIN_CLASS_IMAGES]
    if not few or image_set.kind != "class":
        return ""
    return (
        f"Do not train yet: fewer than {MIN_CLASS_IMAGES} training images of {', '.join(few)}. In our measurements a "
        "generator trained on so few made nearly the same image again and again, and a classifier learnt far less from "
        "its images than from the real ones, shifted, turned and brightened a little (classical augmentation). Collect "
        "more images, or use classical augmentation."
    )
