"""An external test set: another set of the store, on whose images a study's finished classifiers are tested too.

Its images are prepared as those of that set are, at the run's size and colour. Its classes, or attributes, are those of
the run by name, or as the user maps them; images of other classes are left out. Its pixels are read after the plan of
the study is written, like those of the sealed test images (`divisions.py`).

Letters: n images, C channels, H the run's own side, K classes or attributes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.config.run_config import DataConfig
from gan.data import registry
from gan.data.image_set import SPLITS, ImageSet
from gan.data.transform import is_padded
from gan.errors import DataError, UserError
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.classifiers.small_resnet import Classifier, Images, predict
from gan.evaluation.records.external_results import classes_text
from gan.evaluation.study.divisions import (
    MAX_TEST_IMAGES,
    MIN_SPLIT_IMAGES,
    Rows,
    find_near_copies,
    rarest_condition,
    whole_groups,
)
from gan.evaluation.study.external_classes import find_test_set, map_classes
from gan.evaluation.study.predictions import GroundTruth
from gan.io.progress import Progress, silent


@dataclass(frozen=True)
class ExternalTest:
    """The images of an external test set. Only finished classifiers read them.

    `name` is as the user gave it, `classes` are the names of their classes or attributes by ours, `left_out` counts
    images of their classes without a partner, `lacking` are classes or attributes of ours that it has no image of.
    """

    name: str
    classes: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, int]
    lacking: tuple[str, ...]
    _images: ImageSet
    _rows: Rows
    _targets: NDArray[np.uint8]
    _like: ImageSet

    @property
    def count(self) -> int:
        """The number of images."""
        return len(self._rows)

    @property
    def named_classes(self) -> dict[str, list[str]]:
        """The names of theirs by ours, as JSON has them."""
        return {ours: list(theirs) for ours, theirs in self.classes.items()}

    def lines(self) -> list[str]:
        """What will be tested, for the estimate before a study; reads no pixels."""
        left_out = sum(self.left_out.values())
        lines = [f"Also tests on {self.name}: {self.count:,} images; {classes_text(self.classes)}"]
        lines += [f"{left_out:,} images of {', '.join(self.left_out)} there are left out"] if left_out else []
        return lines + ([f"It has no image of {', '.join(self.lacking)}"] if self.lacking else [])

    @cached_property
    def _prepared(self) -> Images:
        """The images (n, C, H, H) in the size and colour of the run's own."""
        return convert_images(
            native_images(self._images, self._rows), self._like.images.shape[1], self._like.native_size
        )

    def logits(self, classifier: Classifier) -> NDArray[np.float32]:
        """Logits (n, K) of a finished classifier on the images."""
        return np.asarray(predict(classifier, self._prepared)[1].numpy())

    @cached_property
    def truth(self) -> GroundTruth:
        """The truth about the images, in our classes or attributes; of these, those that both sets have are scored."""
        n, names = self.count, self._like.names
        scored = [k for k, name in enumerate(names) if self._like.kind == "class" or name in self.classes]
        return GroundTruth(
            targets=self._targets,
            kind=self._like.kind,
            group=None if self._images.group is None else self._images.group[self._rows],
            fold=np.zeros(n, dtype=np.int64),
            own_test=np.zeros(n, dtype=bool),
            names=names,
            scored=tuple(scored),
            rarest=rarest_condition(self._like, self._like.rows("train"), tuple(scored)),
        )

    def near_copies(self, training: ImageSet) -> NDArray[np.bool_]:
        """Which images (n,) show the same picture as some image of the training split of `training`."""
        return find_near_copies(training, self._prepared)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the prepared images and what is true of them."""
        digest = hashlib.sha256(repr(self._like.names).encode())
        digest.update(self._prepared.data)
        digest.update(self._targets.data)
        return digest.hexdigest()


def load_external_test(
    name: str,
    class_map: Mapping[str, str],
    config: DataConfig,
    like: ImageSet,
    progress: Progress = silent,
) -> ExternalTest:
    """The external test set of a study, by its slug or the name of an added set; `NAME:test` is its test split alone.

    `config` and `like` are the run's, `class_map` has our classes by theirs. Raises DataError for a set that is not
    there or has too few images, UserError for the run's own set, classes where the run has attributes or the other way
    round, and names that cannot be mapped.
    """
    entry, test_only = find_test_set(name, config)
    images = registry.load_image_set(_at_size(entry.config, config.image_size), progress)
    return map_external_set(name, images, test_only, class_map, like)


def map_external_set(
    name: str, images: ImageSet, test_only: bool, class_map: Mapping[str, str], like: ImageSet
) -> ExternalTest:
    """The images of a set as a test of classifiers of `like`'s conditions; raises as `load_external_test`."""
    if images.kind != like.kind:
        one, other = (images, like) if images.kind == "class" else (like, images)
        raise UserError(
            f"{one.title} has classes and {other.title} attributes: an external test set has the same kind as the "
            "run's. Choose another set."
        )
    mapped = map_classes(like.names, images.names, class_map, images.title, like.kind)
    partners = np.zeros((len(images.names), len(like.names)), dtype=np.uint8)  # (K', K)
    partners[mapped.ours >= 0, mapped.ours[mapped.ours >= 0]] = 1
    rows = np.flatnonzero(np.isin(images.split, ["test"] if test_only else SPLITS))
    targets = (images.conditions[rows] @ partners > 0).astype(np.uint8)  # (n, K)
    used = targets.any(axis=1) if like.kind == "class" else np.ones(len(rows), dtype=bool)
    counts = images.conditions[rows[~used]].sum(axis=0, dtype=int).tolist()
    chosen = whole_groups(images, rows[used], MAX_TEST_IMAGES)
    targets = np.ascontiguousarray(targets[np.searchsorted(rows, chosen)])
    _check_images(name, like, len(chosen), targets)
    return ExternalTest(
        name=name,
        classes=mapped.theirs,
        left_out={label: count for label, count in zip(images.names, counts, strict=True) if count},
        lacking=tuple(label for k, label in enumerate(like.names) if not targets[:, k].any()),
        _images=images,
        _rows=chosen,
        _targets=targets,
        _like=like,
    )


def _check_images(name: str, like: ImageSet, count: int, targets: NDArray[np.uint8]) -> None:
    """Raise DataError where there are too few images, or nothing to tell apart among them."""
    present = targets.any(axis=0)
    if like.kind == "class" and (count < MIN_SPLIT_IMAGES or present.sum() < 2):
        raise DataError(
            f"{name} has {count} images of {present.sum()} of the run's classes: an external test set takes at least "
            f"{MIN_SPLIT_IMAGES}, of two classes."
        )
    if like.kind == "attributes" and (count < MIN_SPLIT_IMAGES or not (present & ~targets.all(axis=0)).any()):
        raise DataError(
            f"{name} has {count} images, and no attribute of the run that some have and others lack: an external test "
            f"set takes at least {MIN_SPLIT_IMAGES} images and such an attribute."
        )


def _at_size(config: DataConfig, size: int) -> DataConfig:
    """The config of a set at the run's image size; of MedMNIST, from the file of at least that size."""
    changes: dict[str, object] = {"image_size": size}
    if config.name == "medmnist":
        fitting = (side for side in (28, 64) if size <= side or is_padded(side, size))
        changes["medmnist_size"] = next(fitting, 128)
    return config.model_copy(update=changes)


def convert_images(images: Images, channels: int, side: int) -> Images:
    """Images (n, C', H', H') with so many channels, grey by luminance (ITU-R 601), and so many pixels a side."""
    if images.shape[1:] == (channels, side, side):
        return images
    converted = np.empty((len(images), channels, side, side), dtype=np.uint8)
    for row, image in enumerate(images):
        picture = Image.fromarray(image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0)))
        picture = picture.convert("L" if channels == 1 else "RGB")
        if picture.size != (side, side):
            picture = picture.resize((side, side), Image.Resampling.LANCZOS)
        pixels = np.asarray(picture)
        converted[row] = pixels if channels == 1 else pixels.transpose(2, 0, 1)
    return converted
