"""The development set of a study, and its sealed test split.

Everything that trains, chooses or filters gets the `development_set`, which holds no test images. Only
`SealedTestSplit.logits` reads test images, and it takes a finished classifier.

Letters: n images, C channels, H = W the set's own side, K classes.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.data.image_set import ImageSet
from gan.data.ingest.checks.near_copies import near_copies
from gan.data.ingest.pixels.image_file import THUMBNAIL
from gan.data.splits import stratified_split
from gan.errors import DataError, UserError
from gan.evaluation.classifiers.reference import native_images, sample_rows, split_sha256
from gan.evaluation.classifiers.small_resnet import Classifier, predict
from gan.evaluation.study.analysis import GroundTruth

MAX_TRAINING_IMAGES = 10_000
"""Most training images of a study: with more real images, nobody needs synthetic ones."""
MAX_VALIDATION_IMAGES = 500
"""Most validation images, on which a classifier's state is chosen."""
MAX_TEST_IMAGES = 3000
"""Most test images, by whole groups."""
MIN_SPLIT_IMAGES = 10
"""Fewest images of the validation and of the test split."""
MIN_CLASS_IMAGES = 8
"""Fewest real training images of each class of a regime. A quarter as many synthetic ones are two, and a generator
trained on fewer can only repeat them."""


def check_study_data(images: ImageSet) -> None:
    """Raise UserError for attributes, DataError where there are too few images."""
    if images.kind != "class":
        raise UserError(
            f"{images.title} has attributes: a study compares classifiers of classes, and each image has one class. "
            "Scores need no study: `python -m gan evaluate RUN`."
        )
    for split in ("val", "test"):
        count = len(images.rows(split))
        if count < MIN_SPLIT_IMAGES:
            raise DataError(
                f"{images.title} has {count} images in its {split} split: a study takes at least {MIN_SPLIT_IMAGES}. "
                "Add images, or a split column to labels.csv."
            )
    counts = images.conditions[images.rows("train")].sum(axis=0).astype(int)  # (K,)
    scarce = int(counts.argmin())
    if counts[scarce] < MIN_CLASS_IMAGES:
        raise DataError(
            f"{images.title} has {counts[scarce]} training images of {images.names[scarce]}: a study takes at least "
            f"{MIN_CLASS_IMAGES} of each class. Add images of it, or leave the class out."
        )


def development_set(images: ImageSet) -> ImageSet:
    """The training and validation images, capped and in memory, without the test split."""
    train, val = images.rows("train"), images.rows("val")
    if len(train) > MAX_TRAINING_IMAGES:
        train = _share(images, train, MAX_TRAINING_IMAGES / len(train))
    if len(val) > MAX_VALIDATION_IMAGES:
        val = np.sort(sample_rows(images, "val", MAX_VALIDATION_IMAGES))
    return subset(images, np.concatenate([train, val]))


def is_whole(images: ImageSet, subset: ImageSet) -> bool:
    """Whether a subset has all training images. Where it does not, a generator that learned all of them knows more than
    the classifiers that it would help."""
    return len(subset.rows("train")) == len(images.rows("train"))


def low_data_subset(images: ImageSet, share: float) -> ImageSet:
    """The set with a `share` of its training images: whole groups, each class in proportion."""
    return subset(images, np.concatenate([_share(images, images.rows("train"), share), images.rows("val")]))


def _share(images: ImageSet, rows: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    group = None if images.group is None else images.group[rows]
    dealt = stratified_split(images.conditions[rows], group, {"some": share})
    return np.asarray(rows[dealt == "some"])


def subset(images: ImageSet, rows: NDArray[np.int64]) -> ImageSet:
    """The images at `rows`, in memory."""
    return replace(
        images,
        images=np.ascontiguousarray(images.images[rows]),
        conditions=images.conditions[rows],
        split=images.split[rows],
        group=None if images.group is None else images.group[rows],
        digests=None if images.digests is None else images.digests[rows],
        subgroups={name: values[rows] for name, values in images.subgroups.items()},
    )


def _thumbnail(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image (C, H, H) of one or three channels as grey uint8 (THUMBNAIL, THUMBNAIL)."""
    pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    small = Image.fromarray(np.ascontiguousarray(pixels)).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return np.asarray(small.convert("L"))


@dataclass(frozen=True)
class SealedTestSplit:
    """The test split. Only finished classifiers read its images, and only the final analysis its labels."""

    _images: ImageSet
    rarest: int

    @cached_property
    def _rows(self) -> NDArray[np.int64]:
        """Rows of the test images; of more than MAX_TEST_IMAGES, random whole groups."""
        rows = self._images.rows("test")
        if len(rows) <= MAX_TEST_IMAGES:
            return rows
        groups = np.arange(len(rows)) if self._images.group is None else self._images.group[rows]
        member = np.unique(groups, return_inverse=True)[1]
        rank = np.random.default_rng(0).permutation(member.max() + 1)[member]  # (n,): the rank of its group
        last = np.sort(rank)[MAX_TEST_IMAGES - 1]
        return np.asarray(rows[rank <= last])

    @property
    def count(self) -> int:
        """The number of test images."""
        return len(self._rows)

    def logits(self, classifier: Classifier) -> NDArray[np.float32]:
        """Logits (n, K) of a finished classifier on the test images."""
        return np.asarray(predict(classifier, native_images(self._images, self._rows))[1].numpy())

    @cached_property
    def labels(self) -> GroundTruth:
        """The labels and groups of the test images."""
        group = None if self._images.group is None else self._images.group[self._rows]
        return GroundTruth(self._images.labels()[self._rows], group, self._images.names, self.rarest)

    def near_copies(self, development: ImageSet) -> NDArray[np.bool_]:
        """Which test images (n,) show the same picture as some training image of the study, by their thumbnails."""
        test = native_images(self._images, self._rows)
        training = native_images(development, development.rows("train"))
        thumbnails = np.stack([_thumbnail(image) for images in (training, test) for image in images])
        rows = np.arange(len(thumbnails))
        pairs = near_copies(thumbnails, rows[len(training) :], rows[: len(training)])
        return np.isin(rows[len(training) :], pairs[:, 0])

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the whole test split."""
        return split_sha256(self._images, "test")
