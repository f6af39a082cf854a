"""The generators of a study: the run's own snapshot, or one trained on the regime's real images alone.

The run's generator has seen every training image. In a regime with fewer, be it a low-data regime or all that a study
takes of a large set, that knowledge would leak into the classifiers. Each such regime trains its own generator, with
the run's config and a shorter training. It resumes like any run.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan.config import options
from gan.config.run_config import RunConfig
from gan.errors import ConfigError, DamagedFileError, StoppedError
from gan.evaluation.study.arms import Generate
from gan.evaluation.study.divisions import Division
from gan.io.atomic import remove_folder, write_json
from gan.io.untrusted_files import read_bytes
from gan.jobs.worker import Worker, working
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run
from gan.sampling.sampler import Sampler, load_generator
from gan.training.train import train

MAX_KIMG_AT_32 = 60.0
"""Longest training of a low-data generator, in thousand images, at 32 px; halved with each doubling of the size."""


@dataclass(frozen=True)
class Generator:
    """Generates a regime's synthetic images; `info` describes it in the result, as in `Regime.generator`."""

    generate: Generate
    info: dict[str, Any]


GeneratorFor = Callable[[Division], Generator]
"""The generator of a division: it has learned the division's training images alone."""


def snapshot_generator(sampler: Sampler, kimg: float) -> Generator:
    """The generator of a snapshot trained for `kimg`. The study's seed is the noise seed, from position 0 on."""
    info = {"name": sampler.run, "snapshot": sampler.seen, "sha256": sampler.sha256, "kimg": kimg}
    return Generator(lambda conditions, seed: sampler.generate(conditions, seed), info)


def low_data_config(config: RunConfig, share: float) -> RunConfig:
    """The run's config with its length times the square root of `share`, and at most MAX_KIMG_AT_32; on one GPU.

    Fewer images are learnt sooner, but not in proportion: a generator needs more passes over them.
    """
    kimg = min(config.train.kimg * share**0.5, MAX_KIMG_AT_32 * 32 / config.data.image_size)
    lengths = {"kimg": round(kimg, 3), "snapshot_kimg": max(round(kimg / 5, 3), 0.001), "keep_snapshots": 2}
    train_config, job = config.train.model_copy(update=lengths), config.job.model_copy(update={"gpus": 1})
    return config.model_copy(update={"train": train_config, "job": job})


def generator_folder(folder: Path, division: Division) -> Path:
    """The folder of a division's generator in a study's `folder`."""
    fold = "" if division.fold is None else f"-fold-{division.fold}"
    return folder / f"generator-{round(100 * division.share)}{fold}"


def train_generator(run: Run, division: Division, folder: Path, device: str, worker: Worker | None) -> Generator:
    """A generator trained on the images of `division` alone, in `folder`, a run folder of its own.

    Raises StoppedError where a stop was requested; the next call resumes. Without a `worker` it trains on the CPU.
    """
    inner = _inner(folder, low_data_config(run.config, division.share))
    if max(inner.snapshots(), default=0) < inner.total:
        with contextlib.nullcontext(worker) if worker else working(inner.path) as at_work:
            assert at_work is not None
            train(inner, at_work, division.development())
    if max(inner.snapshots(), default=0) < inner.total:
        raise StoppedError
    return snapshot_generator(load_generator(inner, None, device), inner.config.train.kimg)


def is_trained(run: Run, division: Division, folder: Path) -> bool:
    """Whether the division's generator in a study's `folder` has finished its training."""
    inner, config = generator_folder(folder, division), low_data_config(run.config, division.share)
    return _config(inner / "config.json") == config and max(Run(inner).snapshots(), default=0) >= Run(inner).total


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
