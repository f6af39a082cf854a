"""Confidence and typicality of synthetic images, by which they are kept (`selection.py`).

A `Selector` is a classifier and the features of the real images it was trained on.

Letters: n synthetic images, m training images, C channels, H = W the side, K conditions, F features.
"""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from gan.config import settings
from gan.data import registry
from gan.data.image_set import ImageSet
from gan.evaluation import training_images
from gan.evaluation.budget import ClassifierBudget
from gan.evaluation.classifiers.reference import NativeImages, load_reference_classifier, sample_rows, split_sha256
from gan.evaluation.classifiers.small_resnet import (
    Classifier,
    Images,
    ImageSequence,
    PhaseProgress,
    no_progress,
    predict,
)
from gan.evaluation.selection import SelectionScores, best_of_each_class, check_keep_rate
from gan.io.atomic import replacing
from gan.io.file_lock import exclusive
from gan.io.progress import Progress, silent
from gan.runs.run import Run

LOGGER = logging.getLogger(__name__)
RECIPE = "1"
"""Change it when selectors are built differently: cached ones are then built again."""
NEIGHBOURS = 5
"""Nearest training images whose mean distance enters typicality."""
FEATURE_IMAGES = 20_000
"""Largest number of training images whose features are computed."""
IMAGES_PER_CLASS = 4096
"""Largest number of training images of a class that are compared with."""
ALL = -1
"""The one label of images with attributes: most combinations have too few images for a typicality of their own."""


class Selector:
    """A classifier and the features of the real images it was trained on.

    In a study's low-data arms both come from the subset alone, so that selection knows no more than the generator.
    """

    def __init__(self, network: Classifier, features: Tensor, conditions: NDArray[np.float32], kind: str):
        """`features` (m, F) of the training images by `network`, their `conditions` (m, K) of `kind` "class" or
        "attributes"."""
        assert len(features) == len(conditions)
        self.network = network
        self._kind = kind
        labels = _labels(conditions, kind)
        self._real = {
            int(k): features[torch.from_numpy(labels == k)][:IMAGES_PER_CLASS].float() for k in np.unique(labels)
        }
        self._spacing = {k: _median_spacing(real) for k, real in self._real.items()}

    @classmethod
    def from_images(
        cls,
        network: Classifier,
        images: ImageSequence,
        conditions: NDArray[np.float32],
        kind: str,
        progress: PhaseProgress = no_progress,
    ) -> "Selector":
        """The selector of real training images uint8 (m, C, H, H) at native size, with conditions (m, K)."""
        return cls(network, predict(network, images, progress)[0], conditions, kind)

    def scores(self, images: Images, conditions: NDArray[np.float32]) -> SelectionScores:
        """The scores of synthetic images uint8 (n, C, H, H) generated for conditions (n, K)."""
        return self.scores_from_predictions(*predict(self.network, images), conditions)

    def scores_from_predictions(
        self, features: Tensor, logits: Tensor, conditions: NDArray[np.float32]
    ) -> SelectionScores:
        """The same from the classifier's features (n, F) and logits (n, K)."""
        return SelectionScores(_confidence(logits, conditions, self._kind), self._typicality(features, conditions))

    def select(self, images: Images, conditions: NDArray[np.float32], keep_rate: float) -> NDArray[np.int64]:
        """Ascending positions of the best share `keep_rate` of each class's images, at least one per class.

        Images with attributes count as one class. Raises ConfigError for a share outside KEEP_RATES.
        """
        check_keep_rate(keep_rate)
        (kept,) = self.select_at_rates(images, conditions, [keep_rate])
        return kept

    def select_at_rates(
        self,
        images: Images,
        conditions: NDArray[np.float32],
        keep_rates: Sequence[float],
        strata: NDArray[np.int64] | None = None,
    ) -> list[NDArray[np.int64]]:
        """`select` for several keep rates; the images are scored once.

        `strata` (n,) are the numbers of the images among which that share is kept, by default the classes.
        """
        overall = self.scores(images, conditions).overall
        labels = _labels(conditions, self._kind) if strata is None else strata
        return [best_of_each_class(overall, labels, rate) for rate in keep_rates]

    def _typicality(self, features: Tensor, conditions: NDArray[np.float32]) -> NDArray[np.float64]:
        """Typicality (n,); 1 where a class has too few training images to say."""
        labels, typicality = _labels(conditions, self._kind), np.ones(len(features))
        for k in np.unique(labels):
            spacing = self._spacing.get(int(k))
            if spacing is None:
                continue
            members = labels == k
            distance = _mean_distance(features[torch.from_numpy(members)].float(), self._real[int(k)], NEIGHBOURS)
            typicality[members] = (spacing / distance.clamp(min=1e-6)).double().numpy()
        return typicality


def build_selector(
    images: ImageSet,
    device: str = "cpu",
    budget: ClassifierBudget = ClassifierBudget(),
    progress: Progress = silent,
) -> Selector:
    """The selector of a set's training images; its classifier may come from the cache."""
    return _build(images, device, budget, progress)[0]


def _build(
    images: ImageSet, device: str, budget: ClassifierBudget, progress: Progress
) -> tuple[Selector, Tensor, NDArray[np.int64]]:
    """The selector, and the features (m, F) of the training images at these rows (m,)."""
    training = partial(progress, "training on real")
    own = load_reference_classifier(images, split_sha256(images, "train"), device, training, budget)
    rows = sample_rows(images, "train", FEATURE_IMAGES)
    computing = partial(progress, "computing features of the training set")
    features = predict(own.network, NativeImages(images, rows), computing)[0]
    return Selector(own.network, features, images.conditions[rows], images.kind), features, rows


def load_selector(run: Run, progress: Progress = silent, budget: ClassifierBudget = ClassifierBudget()) -> Selector:
    """The selector of a run's training images, from the cache or built now.

    Raises RunError where the training images are not on this machine or have changed.
    """
    images = training_images.load_training_images(run, progress)
    path = _path(run)
    with exclusive(path.with_suffix(".lock")):  # concurrent callers build it once
        selector = _read(path)
        if selector is None:
            selector, features, rows = _build(images, "cpu", budget, progress)
            _write(path, selector.network, features, images, rows)
            registry.note_made_from(images, path)
    return selector


def cached_selector(run: Run) -> Selector | None:
    """The selector that `load_selector` has built before, else None.

    Call it only where `training_images_problem` is None.
    """
    return _read(_path(run))


def _path(run: Run) -> Path:
    return settings.cache() / f"selector-{training_images.training_images_key(run)}-{RECIPE}.safetensors"


def _write(path: Path, network: Classifier, features: Tensor, images: ImageSet, rows: NDArray[np.int64]) -> None:
    """Save all that a selector consists of."""
    weights = {f"network.{name}": value.cpu().contiguous() for name, value in network.state_dict().items()}
    conditions = torch.from_numpy(np.ascontiguousarray(images.conditions[rows]))
    side, channels = images.native_size, images.images.shape[1]
    shape = {"kind": images.kind, "side": str(side), "channels": str(channels), "names": str(len(images.names))}
    with replacing(path) as temporary:
        save_file({**weights, "features": features.contiguous(), "conditions": conditions}, temporary, metadata=shape)


def _read(path: Path) -> Selector | None:
    """The selector in a file; None if the file is missing or damaged (logged)."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            shape = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network = Classifier(int(shape["side"]), int(shape["channels"]), int(shape["names"]))
        weights = {
            name.removeprefix("network."): value for name, value in tensors.items() if name.startswith("network.")
        }
        network.load_state_dict(weights)
        network.eval().requires_grad_(False)
        return Selector(network, tensors["features"], tensors["conditions"].numpy(), shape["kind"])
    except (OSError, SafetensorError, RuntimeError, KeyError, ValueError):
        LOGGER.warning("%s is damaged and is built again.", path, exc_info=True)
        return None


def _labels(conditions: NDArray[np.float32], kind: str) -> NDArray[np.int64]:
    """The class of each row (n,); ALL for rows of attributes."""
    if kind == "class":
        return np.asarray(conditions.argmax(axis=1), dtype=np.int64)
    return np.full(len(conditions), ALL, dtype=np.int64)


def _confidence(logits: Tensor, conditions: NDArray[np.float32], kind: str) -> NDArray[np.float64]:
    """Probability (n,) of the requested class; for attributes the geometric mean over the requested values."""
    requested = torch.from_numpy(conditions)
    if kind == "class":
        probability = functional.softmax(logits.double(), dim=1).gather(1, requested.argmax(dim=1, keepdim=True))
        return np.asarray(probability[:, 0].numpy())
    signed = torch.where(requested > 0.5, logits, -logits).double()  # (n, K): logit of the requested value
    return np.asarray(functional.logsigmoid(signed).mean(dim=1).exp().numpy())


def _median_spacing(real: Tensor) -> float | None:
    """Median over training images (m, F) of the mean distance to their nearest others; None where there are too few."""
    if len(real) <= NEIGHBOURS:
        return None
    # Each image is its own nearest neighbour, at distance 0.
    nearest = _mean_distance(real, real, NEIGHBOURS + 1) * (NEIGHBOURS + 1) / NEIGHBOURS
    spacing = float(nearest.median())
    return spacing if spacing > 0 else None


def _mean_distance(features: Tensor, real: Tensor, neighbours: int) -> Tensor:
    """Mean distance (n,) of features (n, F) to their nearest `neighbours` among (m, F)."""
    chunks = (features[first : first + 1024] for first in range(0, max(1, len(features)), 1024))
    return torch.cat([torch.cdist(chunk, real).topk(neighbours, largest=False).values.mean(dim=1) for chunk in chunks])
