"""How well each synthetic image shows what was asked for, and how much it looks like the training images of its kind.

A `Selector` is the real-trained classifier and the features of the images that taught it; from what that classifier
sees in an image come the two numbers of `selection.py`, by which images are kept.

Letters: n images asked about, m training images, C channels, H = W the side, K conditions, F features.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from gan.config import settings
from gan.data.image_set import ImageSet
from gan.errors import StoppedError
from gan.evaluation import training_images
from gan.evaluation.classifiers.reference import NativeImages, load_reference_classifier, sample_rows, split_sha256
from gan.evaluation.classifiers.small_resnet import Classifier, Images, ImageSequence, Progress, predict
from gan.evaluation.selection import SelectionScores, best_of_each_class, check_keep_rate
from gan.io.atomic import replacing
from gan.io.file_lock import exclusive
from gan.io.progress import Progress as Reporting
from gan.io.progress import silent
from gan.runs.run import Run

LOGGER = logging.getLogger(__name__)
RECIPE = "1"
"""Change it when a selector comes out differently: those in the cache are then made anew."""
NEIGHBOURS = 5
"""Training images whose mean distance says how near an image is to them."""
LOOKED_AT = 20_000
"""Training images whose features are computed for a run's selector, at most."""
MOST = 4096
"""Training images of a condition that are compared with, at most; the first ones of a larger set."""
EVERY = -1
"""The condition of all images where they have attributes: few combinations have images enough to be typical of."""


class Selector:
    """A classifier and the features of the real training images that taught it.

    In the study's low-data arms both are of the subset alone, so that no selection knows more than its generator.
    """

    def __init__(self, network: Classifier, features: Tensor, conditions: NDArray[np.float32], kind: str):
        """`features` (m, F) of the training images by `network`, their `conditions` (m, K), of `kind` "class" or
        "attributes"."""
        assert len(features) == len(conditions)
        self.network = network
        self._kind = kind
        labels = _labels(conditions, kind)
        self._real = {int(k): features[torch.from_numpy(labels == k)][:MOST].float() for k in np.unique(labels)}
        self._spacing = {k: _spacing(real) for k, real in self._real.items()}

    @classmethod
    def of(
        cls,
        network: Classifier,
        images: ImageSequence,
        conditions: NDArray[np.float32],
        kind: str,
        progress: Progress = lambda done: None,
    ) -> "Selector":
        """The selector of real training images uint8 (m, C, H, H), as exports show them, with conditions (m, K)."""
        return cls(network, predict(network, images, progress)[0], conditions, kind)

    def scores(self, images: Images, conditions: NDArray[np.float32]) -> SelectionScores:
        """What speaks for each synthetic image uint8 (n, C, H, H) made for conditions (n, K)."""
        return self.judged(*predict(self.network, images), conditions)

    def judged(self, features: Tensor, logits: Tensor, conditions: NDArray[np.float32]) -> SelectionScores:
        """The same for what the classifier saw in the images: features (n, F) and logits (n, K)."""
        return SelectionScores(_confidence(logits, conditions, self._kind), self._typicality(features, conditions))

    def kept(self, images: Images, conditions: NDArray[np.float32], keep_rate: float) -> NDArray[np.int64]:
        """Positions, ascending, of the best share `keep_rate` of each class's images, at least one of each.

        Images with attributes are one lot. Raises ConfigError for a share outside KEEP_RATES.
        """
        check_keep_rate(keep_rate)
        overall, labels = self.scores(images, conditions).overall, _labels(conditions, self._kind)
        return best_of_each_class(overall, labels, keep_rate)

    def kept_at(
        self, images: Images, conditions: NDArray[np.float32], keep_rates: Sequence[float]
    ) -> list[NDArray[np.int64]]:
        """The same for several keep rates, by one look at the images."""
        overall, labels = self.scores(images, conditions).overall, _labels(conditions, self._kind)
        return [best_of_each_class(overall, labels, rate) for rate in keep_rates]

    def _typicality(self, features: Tensor, conditions: NDArray[np.float32]) -> NDArray[np.float64]:
        """Spacing of the training images over the distance to them (n,); 1 where a condition has too few of them."""
        labels, typical = _labels(conditions, self._kind), np.ones(len(features))
        for k in np.unique(labels):
            spacing = self._spacing.get(int(k))
            if spacing is None:
                continue
            lot = labels == k
            distance = _mean_distance(features[torch.from_numpy(lot)].float(), self._real[int(k)], NEIGHBOURS)
            typical[lot] = (spacing / distance.clamp(min=1e-6)).double().numpy()
        return typical


def load_selector(run: Run, progress: Reporting = silent, should_stop: Callable[[], bool] = lambda: False) -> Selector:
    """The selector of a run's own training images, by the real-trained classifier of their set, trained if need be.

    `progress` gets a phase and how much of it is done. Raises RunError where the training images are not here,
    StoppedError where it is asked to stop.
    """
    images = training_images.load_training_images(run, progress)

    def phase(name: str) -> Progress:
        def report(done: float) -> None:
            progress(name, done)
            if should_stop():
                raise StoppedError

        return report

    path = _file(run)
    with exclusive(path.with_suffix(".lock")):  # two at once learn once
        found = _read(path)
        if found is None:
            own = load_reference_classifier(
                images, split_sha256(images, "train"), "cpu", phase("training on real"), should_stop
            )
            rows = sample_rows(images, "train", LOOKED_AT)
            features = predict(own.network, NativeImages(images, rows), phase("looking at training set"))[0]
            _write(path, own.network, features, images, rows)
            found = Selector(own.network, features, images.conditions[rows], images.kind)
    return found


def cached_selector(run: Run) -> Selector | None:
    """The selector of a run's own training images where `load` has made it before; None where it has not.

    To be asked only where `training_images.problem` has nothing against them.
    """
    return _read(_file(run))


def _file(run: Run) -> Path:
    return settings.cache() / f"selector-{training_images.training_images_key(run)}-{RECIPE}.safetensors"


def _write(path: Path, network: Classifier, features: Tensor, images: ImageSet, rows: NDArray[np.int64]) -> None:
    """Keep what a selector is made of."""
    weights = {f"network.{name}": value.cpu().contiguous() for name, value in network.state_dict().items()}
    conditions = torch.from_numpy(np.ascontiguousarray(images.conditions[rows]))
    side, channels = images.native_size, images.images.shape[1]
    shape = {"kind": images.kind, "side": str(side), "channels": str(channels), "names": str(len(images.names))}
    with replacing(path) as temporary:
        save_file({**weights, "features": features.contiguous(), "conditions": conditions}, temporary, metadata=shape)


def _read(path: Path) -> Selector | None:
    """The selector in a file; None where there is none, or where it is damaged, which is told in the log."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            shape = file.metadata()
            kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network = Classifier(int(shape["side"]), int(shape["channels"]), int(shape["names"]))
        weights = {name.removeprefix("network."): value for name, value in kept.items() if name.startswith("network.")}
        network.load_state_dict(weights)
        network.eval().requires_grad_(False)
        return Selector(network, kept["features"], kept["conditions"].numpy(), shape["kind"])
    except (OSError, SafetensorError, RuntimeError, KeyError, ValueError):
        LOGGER.warning("%s is damaged, and is made anew.", path, exc_info=True)
        return None


def _labels(conditions: NDArray[np.float32], kind: str) -> NDArray[np.int64]:
    """The class of each row (n,); EVERY for rows of attributes."""
    if kind == "class":
        return np.asarray(conditions.argmax(axis=1), dtype=np.int64)
    return np.full(len(conditions), EVERY, dtype=np.int64)


def _confidence(logits: Tensor, conditions: NDArray[np.float32], kind: str) -> NDArray[np.float64]:
    """Probability (n,) of the class asked for; for attributes the geometric mean over those of their values."""
    asked = torch.from_numpy(conditions)
    if kind == "class":
        chosen = functional.softmax(logits.double(), dim=1).gather(1, asked.argmax(dim=1, keepdim=True))
        return np.asarray(chosen[:, 0].numpy())
    signed = torch.where(asked > 0.5, logits, -logits).double()  # (n, K): the logit of the value asked for
    return np.asarray(functional.logsigmoid(signed).mean(dim=1).exp().numpy())


def _spacing(real: Tensor) -> float | None:
    """Median distance of training images (m, F) to their nearest others; None where there are too few to say."""
    if len(real) <= NEIGHBOURS:
        return None
    nearest = (
        _mean_distance(real, real, NEIGHBOURS + 1) * (NEIGHBOURS + 1) / NEIGHBOURS
    )  # each is its own nearest, at 0
    spacing = float(nearest.median())
    return spacing if spacing > 0 else None


def _mean_distance(asked: Tensor, real: Tensor, neighbours: int) -> Tensor:
    """Mean distance (n,) of features (n, F) to their nearest among (m, F)."""
    chunks = (asked[first : first + 1024] for first in range(0, max(1, len(asked)), 1024))
    return torch.cat([torch.cdist(chunk, real).topk(neighbours, largest=False).values.mean(dim=1) for chunk in chunks])
