"""What the classifiers of one arm say of real images, and the truth about these images. No torch.

With folds, each image was predicted by classifiers that were trained without it. Scores of different classifiers are
not on one scale: a metric that ranks images is computed within each fold and averaged, with the folds' shares of the
images as weights; thresholds are each classifier's own.

Letters: n images, K classes, S seeds, F folds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gan.evaluation.study import classification_metrics
from gan.evaluation.study.arms import ArmPlan
from gan.evaluation.study.classification_metrics import Estimate
from gan.evaluation.study.comparisons import Sample


@dataclass(frozen=True)
class GroundTruth:
    """The truth about real images: `targets` (n, K) uint8, one-hot for the `kind` "class".

    `group` (n,) names each image's patient; None where groups are unknown. `fold` (n,) is the fold in which each image
    was held out, 0 without folds; `own_test` (n,) marks the images of the user's own test split. `names` are those of
    the classes, and `rarest` is the rarest one in training. `subgroups` has the values (n,) of each subgroup, such as
    "sex"; "" where missing.
    """

    targets: NDArray[np.uint8]
    kind: str
    group: NDArray[np.str_] | None
    fold: NDArray[np.int64]
    own_test: NDArray[np.bool_]
    names: tuple[str, ...]
    rarest: int
    subgroups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """The class of each image (n,)."""
        return np.asarray(self.targets.argmax(axis=1), dtype=np.int64)

    @cached_property
    def sample(self) -> Sample:
        return Sample(self.labels, self.group, self.fold)

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
        """Number of groups that hold each class; of images where groups are unknown."""
        groups = np.arange(len(self.targets)) if self.group is None else self.group
        return {name: len(np.unique(groups[self.targets[:, k] == 1])) for k, name in enumerate(self.names)}


@dataclass(frozen=True)
class Predictions:
    """The predictions of one arm's classifiers: `logits` (S, n, K) on the images of a `truth`.

    `offsets` (S, F, K) are what to add to log probabilities before the largest is taken, chosen on the validation
    images of each fold. `plan` is the arm's; of pooled predictions, that of their role.
    """

    plan: ArmPlan
    logits: NDArray[np.float32]
    offsets: NDArray[np.float64]
    truth: GroundTruth
    _primary: dict[str, Estimate] = field(default_factory=dict, repr=False, compare=False)

    def part(self, chosen: NDArray[np.bool_]) -> "Predictions":
        """On the `chosen` (n,) images alone."""
        return replace(self, logits=self.logits[:, chosen], truth=self.truth.part(chosen), _primary={})

    def by_fold(self) -> "list[Predictions]":
        """The predictions in each fold that holds images."""
        return [self.part(self.truth.fold == fold) for fold in self.truth.folds]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        return classification_metrics.probabilities(self.logits)

    def predicted(self) -> NDArray[np.int64]:
        """The classes (S, n) at the thresholds that were chosen on validation images."""
        scores = np.log(np.maximum(self.probabilities, 1e-12)) + self.offsets[:, self.truth.fold]
        return np.asarray(scores.argmax(axis=2), dtype=np.int64)

    def primary(self, metric: str) -> Estimate:
        """The metric `auroc` or `balanced_accuracy` of each seed."""
        if metric not in self._primary:
            self._primary[metric] = self._auroc() if metric == "auroc" else self._balanced_accuracy()
        return self._primary[metric]

    def _auroc(self) -> Estimate:
        """Within folds, with n_f / n as weights; influences are scaled alike."""
        values, influence = np.zeros(len(self.logits)), np.zeros(self.logits.shape[:2])
        for fold in self.truth.folds:
            of_fold = self.truth.fold == fold
            part = classification_metrics.auroc(
                classification_metrics.probabilities(self.logits[:, of_fold]), self.truth.labels[of_fold]
            )
            weight = of_fold.mean()
            values += weight * part.values
            influence[:, of_fold] = weight * part.influence
        return Estimate(values, influence)

    def _balanced_accuracy(self) -> Estimate:
        return classification_metrics.balanced_accuracy(self.predicted(), self.truth.labels, len(self.truth.names))


def choose_offsets(validation_logits: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """The offsets (S, K) of highest balanced accuracy on validation images, of logits (S, n, K): the same rule for all
    arms."""
    return np.stack(
        [
            classification_metrics.class_offsets(
                np.log(np.maximum(classification_metrics.probabilities(logits), 1e-12)), labels
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
    )


def pool_truth(parts: Iterable[GroundTruth]) -> GroundTruth:
    """The truth of all divisions as one; the images of part f get the fold f."""
    truths = list(parts)
    first = truths[0]
    return replace(
        first,
        targets=np.concatenate([one.targets for one in truths]),
        group=None if first.group is None else np.concatenate([one.group for one in truths if one.group is not None]),
        fold=np.repeat(np.arange(len(truths)), [len(one.targets) for one in truths]),
        own_test=np.concatenate([one.own_test for one in truths]),
        subgroups={name: np.concatenate([one.subgroups[name] for one in truths]) for name in first.subgroups},
    )
