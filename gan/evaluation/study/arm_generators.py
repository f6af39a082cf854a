"""Where a study's synthetic images come from: the run's own snapshot, or a generator that knows the subset alone.

The run's generator has seen every training image, so it may not serve a regime that pretends to have a tenth of them:
what it knows of the others would flow into the classifiers. Such a regime trains its own, by the run's config and for a
length cut to what a study can afford. It resumes like any run.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan.config import options
from gan.config.run_config import RunConfig
from gan.data.image_set import ImageSet
from gan.errors import ConfigError, DamagedFileError, StoppedError
from gan.evaluation.study.arms import Make
from gan.io.atomic import remove_folder, write_json
from gan.io.untrusted_files import read_bytes
from gan.jobs.worker import Worker, working
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run
from gan.sampling.sampler import Sampler, load_generator
from gan.training.train import train

AFFORDABLE = 60.0
"""Thousand images that a subset's generator is trained on at most at 32 px; half of that with each doubling."""


@dataclass(frozen=True)
class Generator:
    """What makes a regime's synthetic images, and what a result tells of it."""

    make: Make
    facts: dict[str, Any]


GeneratorFor = Callable[[float, ImageSet], Generator]
"""The generator of a regime: its share of the real images, and those images with the validation split."""


def own(sampler: Sampler, kimg: float) -> Generator:
    """The generator of a run's snapshot. A study's seed is that of its noise, from the first position on."""
    facts = {"name": sampler.run, "snapshot": sampler.seen, "sha256": sampler.sha256, "kimg": kimg}
    return Generator(lambda conditions, seed: sampler.generate(conditions, seed), facts)


def shortened(config: RunConfig, share: float) -> RunConfig:
    """The run's config for a share of its images: its length times the root of the share, and no more than affordable.

    Fewer images are learnt sooner, but not in proportion: a generator passes over them more often than over all.
    """
    kimg = min(config.train.kimg * share**0.5, AFFORDABLE * 32 / config.data.image_size)
    lengths = {"kimg": round(kimg, 3), "snapshot_kimg": max(round(kimg / 5, 3), 0.001), "keep_snapshots": 2}
    return config.model_copy(update={"train": config.train.model_copy(update=lengths)})


def trained_on(run: Run, subset: ImageSet, share: float, folder: Path, device: str, worker: Worker | None) -> Generator:
    """A generator trained on these images alone, in a run folder of its own within the study's.

    Raises StoppedError where it was asked to stop; the next call goes on. Without `worker` it works by itself, on the
    CPU.
    """
    inner = _inner(folder, shortened(run.config, share))
    if max(inner.snapshots(), default=0) < inner.total:
        with contextlib.nullcontext(worker) if worker else working(inner.path) as at_work:
            assert at_work is not None
            train(inner, at_work, subset)
    if max(inner.snapshots(), default=0) < inner.total:
        raise StoppedError
    return own(load_generator(inner, None, device), inner.config.train.kimg)


def seconds_taken(folder: Path) -> float:
    """How long such a generator was trained; 0 where there is none."""
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
    """What is kept there, options that an earlier version did not have at their defaults; None where there is none."""
    try:
        return options.config_from_json(read_bytes(path))
    except (FileNotFoundError, ConfigError, DamagedFileError):  # a damaged one is as good as none: all is made anew
        return None
