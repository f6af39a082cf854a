"""The export guard: near copies of training images are found before they leave the house.

A generated image may be a training image in disguise, and a training image may be a patient. So an export asks the
detector of `evaluation/near_copies.py` of each image, and makes another one in place of a near copy. The detector needs
the training images themselves: at half the resolution they still are pictures of patients, and features alone do not
tell a copy from an image of the same class. So nothing of them is kept in the run's folder, which people copy and send.
Where the data is not on this machine an export is refused until it is, or until somebody decides to leave near copies
in, which the download then says of itself.

What the detector's calibration found is kept in the store's cache, by the data: it is the same for all runs on a set.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter

from gan.config import settings
from gan.data.image_set import ImageSet
from gan.errors import DataError, RunError, StoppedError
from gan.evaluation import training_images
from gan.evaluation.classifiers.reference import NativeImages, native_images, sample_rows
from gan.evaluation.privacy.calibration import Calibration
from gan.evaluation.privacy.near_copies import NearCopyDetector
from gan.io.atomic import write_json
from gan.io.file_lock import exclusive
from gan.io.json_files import read_typed_or_none
from gan.io.progress import Progress, silent
from gan.runs.run import Run

RECIPE = "1"
"""Change it when the detector measures differently: calibrations in the cache are then made anew."""
HELD_OUT = 1000
"""Validation images by which the detector is calibrated, at most."""


def load_detector(
    run: Run, progress: Progress = silent, should_stop: Callable[[], bool] = lambda: False
) -> tuple[NearCopyDetector, ImageSet]:
    """The calibrated detector of a run's training images, and their set; from the cache where the set is known.

    `progress` gets a phase and how much of it is done. Raises RunError where the training images are not here or not
    those of the run, and StoppedError where it is asked to stop.
    """
    progress("reading the training images", 0.0)
    try:
        images = training_images.load_training_images(run, progress)
    except RunError as error:
        raise RunError(f"{error} Or leave near copies in, which the download will say.") from None
    rows = images.rows("train")
    detector = NearCopyDetector(NativeImages(images, rows), group=None if images.group is None else images.group[rows])
    path = _file(run)

    def report(done: float) -> None:
        progress("learning how close real images come", done)
        if should_stop():
            raise StoppedError

    with exclusive(path.with_suffix(".lock")):  # two exports at once calibrate once
        kept = cached_calibration(run)
        if kept is not None:
            detector.use(kept)
        else:
            held_out = sample_rows(images, "val", HELD_OUT)
            if not len(held_out):
                raise DataError(
                    f"{images.title} has no validation images: without them nobody can say how close is too close. "
                    "Add images, or leave near copies in."
                )
            report(0.0)
            detector.calibrate(native_images(images, held_out), progress=report)
            assert detector.calibration is not None
            write_json(path, asdict(detector.calibration))
    return detector, images


def cached_calibration(run: Run) -> Calibration | None:
    """What the detector's calibration on the run's training images found; None where nobody has made it yet.

    To be asked only where `training_images.problem` has nothing against them.
    """
    return read_typed_or_none(_file(run), TypeAdapter(Calibration))  # a damaged one is made anew


def _file(run: Run) -> Path:
    return settings.cache() / f"near-copies-{training_images.training_images_key(run)}-{RECIPE}.json"
