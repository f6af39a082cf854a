"""The subclass of each of a run's images, kept in its folder. No torch.

Letters: N images, K classes, S subclasses of each.
"""

from dataclasses import replace

import numpy as np

from gan.data.image_set import ImageSet
from gan.data.info import DatasetInfo
from gan.data.subclasses import Subclasses, append_subclasses, find_subclasses
from gan.errors import DataError
from gan.io.atomic import replacing
from gan.io.progress import Progress
from gan.io.untrusted_files import damaged_file, read_arrays
from gan.runs.run import Run

FILE = "subclasses.npz"


def with_subclasses(
    run: Run, images: ImageSet, progress: Progress, recorded: bool = False
) -> tuple[ImageSet, DatasetInfo]:
    """The set with conditions (N, K * (1 + S)) for the networks, and the info that the run keeps of it.

    With `model.subclasses` 1 the set stays as it is. From the first snapshot on, the subclasses are read from the run's
    folder: its networks are conditioned on exactly those. With `recorded`, another process has found them just now.
    Raises DataError where the set has attributes, not classes.
    """
    info, subclasses = images.info(), run.config.model.subclasses
    if subclasses == 1:
        return images, info
    if images.kind != "class":
        raise DataError(f"model.subclasses is {subclasses}: {images.title} has attributes, not classes. Set it to 1.")
    found = load_subclasses(run, len(images)) if run.snapshots() or recorded else None
    if found is None:
        found = find_subclasses(images, subclasses, run.config.train.seed, progress)
        with replacing(run.path / FILE) as temporary, open(temporary, "wb") as file:
            np.savez(file, labels=found.labels, separation=found.separation)
    rows = images.rows("train")
    counts = np.zeros((len(images.names), subclasses), dtype=int)  # (K, S)
    np.add.at(counts, (images.labels()[rows], found.labels[rows]), 1)
    subclass_names = [f"{name}, subclass {subclass + 1}" for name in images.names for subclass in range(subclasses)]
    conditions = append_subclasses(images.conditions, found.labels, subclasses)
    info = replace(info, subclasses=tuple(map(tuple, counts.tolist())), subclass_separation=found.separation)
    return replace(images, conditions=conditions, names=(*images.names, *subclass_names)), info


def load_subclasses(run: Run, count: int) -> Subclasses | None:
    """The subclasses of a run's `count` images, None before they are found; raises DamagedFileError."""
    path = run.path / FILE
    try:
        file = read_arrays(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not file.keys() >= {"labels", "separation"}:
        raise damaged_file(path, "it lacks an array")
    labels, separation = file["labels"], file["separation"]
    if labels.shape != (count,) or labels.dtype != np.uint8 or labels.max() >= run.config.model.subclasses:
        raise damaged_file(path, "it does not hold a subclass of each image")
    if separation.shape != () or separation.dtype.kind != "f" or not np.isfinite(separation):
        raise damaged_file(path, "separation is not a number")
    return Subclasses(labels, float(separation))
