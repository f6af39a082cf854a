"""The generators of a study: the run's own snapshot, or one trained on a division's real images alone.

The run's generator has seen every training image. In a division with fewer or other ones, be it a low-data regime, a
fold, or all that a study takes of a large set, that knowledge would leak into the classifiers. Each such division
trains its own generators from scratch, and none is shared. They resume like any run.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gan.config import options
from gan.config.run_config import RunConfig
from gan.data.fingerprint import Fingerprint
from gan.data.image_set import ImageSet
from gan.errors import ConfigError, DamagedFileError, StoppedError
from gan.evaluation.pseudo_labels import label_unlabelled_images
from gan.evaluation.study.arms import Generate
from gan.evaluation.study.divisions import Division, Rows
from gan.evaluation.study.study_options import TrainingBudget
from gan.io.atomic import remove_folder, write_json
from gan.io.untrusted_files import read_bytes
from gan.jobs.worker import Worker, working
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run
from gan.sampling.sampler import Sampler, load_generator
from gan.training.recommend import recommend
from gan.training.train import train

MAX_KIMG_AT_32 = 60.0
"""Longest training of a low-data generator, in thousand images, at 32 px; halved with each doubling of the size."""


@dataclass(frozen=True)
class Generator:
    """Generates a regime's synthetic images; `info` describes it in the result, as in `Regime.generator`.

    `unlabelled` are the rows of the study's set with unlabelled images that it learned beside the training images.
    """

    generate: Generate
    info: dict[str, Any]
    unlabelled: Rows = field(default_factory=lambda: np.zeros(0, np.int64))


GeneratorFor = Callable[[Division, int], Generator]
"""A generator of a division, by its number from 0 on: it has learned the division's training images alone."""
AUTO, OWN = "as --preset auto would train on so many images", "the run's own options"
"""How a generator is trained: `info["recipe"]`."""


def learned_unlabelled(generators: Sequence[Generator]) -> Rows:
    """The rows with unlabelled images that any of them learned."""
    return np.unique(np.concatenate([one.unlabelled for one in generators]))


def snapshot_generator(sampler: Sampler, kimg: float, unlabelled: Rows, recipe: str = OWN) -> Generator:
    """The generator of a snapshot trained for `kimg`, which learned these `unlabelled` images too. The study's seed is
    the noise seed, from position 0 on."""
    info = {"name": sampler.run, "snapshot": sampler.seen, "sha256": sampler.sha256, "kimg": kimg, "recipe": recipe}
    return Generator(lambda conditions, seed: sampler.generate(conditions, seed), info, unlabelled)


def low_data_config(config: RunConfig, share: float) -> RunConfig:
    """The run's config with its length times the square root of `share`, one batch at least and MAX_KIMG_AT_32 at most;
    on one GPU.

    Fewer images are learnt sooner, but not in proportion: a generator needs more passes over them.
    """
    kimg = min(config.train.kimg * share**0.5, MAX_KIMG_AT_32 * 32 / config.data.image_size)
    kimg = max(kimg, config.train.batch / 1000)
    lengths = {"kimg": round(kimg, 3), "snapshot_kimg": max(round(kimg / 5, 3), 0.001), "keep_snapshots": 2}
    train_config, job = config.train.model_copy(update=lengths), config.job.model_copy(update={"gpus": 1})
    return config.model_copy(update={"train": train_config, "job": job})


def follows_auto(config: RunConfig, images: ImageSet) -> bool:
    """Whether a run has the options that `--preset auto` gives for its set, whatever its seed and device."""
    recommended = recommend(config.data, images, config.job).config

    def compared(one: RunConfig) -> dict[str, Any]:
        return one.model_dump(exclude={"job": True, "train": {"seed"}})

    return compared(recommended) == compared(config)


def division_config(config: RunConfig, division: Division, number: int, kimg: float, auto: bool) -> RunConfig:
    """The config of a division's generator of that `number`, each with a seed of its own.

    On the images of the run it is the run's own with the length of the snapshot, `kimg`, so that a learning rate that
    falls comes to 0 there. On fewer or others it is that of `--preset auto` for so many where the run's is (`auto`),
    else the run's own with a shorter training. It never starts from another run, which may have learned images that
    the division tests on.
    """
    seed = config.train.seed + number
    config = _with_lengths(config, {"start_from": "", "freeze_d": 0})
    if division.is_whole:
        lengths: dict[str, Any] = {"kimg": kimg}
    elif auto:
        job = config.job.model_copy(update={"gpus": 1})
        config = recommend(config.data, _images(config, division), job).config
        lengths = {"kimg": config.train.kimg}
    else:
        return _with_lengths(low_data_config(config, division.share), {"seed": seed})
    lengths |= {"snapshot_kimg": max(lengths["kimg"] / 5, 0.001), "keep_snapshots": 2, "seed": seed}
    return _with_lengths(config, lengths)


def _with_lengths(config: RunConfig, values: dict[str, Any]) -> RunConfig:
    return config.model_copy(update={"train": config.train.model_copy(update=values)})


def generator_folder(folder: Path, division: Division, number: int) -> Path:
    """The folder of a division's generator in a study's `folder`."""
    fold = "" if division.fold is None else f"-fold-{division.fold}"
    return folder / f"generator-{round(100 * division.share)}{fold}{f'-{number}' if number else ''}"


def train_generator(
    config: RunConfig,
    division: Division,
    folder: Path,
    device: str,
    worker: Worker | None,
    recipe: str,
    budget: TrainingBudget = TrainingBudget(),
) -> Generator:
    """A generator trained on the images of `division` alone, with `config`, in `folder`, a run folder of its own.

    Where it learns unlabelled images too, a classifier of the division's labelled ones, trained by `budget`, infers
    their classes anew. Raises StoppedError where a stop was requested; the next call resumes. Without a `worker` it
    trains on the CPU.
    """
    inner = _inner(folder, config)
    if max(inner.snapshots(), default=0) < inner.total:
        with contextlib.nullcontext(worker) if worker else working(inner.path) as at_work:
            assert at_work is not None
            images, at = _images(config, division), at_work.device.partition(":")[0]
            label_unlabelled_images(inner, images, at_work.progress, at, budget)
            train(inner, at_work, images)
    if max(inner.snapshots(), default=0) < inner.total:
        raise StoppedError
    sampler, learned = load_generator(inner, None, device), Fingerprint.load(inner.path).learned
    first = len(division.train) + len(division.val)  # of the unlabelled images
    unlabelled = division.unlabelled[np.flatnonzero(learned[first:])]
    return snapshot_generator(sampler, inner.config.train.kimg, unlabelled, recipe)


def _images(config: RunConfig, division: Division) -> ImageSet:
    """What a generator of a division may learn, and its validation images."""
    return division.with_unlabelled() if config.data.pseudo_labels else division.development()


def untrained(division: Division, folder: Path, generators: int) -> list[int]:
    """The numbers of the division's generators in a study's `folder` that have not finished their training."""
    numbers = range(1 if division.is_whole else 0, generators)  # the snapshot is there
    return [number for number in numbers if not _is_trained(generator_folder(folder, division, number))]


def _is_trained(folder: Path) -> bool:
    if _config(folder / "config.json") is None:
        return False
    return max(Run(folder).snapshots(), default=0) >= Run(folder).total


def training_seconds(folder: Path) -> float:
    """Seconds that the generator in `folder` has trained; 0 without one."""
    rows = MetricsReader(folder / "metrics.jsonl").read()
    return float(rows[-1].get("seconds", 0.0)) if rows else 0.0


def _inner(folder: Path, config: RunConfig) -> Run:
    path = folder / "config.json"
    if _config(path) != config:
        remove_folder(folder)
        for part in ("samples", "snapshots", "exports"):
            (folder / part).mkdir(parents=True)
        write_json(folder / "about.json", {"created": 0.0, "title": ""})
        path.write_text(options.config_to_json(config))
    return Run(folder)


def _config(path: Path) -> RunConfig | None:
    """The config kept there; None where there is none, or it cannot be read."""
    try:
        return options.config_from_json(read_bytes(path))
    except (FileNotFoundError, ConfigError, DamagedFileError):
        return None
