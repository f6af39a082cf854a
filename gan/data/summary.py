"""What a reader should know about an image set before training: its groups, and findings such as rare classes.

Works on an ImageSet of any source. Problems of single files are found earlier, by `ingest/checks/check.py`. No torch.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from gan.data.image_set import SPLITS, ImageSet
from gan.data.ingest.checks.class_findings import MIN_TRAINING_IMAGES
from gan.data.ingest.checks.report import Finding, first_few

IMBALANCE = 5
"""Ratio of the largest to the rarest class from which balancing is suggested."""
MIN_TEST_IMAGES = 30
"""Test images of a class below which its scores have wide intervals."""


@dataclass(frozen=True)
class GroupSummary:
    """The groups (patients or slides) of a set.

    `counts` has the groups of each split; `fewest`, `median` and `most` are images per group; `shared` names groups
    that are in more than one split.
    """

    counts: dict[str, int]
    fewest: int
    median: float
    most: int
    shared: tuple[str, ...]


def group_summary(image_set: ImageSet) -> GroupSummary | None:
    """The groups of a set, or None if they are unknown."""
    if image_set.group is None:
        return None
    by_split = {split: set(image_set.group[image_set.rows(split)].tolist()) for split in SPLITS}
    _, sizes = np.unique(image_set.group, return_counts=True)
    splits_with = Counter(name for names in by_split.values() for name in names)
    return GroupSummary(
        counts={split: len(names) for split, names in by_split.items()},
        fewest=int(sizes.min()),
        median=float(np.median(sizes)),
        most=int(sizes.max()),
        shared=tuple(sorted(name for name, splits in splits_with.items() if splits > 1)),
    )


def findings(image_set: ImageSet) -> list[Finding]:
    """What to know before training, with what to do; warnings first."""
    of_conditions = _class_findings(image_set) if image_set.kind == "class" else _attribute_findings(image_set)
    return sorted(
        [*of_conditions, *_group_findings(image_set)],
        key=lambda finding: ("warning", "note").index(finding.level),
    )


def _class_findings(image_set: ImageSet) -> list[Finding]:
    result = []
    counts = image_set.counts()
    train, test = counts["train"], counts["test"]
    rare = [f"{name} ({count})" for name, count in train.items() if count < MIN_TRAINING_IMAGES]
    if rare:
        text = f"Classes with fewer than {MIN_TRAINING_IMAGES} training images: {first_few(rare)}."
        action = "Generated images of them will be near copies. Add images."
        result.append(Finding("class-too-small", "warning", text, action))
    rarest, largest = min(train, key=train.__getitem__), max(train, key=train.__getitem__)
    if train[rarest] and train[largest] >= IMBALANCE * train[rarest]:
        ratio = train[largest] / train[rarest]
        text = f"{largest} has {ratio:.0f} times as many training images as {rarest}."
        action = "Switch on Balance classes to train equally often on each."
        result.append(Finding("classes-imbalanced", "note", text, action))
    few = [f"{name} ({count})" for name, count in test.items() if 0 < count < MIN_TEST_IMAGES]
    if few:
        text = f"Classes with fewer than {MIN_TEST_IMAGES} test images: {first_few(few)}."
        action = "Their scores have wide intervals, which only more real images narrow."
        result.append(Finding("class-rarely-tested", "note", text, action))
    return result


def _attribute_findings(image_set: ImageSet) -> list[Finding]:
    train = len(image_set.rows("train"))
    rare = [
        f"{name} ({count:,} with it, {train - count:,} without)"
        for name, count in image_set.counts()["train"].items()
        if min(count, train - count) < MIN_TRAINING_IMAGES
    ]
    if not rare:
        return []
    text = f"Attributes that hardly vary: {first_few(rare)}."
    action = "So few images are not enough to learn them. Leave them out or add images."
    return [Finding("attribute-too-rare", "warning", text, action)]


def _group_findings(image_set: ImageSet) -> list[Finding]:
    summary = group_summary(image_set)
    if summary is None:
        text = "It is unknown which images show the same patient or slide."
        action = "If several do, scores are too good. Name the patients in a column `group` of labels.csv."
        return [Finding("groups-unknown", "note", text, action)]
    if summary.shared:
        text = f"Groups in more than one split ({len(summary.shared):,}): {first_few(list(summary.shared))}."
        action = "Scores will be too good. Put each group into one split."
        return [Finding("groups-across-splits", "warning", text, action)]
    return []
