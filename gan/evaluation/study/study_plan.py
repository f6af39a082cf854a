"""What a study will run, and what it leaves out and why.

Letters: K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.evaluation.classifiers.pretrained import EFFICIENTNET_LITE0, PRETRAINED
from gan.evaluation.records.study_results import SkippedArms
from gan.evaluation.study import divisions
from gan.evaluation.study.arms import ArmPlan, plan_arms, plan_attribute_arms
from gan.evaluation.study.confirmation_plan import COMPARED
from gan.evaluation.study.divisions import Division
from gan.evaluation.study.rare_attributes import RARE_SHARE, added_counts
from gan.evaluation.study.study_options import SHARES, StudyOptions
from gan.models import efficientnet_weights

MOST_TESTED = 2 + COMPARED
"""Arms that are trained again for the test of a division, at most: the chosen one, the controls to beat and the matched
one."""
OVERSAMPLED = "duplicates-filled"
"""An arm that there is where classes are unequal."""
MIN_PRETRAINED_SIDE = 48
"""Side in pixels from which a pretrained network is tried on real images. It halves images five times, and takes them
at twice their side: of 28 px, 2 by 2 positions are left at its end. BreastMNIST (28 px), classical augmentation, one
seed, AUROC on test images: 0.862 after 157 CPU seconds of fine-tuning, 0.903 after 18 of the small network (AMD EPYC
without AMX)."""


@dataclass(frozen=True)
class DivisionPlan:
    """The arms to run in one division, with its number of training `images`, and of those of each condition, `real`
    (K,)."""

    division: Division
    images: int
    real: NDArray[np.int64]
    arms: list[ArmPlan]

    def classifiers(self, options: StudyOptions) -> int:
        """The number of classifiers to train, at most: all arms for the choice, those compared for the test."""
        return options.selection_seeds * len(self.arms) + options.seeds * MOST_TESTED

    def expected_work(self, options: StudyOptions) -> float:
        """The work of all classifiers (`StudyOptions.work`), before it is known which are tested."""
        choosing = sum(options.work(arm) for arm in self.arms)
        return options.selection_seeds * choosing + self.expected_tested_work(options)

    def expected_tested_work(self, options: StudyOptions) -> float:
        """That of the classifiers that are tested, if they are arms like the mean."""
        mean = sum(options.work(arm) for arm in self.arms) / len(self.arms)
        return options.seeds * MOST_TESTED * mean

    def tested_work(self, names: Sequence[str], options: StudyOptions) -> float:
        """That of the classifiers of the chosen arms."""
        return options.seeds * sum(options.work(arm) for arm in self.arms if arm.name in names)


@dataclass(frozen=True)
class RegimePlan:
    """The divisions to run with a `share` of the real training images."""

    share: float
    divisions: list[DivisionPlan]

    @property
    def images(self) -> int:
        """The number of training images, mean over divisions."""
        return round(float(np.mean([plan.images for plan in self.divisions])))

    @property
    def real(self) -> NDArray[np.int64]:
        """The number of training images of each condition (K,), mean over divisions."""
        return np.asarray(np.mean([plan.real for plan in self.divisions], axis=0).round(), dtype=np.int64)

    def classifiers(self, options: StudyOptions) -> int:
        """The number of classifiers to train, at most."""
        return sum(plan.classifiers(options) for plan in self.divisions)


def plan_regimes(images: ImageSet, options: StudyOptions) -> tuple[list[RegimePlan], list[SkippedArms]]:
    """The regimes with their arms, and what is skipped and why, for an image set that passed its check."""
    plans, skipped = [], []
    for share in SHARES:
        divided = divisions.divide(images, share, options.folds)
        too_few = _too_few(images, divided)
        if share not in options.shares:
            skipped.append(SkippedArms(share, "all arms", "It was switched off."))
        elif too_few:
            skipped.append(SkippedArms(share, "all arms", too_few))
        else:
            pretrained, why_not = _pretrained_network(images, options)
            plan = RegimePlan(share, [_plan_division(images, one, options, pretrained) for one in divided])
            plans.append(plan)
            if not any(arm.fills for arm in plan.divisions[0].arms):
                skipped.append(SkippedArms(share, *_NOTHING_TO_FILL[images.kind]))
            if why_not:
                skipped.append(SkippedArms(share, "real images with a pretrained network", why_not))
    return plans, skipped


_NOTHING_TO_FILL = {
    "class": ("classes filled up or balanced", "The classes are about equally common."),
    "attributes": (
        "rare attributes filled up",
        f"Each attribute has at least {RARE_SHARE:.0%} of the images.",
    ),
}


def _too_few(images: ImageSet, divided: list[Division]) -> str:
    """Why a regime with these divisions has too few training images; "" where it has enough."""
    least = divisions.MIN_CLASS_IMAGES
    if images.kind == "attributes":
        scored = set.intersection(*(set(division.scored) for division in divided))
        return (
            "" if scored else f"It would have no attribute with {least} training images that have it, and as many not."
        )
    fewest = min((division.real for division in divided), key=lambda real: int(real.min()))
    if fewest.min() >= least:
        return ""
    scarce = f"{fewest.min()} training images of {images.names[int(fewest.argmin())]}"
    return f"It would have {scarce}, and it takes {least} of each class."


def _plan_division(images: ImageSet, division: Division, options: StudyOptions, pretrained: str) -> DivisionPlan:
    if images.kind == "attributes":
        real, rare = added_counts(images.conditions[division.train])
        arms = plan_attribute_arms(
            real, rare, options.ratios, options.keep_rates, uses=options.uses, pretrained=pretrained
        )
    else:
        arms = plan_arms(
            dict(zip(images.names, division.real.tolist(), strict=True)),
            options.ratios,
            options.keep_rates,
            uses=options.uses,
            pretrained=pretrained,
            unlabelled=len(division.unlabelled),
        )
    return DivisionPlan(division, len(division.train), division.real, arms)


def _pretrained_network(images: ImageSet, options: StudyOptions) -> tuple[str, str]:
    """The network of the pretrained arm, "" for none, and why there is none; "" where nobody need know."""
    if options.classifier in PRETRAINED:
        return "", ""  # all arms are
    if not options.pretrained:
        return "", "It was switched off."
    if images.native_size < MIN_PRETRAINED_SIDE:
        return "", f"Images of {images.native_size} px are too small for it: it takes {MIN_PRETRAINED_SIDE} px."
    if images.images.shape[1] not in (1, 3):
        return "", "It takes grey and RGB images."
    if not efficientnet_weights.is_installed():
        return "", f"Its weights are not installed: {efficientnet_weights.INSTALL}"
    return EFFICIENTNET_LITE0, ""
