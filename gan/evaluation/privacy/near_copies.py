"""Near copies: synthetic images that lie closer to a training image than new real images do.

The distance between two images is the Euclidean distance of their normalised pixels at half the resolution, the
smallest over shifts by up to 2 px and mirroring; brightness, contrast, noise and JPEG hardly change it. Images of one
class may be much alike (ones among digits), so near copies are judged by *closeness*: the distance to the nearest
training image over the mean distance to the next thirty, after Carlini et al. 2023 (arXiv:2301.13188).
`calibration.py` sets the threshold on real images; `altered_copies.py` measures how many copies are detected.

The nearest image in the classifier's features is reported too, but decides nothing: these features collapse a class, so
that being near in them says little more than "the same class". A rotated, cropped or redrawn copy can pass: finding no
near copy does not prove privacy.

Letters: n query images, m training images, C channels, H = W the side, F features, D descriptor size, c candidates,
S shifts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gan.errors import DataError
from gan.evaluation.classifiers.small_resnet import (
    Images,
    ImageSequence,
    PhaseProgress,
    images_at_a_time,
    no_progress,
)
from gan.evaluation.privacy.altered_copies import ALTERATIONS
from gan.evaluation.privacy.calibration import LOWEST, Calibration, calibrated_threshold
from gan.evaluation.statistics import clopper_pearson_upper

SAME = 0.02
"""Distance up to which an image counts as a copy whatever its closeness: rounding only."""
SHIFT = 2
COARSE = 8
"""Side of the coarse images by which candidates are chosen among all training images."""
NEXT = 30
CANDIDATES = NEXT + 2
FLAT = 2.0
"""Contrast in grey levels below which an image counts as flat, so that noise is not taken for content."""
CHUNK = 16
BLOCK = 2048
"""Training images whose coarse descriptors are compared at a time: the products fit the processor's cache."""
TRAINING_QUERIES = 1000
"""Largest number of training images compared with the rest of the training set in calibration."""
COPIED = 40
"""Training images copied in calibration, once for each alteration."""


@dataclass(frozen=True)
class Nearest:
    """For each query image (n,): the nearest training images in pixels and in features, by index and distance.

    `copy` marks near copies, judged by `closeness`.
    """

    pixel_index: NDArray[np.int64]
    pixel_distance: NDArray[np.float64]
    closeness: NDArray[np.float64]
    feature_index: NDArray[np.int64]
    feature_distance: NDArray[np.float64]
    copy: NDArray[np.bool_]


class NearCopyDetector:
    """Searches training images (m, C, H, H), optionally with features (m, F); calibrate it before judging copies.

    The images may be memory-mapped: only coarse versions are held. `group` (m,) names each image's patient. Without
    features the nearest in features is index -1 at distance NaN.
    """

    def __init__(self, images: ImageSequence, features: Tensor | None = None, group: NDArray[np.str_] | None = None):
        assert features is None or len(images) == len(features)
        self.threshold = LOWEST
        """Closeness below which an image is a near copy."""
        self.calibration: Calibration | None = None
        self._images = images
        self._directions = None if features is None else functional.normalize(features.float(), dim=1)  # (m, F)
        self._group = np.arange(len(images)) if group is None else np.unique(group, return_inverse=True)[1]
        step = images_at_a_time(images, 1024)
        chunks = (_tensor(images[first : first + step]) for first in range(0, len(images), step))
        self._coarse = torch.cat([_coarse_descriptor(_centre(chunk)) for chunk in chunks])  # (m, D)

    def calibrate(
        self, held_out: Images, features: Tensor | None = None, progress: PhaseProgress = no_progress
    ) -> Nearest:
        """Set the threshold on held-out real images (n, C, H, H) with features (n, F), and on the training images.

        With about 300 real images that are no copies of one another, at most 1% of new real images are false positives
        with 95% confidence; `calibration` has the figures. Returns the nearest of the held-out images. Raises
        DataError where there is no held-out image.
        """
        if not len(held_out):
            raise DataError("There are no held-out real images, which the near-copy threshold is calibrated on.")
        nearest = self.nearest(held_out, features, lambda done: progress(done / 2))
        rows = np.random.default_rng(0).permutation(len(self._images))
        within = self._closeness_within_training(rows[:TRAINING_QUERIES], lambda done: progress(0.5 + 0.4 * done))
        closeness = np.concatenate([nearest.closeness, within])
        self.threshold = calibrated_threshold(closeness)
        detected = self._detect_copies(rows[:COPIED], lambda done: progress(0.9 + 0.1 * done))
        false_positives = int((closeness < self.threshold).sum())
        self.calibration = Calibration(
            threshold=self.threshold,
            real=len(closeness),
            false_positives=false_positives,
            bound=clopper_pearson_upper(false_positives, len(closeness)),
            copies=len(detected),
            copies_detected=int(detected.sum()),
        )
        return self._with_copies(nearest)

    def use_calibration(self, calibration: Calibration) -> None:
        """Use an earlier calibration on the same images."""
        self.threshold, self.calibration = calibration.threshold, calibration

    def nearest(self, images: Images, features: Tensor | None = None, progress: PhaseProgress = no_progress) -> Nearest:
        """The nearest training image of each uint8 image (n, C, H, H) with features (n, F), and the near copies."""
        pixels = [(torch.zeros(0), torch.zeros(0), torch.zeros(0, dtype=torch.int64))]
        for first in range(0, len(images), CHUNK):
            pixels.append(self._nearest_in_pixels(_tensor(images[first : first + CHUNK])))
            progress(min(1.0, (first + CHUNK) / len(images)))
        distance, closeness, index = (torch.cat(part).numpy() for part in zip(*pixels, strict=True))
        feature_index, feature_distance = self._nearest_in_features(len(images), features)
        none = np.zeros(len(images), dtype=bool)
        return self._with_copies(Nearest(index, distance, closeness, feature_index, feature_distance, none))

    def _with_copies(self, nearest: Nearest) -> Nearest:
        return replace(nearest, copy=(nearest.closeness < self.threshold) | (nearest.pixel_distance < SAME))

    def _closeness_within_training(self, rows: NDArray[np.int64], progress: PhaseProgress) -> NDArray[np.float64]:
        """Closeness (n,) of these training images to those of other groups; empty where all are of one group."""
        if len(np.unique(self._group)) < 2:
            return np.zeros(0)
        parts = []
        for first in range(0, len(rows), CHUNK):
            chunk = np.sort(rows[first : first + CHUNK])
            same_group = torch.from_numpy(self._group[chunk][:, None] == self._group[None])  # (CHUNK, m)
            parts.append(self._nearest_in_pixels(_tensor(self._images[chunk]), same_group)[1].numpy())
            progress(min(1.0, (first + CHUNK) / len(rows)))
        return np.concatenate(parts)

    def _detect_copies(self, rows: NDArray[np.int64], progress: PhaseProgress) -> NDArray[np.bool_]:
        """Which altered copies of these training images are detected, alteration by alteration."""
        originals, detected = self._images[np.sort(rows)], []
        for done, alter in enumerate(ALTERATIONS.values(), 1):
            detected.append(self.nearest(np.ascontiguousarray(alter(originals))).copy)
            progress(done / len(ALTERATIONS))
        return np.concatenate(detected)

    def _nearest_in_features(self, n: int, features: Tensor | None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Index and distance of the nearest in features (n,); -1 and NaN without features."""
        if self._directions is None or features is None:
            return np.full(n, -1), np.full(n, np.nan)
        parts = [
            (functional.normalize(chunk.float(), dim=1) @ self._directions.T).max(dim=1)
            for chunk in _chunks(features, CHUNK)
        ]
        cosine, index = (torch.cat(part) for part in zip(*parts, strict=True))
        return index.numpy(), _distance(cosine).numpy()

    def _nearest_in_pixels(self, images: Tensor, excluded: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Distance, closeness and index of the nearest (n,): candidates by coarse descriptors, then by full ones.

        `excluded` (n, m) marks training images that are not compared with a query image.
        """
        shifts = torch.stack([_coarse_descriptor(shifted) for shifted in _shifted(images)])  # (S, n, D)
        best = torch.cat([(shifts @ block.T).amax(dim=0) for block in _chunks(self._coarse, BLOCK)], dim=1)  # (n, m)
        if excluded is not None:
            best[excluded] = -1.0
        coarse, candidates = best.topk(min(CANDIDATES, best.shape[1]))  # (n, c)
        rows, inverse = torch.unique(candidates, return_inverse=True)
        descriptors = _descriptor(_centre(_tensor(self._images[rows.numpy()])))[inverse]  # (n, c, D)
        correlation = torch.bmm(descriptors, _shifted_descriptors(images).mT).amax(dim=2)  # (n, c)
        if excluded is not None:
            correlation[coarse == -1.0] = -1.0
        distance, order = _distance(correlation).sort(dim=1)
        others = distance[:, 1 : NEXT + 1].mean(dim=1) if distance.shape[1] > 1 else torch.ones(len(images))
        return distance[:, 0], distance[:, 0] / others.clamp(min=1e-9), candidates.gather(1, order[:, :1])[:, 0]


def _chunks(rows: Tensor, length: int) -> Iterator[Tensor]:
    """A tensor's rows, `length` at a time."""
    return (rows[first : first + length] for first in range(0, len(rows), length))


def _shifted(images: Tensor) -> Iterator[Tensor]:
    """The images as (n, C, H - 4, H - 4) under every shift, plain and mirrored."""
    side = images.shape[-1] - 2 * SHIFT
    for mirrored in (images, images.flip(-1)):
        for top in range(2 * SHIFT + 1):
            for left in range(2 * SHIFT + 1):
                yield mirrored[:, :, top : top + side, left : left + side]


def _centre(images: Tensor) -> Tensor:
    return images[:, :, SHIFT:-SHIFT, SHIFT:-SHIFT]


def _coarse_descriptor(images: Tensor) -> Tensor:
    """Descriptors (n, D) of images (n, C, H, H): 8 x 8 averages."""
    return _unit_vectors(functional.adaptive_avg_pool2d(images, COARSE))


def _descriptor(images: Tensor) -> Tensor:
    """Descriptors (n, D) of images (n, C, H, H): half the resolution."""
    return _unit_vectors(functional.avg_pool2d(images, 2))


def _shifted_descriptors(images: Tensor) -> Tensor:
    """`_descriptor` of each image of `_shifted`, (n, S, D), from means shared by the shifts."""
    side, steps = images.shape[-1] - 2 * SHIFT, range(2 * SHIFT + 1)
    means = [functional.avg_pool2d(mirrored, 2, stride=1) for mirrored in (images, images.flip(-1))]
    return torch.stack(
        [
            _unit_vectors(mean[:, :, top : top + side - 1 : 2, left : left + side - 1 : 2])
            for mean in means
            for top in steps
            for left in steps
        ],
        dim=1,
    )


def _unit_vectors(images: Tensor) -> Tensor:
    """Unit vectors (n, D) whose dot product is the correlation of images (n, C, H, H); flat images all agree."""
    contrast = (images - images.mean(dim=(2, 3), keepdim=True)).flatten(1)
    flat = torch.full((len(images), 1), FLAT * contrast.shape[1] ** 0.5)
    return functional.normalize(torch.cat([contrast, flat], dim=1), dim=1)


def _distance(correlation: Tensor) -> Tensor:
    """Euclidean distance, float64, between unit vectors with this dot product."""
    return (2 - 2 * correlation.double()).clamp(min=0).sqrt()


def _tensor(images: Images) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(images)).float()
