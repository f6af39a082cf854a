"""What a reader should know of an image set before training: its patients or slides, and what speaks against it.

Computed from an ImageSet of any source; what is wrong with single files is found earlier, by `check.py`. No torch.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from gan.data.image_set import SPLITS, ImageSet
from gan.data.ingest.check import MIN_TRAINING_IMAGES
from gan.data.ingest.report import Finding, first_few

UNEVEN = 5  # times as many images in the largest class as in the rarest, from which balancing changes what is learnt
FEW_TO_TEST = 30  # test images of a class below which a score says little of it


@dataclass(frozen=True)
class GroupSummary:
    """The patients or slides of a set: how many by split, images of one (fewest, median, most), and names of those that
    are in several splits, which there should be none of."""

    counts: dict[str, int]
    fewest: int
    median: float
    most: int
    shared: tuple[str, ...]


def group_summary(image_set: ImageSet) -> GroupSummary | None:
    """The groups of a set, None where they are not known."""
    if image_set.group is None:
        return None
    by_split = {split: set(image_set.group[image_set.rows(split)].tolist()) for split in SPLITS}
    _, sizes = np.unique(image_set.group, return_counts=True)
    everywhere = Counter(name for names in by_split.values() for name in names)
    return GroupSummary(
        counts={split: len(names) for split, names in by_split.items()},
        fewest=int(sizes.min()),
        median=float(np.median(sizes)),
        most=int(sizes.max()),
        shared=tuple(sorted(name for name, splits in everywhere.items() if splits > 1)),
    )


def findings(image_set: ImageSet) -> list[Finding]:
    """What to know before training, each with what mends it; warnings first."""
    found = [*_of_classes(image_set), *_of_attributes(image_set), *_of_groups(image_set)]
    return sorted(found, key=lambda finding: ("warning", "note").index(finding.level))


def _of_classes(image_set: ImageSet) -> list[Finding]:
    if image_set.kind != "class":
        return []
    found = []
    counts = image_set.counts()
    train, test = counts["train"], counts["test"]
    few = [f"{name} ({count})" for name, count in train.items() if count < MIN_TRAINING_IMAGES]
    if few:
        text = f"Classes with fewer than {MIN_TRAINING_IMAGES} training images: {first_few(few)}."
        found.append(Finding("warning", text, "What is generated of them will be near copies: add images."))
    rarest, largest = min(train, key=train.__getitem__), max(train, key=train.__getitem__)
    if train[rarest] and train[largest] >= UNEVEN * train[rarest]:
        times = train[largest] / train[rarest]
        text = f"{largest} has {times:.0f} times as many training images as {rarest}."
        found.append(Finding("note", text, "Switch on Balance classes, so that the rare one is learnt as well."))
    hard = [f"{name} ({count})" for name, count in test.items() if 0 < count < FEW_TO_TEST]
    if hard:
        text = f"Classes with fewer than {FEW_TO_TEST} test images: {first_few(hard)}."
        found.append(Finding("note", text, "Scores of them have wide intervals: only more real images narrow them."))
    return found


def _of_attributes(image_set: ImageSet) -> list[Finding]:
    if image_set.kind != "attributes":
        return []
    train = len(image_set.rows("train"))
    rare = [
        f"{name} ({count:,} with it, {train - count:,} without)"
        for name, count in image_set.counts()["train"].items()
        if min(count, train - count) < MIN_TRAINING_IMAGES
    ]
    if not rare:
        return []
    text = f"Attributes that hardly vary: {first_few(rare)}."
    return [Finding("warning", text, "They cannot be learnt from so few: leave them out, or add images.")]


def _of_groups(image_set: ImageSet) -> list[Finding]:
    known = group_summary(image_set)
    if known is None:
        text = "Which images are of one patient or slide is not known."
        mend = "If several are, scores look better than they are; a labels.csv names them in its column group."
        return [Finding("note", text, mend)]
    if known.shared:
        text = f"Groups in several splits ({len(known.shared):,}): {first_few(list(known.shared))}."
        return [Finding("warning", text, "Scores look better than they are: give each group one split.")]
    return []
