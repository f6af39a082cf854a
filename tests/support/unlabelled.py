"""A small set with unlabelled images whose classes are easy to tell: with a bright square in the middle, or without."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.config import settings
from gan.config.options import build_config
from gan.config.run_config import DataConfig
from gan.data import registry
from gan.data.image_set import UNLABELLED, ImageSet
from gan.data.ingest import accepted_sets, staging, upload_check
from gan.evaluation.budget import EarlyStopping
from gan.evaluation.study.study_options import TrainingBudget
from gan.runs import lifecycle
from gan.runs.run import Run
from gan.training.pseudo_labels import PseudoLabels
from tests.conftest import TINY

SIDE = 16
SHORT = TrainingBudget(
    batch=16,
    stopping=EarlyStopping(check_every=15, patience=1, min_steps=30, max_steps=30, cooldown=0.1),
    batch_norm_images=32,
)
"""Enough to tell the classes apart."""


def squares(labels: NDArray[np.int64], seed: int = 0) -> NDArray[np.uint8]:
    """Noise (n, 1, 16, 16), with a bright square in images of class 1."""
    made = np.random.default_rng(seed).integers(60, 120, (len(labels), 1, SIDE, SIDE), dtype=np.uint8)
    made[labels == 1, :, 4:12, 4:12] += 120
    return made


def set_with_unlabelled(
    train: int = 32, held_out: int = 16, unlabelled: int = 24, groups: Sequence[str] | None = None
) -> ImageSet:
    """Labelled images, `held_out` of each of the other splits, then unlabelled ones; classes take turns.

    With `groups`, those of the unlabelled images, the labelled ones have a group each: train-0, ..., test-15.
    """
    names = ["train"] * train + ["val"] * held_out + ["test"] * held_out + [UNLABELLED] * unlabelled
    labels = np.arange(len(names)) % 2
    conditions = np.eye(2, dtype=np.float32)[labels]
    conditions[len(names) - unlabelled :] = 0
    counts = {"train": train, "val": held_out, "test": held_out}
    own = [f"{split}-{number}" for split, count in counts.items() for number in range(count)]
    return ImageSet(
        images=squares(labels),
        conditions=conditions,
        names=("plain", "square"),
        kind="class",
        split=np.array(names),
        group=None if groups is None else np.array([*own, *groups]),
        native_size=SIDE,
        title="Squares",
        source="made for a test",
        licence="none",
    )


def add_squares(name: str, labelled: int = 80, unlabelled: int = 24) -> DataConfig:
    """The same as an added set, read: class folders, and one of unlabelled images of both classes in turn."""
    root, labels = settings.store().parent / f"{name} files", np.arange(labelled + unlabelled) % 2
    for number, image in enumerate(squares(labels)):
        folder = root / ("unlabelled" if number >= labelled else ("plain", "square")[labels[number]])
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[0]).save(folder / f"{number:03d}.png")
    staged = staging.stage_path(name, root)
    accepted_sets.accept(
        upload_check.check_upload(
            staged, choose=lambda found: next(one.reading for one in found if one.reading.unlabelled == "keep")
        )
    )
    config = DataConfig(name="folder", path=name, image_size=SIDE, pseudo_labels=True)
    registry.load_image_set(config)
    return config


def true_labels(images: ImageSet) -> PseudoLabels:
    """What a perfect classifier that is sure of all would infer."""
    bright = images.images[:, 0, 4:12, 4:12].mean(axis=(1, 2)) > 130
    labels = np.where(images.split == UNLABELLED, bright, -1).astype(np.int16)
    confidence = (labels >= 0).astype(np.float32)
    return PseudoLabels(labels, confidence, np.array([16, 15, 12, 12]), 2.5)


def squares_run(name: str, **options: object) -> Run:
    """A new run on the set `add_squares("own")` that learns its unlabelled images too, whose classes are known."""
    data = {"data.name": "folder", "data.path": "own", "data.image_size": SIDE, "data.pseudo_labels": True}
    run = lifecycle.create_run(build_config(TINY | {"job.device": "cpu"} | data | options), name)
    true_labels(registry.load_image_set(run.config.data)).save(run)
    return run
