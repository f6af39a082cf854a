"""The reference classifier of a data set: trained once on its real training split and cached in the store.

All scores use its features and predictions, so its SHA-256 is recorded with every score.

Letters: n images, C channels, H = W the native side, K conditions.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gan.config import settings
from gan.data import registry
from gan.data.image_set import ImageSet
from gan.data.transform import crop_padding
from gan.errors import DamagedFileError
from gan.evaluation.budget import ClassifierBudget
from gan.evaluation.classifiers.small_resnet import (
    Classifier,
    Images,
    PhaseProgress,
    no_progress,
)
from gan.evaluation.classifiers.training import train_classifier
from gan.io.atomic import replacing
from gan.io.file_lock import exclusive
from gan.io.untrusted_files import check_regular

SEED = 0
LOGGER = logging.getLogger(__name__)
RECIPE = "2"
"""Change it when training changes: cached classifiers are then trained again."""


@dataclass(frozen=True)
class ReferenceClassifier:
    """A classifier trained on real images, and the SHA-256 of its weights file."""

    network: Classifier
    sha256: str


def sample_rows(images: ImageSet, split: str, most: int, seed: int = SEED) -> NDArray[np.int64]:
    """Row numbers of up to `most` images of a split in random order (n,), reproducible by `seed`."""
    return np.random.default_rng(seed).permutation(images.rows(split))[:most]


def native_images(images: ImageSet, rows: NDArray[np.int64]) -> Images:
    """These images at their native size, without padding, as exports have them: uint8 (n, C, H, H)."""
    return np.ascontiguousarray(crop_padding(images.images[rows], images.native_size))


class NativeImages:
    """`native_images` cropped on access, so that a large set stays on disk."""

    def __init__(self, images: ImageSet, rows: NDArray[np.int64]):
        self._images, self._rows = images, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, positions: slice | NDArray[np.int64]) -> Images:
        return native_images(self._images, self._rows[positions])


def split_sha256(images: ImageSet, split: str) -> str:
    """SHA-256 of a split's images and conditions; reads no other split."""
    digest, rows = hashlib.sha256(repr((images.names, images.kind, images.native_size)).encode()), images.rows(split)
    for first in range(0, len(rows), 1024):
        digest.update(np.ascontiguousarray(images.images[rows[first : first + 1024]]).data)
    digest.update(np.ascontiguousarray(images.conditions[rows]).data)
    return digest.hexdigest()


def load_reference_classifier(
    images: ImageSet,
    train_sha256: str,
    device: str = "cpu",
    progress: PhaseProgress = no_progress,
    budget: ClassifierBudget = ClassifierBudget(),
) -> ReferenceClassifier:
    """The classifier of this set's training split, whose `split_sha256` is `train_sha256`: cached, or trained now.

    `progress` is called only while it trains.
    """
    rows = sample_rows(images, "train", budget.largest_set(images.images[0].nbytes))
    images_seen = budget.images_seen(len(rows))
    key = hashlib.sha256(f"{train_sha256} {RECIPE} {len(rows)} {images_seen}".encode()).hexdigest()[:16]
    path = settings.cache() / f"classifier-{key}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(path.with_suffix(".lock")):  # concurrent evaluations train it once
        network = _load(images, path)
        if network is None:
            trained = train_classifier(
                native_images(images, rows),
                images.conditions[rows],
                images.kind,
                images_seen=images_seen,
                seed=SEED,
                device=device,
                progress=progress,
            )
            with replacing(path) as temporary:
                save_file({name: value.cpu().contiguous() for name, value in trained.state_dict().items()}, temporary)
            registry.note_made_from(images, path)
            network = _load(images, path)  # loaded as later calls load it, so that features agree bit for bit
            assert network is not None, "it was just written"
        with open(path, "rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return ReferenceClassifier(network.to(device).eval().requires_grad_(False), sha256)


def _load(images: ImageSet, path: Path) -> Classifier | None:
    """The cached classifier, in the memory format it was trained in; None if it is missing or damaged (logged)."""
    network = Classifier(images.native_size, images.images.shape[1], len(images.names))
    try:
        network.load_state_dict(load_file(check_regular(path)))
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, RuntimeError, DamagedFileError):
        LOGGER.warning("The classifier in %s is damaged and is trained again.", path, exc_info=True)
        return None
    return network.to(memory_format=torch.channels_last)
