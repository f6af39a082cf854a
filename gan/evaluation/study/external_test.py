"""An external test set: another set of the store, on whose images a study's finished classifiers are tested too.

Its images are prepared as those of that set are, at the run's size and colour. Its classes are those of the run by
name, or as the user maps them; images of other classes are left out. Its pixels are read after the plan of the study is
written, like those of the sealed test images (`divisions.py`).

Letters: n images, C channels, H the run's own side, K classes.
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
from gan.evaluation.study.divisions import MAX_TEST_IMAGES, MIN_SPLIT_IMAGES, Rows, find_near_copies, whole_groups
from gan.evaluation.study.external_classes import find_test_set, map_classes
from gan.evaluation.study.predictions import GroundTruth
from gan.io.progress import Progress, silent


@dataclass(frozen=True)
class ExternalTest:
    """The images of an external test set. Only finished classifiers read them.

    `name` is as the user gave it, `classes` are the names of theirs by ours, `left_out` counts images of their classes
    without a partner, `lacking` are classes of ours that it has no image of.
    """

    name: str
    classes: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, int]
    lacking: tuple[str, ...]
    _images: ImageSet
    _rows: Rows
    _labels: NDArray[np.int64]
    _like: ImageSet

    @property
    def count(self) -> int:
        """The number of images."""
        return len(self._rows)

    @property
    def named_classes(self) -> dict[str, list[str]]:
        """The names of their classes by ours, as JSON has them."""
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
        """The truth about the images, in our classes."""
        n = self.count
        return GroundTruth(
            targets=np.eye(len(self._like.names), dtype=np.uint8)[self._labels],
            kind="class",
            group=None if self._images.group is None else self._images.group[self._rows],
            fold=np.zeros(n, dtype=np.int64),
            own_test=np.zeros(n, dtype=bool),
            names=self._like.names,
            scored=tuple(range(len(self._like.names))),
            rarest=int(self._like.conditions[self._like.rows("train")].sum(axis=0).argmin()),
        )

    def near_copies(self, training: ImageSet) -> NDArray[np.bool_]:
        """Which images (n,) show the same picture as some image of the training split of `training`."""
        return find_near_copies(training, self._prepared)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the prepared images and their classes."""
        digest = hashlib.sha256(repr(self._like.names).encode())
        digest.update(self._prepared.data)
        digest.update(self._labels.data)
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
    there or has too few images, UserError for the run's own set, attributes, and classes that cannot be mapped.
    """
    entry, test_only = find_test_set(name, config)
    images = registry.load_image_set(_at_size(entry.config, config.image_size), progress)
    return map_external_set(name, images, test_only, class_map, like)


def map_external_set(
    name: str, images: ImageSet, test_only: bool, class_map: Mapping[str, str], like: ImageSet
) -> ExternalTest:
    """The images of a set as a test of classifiers of `like`'s classes; raises as `load_external_test`."""
    if "attributes" in (images.kind, like.kind):
        raise UserError(
            f"{images.title if images.kind != 'class' else like.title} has attributes: an external test set takes "
            "classes, in the run and in the set."
        )
    mapped = map_classes(like.names, images.names, class_map, images.title)
    rows = np.flatnonzero(np.isin(images.split, ["test"] if test_only else SPLITS))
    theirs = images.labels()[rows]
    ours = mapped.ours[theirs]
    counts = np.bincount(theirs[ours < 0], minlength=len(images.names)).tolist()
    chosen = whole_groups(images, rows[ours >= 0], MAX_TEST_IMAGES)
    labels = mapped.ours[images.labels()[chosen]]
    lacking = tuple(label for k, label in enumerate(like.names) if not (labels == k).any())
    if len(chosen) < MIN_SPLIT_IMAGES or len(lacking) > len(like.names) - 2:
        raise DataError(
            f"{name} has {len(chosen)} images of {len(like.names) - len(lacking)} of the run's classes: an external "
            f"test set takes at least {MIN_SPLIT_IMAGES}, of two classes."
        )
    return ExternalTest(
        name=name,
        classes=mapped.theirs,
        left_out={label: count for label, count in zip(images.names, counts, strict=True) if count},
        lacking=lacking,
        _images=images,
        _rows=chosen,
        _labels=labels,
        _like=like,
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
