"""Synthetic images that lie closer to a training image than new real images do: copies, as far as this can see.

The distance between two images is their correlation as a length, at half the resolution, the smallest over shifts by up
to 2 px and mirroring: brightness, contrast, noise and JPEG hardly move it. Since images of one kind may be much alike
(ones among digits), an image is a near copy by its *closeness*: the distance to its nearest training image over the
mean distance to the thirty next, after Carlini et al. 2023 (arXiv:2301.13188). How close is too close is read off real
images by `calibration.py`, and tried on copies planted by `planted.py`.

The nearest in the classifier's features is told too, but accuses nobody: those features gather a class in a point, so
that being near in them says little more than "the same class". A copy that is turned, cut or redrawn can pass, and no
near copy is no proof of privacy.

Letters: n images asked about, m training images, C channels, H = W the side, F features, D numbers in a description,
c candidates, S shifts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gan.errors import DataError
from gan.evaluation.classifiers.small_resnet import Images, ImageSequence, Progress
from gan.evaluation.privacy.calibration import CERTAIN, Calibration, threshold, upper_bound
from gan.evaluation.privacy.planted_copies import ALTERATIONS

SAME = 0.02
"""Distance up to which an image counts as a copy, however many the training set holds of it: rounding, no more."""
SHIFT = 2
COARSE = 8
"""Side of the small pictures by which candidates are found among all training images."""
NEXT = 30
CANDIDATES = NEXT + 2
FLAT = 2.0
"""Grey levels of contrast below which a picture counts as flat, so that its noise is not taken for its content."""
CHUNK = 16
BLOCK = 2048
"""Training images whose small pictures are compared at a time: the products then stay in the processor's cache."""
SET_AGAINST = 1000
"""Training images that are set against the rest of the training set in calibration, at most."""
PLANTED = 40
"""Training images that are planted in calibration, each under every change."""


@dataclass(frozen=True)
class Nearest:
    """For each image (n,): positions of the nearest training images in pixels and in features, and how near.

    `copy` says which are near copies, by `closeness`.
    """

    pixel_index: NDArray[np.int64]
    pixel_distance: NDArray[np.float64]
    closeness: NDArray[np.float64]
    feature_index: NDArray[np.int64]
    feature_distance: NDArray[np.float64]
    copy: NDArray[np.bool_]


class NearCopyDetector:
    """Training images (m, C, H, H) and their features (m, F), ready to be asked once it is calibrated.

    The images may be memory-mapped: only small pictures of them are held. `group` (m,) names the patient of each.
    Features are only for telling the nearest by them; without them it is told as -1, at a distance that is no number.
    """

    def __init__(self, images: ImageSequence, features: Tensor | None = None, group: NDArray[np.str_] | None = None):
        assert features is None or len(images) == len(features)
        self.threshold = CERTAIN
        """Closeness below which an image is a near copy."""
        self.calibration: Calibration | None = None
        self._images = images
        self._directions = None if features is None else functional.normalize(features.float(), dim=1)  # (m, F)
        self._group = np.arange(len(images)) if group is None else np.unique(group, return_inverse=True)[1]
        chunks = (_tensor(images[first : first + 1024]) for first in range(0, len(images), 1024))
        self._coarse = torch.cat([_small(_centre(chunk)) for chunk in chunks])  # (m, D)

    def calibrate(
        self, held_out: Images, features: Tensor | None = None, progress: Progress = lambda done: None
    ) -> Nearest:
        """Set the threshold by held-out real images (n, C, H, H) with features (n, F), and by the training images.

        At most 1% of new real images are then accused, with 95% confidence, wherever there are about 300 real images
        and these are no copies of one another; `calibration` tells what holds. Gives what was found for the held-out
        images. Raises DataError where there is no image.
        """
        if not len(held_out):
            raise DataError("There are no held-out real images: without them nobody can say how close is too close.")
        found = self.nearest(held_out, features, lambda done: progress(done / 2))
        chosen = np.random.default_rng(0).permutation(len(self._images))
        among = self._closeness_among_training(chosen[:SET_AGAINST], lambda done: progress(0.5 + 0.4 * done))
        closeness = np.concatenate([found.closeness, among])
        self.threshold = threshold(closeness)
        copies = self._planted_found(chosen[:PLANTED], lambda done: progress(0.9 + 0.1 * done))
        accused = int((closeness < self.threshold).sum())
        self.calibration = Calibration(
            threshold=self.threshold,
            real=len(closeness),
            accused=accused,
            bound=upper_bound(accused, len(closeness)),
            planted=len(copies),
            found=int(copies.sum()),
        )
        return self._judged(found)

    def use(self, calibration: Calibration) -> None:
        """Take what an earlier `calibrate` on the same images found."""
        self.threshold, self.calibration = calibration.threshold, calibration

    def nearest(
        self, images: Images, features: Tensor | None = None, progress: Progress = lambda done: None
    ) -> Nearest:
        """The nearest training image of each uint8 image (n, C, H, H) with features (n, F), and which are copies."""
        pixels = [(torch.zeros(0), torch.zeros(0), torch.zeros(0, dtype=torch.int64))]
        for first in range(0, len(images), CHUNK):
            pixels.append(self._in_pixels(_tensor(images[first : first + CHUNK])))
            progress(min(1.0, (first + CHUNK) / len(images)))
        distance, closeness, index = (torch.cat(part).numpy() for part in zip(*pixels, strict=True))
        by_feature, angle = self._in_features(len(images), features)
        nobody = np.zeros(len(images), dtype=bool)
        return self._judged(Nearest(index, distance, closeness, by_feature, angle, nobody))

    def _judged(self, found: Nearest) -> Nearest:
        return replace(found, copy=(found.closeness < self.threshold) | (found.pixel_distance < SAME))

    def _closeness_among_training(self, chosen: NDArray[np.int64], progress: Progress) -> NDArray[np.float64]:
        """Closeness (n,) of these training images to those of other groups; none where all are of one group."""
        if len(np.unique(self._group)) < 2:
            return np.zeros(0)
        parts = []
        for first in range(0, len(chosen), CHUNK):
            here = np.sort(chosen[first : first + CHUNK])
            own = torch.from_numpy(self._group[here][:, None] == self._group[None])  # (CHUNK, m)
            parts.append(self._in_pixels(_tensor(self._images[here]), own)[1].numpy())
            progress(min(1.0, (first + CHUNK) / len(chosen)))
        return np.concatenate(parts)

    def _planted_found(self, chosen: NDArray[np.int64], progress: Progress) -> NDArray[np.bool_]:
        """Which copies of these training images are found, under each change in turn."""
        originals, found = self._images[np.sort(chosen)], []
        for done, change in enumerate(ALTERATIONS.values(), 1):
            found.append(self.nearest(np.ascontiguousarray(change(originals))).copy)
            progress(done / len(ALTERATIONS))
        return np.concatenate(found)

    def _in_features(self, n: int, features: Tensor | None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Position and distance of the nearest in features (n,); -1 and no number where there are none."""
        if self._directions is None or features is None:
            return np.full(n, -1), np.full(n, np.nan)
        parts = [
            (functional.normalize(chunk.float(), dim=1) @ self._directions.T).max(dim=1)
            for chunk in _pieces(features, CHUNK)
        ]
        cosine, index = (torch.cat(part) for part in zip(*parts, strict=True))
        return index.numpy(), _length(cosine).numpy()

    def _in_pixels(self, images: Tensor, apart: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Distance, closeness and position of the nearest (n,): candidates by small pictures, then those in full.

        Training images that are `apart` (n, m) from an image are not compared with it.
        """
        shifts = torch.stack([_small(moved) for moved in _moved(images)])  # (S, n, D)
        best = torch.cat([(shifts @ block.T).amax(dim=0) for block in _pieces(self._coarse, BLOCK)], dim=1)  # (n, m)
        if apart is not None:
            best[apart] = -1.0
        coarse, candidates = best.topk(min(CANDIDATES, best.shape[1]))  # (n, c)
        wanted, place = torch.unique(candidates, return_inverse=True)
        rows = _described(_centre(_tensor(self._images[wanted.numpy()])))[place]  # (n, c, D)
        correlation = torch.bmm(rows, _described_under_shifts(images).mT).amax(dim=2)  # (n, c)
        if apart is not None:
            correlation[coarse == -1.0] = -1.0
        distance, column = _length(correlation).sort(dim=1)
        others = distance[:, 1 : NEXT + 1].mean(dim=1) if distance.shape[1] > 1 else torch.ones(len(images))
        return distance[:, 0], distance[:, 0] / others.clamp(min=1e-9), candidates.gather(1, column[:, :1])[:, 0]


def _pieces(rows: Tensor, length: int) -> Iterator[Tensor]:
    """A tensor's rows, so many at a time."""
    return (rows[first : first + length] for first in range(0, len(rows), length))


def _moved(images: Tensor) -> Iterator[Tensor]:
    """The images as (n, C, H - 4, H - 4) under every shift, as they are and mirrored."""
    side = images.shape[-1] - 2 * SHIFT
    for mirrored in (images, images.flip(-1)):
        for top in range(2 * SHIFT + 1):
            for left in range(2 * SHIFT + 1):
                yield mirrored[:, :, top : top + side, left : left + side]


def _centre(images: Tensor) -> Tensor:
    return images[:, :, SHIFT:-SHIFT, SHIFT:-SHIFT]


def _small(images: Tensor) -> Tensor:
    """Descriptions (n, D) of images (n, C, H, H) by 8 x 8 averages."""
    return _unit(functional.adaptive_avg_pool2d(images, COARSE))


def _described(images: Tensor) -> Tensor:
    """Descriptions (n, D) of images (n, C, H, H) at half their resolution."""
    return _unit(functional.avg_pool2d(images, 2))


def _described_under_shifts(images: Tensor) -> Tensor:
    """What `_described` gives for each of `_moved`, (n, S, D), from means that the shifts share."""
    side, steps = images.shape[-1] - 2 * SHIFT, range(2 * SHIFT + 1)
    means = [functional.avg_pool2d(mirrored, 2, stride=1) for mirrored in (images, images.flip(-1))]
    return torch.stack(
        [
            _unit(mean[:, :, top : top + side - 1 : 2, left : left + side - 1 : 2])
            for mean in means
            for top in steps
            for left in steps
        ],
        dim=1,
    )


def _unit(images: Tensor) -> Tensor:
    """Unit vectors (n, D) whose product is the correlation of two images (n, C, H, H); flat images are all alike."""
    contrast = (images - images.mean(dim=(2, 3), keepdim=True)).flatten(1)
    flat = torch.full((len(images), 1), FLAT * contrast.shape[1] ** 0.5)
    return functional.normalize(torch.cat([contrast, flat], dim=1), dim=1)


def _length(correlation: Tensor) -> Tensor:
    """Length, float64, between two unit vectors of this product."""
    return (2 - 2 * correlation.double()).clamp(min=0).sqrt()


def _tensor(images: Images) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(images)).float()
