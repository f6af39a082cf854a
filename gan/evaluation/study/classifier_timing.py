"""How long the classifiers of a study take, from a few timed steps of each network."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gan.data.image_set import ImageSet
from gan.evaluation.budget import EarlyStopping
from gan.evaluation.classifiers.architectures import SMALL, classifier_builder
from gan.evaluation.classifiers.recipes import RECIPES
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.classifiers.small_resnet import Classifier, predict
from gan.evaluation.classifiers.training import VALIDATED_AT, train_to_plateau
from gan.evaluation.study.arms import ArmPlan
from gan.evaluation.study.study_options import UNLABELLED_STEP, StudyOptions

TIMED_RECIPES = ("plain", "classical", "trivial-augment")
"""The others take about as long as "classical", which they include."""


@dataclass(frozen=True)
class ClassifierTiming:
    """Seconds of a training step by network and recipe, and of one image's prediction by network."""

    step: Mapping[tuple[str, str], float]
    prediction: Mapping[str, float]

    def training(self, arm: ArmPlan, options: StudyOptions, validation: int) -> tuple[float, float, float]:
        """Seconds of a training of the arm's classifier, validated on so many images: at the least, probably, and at
        the most."""
        budget, network = options.budget, arm.classifier or options.classifier
        recipe = arm.recipe if (network, arm.recipe) in self.step else "classical"

        def seconds(steps: int) -> float:
            checks = steps // budget.stopping.check_every + len(VALIDATED_AT) * arm.stages
            checked = checks * (validation + budget.batch_norm_images)
            step = self.step[network, recipe] * (UNLABELLED_STEP if arm.kind == "unlabelled" else 1)
            return steps * step + checked * self.prediction[network]

        least, likely, most = budget.typical_steps_of(arm)
        return seconds(least), seconds(likely), seconds(most)


def undisturbed_seconds(work: Callable[[], object], device: str) -> float:
    """Seconds of `work` on a machine that does nothing else.

    On the CPU at most the processor seconds of all threads: while other programs hold the cores, the clock runs on.
    """
    began, began_cpu = time.monotonic(), time.process_time()
    work()
    passed, worked = time.monotonic() - began, time.process_time() - began_cpu
    return min(passed, worked) if device == "cpu" else passed


def time_classifiers(subset: ImageSet, arms: Sequence[ArmPlan], options: StudyOptions) -> ClassifierTiming:
    """Time some steps of each network of these arms, and of the filter's, on the training images of a subset."""
    step, prediction = {}, {}
    images = native_images(subset, subset.rows("train"))
    for network in sorted({SMALL, *(arm.classifier or options.classifier for arm in arms)}):
        build = classifier_builder(network, images.shape[2], images.shape[1], len(subset.names))
        brief = replace(options, budget=replace(options.budget, timed_steps=1))
        _train(subset, build, "classical", brief)  # the first steps choose their kernels
        for recipe in TIMED_RECIPES if network == options.classifier else ("classical",):
            train = partial(_train, subset, build, recipe, options)
            step[network, recipe] = undisturbed_seconds(train, options.device) / options.budget.timed_steps
        classifier = build().to(options.device).eval()
        prediction[network] = undisturbed_seconds(partial(predict, classifier, images), options.device) / len(images)
    return ClassifierTiming(step, prediction)


def _train(subset: ImageSet, build: Callable[[], Classifier], recipe: str, options: StudyOptions) -> None:
    """Train a classifier for `timed_steps`."""
    rows, steps = subset.rows("train"), options.budget.timed_steps
    train_to_plateau(
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
    )
