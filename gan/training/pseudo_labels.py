"""The classes of unlabelled images that a run learns, kept in its folder. No torch.

They are inferred before the training, by a classifier of the labelled images (`gan/evaluation/pseudo_labels.py`).

Letters: N images, K classes.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import UNLABELLED, ImageSet
from gan.data.info import PseudoLabelled
from gan.errors import RunError
from gan.io.atomic import replacing
from gan.io.untrusted_files import damaged_file, read_arrays
from gan.runs.run import Run

FILE = "pseudo_labels.npz"
DTYPES = {"labels": np.int16, "confidence": np.float32, "judged": np.int64, "seconds": np.float64}


@dataclass(frozen=True)
class PseudoLabels:
    """The inferred class of each image (N,), -1 for none, and the classifier's `confidence` in it (N,), 0 where it was
    not asked.

    `judged` int64 (4,): how many validation images it was tested on and right on; of how many of these it was sure, and
    right on them. It took `seconds`.
    """

    labels: NDArray[np.int16]
    confidence: NDArray[np.float32]
    judged: NDArray[np.int64]
    seconds: float

    def save(self, run: Run) -> None:
        """Write pseudo_labels.npz into the run's folder."""
        with replacing(run.path / FILE) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(
                file, labels=self.labels, confidence=self.confidence, judged=self.judged, seconds=self.seconds
            )

    def summary(self, images: ImageSet) -> PseudoLabelled:
        """What a reader of the run wants to know of them."""
        counts = np.bincount(self.labels[self.labels >= 0], minlength=len(images.names)).tolist()
        validation, correct, sure, right = self.judged.tolist()
        return PseudoLabelled(
            len(images.rows(UNLABELLED)), tuple(counts), validation, correct, sure, right, self.seconds
        )


def with_pseudo_labels(run: Run, images: ImageSet) -> tuple[ImageSet, PseudoLabelled | None]:
    """The set whose unlabelled images of a known class are training images, and what the run keeps of that.

    Without `data.pseudo_labels` the set stays as it is. Raises RunError where the classes were not inferred, and
    DamagedFileError.
    """
    if not run.config.data.pseudo_labels:
        return images, None
    found = load_pseudo_labels(run, images)
    if found is None:
        raise RunError(
            f"{run.name} learns unlabelled images too, and its folder has no {FILE} with their classes: put the file "
            "back, or clone the run, which makes a new one."
        )
    rows = np.flatnonzero(found.labels >= 0)
    conditions, split = images.conditions.copy(), images.split.copy()
    conditions[rows] = np.eye(len(images.names), dtype=np.float32)[found.labels[rows]]
    split[rows] = "train"
    return replace(images, conditions=conditions, split=split), found.summary(images)


def load_pseudo_labels(run: Run, images: ImageSet) -> PseudoLabels | None:
    """The inferred classes of a run's images, None before there are any; raises DamagedFileError."""
    path = run.path / FILE
    try:
        file = read_arrays(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if any(name not in file or file[name].dtype != dtype for name, dtype in DTYPES.items()):
        raise damaged_file(path, "an array is missing or has the wrong type")
    labels, confidence, judged, seconds = (file[name] for name in DTYPES)
    if labels.shape != (len(images),) or confidence.shape != labels.shape or judged.shape != (4,):
        raise damaged_file(path, "it does not have a class for each image")
    if labels.min(initial=0) < -1 or labels.max(initial=-1) >= len(images.names):
        raise damaged_file(path, f"it has other classes than the {len(images.names)} of the images")
    if (labels[images.split != UNLABELLED] != -1).any():
        raise damaged_file(path, "it has a class for an image that is not unlabelled")
    if judged.min() < 0 or seconds.shape != () or not np.isfinite(seconds):
        raise damaged_file(path, "a number in it is no count")
    return PseudoLabels(labels, confidence, judged, float(seconds))
