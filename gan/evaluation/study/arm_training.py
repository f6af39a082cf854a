"""How one classifier of a study is trained: in every arm but one until its AUROC on validation images stops improving.

The rule is the same for all (`EarlyStopping`). Added images may not shorten the time for the real ones: the most steps
grow with their number (`ArmPlan.growth`), so that real images can be seen as often as without them.

    added         real and added images in shuffled passes
    mixed         MIXED_SHARE of each batch are added images; fewer where there are fewer of them than real ones
    first         a classifier of the added images, trained further on the real ones alone
    unlabelled    unlabelled images beside the real ones of each batch (`classifiers/consistency.py`), and always the
                  most steps

Letters: n real, m added, u unlabelled images, C channels, H = W the side, K conditions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from gan.evaluation.classifiers.architectures import classifier_builder
from gan.evaluation.classifiers.mixed_batches import mixed_batches
from gan.evaluation.classifiers.recipes import RECIPES
from gan.evaluation.classifiers.small_resnet import Classifier, Images, ImageSequence, PhaseProgress, no_progress
from gan.evaluation.classifiers.training import (
    Positions,
    TrainedClassifier,
    Validate,
    starting_from,
    train_classifier,
    train_to_plateau,
)
from gan.evaluation.study.arms import MIXED_SHARE, ArmPlan, Conditions
from gan.evaluation.study.study_options import StudyOptions


@dataclass(frozen=True)
class TrainingSet:
    """Images uint8 (n, C, H, H) with their conditions (n, K)."""

    images: Images
    conditions: Conditions

    def __len__(self) -> int:
        return len(self.images)

    def with_more(self, other: "TrainingSet") -> "TrainingSet":
        """These images, then the others."""
        return TrainingSet(
            np.concatenate([self.images, other.images]), np.concatenate([self.conditions, other.conditions])
        )


@dataclass(frozen=True)
class ArmTrainer:
    """Trains the classifiers of one division on its `real` training images of a `kind`, "class" or "attributes".

    `validate` scores a classifier on the division's validation images; `unlabelled` (u, C, H, H) are images that belong
    to no patient who is tested.
    """

    real: TrainingSet
    kind: str
    unlabelled: ImageSequence
    validate: Validate
    options: StudyOptions

    def train(
        self, arm: ArmPlan, added: TrainingSet, seed: int, progress: PhaseProgress = no_progress
    ) -> TrainedClassifier:
        """A classifier of one arm, which adds these images. The same seed and images give the same classifier."""
        if arm.kind == "unlabelled":
            return self._semi_supervised(arm, seed, progress)
        if arm.use == "first":
            first = self._fit(arm, added, seed, progress=_stage(progress, 0))
            start = starting_from(first.network)
            last = self._fit(arm, self.real, seed, network=start, progress=_stage(progress, 1))
            return _in_all(first, last)
        if arm.use == "mixed":
            return self._mixed(arm, added, seed, progress)
        return self._fit(arm, self.real.with_more(added), seed, growth=arm.growth, progress=progress)

    def _semi_supervised(self, arm: ArmPlan, seed: int, progress: PhaseProgress) -> TrainedClassifier:
        """Always the most steps: it still learns from unlabelled images when its score has stopped improving."""
        budget = self.options.budget
        batch, steps = min(budget.batch, len(self.real)), budget.most_steps(arm)
        network = train_classifier(
            self.real.images,
            self.real.conditions,
            self.kind,
            images_seen=steps * batch,
            seed=seed,
            batch=batch,
            augment=RECIPES[arm.recipe].augment,
            network=self._builder(arm),
            validate=self.validate,
            unlabelled=self.unlabelled,
            batch_norm_images=budget.batch_norm_images,
            device=self.options.device,
            progress=progress,
        )
        score = self.validate(network)
        return TrainedClassifier(network, steps, steps, False, [score], score)

    def _mixed(self, arm: ArmPlan, added: TrainingSet, seed: int, progress: PhaseProgress) -> TrainedClassifier:
        real, more = len(self.real), len(added)
        positions = mixed_batches(
            real, more, min(MIXED_SHARE, more / (real + more)), seed, min(self.options.budget.batch, real + more)
        )
        return self._fit(
            arm, self.real.with_more(added), seed, growth=arm.growth, positions=positions, progress=progress
        )

    def _fit(
        self,
        arm: ArmPlan,
        images: TrainingSet,
        seed: int,
        *,
        growth: float = 1.0,
        positions: Iterator[Positions] | None = None,
        network: Callable[[], Classifier] | None = None,
        progress: PhaseProgress = no_progress,
    ) -> TrainedClassifier:
        """A classifier by the arm's recipe, until its score stops improving."""
        budget = self.options.budget
        return train_to_plateau(
            images.images,
            images.conditions,
            self.kind,
            self.validate,
            stopping=budget.stopping.extended(growth),
            recipe=RECIPES[arm.recipe],
            positions=positions,
            seed=seed,
            batch=budget.batch,
            network=network or self._builder(arm),
            batch_norm_images=budget.batch_norm_images,
            device=self.options.device,
            progress=progress,
        )

    def _builder(self, arm: ArmPlan) -> Callable[[], Classifier]:
        """A function that builds the arm's network."""
        _, channels, side, _ = self.real.images.shape
        network = arm.classifier or self.options.classifier
        return classifier_builder(network, side, channels, self.real.conditions.shape[1])


def _stage(progress: PhaseProgress, number: int) -> PhaseProgress:
    """The progress of the first (0) or second (1) of two trainings."""
    return lambda share: progress((number + share) / 2)


def _in_all(first: TrainedClassifier, last: TrainedClassifier) -> TrainedClassifier:
    """The last of two classifiers, with the steps of both."""
    return replace(last, steps=first.steps + last.steps, kept_steps=first.kept_steps + last.kept_steps)
