"""What the classifiers of one arm say of real images, and the truth about these images. No torch.

With folds, each image was predicted by classifiers that were trained without it. Scores of different classifiers are
not on one scale: a metric that ranks images is computed within each fold and averaged, with the folds' shares of the
images as weights; thresholds are each classifier's own.

Of a set of attributes every metric is a mean over the attributes that are scored, each there or not by itself.

Letters: n images, K conditions (classes, or attributes), S seeds, F folds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.study import classification_metrics
from gan.evaluation.study.arms import ArmPlan
from gan.evaluation.study.classification_metrics import Estimate
from gan.evaluation.study.comparisons import Sample


@dataclass(frozen=True)
class GroundTruth:
    """The truth about real images: `targets` (n, K) uint8, one-hot for the `kind` "class", any for "attributes".

    `group` (n,) names each image's patient; None where groups are unknown. `fold` (n,) is the fold in which each image
    was held out, 0 without folds; `own_test` (n,) marks the images of the user's own test split. `names` are those of
    the conditions, `rarest` is the rarest one in training, and `scored` are those that metrics are means over: all
    classes, or the attributes that are not too rare. `subgroups` has the values (n,) of each subgroup, such as "sex";
    "" where missing.
    `shared`: the folds were tested on the same images, each of which has a row in every fold.
    """

    targets: NDArray[np.uint8]
    kind: str
    group: NDArray[np.str_] | None
    fold: NDArray[np.int64]
    own_test: NDArray[np.bool_]
    names: tuple[str, ...]
    rarest: int
    scored: tuple[int, ...]
    subgroups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    shared: bool = False

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """The class of each image (n,)."""
        return np.asarray(self.targets.argmax(axis=1), dtype=np.int64)

    @cached_property
    def sample(self) -> Sample:
        """The images, which vary within a class; of attributes, within the rarest one that an image has."""
        fold = None if self.shared else self.fold
        if self.kind == "class":
            return Sample(self.labels, self.group, fold)
        order = np.argsort(self.targets.sum(axis=0), kind="stable")
        by_rarity = self.targets[:, order].astype(bool)
        rarest_held = np.where(by_rarity.any(axis=1), by_rarity.argmax(axis=1), len(order))
        return Sample(rarest_held.astype(np.int64), self.group, fold)

    @property
    def folds(self) -> list[int]:
        """The folds that the images lie in, ascending."""
        return [int(fold) for fold in np.unique(self.fold)]

    def part(self, chosen: NDArray[np.bool_]) -> "GroundTruth":
        """Of the `chosen` (n,) images alone."""
        return replace(
            self,
            targets=self.targets[chosen],
            group=None if self.group is None else self.group[chosen],
            fold=self.fold[chosen],
            own_test=self.own_test[chosen],
            subgroups={name: values[chosen] for name, values in self.subgroups.items()},
        )

    def groups_per_class(self) -> dict[str, int]:
        """Number of groups that hold each class; of images where groups are unknown.

        For each scored attribute the groups that hold it, or those that lack it, whichever are fewer.
        """
        groups = np.arange(len(self.targets)) if self.group is None else self.group
        values = (1,) if self.kind == "class" else (0, 1)
        return {
            self.names[k]: min(len(np.unique(groups[self.targets[:, k] == value])) for value in values)
            for k in self.scored
        }

    @property
    def attributes(self) -> int:
        """The number of attributes that metrics are means over; 0 for classes."""
        return len(self.scored) if self.kind == "attributes" else 0

    def scoring(self, scored: Sequence[int]) -> "GroundTruth":
        """With only these conditions scored; of attributes, the rarest among them is the rarest."""
        rarest = self.rarest
        if rarest not in scored:
            rarest = min(scored or [rarest], key=lambda k: int(self.targets[:, k].sum()))
        return replace(self, scored=tuple(scored), rarest=rarest)

    def common(self, least: int) -> tuple[int, ...]:
        """The scored conditions without attributes that fewer than `least` groups hold, or lack."""
        counts = self.groups_per_class()
        return tuple(k for k in self.scored if self.kind == "class" or counts[self.names[k]] >= least)

    def scoring_common(self, least: int) -> "GroundTruth":
        """Without scoring attributes that fewer than `least` groups hold, or lack; where none has enough, with those
        that some group holds and some lacks."""
        return self.scoring(self.common(least) or self.common(1) or self.scored)


@dataclass(frozen=True)
class Predictions:
    """The predictions of one arm's classifiers: `logits` (S, n, K) on the images of a `truth`.

    `offsets` (S, F, K) are what to add to log probabilities before the largest is taken, or to an attribute's logit
    before its sign is, chosen on the validation images of each fold. `steps` are the optimiser steps of each
    classifier. `plan` is the arm's; of pooled predictions, that of their role.
    """

    plan: ArmPlan
    logits: NDArray[np.float32]
    offsets: NDArray[np.float64]
    truth: GroundTruth
    steps: tuple[int, ...] = ()
    _primary: dict[str, Estimate] = field(default_factory=dict, repr=False, compare=False)

    def part(self, chosen: NDArray[np.bool_]) -> "Predictions":
        """On the `chosen` (n,) images alone."""
        return replace(self, logits=self.logits[:, chosen], truth=self.truth.part(chosen), _primary={})

    def scoring(self, truth: GroundTruth) -> "Predictions":
        """With the scored conditions, and the rarest, of another truth."""
        return replace(self, truth=replace(self.truth, scored=truth.scored, rarest=truth.rarest), _primary={})

    def by_fold(self) -> "list[Predictions]":
        """The predictions in each fold that holds images."""
        return [self.part(self.truth.fold == fold) for fold in self.truth.folds]

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """The probability (S, n, K) of each condition."""
        return condition_probabilities(self.logits, self.truth.kind)

    def predicted(self) -> NDArray[np.int64]:
        """The classes (S, n), or attributes (S, n, K) as 0 and 1, at the thresholds chosen on validation images."""
        offsets = self.offsets[:, self.truth.fold]
        if self.truth.kind == "attributes":
            return (self.logits + offsets > 0).astype(np.int64)
        scores = np.log(np.maximum(self.probabilities, 1e-12)) + offsets
        return np.asarray(scores.argmax(axis=2), dtype=np.int64)

    def of_condition(self, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        """The predicted labels (S, n) and the true ones (n,) for a condition, and its own label."""
        if self.truth.kind == "attributes":
            return self.predicted()[:, :, k], self.truth.targets[:, k].astype(np.int64), 1
        return self.predicted(), self.truth.labels, k

    def primary(self, metric: str) -> Estimate:
        """The metric of each seed: `auroc`, `average_precision` or `balanced_accuracy`."""
        if metric not in self._primary:
            self._primary[metric] = self._balanced_accuracy() if metric not in RANKING else self._ranked(metric)
        return self._primary[metric]

    def unadjusted(self) -> "Predictions":
        """With the largest probability, or with that of an attribute above one half, as threshold."""
        return replace(self, offsets=np.zeros_like(self.offsets), _primary={})

    def sensitivity_at(self, specificity: float) -> NDArray[np.float64]:
        """The sensitivity (S,) for the rarest condition at this specificity, mean over folds as of a ranking metric."""
        values, weights = np.zeros(len(self.logits)), 0
        for rows in self._rows_by_fold():
            positive = self.truth.targets[rows, self.truth.rarest] == 1
            if positive.any():
                scores = self.probabilities[:, rows, self.truth.rarest]
                found = classification_metrics.sensitivity_at_specificity(scores, positive, specificity)
                values, weights = values + len(rows) * found, weights + len(rows)
        return values / max(weights, 1)

    def brier(self) -> NDArray[np.float64]:
        """Brier score (S,); of attributes the mean of those of each."""
        if self.truth.kind == "class":
            return classification_metrics.brier(self.probabilities, self.truth.labels)
        return np.asarray(((self._scored_probabilities - self._scored_targets) ** 2).mean(axis=(1, 2)))

    def calibration_error(self) -> NDArray[np.float64]:
        """Expected calibration error (S,); of attributes the mean of those of each."""
        if self.truth.kind == "class":
            return classification_metrics.expected_calibration_error(self.probabilities, self.truth.labels)
        return classification_metrics.attribute_calibration_error(self._scored_probabilities, self._scored_targets)

    @property
    def _scored_probabilities(self) -> NDArray[np.float64]:
        return self.probabilities[:, :, list(self.truth.scored)]

    @property
    def _scored_targets(self) -> NDArray[np.uint8]:
        return self.truth.targets[:, list(self.truth.scored)]

    def _rows_by_fold(self) -> list[NDArray[np.int64]]:
        return [np.flatnonzero(self.truth.fold == fold) for fold in self.truth.folds]

    def _ranked(self, metric: str) -> Estimate:
        """The mean over the scored conditions; 0.5 where no condition can be ranked."""
        found = self.ranked(metric, ranked_columns(metric, self.truth))
        s, n = self.logits.shape[:2]
        return found or Estimate(np.full(s, 0.5), np.zeros((s, n)))

    def ranked(self, metric: str, columns: Sequence[int]) -> Estimate | None:
        """A metric of RANKING, mean over these conditions; None where the images cannot tell any of them.

        Within each fold that can, and averaged over these with the numbers of their images as weights; influences are
        scaled alike.
        """
        values, influence, weights = np.zeros(len(self.logits)), np.zeros(self.logits.shape[:2]), 0
        for rows in self._rows_by_fold():
            scores, targets = self.probabilities[:, rows][:, :, columns], self.truth.targets[rows][:, columns]
            part = classification_metrics.macro(RANKING[metric], scores, targets)
            if part is not None:
                values += len(rows) * part.values
                influence[:, rows] = len(rows) * part.influence
                weights += len(rows)
        return Estimate(values / weights, influence / weights) if weights else None

    def _balanced_accuracy(self) -> Estimate:
        """Mean sensitivity over classes, or over attributes that are there or not."""
        if self.truth.kind == "class":
            return classification_metrics.balanced_accuracy(self.predicted(), self.truth.labels, len(self.truth.names))
        each = [classification_metrics.balanced_accuracy(*self.of_condition(k)[:2], 2) for k in self.truth.scored]
        s, n = self.logits.shape[:2]
        return classification_metrics.mean(each) if each else Estimate(np.full(s, 0.5), np.zeros((s, n)))


RANKING = {
    "auroc": classification_metrics.area_under_roc,
    "average_precision": classification_metrics.average_precision,
}
"""Metrics that rank images, of one condition against its absence."""


def ranked_columns(metric: str, truth: GroundTruth) -> list[int]:
    """The conditions whose mean a metric of RANKING is: of two classes, both have the same AUROC."""
    return [1] if metric == "auroc" and truth.kind == "class" and len(truth.names) == 2 else list(truth.scored)


def condition_probabilities(logits: NDArray[np.floating], kind: str) -> NDArray[np.float64]:
    """Probabilities of exclusive classes, or of each attribute by itself, from logits (..., K)."""
    if kind == "class":
        return classification_metrics.probabilities(logits)
    return classification_metrics.sigmoid(logits)


def validation_auroc(logits: NDArray[np.floating], truth: GroundTruth) -> float:
    """AUROC of logits (n, K) on validation images; 0.5 where no condition can be ranked."""
    columns = ranked_columns("auroc", truth)
    scores = condition_probabilities(logits, truth.kind)[None][:, :, columns]
    found = classification_metrics.macro(RANKING["auroc"], scores, truth.targets[:, columns])
    return 0.5 if found is None else float(found.values[0])


def choose_offsets(validation_logits: NDArray[np.float32], truth: GroundTruth) -> NDArray[np.float64]:
    """The offsets (S, K) of highest balanced accuracy on validation images, of logits (S, n, K): the same rule for all
    arms."""
    if truth.kind == "attributes":
        return np.stack(
            [classification_metrics.attribute_offsets(logits, truth.targets) for logits in validation_logits]
        )
    return np.stack(
        [
            classification_metrics.class_offsets(
                np.log(np.maximum(classification_metrics.probabilities(logits), 1e-12)), truth.labels
            )
            for logits in validation_logits
        ]
    )


def pool(parts: Sequence[Predictions], plan: ArmPlan) -> Predictions:
    """The predictions of all divisions as one, with `plan`; the images of part f get the fold f."""
    truth = pool_truth(part.truth for part in parts)
    return Predictions(
        plan,
        np.concatenate([part.logits for part in parts], axis=1),
        np.concatenate([part.offsets for part in parts], axis=1),
        truth,
        tuple(steps for part in parts for steps in part.steps),
    )


def pool_truth(parts: Iterable[GroundTruth]) -> GroundTruth:
    """The truth of all divisions as one; the images of part f get the fold f. Attributes are scored that are in all."""
    truths = list(parts)
    first = truths[0]
    pooled = replace(
        first,
        targets=np.concatenate([one.targets for one in truths]),
        group=None if first.group is None else np.concatenate([one.group for one in truths if one.group is not None]),
        fold=np.repeat(np.arange(len(truths)), [len(one.targets) for one in truths]),
        own_test=np.concatenate([one.own_test for one in truths]),
        subgroups={name: np.concatenate([one.subgroups[name] for one in truths]) for name in first.subgroups},
    )
    return pooled.scoring([k for k in first.scored if all(k in one.scored for one in truths)])


def pool_shared(parts: Sequence[Predictions], plan: ArmPlan) -> Predictions:
    """The predictions of several divisions' classifiers of the same images as one, with `plan`.

    Each image has a row in each fold, so that metrics are means over folds, and all its rows are of one group, so that
    the variance over images is that of its mean influence: the folds share their images.
    """
    if len(parts) == 1:
        return replace(parts[0], plan=plan, _primary={})
    truth = parts[0].truth
    group = np.arange(len(truth.targets)).astype(np.str_) if truth.group is None else truth.group
    return pool([replace(part, truth=replace(truth, group=group, shared=True)) for part in parts], plan)


def count_images(truth: GroundTruth) -> dict[str, Any]:
    """Counts of images and groups: `images`, `groups`, `grouped`, `per_class`, `groups_per_class`, `folds`, and the
    images of the user's `own` test split."""
    return {
        "images": len(truth.targets),
        "groups": len(truth.targets) if truth.group is None else len(np.unique(truth.group)),
        "grouped": truth.group is not None,
        "per_class": {name: int(truth.targets[:, k].sum()) for k, name in enumerate(truth.names)},
        "groups_per_class": truth.groups_per_class(),
        "folds": len(truth.folds),
        "own": int(truth.own_test.sum()),
    }
