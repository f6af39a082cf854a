"""Record `gan/monitoring/curves/`: short real trainings, good ones and ones that were made to fail.

`python -m docs.record_curves [CASE ...]` takes about ten minutes on one core, and needs MNIST, breastmnist and
pneumoniamnist in GAN_DATA. A failure is provoked by an extreme option, by few images, by random conditions, or by
another learning rate for one of the networks, throughout or from some point on, which no option can set.
"""

import contextlib
import dataclasses
import os
import sys
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gan.config import options
from gan.data import diversity, registry
from gan.data.image_set import ImageSet
from gan.errors import TrainingError
from gan.jobs.worker import working
from gan.monitoring import sample_diversity
from gan.monitoring.reference_curves import Recording
from gan.runs import lifecycle
from gan.runs.metrics import MetricsWriter
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run, find_run
from gan.sampling.sampler import load_generator
from gan.training.checkpoint import State
from gan.training.train import initial_state, loop

ROWS = 90
"""Points to keep of each run."""
SMALL: dict[str, Any] = {
    "model.width": 16,
    "train.batch": 32,
    "train.kimg": 30,
    "train.snapshot_kimg": 3,
    "train.log_kimg": 0.5,
    "job.device": "cpu",
    "job.threads": 1,
}
ULTRASOUND = {"data.name": "medmnist", "data.flag": "breastmnist", "train.kimg": 60, "train.snapshot_kimg": 6}


@dataclass(frozen=True)
class Case:
    """A recording to make: its title, and how it is trained, in words and in numbers.

    `rate_d` and `rate_g` multiply the learning rate of one network. `images` limits the training images. `embedded`
    replaces the one-hot conditions by random rows of that length. After `sound_until` images the learning rate becomes
    so large that the losses overflow.
    """

    title: str
    setup: str
    options: dict[str, Any] = field(default_factory=dict)
    rate_d: float = 1.0
    rate_g: float = 1.0
    images: int | None = None
    embedded: int | None = None
    sound_until: int | None = None


CASES = {
    "good-digits": Case("A good run: digits", "1,438 digits, the usual options.", {"train.kimg": 40}),
    "good-ultrasound": Case("A good run: ultrasound", "546 breast ultrasound images, two classes.", ULTRASOUND),
    "discriminator-wins": Case(
        "The discriminator wins", "Digits; the generator learns at a twentieth of the usual rate.", rate_g=0.05
    ),
    "generator-wins": Case(
        "The generator wins", "Digits; the discriminator learns at a fiftieth of the usual rate.", rate_d=0.02
    ),
    "oscillating": Case("Oscillation", "Digits, with five hundred times the usual learning rate.", {"optim.lr": 0.1}),
    "one-image": Case(
        "One image per class",
        "Digits, each class given to the networks as 50 random numbers instead of one that is switched on.",
        embedded=50,
    ),
    "memorising": Case("Memorising", "Digits, only 20 of them.", {"train.kimg": 20}, images=20),
    "not-a-number": Case(
        "A number is no longer a number",
        "Digits, the usual options; after 6,000 images the learning rate was made as large as a number can be.",
        {"train.kimg": 12},
        sound_until=6000,
    ),
    "nothing-learnt": Case(
        "Stalled", "Digits, with a two-hundredth of the usual learning rate.", {"optim.lr": 1e-6, "train.kimg": 15}
    ),
}


def main(names: list[str]) -> None:
    """Record these cases, or all, each in a temporary store; `NAME=RUN` records an existing run of the store."""
    torch.set_num_threads(1)
    for name in names or list(CASES):
        name, _, run_name = name.partition("=")
        if run_name:
            recording = record_existing(name, find_run(run_name))
        else:
            with tempfile.TemporaryDirectory() as store:
                os.environ["GAN_STORE"] = store
                recording = record_case(name, CASES[name])
        recording.save()
        print(f"{name}: {len(recording.rows)} points, {recording.end or 'finished'}")


def record_existing(name: str, run: Run) -> Recording:
    """The recording of a run that was trained before."""
    image_set = registry.load_image_set(run.config.data)
    defaults = options.build_config({})
    config = options.replace_options(run.config, {"data.path": Path(run.config.data.path).name})  # no local path
    changed = {path: value for path, value in config.flat().items() if value != defaults.flat()[path]}
    command = " ".join(options.to_arguments(config, defaults))
    case = Case(f"A good run: {image_set.title}", f"`python -m gan train {command}`", changed)
    return read_recording(name, case, run, image_set, "")


def record_case(name: str, case: Case) -> Recording:
    """Train a case, and read its recording."""
    case = dataclasses.replace(case, options=SMALL | case.options)
    run = lifecycle.create_run(options.build_config(case.options), name)
    image_set = registry.load_image_set(run.config.data)
    if case.images is not None:
        image_set = limit_training_images(image_set, case.images)
    end = train_case(run, image_set, case)
    return read_recording(name, case, run, image_set, end)


def read_recording(name: str, case: Case, run: Run, image_set: ImageSet, end: str) -> Recording:
    """The recording in the folder of a run that has ended."""
    real = diversity.real_diversity(image_set, len(image_set.names))
    assert real is not None
    if case.embedded is None:
        sampled = sample_diversity.diversity_by_snapshot(run)
    else:
        sampled = embedded_diversity(run, image_set, case.embedded)
    return Recording(
        key=name,
        title=case.title,
        setup=case.setup,
        options=case.options,
        diversity={seen: round(value, 4) for seen, value in sampled.items()},
        real_diversity=round(real, 4),
        end=end,
        rows=evenly_spaced_rows([dict(row) for row in MetricsReader(run.path / "metrics.jsonl").read()]),
    )


def train_case(run: Run, image_set: ImageSet, case: Case) -> str:
    """Train as `gan.training.train.train` does, with the case's changes; gives `Recording.end`."""
    if case.embedded is not None:
        image_set = embed_conditions(image_set, case.embedded)
    with working(run.path, "cpu") as worker, contextlib.ExitStack() as at_end:
        info = image_set.info()
        info.save(run.path)
        state = initial_state(run.config, info, torch.device("cpu"))
        for optimiser, factor in ((state.optimiser_d, case.rate_d), (state.optimiser_g, case.rate_g)):
            for group in optimiser.param_groups:
                group["lr"] *= factor
            if case.sound_until is not None:
                optimiser.register_step_pre_hook(partial(_blow_up, state, case.sound_until))
        writer = at_end.enter_context(contextlib.closing(MetricsWriter(run.path / "metrics.jsonl", 0)))
        try:
            loop(run, worker, state, image_set, info, writer)
        except TrainingError as error:
            return error.kind
    return ""


def _blow_up(state: State, sound_until: int, optimiser: torch.optim.Optimizer, *_: Any) -> None:
    if state.seen >= sound_until:
        for group in optimiser.param_groups:
            group["lr"] = 1e38


def limit_training_images(image_set: ImageSet, count: int) -> ImageSet:
    """The set with only the first `count` training images and its whole other splits."""
    train = image_set.rows("train")
    rows = np.sort(np.concatenate([train[:count], image_set.rows("val"), image_set.rows("test")]))
    return dataclasses.replace(
        image_set,
        images=np.asarray(image_set.images[rows]),
        conditions=image_set.conditions[rows],
        split=image_set.split[rows],
        group=None if image_set.group is None else image_set.group[rows],
    )


def random_rows(classes: int, length: int) -> NDArray[np.float32]:
    """Random rows (classes, length) from N(0, 1), as `nn.Embedding` is initialised."""
    return np.random.default_rng(0).standard_normal((classes, length)).astype(np.float32)


def embed_conditions(image_set: ImageSet, length: int) -> ImageSet:
    """The set with a random row for each one-hot condition, for training only: its info is not true."""
    conditions = random_rows(len(image_set.names), length)[image_set.labels()]
    return dataclasses.replace(
        image_set, conditions=conditions, names=tuple(map(str, range(length))), kind="attributes"
    )


def embedded_diversity(run: Run, image_set: ImageSet, length: int) -> dict[int, float]:
    """Diversity by snapshot under the random rows, because the sample sheets show other conditions."""
    conditions = [np.tile(row, (16, 1)) for row in random_rows(len(image_set.names), length)]  # (16, length) each
    by_snapshot = {}
    for seen in run.snapshots():
        sampler = load_generator(run, seen)
        values = [diversity.pixel_diversity(sampler.generate(rows, seed=0)) for rows in conditions]
        by_snapshot[seen] = float(np.mean(values))
    return by_snapshot


def evenly_spaced_rows(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """At most ROWS single points: averages would hide their noise. Without the speed of this machine."""
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(ROWS, len(rows))).round().astype(int))
    return tuple(_rounded(rows[i]) for i in chosen)


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: float(f"{value:.4g}") if isinstance(value, float) else value
        for key, value in row.items()
        if key != "images_per_second"
    }


if __name__ == "__main__":
    main(sys.argv[1:])
