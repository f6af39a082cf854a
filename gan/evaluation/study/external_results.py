"""What finished classifiers say of an external test set: the confirmed comparison of each regime on its images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.evaluation.records.external_results import ExternalImages
from gan.evaluation.records.study_results import Arm, ExternalResult, Gain
from gan.evaluation.study.analysis import PlannedArms, Validated
from gan.evaluation.study.confirmation_plan import DivisionChoice
from gan.evaluation.study.external_test import ExternalTest
from gan.evaluation.study.predictions import GroundTruth, count_images, pool_shared
from gan.evaluation.study.verdict import MIN_GROUPS


@dataclass(frozen=True)
class TestedOutside:
    """An external test set after the seal was opened; `training` are the images that the study trains on."""

    test: ExternalTest
    training: ImageSet
    looks: int

    @cached_property
    def fresh(self) -> NDArray[np.bool_]:
        """Which of its images (n,) are no near copies of training images."""
        return ~self.test.near_copies(self.training)

    @property
    def truth(self) -> GroundTruth:
        """The truth about the images that are tested."""
        return self.test.truth.part(self.fresh).scoring_common(MIN_GROUPS)

    @property
    def can_be_tested(self) -> bool:
        """Whether two classes, or both values of an attribute, are left without near copies."""
        truth = self.truth
        return bool(truth.common(1)) if truth.attributes else len(np.unique(truth.labels)) > 1

    def pooled(self, divisions: Sequence[Validated], choices: Sequence[DivisionChoice]) -> PlannedArms:
        """The planned arms on the images that are tested; each division's classifiers predicted all of them."""
        arms = PlannedArms.pooled(divisions, choices, pool_shared).part(np.tile(self.fresh, len(divisions)))
        return arms.scoring_common(MIN_GROUPS)

    def record(self) -> ExternalImages:
        """The images, for the study's result."""
        counts = count_images(self.truth)
        return ExternalImages(
            name=self.test.name,
            **{key: counts[key] for key in ("images", "groups", "grouped", "per_class", "groups_per_class")},
            classes=self.test.named_classes,
            left_out=dict(self.test.left_out),
            lacking=list(self.test.lacking),
            near_copies=int((~self.fresh).sum()),
            looks=self.looks,
        )


def external_result(
    tested: Sequence[Arm], gain: Gain, metric: str, kind: str, sentence: str, name: str
) -> ExternalResult:
    """The record of a regime on the external test set `name`."""
    scores = {arm.plan.name: arm.primary(metric) for arm in tested}
    words = f"On {name}, an external test set: {sentence[0].lower()}{sentence[1:]}"
    return ExternalResult(scores, gain, words, kind)
