"""What a study will run, what it leaves out and why, and how long it takes: told before it starts.


Letters: n images, K classes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.evaluation.classifiers.architectures import classical_augmentation, classifier_builder
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.classifiers.small_resnet import JUDGED, SETTLED, Augment, no_augmentation, predict, train_classifier
from gan.evaluation.records.study_results import SkippedArms
from gan.evaluation.study import arm_generators, sealed_data
from gan.evaluation.study.arms import ArmPlan, made, planned
from gan.evaluation.study.study_options import DEFAULT, SHARES, StudyOptions
from gan.evaluation.training_images import load_training_images
from gan.io.progress import Progress, silent
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run
from gan.sampling.sampler import load_generator

BATCH = 32
PASSES, FEWEST, MOST = 10, 3_200, 9_600
"""How often a classifier sees each real image, within these limits of images seen in all: 100 to 300 steps.

Measured on validation images, balanced accuracy of the small network, mean of three seeds: BreastMNIST 80.7% after 150
steps and 79.2% after 1,000; a tenth of it 58.2% after 100 and 61.1% after 400, where 55 images leave a spread of 3
points; PneumoniaMNIST 94.6% after 200, 95.1% after 400 and 95.8% after 1,500."""
WAYS = (False, True)
"""Without and with classical augmentation."""
TIMED = 8
"""Steps by which the time of all is estimated."""


@dataclass(frozen=True)
class Plan:
    """What will be run on one share of the real training images, and with how many images of each class (K,)."""

    share: float
    real: NDArray[np.int64]
    steps: int
    arms: list[ArmPlan]


def plan(seen: ImageSet, options: StudyOptions = DEFAULT) -> tuple[list[Plan], list[SkippedArms]]:
    """The regimes and their arms, and what is not run and why, of the open part of a set that passed its check."""
    plans, left = [], []
    for share in SHARES:
        subset = seen if share == 1 else sealed_data.low_data(seen, share)
        real = subset.conditions[subset.rows("train")].sum(axis=0).astype(np.int64)
        least = sealed_data.LEAST_OF_CLASS
        if share not in options.shares:
            left.append(SkippedArms(share, "all arms", "It was switched off."))
        elif real.min() < least:
            scarce = f"{real.min()} training images of {seen.names[int(real.argmin())]}"
            left.append(SkippedArms(share, "all arms", f"It would have {scarce}, and it takes {least} of each class."))
        else:
            arms = planned(dict(zip(seen.names, real.tolist(), strict=True)), options.ratios, options.keep_rates)
            plans.append(Plan(share, real, steps(int(real.sum())), arms))
            if not any(arm.fills for arm in plans[-1].arms):
                left.append(SkippedArms(share, "classes filled up", "The classes are about equally common."))
    return plans, left


def steps(count: int) -> int:
    """Optimiser steps of each classifier of a regime with so many real images."""
    return min(max(PASSES * count, FEWEST), MOST) // BATCH


@dataclass(frozen=True)
class Estimate:
    """What a study takes on this machine, about: `seconds` in all, of them `generators` for the low-data regimes'."""

    seconds: float
    generators: float
    classifiers: int
    plans: list[Plan]
    left: list[SkippedArms]

    def lines(self) -> list[str]:
        """The estimate in words, a line each."""
        shares = ", ".join(f"{one.share:.0%} ({one.real.sum():,})" for one in self.plans)
        minutes = max(1, round(self.seconds / 60))
        return [
            f"Classifiers to train: {self.classifiers}, on {shares} of the real training images",
            f"Time: about {minutes:,} minute{'' if minutes == 1 else 's'} by a few steps timed here",
            *(f"Not run at {one.share:.0%}: {one.arms}. {one.why}" for one in self.left),
        ]


def estimate(
    run: Run,
    snapshot: int | None = None,
    options: StudyOptions = DEFAULT,
    progress: Progress = silent,
) -> Estimate:
    """How long a study takes, by timing some steps of its classifier and some images of its generator: a few seconds.

    Raises what `study.study` raises. The generators of the low-data regimes are counted by the pace of the run itself.
    """
    classifier_builder(options.classifier, 32, 1, 2)  # raises where there is no such one
    sampler, images = load_generator(run, snapshot, options.device), load_training_images(run, progress)
    sealed_data.check(images)
    seen = sealed_data.open_part(images)
    plans, left = plan(seen, options)
    some = sealed_data.only(seen, seen.rows("train")[:256])
    shown, conditions = native_images(some, some.rows("train")), some.conditions
    build = classifier_builder(options.classifier, shown.shape[2], shown.shape[1], len(seen.names))

    def teach(count: int, augment: Augment) -> None:
        seen_in_all = count * min(BATCH, len(shown))
        train_classifier(
            shown,
            conditions,
            "class",
            images_seen=seen_in_all,
            batch=BATCH,
            augment=augment,
            network=build,
            device=options.device,
        )

    network = build().to(options.device).eval()
    teach(2, classical_augmentation)  # the first steps choose their kernels
    a_step = {
        augmented: _seconds(partial(teach, TIMED, classical_augmentation if augmented else no_augmentation)) / TIMED
        for augmented in WAYS
    }
    a_look = _seconds(lambda: predict(network, shown)) / len(shown)
    asked = conditions[np.resize(np.arange(len(conditions)), 64)]
    an_image = _seconds(lambda: sampler.generate(asked, 0)) / len(asked)
    looked_at = len(JUDGED) * (len(seen.rows("val")) + SETTLED) + min(len(images.rows("test")), sealed_data.TESTED)
    total, classifiers = 0.0, 0
    for one in plans:
        trained = sum(one.steps * a_step[arm.augmented] + looked_at * a_look for arm in one.arms)
        generated = int(made(one.arms).sum()) * (an_image + a_look)
        total += options.seeds * (trained + generated) + one.steps * a_step[True]  # the last is what filters
        classifiers += len(one.arms) * options.seeds
    generators = sum(_seconds_of_generator(run, one.share) for one in plans if one.share < 1)
    return Estimate(total + generators, generators, classifiers, plans, left)


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _seconds_of_generator(run: Run, share: float) -> float:
    """By the pace that the run's own training had in the end."""
    rows = MetricsReader(run.path / "metrics.jsonl").read()
    pace = float(rows[-1]["seen"] / max(rows[-1]["seconds"], 1e-9)) if rows else 500.0
    return arm_generators.shortened(run.config, share).train.kimg * 1000 / pace
