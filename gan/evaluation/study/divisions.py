"""The divisions of a study's real images into training, validation and sealed test images.

Without folds there is one for each regime: the user's own splits; the training images that a regime leaves out are
tested on as well. With folds there is one for each fold, of all images of the three splits: every image, with its whole
group, is tested on once. Everything that trains, chooses or filters gets the `development` set of its division, which
holds none of its test images. Only `SealedTest` reads these: for a finished classifier, and to count near copies.

Letters: n images, C channels, H = W the set's own side, K classes.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.data.image_set import SPLITS, UNLABELLED, ImageSet
from gan.data.ingest.checks.near_copies import near_copies
from gan.data.ingest.pixels.thumbnail import THUMBNAIL
from gan.data.splits import stratified_split
from gan.data.unlabelled import usable_unlabelled
from gan.errors import DataError
from gan.evaluation.classifiers.reference import native_images, sample_rows, split_sha256
from gan.evaluation.classifiers.small_resnet import Classifier, predict
from gan.evaluation.study.predictions import GroundTruth

Rows = NDArray[np.int64]

MAX_TRAINING_IMAGES = 10_000
"""Most training images of a study: with more real images, nobody needs synthetic ones."""
MAX_VALIDATION_IMAGES = 500
"""Most validation images, on which a classifier's state is chosen."""
MAX_TEST_IMAGES = 3000
"""Most test images of a division, by whole groups."""
VALIDATION_SHARE = 0.1
"""Share of the images outside a fold that validate."""
MAX_UNLABELLED_IMAGES = 10_000
"""Most unlabelled images, on which a classifier is trained with its own labels."""
MIN_SPLIT_IMAGES = 10
"""Fewest images of the validation and of the test split."""
MIN_CLASS_IMAGES = 8
"""Fewest real training images of each class of a regime. A quarter as many synthetic ones are two, and a generator
trained on fewer can only repeat them."""


def check_study_data(images: ImageSet, folds: int = 1) -> None:
    """Raise DataError where there are too few images, no attribute that is common enough, or too few groups for the
    folds."""
    if folds > 1:
        _check_folds(images, folds)
        return
    for split in ("val", "test"):
        count = len(images.rows(split))
        if count < MIN_SPLIT_IMAGES:
            raise DataError(
                f"{images.title} has {count} images in its {split} split: a study takes at least {MIN_SPLIT_IMAGES}. "
                "Add images, or a split column to labels.csv."
            )
    if images.kind == "attributes":
        if not scored_conditions(images, images.rows("train"), images.rows("val")):
            raise DataError(
                f"{images.title} has no attribute with {MIN_CLASS_IMAGES} training images that have it and as many "
                "that do not, and one of each for validation: a study cannot score any. Add images of rare attributes, "
                "or merge attributes."
            )
        return
    counts = images.conditions[images.rows("train")].sum(axis=0).astype(int)  # (K,)
    scarce = int(counts.argmin())
    if counts[scarce] < MIN_CLASS_IMAGES:
        raise DataError(
            f"{images.title} has {counts[scarce]} training images of {images.names[scarce]}: a study takes at least "
            f"{MIN_CLASS_IMAGES} of each class. Add images of it, or leave the class out."
        )


def _labelled(images: ImageSet) -> Rows:
    """The rows of a split: images that are neither unlabelled nor taken out."""
    return np.flatnonzero(np.isin(images.split, SPLITS))


def _check_folds(images: ImageSet, folds: int) -> None:
    if images.kind == "attributes":
        if not all(division.scored for division in divide(images, 1.0, folds)):
            raise DataError(
                f"{images.title} has no attribute that {MIN_CLASS_IMAGES} training images have, and as many lack, "
                f"outside each of {folds} folds: a study cannot score any. Add images of rare attributes, or take "
                "fewer folds."
            )
        return
    unit = "images" if images.group is None else "groups with images"
    rows = _labelled(images)
    groups = rows if images.group is None else images.group[rows]
    counts = [len(np.unique(groups[images.conditions[rows, k] == 1])) for k in range(len(images.names))]
    scarce = int(np.argmin(counts))
    if counts[scarce] < folds:
        instead = f"take at most {counts[scarce]} folds" if counts[scarce] > 1 else "study it without folds"
        raise DataError(
            f"{images.title} has {counts[scarce]} {unit} of {images.names[scarce]}, fewer than {folds} folds: each "
            f"fold tests on at least one. Add images of it, or {instead}."
        )
    for division in divide(images, 1.0, folds):
        scarce = int(division.real.argmin())
        if division.real[scarce] < MIN_CLASS_IMAGES:
            raise DataError(
                f"{images.title} has {division.real[scarce]} training images of {images.names[scarce]} outside fold "
                f"{division.fold}: a study takes at least {MIN_CLASS_IMAGES} of each class. Add images of it, or leave "
                "the class out."
            )


def scored_conditions(images: ImageSet, train: Rows, val: Rows) -> tuple[int, ...]:
    """The conditions that metrics are means over: all classes, or the attributes that MIN_CLASS_IMAGES training images
    have and as many lack, and that some validation image has and another lacks."""
    if images.kind == "class":
        return tuple(range(len(images.names)))
    fewest = [
        np.minimum(images.conditions[rows].sum(axis=0), (1 - images.conditions[rows]).sum(axis=0))
        for rows in (train, val)
    ]
    return tuple(np.flatnonzero((fewest[0] >= MIN_CLASS_IMAGES) & (fewest[1] >= 1)).tolist())


@dataclass(frozen=True)
class SealedTest:
    """The test images of a division. Only finished classifiers read them, and only the final analysis their truth."""

    _images: ImageSet
    _rows: Rows
    _rarest: int
    _scored: tuple[int, ...]

    @property
    def count(self) -> int:
        """The number of test images."""
        return len(self._rows)

    def logits(self, classifier: Classifier) -> NDArray[np.float32]:
        """Logits (n, K) of a finished classifier on the test images."""
        return np.asarray(predict(classifier, native_images(self._images, self._rows))[1].numpy())

    @cached_property
    def truth(self) -> GroundTruth:
        """The truth about the test images."""
        return _truth(self._images, self._rows, self._rarest, self._scored)

    def near_copies(self, development: ImageSet) -> NDArray[np.bool_]:
        """Which test images (n,) show the same picture as some training image of the division, by their thumbnails."""
        return find_near_copies(development, native_images(self._images, self._rows))

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the test images and their conditions."""
        digest = hashlib.sha256(repr((self._images.names, self._images.kind, self._images.native_size)).encode())
        for first in range(0, len(self._rows), 1024):
            digest.update(np.ascontiguousarray(self._images.images[self._rows[first : first + 1024]]).data)
        digest.update(np.ascontiguousarray(self._images.conditions[self._rows]).data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Division:
    """One division of the real images of the regime with a `share` of them.

    `train` and `val` are rows of the image set, `fold` is the fold that it tests on; None without folds.
    """

    _images: ImageSet
    share: float
    fold: int | None
    train: Rows
    val: Rows
    sealed: SealedTest

    def development(self) -> ImageSet:
        """The training and validation images, in memory."""
        return self._in_splits({"train": self.train, "val": self.val})

    def with_unlabelled(self) -> ImageSet:
        """The training, validation and `unlabelled` images, in this order, in memory."""
        return self._in_splits({"train": self.train, "val": self.val, UNLABELLED: self.unlabelled})

    def with_learned(self, unlabelled: Rows) -> ImageSet:
        """The development set, of which these unlabelled images are training images too."""
        return self._in_splits({"train": np.concatenate([self.train, unlabelled]), "val": self.val})

    def _in_splits(self, splits: dict[str, Rows]) -> ImageSet:
        names = np.repeat(np.array([*splits]), [len(rows) for rows in splits.values()])
        return replace(subset(self._images, np.concatenate([*splits.values()])), split=names)

    @cached_property
    def unlabelled(self) -> Rows:
        """Rows of the images without a label that show nothing of validation and test images, ascending."""
        rows = usable_unlabelled(self._images, np.concatenate([self.val, self.sealed._rows]))
        return (
            rows
            if len(rows) <= MAX_UNLABELLED_IMAGES
            else np.sort(np.random.default_rng(0).permutation(rows)[:MAX_UNLABELLED_IMAGES])
        )

    def unlabelled_images(self) -> NDArray[np.uint8]:
        """The images without a label (u, C, H, H), at their native size."""
        return native_images(self._images, self.unlabelled)

    @property
    def scored(self) -> tuple[int, ...]:
        """As `scored_conditions`."""
        return self.sealed._scored

    @property
    def real(self) -> NDArray[np.int64]:
        """The number of training images of each condition (K,)."""
        return np.asarray(self._images.conditions[self.train].sum(axis=0), dtype=np.int64)

    @property
    def every_image(self) -> int:
        """The number of images of the whole set."""
        return len(self._images)

    @property
    def validation(self) -> GroundTruth:
        """The truth about the validation images."""
        return _truth(self._images, self.val, self.sealed._rarest, self.scored)

    def validation_copies(self) -> int:
        """How many validation images show the same picture as some training image, by their thumbnails."""
        development = self.development()
        shown = native_images(development, development.rows("val"))
        return int(find_near_copies(development, shown).sum())

    @property
    def is_whole(self) -> bool:
        """Whether it trains on all images of the user's training split, and on no other. Where it does not, a generator
        that learned these knows more than the classifiers that it would help."""
        return np.array_equal(self.train, self._images.rows("train"))


def divide(images: ImageSet, share: float, folds: int = 1) -> list[Division]:
    """The divisions of the regime with a `share` of the training images: whole groups, each class in proportion."""
    if folds == 1:
        return [_own_splits(images, share)]
    group, division = images.group, []
    parts = {str(fold): 1 / folds for fold in range(1, folds)}
    rows = _labelled(images)
    dealt = stratified_split(images.conditions[rows], None if group is None else group[rows], parts)
    number = np.array([0 if part == "train" else int(part) for part in dealt])
    for fold in range(folds):
        others, test = rows[number != fold], rows[number == fold]
        validating = max(VALIDATION_SHARE, MIN_SPLIT_IMAGES / len(others))
        inner = stratified_split(
            images.conditions[others], None if group is None else group[others], {"val": validating}
        )
        train = others[inner == "train"]
        validation = whole_groups(images, others[inner == "val"], MAX_VALIDATION_IMAGES)
        division.append(_divide(images, share, fold, train, validation, whole_groups(images, test, MAX_TEST_IMAGES)))
    return division


def _own_splits(images: ImageSet, share: float) -> Division:
    val, test = images.rows("val"), whole_groups(images, images.rows("test"), MAX_TEST_IMAGES)
    if len(val) > MAX_VALIDATION_IMAGES:
        val = np.sort(sample_rows(images, "val", MAX_VALIDATION_IMAGES))
    division = _divide(images, share, None, images.rows("train"), val, test)
    unused = np.setdiff1d(images.rows("train"), division.train)
    if images.group is not None:
        used = images.group[np.concatenate([division.train, division.val])]
        unused = unused[~np.isin(images.group[unused], used)]
    unused = whole_groups(images, unused, max(0, MAX_TEST_IMAGES - len(test)))
    if not len(unused):
        return division
    sealed = replace(division.sealed, _rows=np.concatenate([test, unused]))
    return replace(division, sealed=sealed)


def _divide(images: ImageSet, share: float, fold: int | None, train: Rows, val: Rows, test: Rows) -> Division:
    if len(train) > MAX_TRAINING_IMAGES:
        train = _share(images, train, MAX_TRAINING_IMAGES / len(train))
    everything = train
    if share < 1:
        train = _share(images, train, share)
    scored = scored_conditions(images, train, val)
    sealed = SealedTest(images, test, rarest_condition(images, everything, scored), scored)
    return Division(images, share, fold, train, val, sealed)


def rarest_condition(images: ImageSet, train: Rows, scored: tuple[int, ...]) -> int:
    """The condition that fewest of these training images have, of those that are scored."""
    counts = images.conditions[train].sum(axis=0)
    return min(scored or range(len(counts)), key=lambda k: int(counts[k]))


def tested_sha256(images: ImageSet, folds: int) -> list[str]:
    """The SHA-256 of what a study looks at: the user's own test split and, with folds, all images; reads them."""
    own = split_sha256(images, "test") if len(images.rows("test")) else ""
    every = SealedTest(images, np.arange(len(images)), 0, ()).sha256 if folds > 1 else ""
    return [digest for digest in (own, every) if digest]


def whole_groups(images: ImageSet, rows: Rows, most: int) -> Rows:
    """Of more than `most` rows, random whole groups with about as many images."""
    if len(rows) <= most or not most:
        return rows[:most]
    groups = np.arange(len(rows)) if images.group is None else images.group[rows]
    member = np.unique(groups, return_inverse=True)[1]
    rank = np.random.default_rng(0).permutation(member.max() + 1)[member]  # (n,): the rank of its group
    last = np.sort(rank)[most - 1]
    return np.asarray(rows[rank <= last])


def subset(images: ImageSet, rows: Rows) -> ImageSet:
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


def _share(images: ImageSet, rows: Rows, share: float) -> Rows:
    group = None if images.group is None else images.group[rows]
    dealt = stratified_split(images.conditions[rows], group, {"some": share})
    return np.asarray(rows[dealt == "some"])


def _truth(images: ImageSet, rows: Rows, rarest: int, scored: tuple[int, ...]) -> GroundTruth:
    return GroundTruth(
        targets=images.conditions[rows].astype(np.uint8),
        kind=images.kind,
        group=None if images.group is None else images.group[rows],
        fold=np.zeros(len(rows), dtype=np.int64),
        own_test=images.split[rows] == "test",
        names=images.names,
        rarest=rarest,
        scored=scored,
        subgroups={name: values[rows] for name, values in images.subgroups.items()},
    )


def find_near_copies(development: ImageSet, shown: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which images (n, C, H, H) show the same picture as some training image, by their thumbnails."""
    training = native_images(development, development.rows("train"))
    thumbnails = np.stack([_thumbnail(image) for images in (training, shown) for image in images])
    rows = np.arange(len(thumbnails))
    pairs = near_copies(thumbnails, rows[len(training) :], rows[: len(training)])
    return np.isin(rows[len(training) :], pairs[:, 0])


def _thumbnail(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image (C, H, H) of one or three channels as grey uint8 (THUMBNAIL, THUMBNAIL)."""
    pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    small = Image.fromarray(np.ascontiguousarray(pixels)).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return np.asarray(small.convert("L"))
