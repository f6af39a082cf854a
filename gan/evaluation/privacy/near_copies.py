"""Near copies: synthetic images that lie closer to a training image than new real images do.

The distance between two images is the smallest over mirror images, turns by right angles, shifts by up to an eighth of
the side, and small turns and zooms (`alignment.py`). All eight orientations are searched in every set: a cell has no
up, and where images have one, the search costs only time. Images of one class may be much alike (ones among digits), so
near copies are judged by *closeness*: the distance to the nearest training image over the mean distance to the next
thirty, all aligned, after Carlini et al. 2023 (arXiv:2301.13188). `calibration.py` sets the threshold on real images;
`altered_copies.py` measures how many copies are detected.

No features of a network decide: those of a classifier collapse a class, so that being near in them says little more
than "the same class". A cropped, blended or redrawn copy can pass: finding no near copy does not prove privacy.

Letters: n query images, m training images, C channels, H = W the side, D descriptor size, c candidates, V variants,
G points of a grid.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan.errors import DataError
from gan.evaluation.classifiers.small_resnet import (
    Images,
    ImageSequence,
    PhaseProgress,
    images_at_a_time,
    no_progress,
)
from gan.evaluation.privacy.alignment import (
    Geometry,
    aligned_distances,
    coarse_descriptors,
    coarse_variants,
    distance_from_correlation,
    fine_values,
    reduced,
)
from gan.evaluation.privacy.altered_copies import ALTERATIONS
from gan.evaluation.privacy.calibration import LOWEST, Calibration, calibrated_threshold
from gan.evaluation.statistics import clopper_pearson_upper

SAME = 0.02
"""Distance up to which an image counts as a copy whatever its closeness: rounding only."""
NEXT = 30
CANDIDATES = NEXT + 2
SHORTLIST = 128
"""Training images compared with every variant on the coarse grid; all are compared with half of the variants."""
EXCLUDED = -1.0
"""Similarity of training images that are not compared."""
CHUNK = 16
BLOCK = 2048
"""Training images whose coarse descriptors are compared at a time: the products fit the processor's cache."""
TRAINING_QUERIES = 1000
"""Largest number of training images compared with the rest of the training set in calibration."""
COPIED = 40
"""Training images copied in calibration, once for each alteration."""


@dataclass(frozen=True)
class Nearest:
    """For each query image (n,): the nearest training image by index and distance.

    `copy` marks near copies, judged by `closeness`.
    """

    pixel_index: NDArray[np.int64]
    pixel_distance: NDArray[np.float64]
    closeness: NDArray[np.float64]
    copy: NDArray[np.bool_]


class NearCopyDetector:
    """Searches training images (m, C, H, H); calibrate it before judging copies.

    The images may be memory-mapped: only coarse versions are held. `group` (m,) names each image's patient.
    """

    def __init__(self, images: ImageSequence, group: NDArray[np.str_] | None = None):
        self.threshold = LOWEST
        """Closeness below which an image is a near copy."""
        self.calibration: Calibration | None = None
        self._images = images
        self._group = np.arange(len(images)) if group is None else np.unique(group, return_inverse=True)[1]
        step = images_at_a_time(images, 1024)
        chunks = (_tensor(images[first : first + step]) for first in range(0, len(images), step))
        self._geometry = Geometry(reduced(_tensor(images[:1])).shape[-1])
        self._coarse = torch.cat([coarse_descriptors(reduced(chunk), self._geometry) for chunk in chunks])  # (m, D)

    def calibrate(self, held_out: Images, progress: PhaseProgress = no_progress) -> Nearest:
        """Set the threshold on held-out real images (n, C, H, H), and on the training images.

        With about 300 real images that are no copies of one another, at most 1% of new real images are false positives
        with 95% confidence; `calibration` has the figures. Returns the nearest of the held-out images. Raises
        DataError where there is no held-out image.
        """
        if not len(held_out):
            raise DataError("There are no held-out real images, which the near-copy threshold is calibrated on.")
        nearest = self.nearest(held_out, lambda done: progress(done / 2))
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
            copies=min(COPIED, len(rows)),
            detected=detected,
        )
        return self._with_copies(nearest)

    def use_calibration(self, calibration: Calibration) -> None:
        """Use an earlier calibration on the same images."""
        self.threshold, self.calibration = calibration.threshold, calibration

    def nearest(self, images: Images, progress: PhaseProgress = no_progress) -> Nearest:
        """The nearest training image of each uint8 image (n, C, H, H), and the near copies."""
        pixels = [(torch.zeros(0), torch.zeros(0), torch.zeros(0, dtype=torch.int64))]
        for first in range(0, len(images), CHUNK):
            pixels.append(self._nearest_in_pixels(_tensor(images[first : first + CHUNK])))
            progress(min(1.0, (first + CHUNK) / len(images)))
        distance, closeness, index = (torch.cat(part).numpy() for part in zip(*pixels, strict=True))
        return self._with_copies(Nearest(index, distance, closeness, np.zeros(len(images), dtype=bool)))

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

    def _detect_copies(self, rows: NDArray[np.int64], progress: PhaseProgress) -> dict[str, int]:
        """How many copies of these training images are detected, by alteration."""
        originals, detected = self._images[np.sort(rows)], {}
        for done, (name, alter) in enumerate(ALTERATIONS.items(), 1):
            detected[name] = int(self.nearest(np.ascontiguousarray(alter(originals))).copy.sum())
            progress(done / len(ALTERATIONS))
        return detected

    def _nearest_in_pixels(self, images: Tensor, excluded: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Distance, closeness and index of the nearest (n,): candidates on coarse grids, then aligned.

        `excluded` (n, m) marks training images that are not compared with a query image.
        """
        geometry, images = self._geometry, reduced(images)
        few = coarse_variants(images, geometry, geometry.variants(every=False)).transpose(0, 1)  # (V, n, D)
        best = torch.cat([(few @ block.T).amax(dim=0) for block in _chunks(self._coarse, BLOCK)], dim=1)  # (n, m)
        if excluded is not None:
            best[excluded] = EXCLUDED
        coarse, shortlist = best.topk(min(SHORTLIST, best.shape[1]))  # (n, s)
        orientations, shifts = geometry.variants()
        every = coarse_variants(images, geometry, (orientations, shifts))  # (n, V, D)
        similarity, variant = torch.bmm(self._coarse[shortlist], every.mT).max(dim=2)  # (n, s)
        similarity[coarse == EXCLUDED] = EXCLUDED
        coarse, order = similarity.topk(min(CANDIDATES, similarity.shape[1]))  # (n, c)
        candidates, variant = shortlist.gather(1, order), variant.gather(1, order)
        rows, inverse = torch.unique(candidates, return_inverse=True)
        compared, fitted = fine_values(reduced(_tensor(self._images[rows.numpy()])), geometry)
        pairs = compared[inverse], fitted[inverse]  # (n, c, C, G), (n, c, C, G')
        distance = aligned_distances(images, pairs, orientations[variant], shifts[variant], geometry)
        distance[coarse == EXCLUDED] = distance_from_correlation(torch.tensor(EXCLUDED))
        distance, order = distance.sort(dim=1)
        others = distance[:, 1 : NEXT + 1].mean(dim=1) if distance.shape[1] > 1 else torch.ones(len(images))
        return distance[:, 0], distance[:, 0] / others.clamp(min=1e-9), candidates.gather(1, order[:, :1])[:, 0]


def _chunks(rows: Tensor, length: int) -> Iterator[Tensor]:
    """A tensor's rows, `length` at a time."""
    return (rows[first : first + length] for first in range(0, len(rows), length))


def _tensor(images: Images) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(images)).float()
