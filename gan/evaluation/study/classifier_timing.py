"""How long the classifiers of a study take, from a few timed steps of each network."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gan.data.image_set import ImageSet
from gan.evaluation.budget import EarlyStopping
from gan.evaluation.classifiers.architectures import SMALL, classifier_builder
from gan.evaluation.classifiers.recipes import RECIPES
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.classifiers.small_resnet import Classifier, predict
from gan.evaluation.classifiers.training import VALIDATED_AT, train_to_plateau
from gan.evaluation.study.arms import ArmPlan
from gan.evaluation.study.study_options import StudyOptions

TIMED_RECIPES = ("plain", "classical", "trivial-augment")
"""The others take about as long as "classical", which they include."""


@dataclass(frozen=True)
class ClassifierTiming:
    """Seconds of a training step by network and recipe, and of one image's prediction by network."""

    step: Mapping[tuple[str, str], float]
    prediction: Mapping[str, float]

    def training(self, arm: ArmPlan, options: StudyOptions, validation: int) -> float:
        """Seconds of a training of the arm's classifier, validated on so many images."""
        budget, network = options.budget, arm.classifier or options.classifier
        recipe = arm.recipe if (network, arm.recipe) in self.step else "classical"
        steps = budget.expected_steps(arm)
        checks = steps // budget.stopping.check_every + len(VALIDATED_AT) * arm.stages
        checked = checks * (validation + budget.batch_norm_images)
        return steps * self.step[network, recipe] + checked * self.prediction[network]


def time_classifiers(subset: ImageSet, arms: Sequence[ArmPlan], options: StudyOptions) -> ClassifierTiming:
    """Time some steps of each network of these arms, and of the filter's, on the training images of a subset."""
    step, prediction = {}, {}
    images = native_images(subset, subset.rows("train"))
    for network in sorted({SMALL, *(arm.classifier or options.classifier for arm in arms)}):
        build = classifier_builder(network, images.shape[2], images.shape[1], len(subset.names))
        _train(subset, build, "classical", 1, options)  # the first steps choose their kernels
        for recipe in TIMED_RECIPES if network == options.classifier else ("classical",):
            began = time.monotonic()
            steps = _train(subset, build, recipe, options.budget.timed_steps, options)
            step[network, recipe] = (time.monotonic() - began) / steps
        classifier, began = build().to(options.device).eval(), time.monotonic()
        predict(classifier, images)
        prediction[network] = (time.monotonic() - began) / len(images)
    return ClassifierTiming(step, prediction)


def _train(subset: ImageSet, build: Callable[[], Classifier], recipe: str, steps: int, options: StudyOptions) -> int:
    """Train a classifier for so many steps; gives those that it took."""
    rows = subset.rows("train")
    return train_to_plateau(
        native_images(subset, rows),
        subset.conditions[rows],
        subset.kind,
        lambda classifier: 0.0,
        stopping=EarlyStopping(check_every=steps, min_steps=steps, max_steps=steps, cooldown=0),
        recipe=RECIPES[recipe],
        batch=options.budget.batch,
        network=build,
        batch_norm_images=2,
        device=options.device,
    ).steps
