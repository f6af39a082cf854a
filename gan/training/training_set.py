"""What the networks of a run learn: its image set with inferred classes and subclasses. No torch."""

from dataclasses import replace

from gan.data.image_set import ImageSet
from gan.data.info import DatasetInfo
from gan.errors import DataError
from gan.io.progress import Progress
from gan.runs.run import Run
from gan.training.pseudo_labels import with_pseudo_labels
from gan.training.subclass_labels import with_subclasses


def load_training_set(
    run: Run, images: ImageSet, progress: Progress, recorded: bool = False
) -> tuple[ImageSet, DatasetInfo]:
    """The set whose training images the networks learn, with conditions as they take them, and the info that the run
    keeps of `images`, its set as it was read.

    The info has the conditions of labelled images alone, and counts subclasses with and without the others. With
    `recorded`, another process has found the subclasses just now. Raises what `with_pseudo_labels` and
    `with_subclasses` raise, and DataError where there are fewer than 2 training images: batch norm takes no single one.
    """
    count = len(images.rows("train"))
    if count < 2:
        raise DataError(f"{images.title} has {count} training images: training takes at least 2.")
    labelled, pseudo_labelled = with_pseudo_labels(run, images)
    training_set, info = with_subclasses(run, labelled, progress, recorded)
    if pseudo_labelled is None:
        return training_set, info
    return training_set, replace(
        info,
        conditions=images.info().conditions,
        labelled_subclasses=_labelled_subclasses(training_set, images) if info.subclasses else (),
        pseudo_labelled=pseudo_labelled,
    )


def _labelled_subclasses(training_set: ImageSet, images: ImageSet) -> tuple[tuple[int, ...], ...]:
    """The labelled training images of each subclass of each class."""
    classes = len(images.names)
    pairs = training_set.conditions[images.rows("train"), classes:]  # (n, K * S)
    return tuple(map(tuple, pairs.sum(axis=0).astype(int).reshape(classes, -1).tolist()))
