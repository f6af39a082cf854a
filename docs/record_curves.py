"""Make `gan/monitoring/curves/`: short real trainings, good ones and ones made to go wrong.

`python -m docs.record_curves [CASE ...]` takes some ten minutes on one core, and MNIST, breastmnist and pneumoniamnist
in GAN_DATA. What goes wrong is provoked by an extreme option, by few images, by random numbers in place of the
condition, or by another learning rate for one of the two networks, or from a moment on, which no option gives: each
case says how.
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
"""Points kept of each run."""
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
    """One recording: its title, how it is made, and that in numbers. `rate_d`, `rate_g` multiply the learning rate of
    one network; `images` keeps only so many for training; `embedded` replaces the one-hot conditions by random rows of
    that length."""

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
    """Record the cases of those names, or all, each in a store of its own that is removed afterwards.

    `NAME=RUN` keeps a run of the present store, which `python -m gan train` made, under that name.
    """
    torch.set_num_threads(1)
    for name in names or list(CASES):
        name, _, there = name.partition("=")
        if there:
            made = kept(name, find_run(there))
        else:
            with tempfile.TemporaryDirectory() as store:
                os.environ["GAN_STORE"] = store
                made = record(name, CASES[name])
        made.save()
        print(f"{name}: {len(made.rows)} points, {made.end or 'ended well'}")


def kept(name: str, run: Run) -> Recording:
    """The recording of a run that was trained before."""
    image_set = registry.load_image_set(run.config.data)
    before = options.build_config({}).flat()
    config = options.replace_options(
        run.config, {"data.path": Path(run.config.data.path).name}
    )  # no place of this machine
    changed = {path: value for path, value in config.flat().items() if value != before[path]}
    command = " ".join(options.to_arguments(config, options.build_config({})))
    return recorded(
        name, Case(f"A good run: {image_set.title}", f"`python -m gan train {command}`", changed), run, image_set, ""
    )


def record(name: str, case: Case) -> Recording:
    """Train one case and keep what its folder says."""
    case = dataclasses.replace(case, options=SMALL | case.options)
    run = lifecycle.create_run(options.build_config(case.options), name)
    image_set = registry.load_image_set(run.config.data)
    if case.images is not None:
        image_set = fewer(image_set, case.images)
    return recorded(name, case, run, image_set, trained(run, image_set, case))


def recorded(name: str, case: Case, run: Run, image_set: ImageSet, end: str) -> Recording:
    """What the folder of a run that has ended says, as a recording."""
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
        diversity={moment: round(value, 4) for moment, value in sampled.items()},
        real_diversity=round(real, 4),
        end=end,
        rows=thinned([dict(row) for row in MetricsReader(run.path / "metrics.jsonl").read()]),
    )


def trained(run: Run, image_set: ImageSet, case: Case) -> str:
    """Train as `gan.training.train.train` does, but with a rate of its own for each network; gives the kind of
    the end."""
    if case.embedded is not None:
        image_set = embed(image_set, case.embedded)
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


def fewer(image_set: ImageSet, count: int) -> ImageSet:
    """The set with only the first `count` training images, its other splits whole."""
    train = image_set.rows("train")
    kept = np.sort(np.concatenate([train[:count], image_set.rows("val"), image_set.rows("test")]))
    return dataclasses.replace(
        image_set,
        images=np.asarray(image_set.images[kept]),
        conditions=image_set.conditions[kept],
        split=image_set.split[kept],
        group=None if image_set.group is None else image_set.group[kept],
    )


def rows_of(classes: int, length: int) -> NDArray[np.float32]:
    """Random rows (classes, length) from N(0, 1), as `nn.Embedding` has them at its start."""
    return np.random.default_rng(0).standard_normal((classes, length)).astype(np.float32)


def embed(image_set: ImageSet, length: int) -> ImageSet:
    """The set with each one-hot condition replaced by a random row; only for training, its info is not true."""
    conditions = rows_of(len(image_set.names), length)[image_set.labels()]
    return dataclasses.replace(
        image_set, conditions=conditions, names=tuple(map(str, range(length))), kind="attributes"
    )


def embedded_diversity(run: Run, image_set: ImageSet, length: int) -> dict[int, float]:
    """The diversity of each snapshot's images under those random rows: the sample pictures show other conditions."""
    found = {}
    for seen in run.snapshots():
        sampler = load_generator(run, seen)
        asked = [np.tile(row, (16, 1)) for row in rows_of(len(image_set.names), length)]  # (16, length) each
        found[seen] = float(np.mean([diversity.pixel_diversity(sampler.generate(one, seed=0)) for one in asked]))
    return found


def thinned(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Single points spread evenly over the run, not averages: their noise is a part of what is shown."""
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(ROWS, len(rows))).round().astype(int))
    return tuple({key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in rows[i].items()
                  if key != "images_per_second"} for i in chosen)  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
