"""Which images of a set a run may learn: the labelled ones of its training split, and unlabelled ones. No torch."""

import numpy as np
from numpy.typing import NDArray

from gan.config.run_config import DataConfig
from gan.data.image_set import UNLABELLED, ImageSet, pixel_digests

Rows = NDArray[np.int64]


def usable_unlabelled(images: ImageSet, held_out: Rows) -> Rows:
    """The rows of unlabelled images that have neither the group nor the pixels of a `held_out` image, ascending: scores
    on the held-out ones stay fair whatever is done with these."""
    rows = images.rows(UNLABELLED)
    if images.group is not None:
        rows = rows[~np.isin(images.group[rows], images.group[held_out])]
    if not len(rows):
        return rows
    return rows[~np.isin(_digests(images, rows), _digests(images, held_out))]


def unlabelled_for_training(images: ImageSet) -> Rows:
    """The rows of unlabelled images that a run may learn: those that show nothing of validation and test images."""
    return usable_unlabelled(images, np.concatenate([images.rows("val"), images.rows("test")]))


def unlabelled_to_learn(data: DataConfig, images: ImageSet) -> int:
    """How many unlabelled images a run with these options learns at most: a classifier may be sure of fewer."""
    return len(unlabelled_for_training(images)) if data.pseudo_labels and images.kind == "class" else 0


def images_to_learn(data: DataConfig, images: ImageSet) -> int:
    """How many images a run with these options learns, as if all unlabelled ones that it may learn got a class."""
    return len(images.rows("train")) + unlabelled_to_learn(data, images)


def _digests(images: ImageSet, rows: Rows) -> NDArray[np.uint32]:
    return pixel_digests(images.images[rows]) if images.digests is None else images.digests[rows]
