"""The export guard: near copies of training images are detected and replaced before an export.

A generated image may copy a training image, and a training image shows a patient. Detection needs the training images
themselves: even at half resolution they are pictures of patients, and features alone cannot tell a copy from an image
of the same class. So nothing of them is stored in the run's folder, which people copy and send. Where the data is not
on this machine, an export is refused unless the user allows near copies, which the download then states.

The calibration is cached in the store by the data: runs on the same set share it.
"""

from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from gan.config import settings
from gan.data import registry
from gan.data.image_set import ImageSet
from gan.errors import DataError, RunError
from gan.evaluation import training_images
from gan.evaluation.classifiers.reference import NativeImages, native_images, sample_rows
from gan.evaluation.privacy.calibration import Calibration
from gan.evaluation.privacy.near_copies import NearCopyDetector
from gan.io.atomic import write_json
from gan.io.file_lock import exclusive
from gan.io.json_files import read_typed_or_none
from gan.io.progress import Progress, silent
from gan.runs.run import Run

RECIPE = "3"
"""Change it when the detector changes: cached calibrations are then made again."""
HELD_OUT = 1000
"""Largest number of validation images for the calibration."""


def load_detector(run: Run, progress: Progress = silent) -> tuple[NearCopyDetector, ImageSet]:
    """The calibrated detector of a run's training images, and their set; the calibration may come from the cache.

    Raises RunError where the training images are not on this machine or have changed, DataError where there is no
    validation image.
    """
    progress("reading the training images", 0.0)
    try:
        images = training_images.load_training_images(run, progress)
    except RunError as error:
        raise RunError(f"{error} Or allow near copies, which the download will state.") from None
    return calibrated_detector(run, images, progress), images


def calibrated_detector(run: Run, images: ImageSet, progress: Progress = silent) -> NearCopyDetector:
    """The detector of what the run learned of `images`, its set; the calibration may come from the cache.

    Raises DataError where there is no validation image.
    """
    detector = training_detector(images, training_images.learned_rows(run))
    path = _path(run)
    with exclusive(path.with_suffix(".lock")):  # concurrent exports calibrate once
        calibration = cached_calibration(run)
        if calibration is not None:
            detector.use_calibration(calibration)
        else:
            calibrate_detector(detector, images, progress)
            assert detector.calibration is not None
            write_json(path, asdict(detector.calibration))
            registry.note_made_from(images, path)
    return detector


def training_detector(images: ImageSet, rows: NDArray[np.int64] | None = None) -> NearCopyDetector:
    """The detector of a set's training images, or of those at `rows`, not yet calibrated."""
    rows = images.rows("train") if rows is None else rows
    return NearCopyDetector(NativeImages(images, rows), group=None if images.group is None else images.group[rows])


def calibrate_detector(detector: NearCopyDetector, images: ImageSet, progress: Progress = silent) -> None:
    """Calibrate the detector of images of a set; raises DataError where there is no validation image."""
    held_out = sample_rows(images, "val", HELD_OUT)
    if not len(held_out):
        raise DataError(
            f"{images.title} has no validation images, which the near-copy threshold is calibrated on. Add images, or "
            "allow near copies."
        )
    calibrating = partial(progress, "calibrating the near-copy detector")
    calibrating(0.0)
    detector.calibrate(native_images(images, held_out), progress=calibrating)


def cached_calibration(run: Run) -> Calibration | None:
    """The calibration on the images that the run learned from the cache, or None.

    Call it only where `training_images_problem` is None.
    """
    return read_typed_or_none(_path(run), TypeAdapter(Calibration))  # a damaged file is made again


def _path(run: Run) -> Path:
    return settings.cache() / f"near-copies-{training_images.learned_images_key(run)}-{RECIPE}.json"
