"""What stands against starting this config here and now, all of it at once. No torch.

An "error" will stop the run, a "warning" will spoil or slow it, a "note" is good to know. Shown before Start and by
`--dry-run`. What is wrong with a single option is refused earlier, by `options.build_config`.
"""

import shutil
from dataclasses import dataclass
from typing import Literal

from gan.config import settings
from gan.config.run_config import RunConfig
from gan.data import registry
from gan.data.subclasses import MIN_IMAGES_PER_SUBCLASS
from gan.jobs.device_list import matching_devices, no_such_device
from gan.training.estimate import Estimate

FEW_IMAGES = 50
"""Training images of a class below which a GAN mostly repeats them."""


@dataclass(frozen=True)
class Problem:
    level: Literal["error", "warning", "note"]
    text: str


def find_problems(config: RunConfig, expected: Estimate) -> list[Problem]:
    """Everything found, errors first; `expected` is what the config takes (`estimate.estimate`)."""
    found = [*_of_data(config, expected), *_of_device(config), *_of_disk(expected)]
    return sorted(found, key=lambda problem: ("error", "warning", "note").index(problem.level))


def _of_data(config: RunConfig, expected: Estimate) -> list[Problem]:
    missing = registry.problem(config.data)
    if missing:
        return [Problem("error", missing)]
    image_set = registry.cached_image_set(config.data)
    if image_set is None or expected.images is None or expected.per_condition is None:
        return [Problem("note", "The images are read when the run starts; what they are is known after that.")]
    found = []
    if expected.images < 2:
        found.append(Problem("error", f"{expected.images} training images: training takes at least 2."))
    elif expected.images < config.train.batch:
        text = (
            f"A batch of {config.train.batch} is larger than the {expected.images} training images: lower train.batch."
        )
        found.append(Problem("warning", text))
    few = [f"{name} ({count})" for name, count in expected.per_condition.items() if count < FEW_IMAGES]
    if few:
        names = ", ".join(few)
        text = f"Fewer than {FEW_IMAGES} training images of {names}: expect near copies of them, and little variety."
        found.append(Problem("warning", text))
    if config.data.balance and image_set.kind == "attributes":
        found.append(Problem("note", "data.balance is for classes: images with attributes are drawn as they come."))
    if config.model.subclasses > 1 and image_set.kind == "attributes":
        found.append(Problem("error", "model.subclasses is for classes: for images with attributes it takes 1."))
    most = max(expected.per_condition.values())
    if config.model.subclasses > 1 and image_set.kind == "class" and most < 2 * MIN_IMAGES_PER_SUBCLASS:
        needed = 2 * MIN_IMAGES_PER_SUBCLASS
        text = f"model.subclasses has no effect: a class takes {needed} training images, the largest has {most}."
        found.append(Problem("note", text))
    if config.loss.mismatched and config.model.subclasses == 1 and image_set.one_condition():
        text = "loss.mismatched does nothing here: all training images have one condition, and there is no wrong one."
        found.append(Problem("note", text))
    return found


def _of_device(config: RunConfig) -> list[Problem]:
    there = matching_devices(config.job.device)
    if not there:
        return [Problem("error", no_such_device(config.job.device))]
    if there == ["cpu"] and config.data.image_size > 32:
        text = f"No GPU here: {config.data.image_size} px take hours on a CPU; 32 px with width 16 or 32 take minutes."
        return [Problem("warning", text)]
    return []


def _of_disk(expected: Estimate) -> list[Problem]:
    folder = settings.store()
    while not folder.exists():
        folder = folder.parent
    free, needed = shutil.disk_usage(folder).free, (expected.disk or 0) + 200_000_000
    if free < needed:
        text = f"{free / 1e9:.1f} GB free in {settings.store()}: the run takes about {needed / 1e9:.1f} GB. Free some."
        return [Problem("error", text)]
    return []
