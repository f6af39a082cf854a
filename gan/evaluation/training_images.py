"""The training images of a run: whether they are on this machine, and the same as when it was trained.

No torch, so that pages can ask.
"""

import hashlib

from gan.data import fingerprint, registry
from gan.data.image_set import ImageSet
from gan.errors import RunError
from gan.io.progress import Progress, silent
from gan.runs.run import Run


def training_images_problem(run: Run) -> str | None:
    """Why the training images of a run cannot be had here, and what to do, or None. Quick; no torch.

    Images that are not in the cache yet are compared when they are read.
    """
    wrong = registry.problem(run.config.data)
    if wrong is not None:
        return f"The training images of {run.name} are not here: {wrong}"
    ready = registry.cached_image_set(run.config.data)
    return None if ready is None else fingerprint.problem_with(run.path, ready)


def load_training_images(run: Run, progress: Progress = silent) -> ImageSet:
    """The image set that a run was trained on; raises RunError where it is not here or has changed since."""
    wrong = registry.problem(run.config.data)
    if wrong is not None:
        raise RunError(f"The training images of {run.name} are not here: {wrong}")
    images = registry.load_image_set(run.config.data, progress)
    fingerprint.check_unchanged(run.path, images)
    return images


def cached_training_images(run: Run) -> ImageSet | None:
    """The same where they were read before, else None; raises RunError where they have changed since."""
    images = registry.cached_image_set(run.config.data)
    if images is not None:
        fingerprint.check_unchanged(run.path, images)
    return images


def training_images_key(run: Run) -> str:
    """What names the run's images in the store's cache: it changes with their files and with what a config takes of
    them, and reads no image. To be asked only where the set can be read."""
    config = run.config.data
    return hashlib.sha256(f"{registry.cache_folder(config).name} {config.attributes}".encode()).hexdigest()[:16]
