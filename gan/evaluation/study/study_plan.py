"""What a study will run, what it leaves out and why, and an estimate of its time.

Letters: K classes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.evaluation.classifiers.architectures import classical_augmentation, classifier_builder
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.classifiers.small_resnet import (
    Augment,
    no_augmentation,
    predict,
)
from gan.evaluation.classifiers.training import VALIDATED_AT, train_classifier
from gan.evaluation.records.study_results import SkippedArms
from gan.evaluation.study import arm_generators, power, sealed_data
from gan.evaluation.study.arms import ArmPlan, plan_arms, synthetic_counts
from gan.evaluation.study.study_options import PRIMARY_METRICS, SHARES, StudyOptions
from gan.evaluation.training_images import load_training_images
from gan.io.progress import Progress, silent
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run
from gan.sampling.sampler import load_generator


@dataclass(frozen=True)
class RegimePlan:
    """The arms to run on one share of the real training images, with their number in each class, `real` (K,)."""

    share: float
    real: NDArray[np.int64]
    steps: int
    arms: list[ArmPlan]

    def compared(self, arm: str) -> list[ArmPlan]:
        """The arm of this name and its comparators, which are trained again for the test."""
        chosen = next(plan for plan in self.arms if plan.name == arm)
        return [chosen, *(plan for plan in self.arms if plan.name in chosen.comparators)]

    def most_compared(self) -> int:
        """The number of arms that are trained for the test, at most."""
        return max(1 + len(plan.comparators) for plan in self.arms)

    def classifiers(self, options: StudyOptions) -> int:
        """The number of classifiers to train, at most: all arms for the choice, those compared for the test."""
        return options.selection_seeds * len(self.arms) + options.seeds * self.most_compared()


def plan_regimes(development: ImageSet, options: StudyOptions) -> tuple[list[RegimePlan], list[SkippedArms]]:
    """The regimes with their arms, and what is skipped and why, for a development set that passed its check."""
    plans, skipped = [], []
    for share in SHARES:
        subset = development if share == 1 else sealed_data.low_data_subset(development, share)
        real = subset.conditions[subset.rows("train")].sum(axis=0).astype(np.int64)
        least = sealed_data.MIN_CLASS_IMAGES
        if share not in options.shares:
            skipped.append(SkippedArms(share, "all arms", "It was switched off."))
        elif real.min() < least:
            scarce = f"{real.min()} training images of {development.names[int(real.argmin())]}"
            skipped.append(
                SkippedArms(share, "all arms", f"It would have {scarce}, and it takes {least} of each class.")
            )
        else:
            counts = dict(zip(development.names, real.tolist(), strict=True))
            arms = plan_arms(counts, options.ratios, options.keep_rates)
            plans.append(RegimePlan(share, real, options.budget.steps(int(real.sum())), arms))
            if not any(arm.fills for arm in arms):
                skipped.append(SkippedArms(share, "classes filled up", "The classes are about equally common."))
    return plans, skipped


@dataclass(frozen=True)
class StudyEstimate:
    """The estimated time of a study on this machine: `seconds` in all, `generators` of them for the low-data ones."""

    seconds: float
    generators: float
    classifiers: int
    plans: list[RegimePlan]
    skipped: list[SkippedArms]
    detectable: list[str]

    def lines(self) -> list[str]:
        """The estimate as lines of text."""
        shares = ", ".join(f"{plan.share:.0%} ({plan.real.sum():,})" for plan in self.plans)
        minutes = max(1, round(self.seconds / 60))
        return [
            f"Classifiers to train: at most {self.classifiers}, on {shares} of the real training images",
            f"Time: about {minutes:,} minute{'' if minutes == 1 else 's'}, from a few steps timed here",
            *self.detectable,
            *(f"Not run at {arms.share:.0%}: {arms.arms}. {arms.why}" for arms in self.skipped),
        ]


def estimate_study(
    run: Run,
    snapshot: int | None = None,
    options: StudyOptions | None = None,
    progress: Progress = silent,
) -> StudyEstimate:
    """Estimate a study's time from a few timed steps of its classifier and images of its generator, in seconds.

    The low-data generators are estimated from the speed of the run's own training. Raises what `run_study` raises.
    """
    options = options or StudyOptions()
    classifier_builder(options.classifier, 32, 1, 2)  # raises ConfigError for an unknown name
    sampler, images = load_generator(run, snapshot, options.device), load_training_images(run, progress)
    sealed_data.check_study_data(images)
    development = sealed_data.development_set(images)
    plans, skipped = plan_regimes(development, options)
    subset = sealed_data.subset(development, development.rows("train")[:256])
    requested = subset.conditions[np.resize(np.arange(len(subset.conditions)), 64)]
    generation = _seconds(lambda: sampler.generate(requested, 0)) / len(requested)  # an image
    step, prediction = _time_classifier(subset, options)
    tested = min(len(images.rows("test")), sealed_data.MAX_TEST_IMAGES)
    predicted = len(VALIDATED_AT) * (len(development.rows("val")) + options.budget.batch_norm_images) + tested
    seconds = 0.0
    for plan in plans:
        each = sum(plan.steps * step[arm.augmented] + predicted * prediction for arm in plan.arms) / len(plan.arms)
        generating = int(synthetic_counts(plan.arms).sum()) * (generation + prediction)
        filtering = plan.steps * step[True]
        seconds += plan.classifiers(options) * each + filtering
        seconds += (options.selection_seeds + options.seeds) * generating
    classifiers = sum(plan.classifiers(options) for plan in plans)
    whole = sealed_data.is_whole(images, development)
    generators = sum(_generator_seconds(run, plan.share) for plan in plans if plan.share < 1 or not whole)
    detectable = detectable_gain_lines(development, tested, plans, options)
    return StudyEstimate(seconds + generators, generators, classifiers, plans, skipped, detectable)


def detectable_gain_lines(
    development: ImageSet, test_images: int, plans: list[RegimePlan], options: StudyOptions
) -> list[str]:
    """Which gain a study with so many test images will probably see, and what would see a smaller one.

    Before anything is measured: from the variances of a typical study. The classes of the test split are taken to be as
    frequent, and its groups as large, as those of the validation split, so that no test label is read.
    """
    val = development.rows("val")
    groups = len(val) if development.group is None else len(np.unique(development.group[val]))
    shares = development.conditions[val].mean(axis=0)  # (K,)
    units = (test_images * groups / len(val) * shares).tolist()
    comparators = max((plan.most_compared() - 1 for plan in plans), default=1)
    expected = power.prior_variances(options.primary, units, options.seeds, comparators)
    designs = (expected, expected.with_more(seeds=2), expected.with_more(images=4))
    seen = [f"{100 * design.detectable():.1f}" for design in designs]
    return [
        f"Will see a gain of about {seen[0]} points of {PRIMARY_METRICS[options.primary]} with {test_images:,} test "
        f"images and {options.seeds} seeds (power 80%, with the variances of a typical study); with twice the seeds "
        f"{seen[1]}, with four times the test images {seen[2]}"
    ]


def _time_classifier(subset: ImageSet, options: StudyOptions) -> tuple[dict[bool, float], float]:
    """Seconds of one training step, without and with classical augmentation, and of one image's prediction."""
    budget, images = options.budget, native_images(subset, subset.rows("train"))
    build = classifier_builder(options.classifier, images.shape[2], images.shape[1], len(subset.names))

    def train(steps: int, augment: Augment) -> None:
        train_classifier(
            images,
            subset.conditions,
            "class",
            images_seen=steps * min(budget.batch, len(images)),
            batch=budget.batch,
            augment=augment,
            network=build,
            device=options.device,
        )

    train(2, classical_augmentation)  # the first steps choose their kernels
    step = {
        False: _seconds(lambda: train(budget.timed_steps, no_augmentation)) / budget.timed_steps,
        True: _seconds(lambda: train(budget.timed_steps, classical_augmentation)) / budget.timed_steps,
    }
    network = build().to(options.device).eval()
    return step, _seconds(lambda: predict(network, images)) / len(images)


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _generator_seconds(run: Run, share: float) -> float:
    """Training time of a low-data generator, by the average speed of the run's own training."""
    rows = MetricsReader(run.path / "metrics.jsonl").read()
    images_per_second = float(rows[-1]["seen"] / max(rows[-1]["seconds"], 1e-9)) if rows else 500.0
    return arm_generators.low_data_config(run.config, share).train.kimg * 1000 / images_per_second
