"""The training images of a run: whether they are on this machine, and the same as when it was trained.

No torch, so that pages can ask. Read next: `guard.py`.
"""

import numpy as np

from gan import data
from gan.data.imageset import ImageSet
from gan.data.source import Progress, silent
from gan.errors import RunError
from gan.runs import Run


def problem(run: Run) -> str | None:
    """Why this run's exports cannot be guarded here, and what to do, or None. Quick; no torch."""
    wrong = data.problem(run.config.data)
    if wrong is None:
        ready = data.cached(run.config.data)
        return None if ready is None else _changed(run, ready)
    return (
        f"The training images of {run.name} are not here, so that nobody can say which generated images copy one: "
        f"{wrong} Or leave near copies in, which the download will say."
    )


def training_images(run: Run, progress: Progress = silent) -> ImageSet:
    """The image set that a run was trained on; raises RunError where it is not here or has changed since."""
    wrong = problem(run)
    if wrong:
        raise RunError(wrong)
    images = data.load(run.config.data, progress)
    wrong = _changed(run, images)
    if wrong:
        raise RunError(wrong)
    return images


def _changed(run: Run, images: ImageSet) -> str | None:
    """What to tell where these are not the images that the run was trained on, by their conditions, or None."""
    now, then = images.facts(), run.facts()
    alike = all(getattr(now, key) == getattr(then, key) for key in ("names", "kind", "channels", "native_size"))
    if alike and np.array_equal(now.conditions, then.conditions):
        return None
    return (
        f"{images.title} has changed since {run.name} was trained, so that its images cannot be compared with those it "
        "learnt from. Put the earlier files back, or leave near copies in."
    )
