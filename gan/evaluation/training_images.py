"""A run's training images: whether they are on this machine and unchanged since the training, and which of a set's
images it learned. No torch."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from gan.access.permissions import Action, decide, require
from gan.data import fingerprint, registry
from gan.data.fingerprint import Fingerprint
from gan.data.image_set import ImageSet
from gan.data.set_access import set_target
from gan.errors import RunError
from gan.io.progress import Progress, silent
from gan.runs.data_paths import readable_data
from gan.runs.run import Run


def training_images_problem(run: Run) -> str | None:
    """Why a run's training images cannot be used here and what to do, or None. Fast.

    Images that are not cached yet are compared with the run's fingerprint when they are read.
    """
    try:
        config = readable_data(run)
    except RunError as error:
        return str(error)
    problem = registry.problem(config)
    if problem is not None:
        return f"The training images of {run.name} are not here: {problem}"
    ready = registry.cached_image_set(config)
    return None if ready is None else fingerprint.problem_with(run.path, ready)


def not_read_yet(run: Run) -> str:
    """That the images of a run without a `training_images_problem` have not been read on this machine, or only with
    other options, and what reads them."""
    return (
        f"The training images ({run.info().title}) have not been read on this machine yet. That takes up to some "
        "minutes, once; scoring and a download without near copies do it too."
    )


def viewing_problem(run: Run) -> str | None:
    """Why the current person cannot look at a run's training images, or None. As `training_images_problem`, fast."""
    decision = decide(Action.SEE_REAL_IMAGES, set_target(run.config.data))
    return training_images_problem(run) if decision else decision.reason


def viewable_training_images(run: Run) -> ImageSet | None:
    """`cached_training_images` for pictures of them: AccessError where the current person may not look at them."""
    require(Action.SEE_REAL_IMAGES, set_target(run.config.data))
    return cached_training_images(run)


def load_training_images(run: Run, progress: Progress = silent) -> ImageSet:
    """The image set a run was trained on; raises RunError where it is not on this machine or has changed."""
    config = readable_data(run)
    problem = registry.problem(config)
    if problem is not None:
        raise RunError(f"The training images of {run.name} are not here: {problem}")
    images = registry.load_image_set(config, progress)
    fingerprint.check_unchanged(run.path, images)
    return images


def cached_training_images(run: Run) -> ImageSet | None:
    """The same from the cache, or None where it is not cached; raises RunError where it has changed."""
    images = registry.cached_image_set(readable_data(run))
    if images is not None:
        fingerprint.check_unchanged(run.path, images)
    return images


def learned_rows(run: Run) -> NDArray[np.int64]:
    """The rows of the run's set with all images that its networks learned, ascending: those of the training split, and
    the unlabelled ones that got a class. Near copies are searched for among these.

    Raises RunError where the run's fingerprint is missing or damaged.
    """
    return np.flatnonzero(Fingerprint.load(run.path).learned)


def training_images_key(run: Run) -> str:
    """Cache key of the run's labelled training images, from their files and the config; reads no image.

    Call it only where `training_images_problem` is None.
    """
    return registry.image_set_key(readable_data(run))


def learned_images_key(run: Run) -> str:
    """Likewise of all images that its networks learned: that of the labelled ones where these are all."""
    found = Fingerprint.load(run.path)
    if np.array_equal(found.learned, found.split == "train"):
        return training_images_key(run)
    digest = hashlib.sha256(np.packbits(found.learned).tobytes()).hexdigest()
    return f"{training_images_key(run)}-{digest[:16]}"
