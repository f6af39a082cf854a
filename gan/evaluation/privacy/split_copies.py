"""Near copies of training images among the real images of another split.

Where one patient's images, or one image saved twice, lie in two splits, a score on the second is too good. Nothing is
left out for it: near copies are counted, and scores are given without them too.

Letters: n images of a split.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.errors import DataError
from gan.evaluation.classifiers.reference import NativeImages, native_images, sample_rows
from gan.evaluation.privacy.calibration import Calibration
from gan.evaluation.privacy.near_copies import NearCopyDetector
from gan.io.progress import Progress, silent

CALIBRATION_IMAGES = 1000
"""Largest number of validation images that the threshold is calibrated on."""


@dataclass(frozen=True)
class SplitCopies:
    """The images of a split that are near copies of training images.

    `rows` (c,) of the image set, ascending, among the `checked` images of the split; `training_rows` (c,): the nearest
    training image of each. `calibration` has the threshold and what it misses and takes wrongly.
    """

    rows: NDArray[np.int64]
    training_rows: NDArray[np.int64]
    checked: int
    calibration: Calibration


def near_copies_of_training(images: ImageSet, split: str, progress: Progress = silent) -> SplitCopies:
    """Search a split's images for near copies of training images; reads the images of this split, and no labels.

    The threshold is calibrated on validation and training images, whatever the split. Raises DataError where there is
    no training or validation image.
    """
    train = images.rows("train")
    if not len(train):
        raise DataError(f"{images.title} has no training images, which near copies are copies of.")
    detector = NearCopyDetector(
        NativeImages(images, train), group=None if images.group is None else images.group[train]
    )
    held_out = native_images(images, sample_rows(images, "val", CALIBRATION_IMAGES))
    detector.calibrate(held_out, progress=partial(progress, "calibrating the near-copy detector"))
    assert detector.calibration is not None
    rows = images.rows(split)
    searching = partial(progress, f"searching the {split} split for near copies")
    nearest = detector.nearest(native_images(images, rows), progress=searching)
    copies = np.flatnonzero(nearest.copy)
    return SplitCopies(rows[copies], train[nearest.pixel_index[copies]], len(rows), detector.calibration)
