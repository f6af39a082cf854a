"""The real-trained classifier of a data set: trained once, kept in the store's cache, the same for all runs on the set.

Its features are what scores compare in, so its SHA-256 stands beside every score. It sees the training split alone.

Letters: n images, C channels, H = W the set's own side, K conditions.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gan.config import settings
from gan.data.image_set import ImageSet
from gan.data.transform import crop_padding
from gan.errors import DamagedFileError
from gan.evaluation.classifiers.small_resnet import Classifier, Images, Progress, budget, train_classifier
from gan.io.atomic import replacing
from gan.io.file_lock import exclusive
from gan.io.untrusted_files import check_regular

MOST = 60_000
"""Images a classifier is trained on at most, real or synthetic; a random part of a larger set."""
SEED = 0
LOGGER = logging.getLogger(__name__)
RECIPE = "1"
"""Change it when `classifier.py` trains differently: classifiers in the cache are then trained anew."""


@dataclass(frozen=True)
class ReferenceClassifier:
    """A classifier trained on real images, and the SHA-256 of its weights."""

    network: Classifier
    sha256: str


def sample_rows(images: ImageSet, split: str, most: int, seed: int = SEED) -> NDArray[np.int64]:
    """Positions of a split's images in random order (n,), at most `most`; the same for the same seed."""
    return np.random.default_rng(seed).permutation(images.rows(split))[:most]


def native_images(images: ImageSet, rows: NDArray[np.int64]) -> Images:
    """These images as exports show them, without padding: uint8 (n, C, H, H)."""
    return np.ascontiguousarray(crop_padding(images.images[rows], images.native_size))


class NativeImages:
    """A split's images as exports show them, cropped when they are asked for: a large set stays on the disk."""

    def __init__(self, images: ImageSet, rows: NDArray[np.int64]):
        self._images, self._rows = images, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, positions: slice | NDArray[np.int64]) -> Images:
        return native_images(self._images, self._rows[positions])


def split_sha256(images: ImageSet, split: str) -> str:
    """SHA-256 of a split's images and conditions; reads nothing of the other splits."""
    digest, rows = hashlib.sha256(repr((images.names, images.kind, images.native_size)).encode()), images.rows(split)
    for first in range(0, len(rows), 1024):
        digest.update(np.ascontiguousarray(images.images[rows[first : first + 1024]]).data)
    digest.update(np.ascontiguousarray(images.conditions[rows]).data)
    return digest.hexdigest()


def load_reference_classifier(
    images: ImageSet,
    train_sha256: str,
    device: str = "cpu",
    progress: Progress = lambda done: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> ReferenceClassifier:
    """The classifier of this set's training split, whose fingerprint is `train_sha256`: from the cache, or trained.

    Raises StoppedError where it is asked to stop while it trains.
    """
    path = (
        settings.cache() / f"classifier-{hashlib.sha256((train_sha256 + RECIPE).encode()).hexdigest()[:16]}.safetensors"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = sample_rows(images, "train", MOST)
    with exclusive(path.with_suffix(".lock")):  # two evaluations at once train it once
        network = _loaded(images, path)
        if network is None:
            trained = train_classifier(
                native_images(images, rows),
                images.conditions[rows],
                images.kind,
                images_seen=budget(len(rows)),
                seed=SEED,
                device=device,
                progress=progress,
                should_stop=should_stop,
            )
            with replacing(path) as temporary:
                save_file({name: value.cpu().contiguous() for name, value in trained.state_dict().items()}, temporary)
            network = _loaded(images, path)  # as the next one will have it: bit for bit the same features
            assert network is not None, "it was just written"
        with open(path, "rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return ReferenceClassifier(network.to(device).eval().requires_grad_(False), sha256)


def _loaded(images: ImageSet, path: Path) -> Classifier | None:
    """The classifier in the cache, in the memory format that `fit` trains in; None without a file.

    A damaged file is told in the log, and is as good as none.
    """
    network = Classifier(images.native_size, images.images.shape[1], len(images.names))
    try:
        network.load_state_dict(load_file(check_regular(path)))
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, RuntimeError, DamagedFileError):
        LOGGER.warning("The classifier in %s is damaged, and is trained anew.", path, exc_info=True)
        return None
    return network.to(memory_format=torch.channels_last)
