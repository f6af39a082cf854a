"""Synthetic images that lie closer to a training image than new real images do: copies, as far as this can see.

The distance between two images is their correlation as a length, at half the resolution, the smallest over shifts by up
to 2 px and mirroring: brightness, contrast, noise and JPEG hardly move it. Since images of one kind may be much alike
(ones among digits), an image is a near copy by its *closeness*: the distance to its nearest training image over the
mean distance to the thirty next, after Carlini et al. 2023 (arXiv:2301.13188). How close is too close is read off
held-out real images, of which at most 1 in 100 may be accused.

The nearest in the classifier's features is told too, but accuses nobody: those features gather a class in a point, so
that being near in them says little more than "the same class". A copy that is turned, cut or redrawn can pass, and no
near copy is no proof of privacy. Read next: `quick.py`.

Letters: n images asked about, m training images, C channels, H = W the side, F features, D numbers in a description.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gan.errors import DataError
from gan.evaluation.classifier import Images, Pictures, Progress

ACCUSED = 0.01
"""Share of new real images that may be taken for copies."""
CERTAIN, LOOSEST = 1 / 3, 0.45
"""Between these the threshold lies. Copies that were shifted, mirrored, brightened or saved as JPEG stay below the
first, seen so on digits, MNIST, ultrasound, X-rays and blood cells; a held-out image there is a copy itself, and says
nothing of how close new ones come."""
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


class Detector:
    """Training images (m, C, H, H) and their features (m, F), ready to be asked once it is calibrated.

    The images may be memory-mapped: only small pictures of them are held.
    """

    def __init__(self, images: Pictures, features: Tensor):
        assert len(images) == len(features)
        self.threshold = CERTAIN
        """Closeness below which an image is a near copy."""
        self._images = images
        self._directions = functional.normalize(features.float(), dim=1)  # (m, F)
        chunks = (_tensor(images[first : first + 1024]) for first in range(0, len(images), 1024))
        self._coarse = torch.cat([_small(_centre(chunk)) for chunk in chunks])  # (m, D)

    def calibrate(self, held_out: Images, features: Tensor, progress: Progress = lambda done: None) -> Nearest:
        """Set the threshold so that at most 1 % of new real images (n, C, H, H) with features (n, F) are accused.

        Gives what was found for them. Held-out images that are copies of training images themselves (one patient's
        frames dealt to both splits) are set aside first, and are accused like any other copy. Raises DataError where
        there is no image.
        """
        if not len(held_out):
            raise DataError("There are no held-out real images: without them nobody can say how close is too close.")
        found = self.nearest(held_out, features, progress)
        new = np.sort(found.closeness[found.closeness >= CERTAIN])
        self.threshold = min(LOOSEST, float(new[int(ACCUSED * len(new))])) if len(new) else CERTAIN
        return self._judged(found)

    def nearest(self, images: Images, features: Tensor, progress: Progress = lambda done: None) -> Nearest:
        """The nearest training image of each uint8 image (n, C, H, H) with features (n, F), and which are copies."""
        pixels, angles = [], []
        for first in range(0, len(images), CHUNK):
            here = slice(first, first + CHUNK)
            angle = functional.normalize(features[here].float(), dim=1) @ self._directions.T  # (CHUNK, m)
            angles.append(angle.max(dim=1))
            pixels.append(self._in_pixels(_tensor(images[here])))
            progress(min(1.0, (first + CHUNK) / len(images)))
        distance, closeness, index = (torch.cat(part).numpy() for part in zip(*pixels, strict=True))
        cosine, by_feature = (torch.cat(part).numpy() for part in zip(*angles, strict=True))
        nobody = np.zeros(len(images), dtype=bool)
        return self._judged(
            Nearest(index, distance, closeness, by_feature, _length(torch.from_numpy(cosine)).numpy(), nobody)
        )

    def _judged(self, found: Nearest) -> Nearest:
        return replace(found, copy=(found.closeness < self.threshold) | (found.pixel_distance < SAME))

    def _in_pixels(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Distance, closeness and position of the nearest (n,): candidates by small pictures, then those in full."""
        best = torch.full((len(images), len(self._coarse)), -1.0)  # (n, m)
        for moved in _moved(images):
            torch.maximum(best, _small(moved) @ self._coarse.T, out=best)
        candidates = best.topk(min(CANDIDATES, best.shape[1])).indices  # (n, c)
        wanted, place = torch.unique(candidates, return_inverse=True)
        rows = _described(_centre(_tensor(self._images[wanted.numpy()])))[place]  # (n, c, D)
        correlation = torch.full(candidates.shape, -1.0)
        for moved in _moved(images):
            torch.maximum(correlation, torch.einsum("ncd,nd->nc", rows, _described(moved)), out=correlation)
        distance, column = _length(correlation).sort(dim=1)
        others = distance[:, 1 : NEXT + 1].mean(dim=1) if distance.shape[1] > 1 else torch.ones(len(images))
        return distance[:, 0], distance[:, 0] / others.clamp(min=1e-9), candidates.gather(1, column[:, :1])[:, 0]


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
