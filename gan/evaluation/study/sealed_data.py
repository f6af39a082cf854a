"""What a study may see of a data set: training and validation images, and, sealed until a classifier is done, the test.

Everything that trains, chooses or filters is given `open_part`, in which there are no test images. The only way to them
is `Sealed.logits`, which takes a finished classifier. No torch but for that.

Letters: n images, C channels, H = W the set's own side, K classes.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.data.splits import stratified_split
from gan.errors import DataError, UserError
from gan.evaluation.classifiers.reference import native_images, sample_rows, split_sha256
from gan.evaluation.classifiers.small_resnet import Classifier, predict
from gan.evaluation.study.analysis import Truth

TRAINED = 10_000
"""Training images that a study works with, at most: enough real images answer the question by themselves."""
VALIDATED = 500
"""Validation images that judge a classifier's states, at most."""
TESTED = 3000
"""Test images, at most; whole groups."""
LEAST = 10
"""Images of the validation and of the test split without which there is no study."""
LEAST_OF_CLASS = 8
"""Real training images of each class without which a regime is not run: a quarter as many synthetic ones are then two,
and a generator trained on fewer can do little but repeat them."""


def check(images: ImageSet) -> None:
    """Raise UserError for attributes, DataError where there are too few images."""
    if images.kind != "class":
        raise UserError(
            f"{images.title} has attributes: a study compares classifiers of classes, one of which each image shows. "
            "Its scores are there without a study: `python -m gan evaluate RUN`."
        )
    for split in ("val", "test"):
        count = len(images.rows(split))
        if count < LEAST:
            raise DataError(
                f"{images.title} has {count} images in its {split} split: a study takes at least {LEAST}. Add images, "
                "or a split column to labels.csv."
            )
    counts = images.conditions[images.rows("train")].sum(axis=0).astype(int)  # (K,)
    scarce = int(counts.argmin())
    if counts[scarce] < LEAST_OF_CLASS:
        raise DataError(
            f"{images.title} has {counts[scarce]} training images of {images.names[scarce]}: a study takes at least "
            f"{LEAST_OF_CLASS} of each class. Add images of it, or leave the class out."
        )


def open_part(images: ImageSet) -> ImageSet:
    """The training and validation images, in memory and at most so many; nothing of the test split."""
    train, held = images.rows("train"), images.rows("val")
    if len(train) > TRAINED:
        train = _share(images, train, TRAINED / len(train))
    rows = np.concatenate([train, np.sort(sample_rows(images, "val", VALIDATED)) if len(held) > VALIDATED else held])
    return only(images, rows)


def low_data(images: ImageSet, share: float) -> ImageSet:
    """The same set with this share of its training images: whole groups, each class in proportion."""
    return only(images, np.concatenate([_share(images, images.rows("train"), share), images.rows("val")]))


def _share(images: ImageSet, rows: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    group = None if images.group is None else images.group[rows]
    dealt = stratified_split(images.conditions[rows], group, {"some": share})
    return np.asarray(rows[dealt == "some"])


def only(images: ImageSet, rows: NDArray[np.int64]) -> ImageSet:
    """The set of these images alone, in memory."""
    return replace(
        images,
        images=np.ascontiguousarray(images.images[rows]),
        conditions=images.conditions[rows],
        split=images.split[rows],
        group=None if images.group is None else images.group[rows],
        digests=None if images.digests is None else images.digests[rows],
    )


@dataclass(frozen=True)
class Sealed:
    """The test split. Its images and labels are read by finished classifiers and by the final numbers alone."""

    _images: ImageSet
    rarest: int

    @cached_property
    def _rows(self) -> NDArray[np.int64]:
        """Positions of the test images; of many, those of random groups until there are enough."""
        rows = self._images.rows("test")
        if len(rows) <= TESTED:
            return rows
        groups = np.arange(len(rows)) if self._images.group is None else self._images.group[rows]
        member = np.unique(groups, return_inverse=True)[1]
        place = np.random.default_rng(0).permutation(member.max() + 1)[member]  # (n,): its group's place in the row
        last = np.sort(place)[TESTED - 1]
        return np.asarray(rows[place <= last])

    def logits(self, classifier: Classifier) -> NDArray[np.float32]:
        """What a finished classifier says of the test images (n, K)."""
        return np.asarray(predict(classifier, native_images(self._images, self._rows))[1].numpy())

    @cached_property
    def truth(self) -> Truth:
        """What the test images show."""
        group = None if self._images.group is None else self._images.group[self._rows]
        return Truth(self._images.labels()[self._rows], group, self._images.names, self.rarest)

    @cached_property
    def sha256(self) -> str:
        """Of the whole test split."""
        return split_sha256(self._images, "test")
