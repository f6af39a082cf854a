"""A small classification problem whose studies have a known outcome: to which of two families does a motif belong?

Each family has twelve motifs. 16 images show few of them, and a classifier must guess the rest; a hundred more images
show all. Classical augmentation shows no new motif.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.evaluation.budget import ClassifierBudget, EarlyStopping
from gan.evaluation.records.study_results import StudyResult
from gan.evaluation.study.arm_generators import Generator
from gan.evaluation.study.arms import Generate
from gan.evaluation.study.divisions import Division
from gan.evaluation.study.guarded_generation import FindCopies
from gan.evaluation.study.run_study import Study
from gan.evaluation.study.study_options import StudyOptions, TrainingBudget

SIDE, MOTIFS = 16, 12
TWENTY_STEPS = TrainingBudget(
    batch=16,
    stopping=EarlyStopping(check_every=20, min_steps=20, max_steps=20, cooldown=0),
    batch_norm_images=64,
)
"""Enough to learn the motifs of each family; more where images are added, as the most steps grow with their number."""
BRIEF = ClassifierBudget(shortest=640, longest=640)
"""Of the filter's classifier."""
TWO_STEPS = TrainingBudget(stopping=EarlyStopping(min_steps=1, max_steps=1), batch_norm_images=64)
"""For tests of how a study proceeds, not of what its classifiers learn."""


def motifs(labels: NDArray[np.int64], seed: int) -> NDArray[np.uint8]:
    """Slightly noisy images (n, 1, 16, 16), each of a random motif of its family."""
    all_motifs = np.random.default_rng(12345).normal(128, 45, (2, MOTIFS, 4, 4)).repeat(4, 2).repeat(4, 3)
    generator = np.random.default_rng(seed)
    shown = all_motifs[labels, generator.integers(0, MOTIFS, len(labels))]  # (n, 16, 16)
    return (shown + generator.normal(0, 20, shown.shape)).clip(0, 255).astype(np.uint8)[:, None]


def image_set(train: int, *, val: int = 24, test: int = 100, every: int = 2, grouped: bool = False) -> ImageSet:
    """Images of two families, each `every`-th of "b"; with `grouped`, two consecutive images are of one patient."""
    n = train + val + test
    unit = np.arange(n) // 2 if grouped else np.arange(n)
    labels = (unit % every == 0).astype(np.int64)
    return ImageSet(
        images=motifs(labels, 0),
        conditions=np.eye(2, dtype=np.float32)[labels],
        names=("a", "b"),
        kind="class",
        split=np.repeat(np.array(["train", "val", "test"]), [train, val, test]),
        group=np.array([f"patient {one}" for one in unit]) if grouped else None,
        native_size=SIDE,
        title="Motifs",
        source="generated for a test",
        licence="none",
    )


def held_out_like(conditions: NDArray[np.float32], seed: int) -> NDArray[np.uint8]:
    """A perfect generator: new images of the requested classes."""
    return motifs(conditions.argmax(axis=1), 1000 + seed)


def label_shuffled(conditions: NDArray[np.float32], seed: int) -> NDArray[np.uint8]:
    """Good images with shuffled labels."""
    return motifs(np.random.default_rng(seed).permutation(conditions.argmax(axis=1)), 1000 + seed)


def noise(conditions: NDArray[np.float32], seed: int) -> NDArray[np.uint8]:
    """Uniform noise."""
    shape = (len(conditions), 1, SIDE, SIDE)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def duplicates(images: ImageSet) -> Generate:
    """A generator that repeats its training images."""
    rows = images.rows("train")

    def generate(conditions: NDArray[np.float32], seed: int) -> NDArray[np.uint8]:
        generator, labels = np.random.default_rng(seed), images.labels()[rows]
        requested = conditions.argmax(axis=1)
        return images.images[[rows[generator.choice(np.flatnonzero(labels == k))] for k in requested]]

    return generate


def studied(images: ImageSet, make: Generate, folder: Path, **options: object) -> StudyResult:
    """The study of these images with this generator; by default 4 seeds, 2 to choose, all real images, one ratio, one
    keep rate, synthetic images added."""
    values = replace(
        StudyOptions(
            4, (1.0,), (1.0,), (0.5,), budget=TWENTY_STEPS, selection_seeds=2, uses=("added",), selector=BRIEF
        ),
        **options,
    )  # type: ignore[arg-type]
    return made_study(images, lambda share, subset: make, folder, values).result("toy", 1)


def made_study(
    images: ImageSet,
    make_for: Callable[[float, ImageSet], Generate],
    folder: Path,
    options: StudyOptions,
    **others: object,
) -> Study:
    """A study whose generator may depend on the regime; `others` may hold `progress` and `guard_for`."""

    def generator_for(division: Division, number: int) -> Generator:
        return Generator(make_for(division.share, division.development()), {"name": "toy", "kimg": 1.0})

    values = {"guard_for": exact_copies} | others
    return Study(images, generator_for, folder, "toy", options, **values)  # type: ignore[arg-type]


def exact_copies(development: ImageSet, folder: Path) -> FindCopies:
    """A fast guard, which finds equal images alone."""
    training = {image.tobytes() for image in development.images[development.rows("train")]}
    return lambda shown: np.array([image.tobytes() in training for image in shown], dtype=bool)
