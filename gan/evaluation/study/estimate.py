"""What a study will take, and which gain it can see, before it starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from gan.data.image_set import ImageSet
from gan.errors import DataError
from gan.evaluation.classifiers.architectures import SMALL, classifier_builder
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.privacy.guard import training_detector
from gan.evaluation.records.study_results import SkippedArms
from gan.evaluation.study import arm_generators, divisions, power
from gan.evaluation.study.arms import synthetic_counts
from gan.evaluation.study.classifier_timing import ClassifierTiming, time_classifiers, undisturbed_seconds
from gan.evaluation.study.confirmation_plan import COMPARED
from gan.evaluation.study.divisions import Division
from gan.evaluation.study.external_test import load_external_test
from gan.evaluation.study.study_options import StudyOptions, metric_name
from gan.evaluation.study.study_plan import MOST_TESTED, DivisionPlan, RegimePlan, plan_regimes
from gan.evaluation.training_images import load_training_images
from gan.io.progress import Progress, silent
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run
from gan.sampling.sampler import load_generator

PROPOSED_FOLDS = 5
"""The folds that a study without any proposes."""


@dataclass(frozen=True)
class StudyEstimate:
    """The estimated time of a study on this machine while it does nothing else: probably `seconds` in all, within
    `limits`; `generators` of them for generators that it trains. `small_seconds` is the time of its smaller design
    (`StudyOptions.small`); None where it has that already. `designs` are lines on the gain that this study, and others,
    will see, and what these cost."""

    seconds: float
    limits: tuple[float, float]
    generators: float
    small_seconds: float | None
    classifiers: int
    plans: list[RegimePlan]
    skipped: list[SkippedArms]
    designs: list[str]
    external: list[str]

    def lines(self) -> list[str]:
        """The estimate as lines of text."""
        shares = ", ".join(f"{plan.share:.0%} ({plan.images:,})" for plan in self.plans)
        folds = len(self.plans[0].divisions)
        in_folds = f", in each of {folds} folds" if folds > 1 else ""
        lines = [
            f"Classifiers to train: at most {self.classifiers}, on {shares} of the real training images{in_folds}",
            f"Time: about {duration(self.seconds)}, from {duration(self.limits[0])} to {duration(self.limits[1])}: it "
            "depends on when the classifiers stop improving. Timed here, as on a machine that does nothing else",
        ]
        if self.small_seconds is not None:
            lines.append(
                f"A smaller design takes about {duration(self.small_seconds)}: all real images, 1 synthetic image for "
                "each real one"
            )
        skipped = [f"Not run at {arms.share:.0%}: {arms.arms}. {arms.why}" for arms in self.skipped]
        return [*lines, *self.designs, *self.external, *skipped]


def duration(seconds: float) -> str:
    """`3 minutes`, or `2.5 hours` from two hours on."""
    if seconds >= 7200:
        return f"{seconds / 3600:.1f} hours"
    minutes = max(1, round(seconds / 60))
    return f"{minutes:,} minute{'' if minutes == 1 else 's'}"


def estimate_study(
    run: Run,
    snapshot: int | None = None,
    options: StudyOptions | None = None,
    progress: Progress = silent,
) -> StudyEstimate:
    """Estimate a study's time from a few timed steps of its classifiers and images of its generator, in seconds.

    The generators that it trains are estimated from the speed of the run's own training. Raises what `run_study`
    raises.
    """
    options = options or StudyOptions()
    classifier_builder(options.classifier, 32, 1, 2)  # raises ConfigError for an unknown name
    sampler, images = load_generator(run, snapshot, options.device), load_training_images(run, progress)
    divisions.check_study_data(images, options.folds)
    external = None
    if options.test_set:
        external = load_external_test(options.test_set, options.class_map, run.config.data, images, progress)
    plans, skipped = plan_regimes(images, options)
    division = plans[0].divisions[0].division
    subset = divisions.subset(images, division.train[:256])
    requested = subset.conditions[np.resize(np.arange(len(subset.conditions)), 64)]
    detector, shown = training_detector(subset), native_images(subset, np.arange(min(16, len(subset))))
    sampler.generate(requested[:1], 0), detector.nearest(shown[:1])  # the first images choose their kernels
    generation = undisturbed_seconds(lambda: sampler.generate(requested, 0), options.device) / len(requested)
    guarding = undisturbed_seconds(lambda: detector.nearest(shown), "cpu") / len(shown)  # an image
    timings = StudyTimings(generation + guarding, time_classifiers(subset, plans[0].divisions[0].arms, options))
    trained_in = _generator_seconds(run, images, sampler.seen / 1000)
    outside = 0 if external is None else external.count

    def in_all(design: StudyOptions) -> float:
        planned = plan_regimes(images, design)[0]
        return classifier_seconds(planned, design, timings, outside)[1] + _of_generators(planned, design, trained_in)

    least, likely, most = classifier_seconds(plans, options, timings, outside)
    generators = _of_generators(plans, options, trained_in)
    costs = {name: in_all(other) for name, other in other_designs(images, options).items()}
    small = options.small()
    small_seconds = in_all(small) if small != options and plan_regimes(images, small)[0] else None
    classifiers = sum(plan.classifiers(options) for plan in plans)
    lines = detectable_gain_lines(images, options, costs)
    more = [] if external is None else external.lines()
    limits = least + generators, most + generators
    return StudyEstimate(
        likely + generators, limits, generators, small_seconds, classifiers, plans, skipped, lines, more
    )


@dataclass(frozen=True)
class StudyTimings:
    """Seconds of one synthetic image with its check, and those of classifiers."""

    generation: float
    classifiers: ClassifierTiming


def classifier_seconds(
    plans: list[RegimePlan], options: StudyOptions, timings: StudyTimings, outside: int = 0
) -> tuple[float, float, float]:
    """Seconds of a study's classifiers and synthetic images, with `outside` external test images: at the least,
    probably, and at the most."""
    divisions = [division for regime in plans for division in regime.divisions]
    seconds = np.array([_division_seconds(plan, options, timings, outside) for plan in divisions])  # (n, 3)
    least, likely, most = seconds.sum(axis=0).tolist()
    return least, likely, most


def _division_seconds(
    plan: DivisionPlan, options: StudyOptions, timings: StudyTimings, outside: int
) -> tuple[float, float, float]:
    """The time of one division's classifiers and synthetic images: at the least, probably, and at the most.

    Which arms are tested is not known: at the least those that are fastest to train, at the most the slowest.
    """
    division, timing = plan.division, timings.classifiers
    validation = len(division.val)
    generated = int(synthetic_counts(plan.arms).sum()) * (timings.generation + timing.prediction[SMALL])
    filter_steps = options.selector.images_seen(len(division.train)) / options.budget.batch
    filtering = filter_steps * timing.step[SMALL, "classical"]
    predicting = MOST_TESTED * (division.sealed.count + outside) * timing.prediction[options.classifier]

    def seconds(case: int) -> float:
        training = {arm.name: timing.training(arm, options, validation)[case] for arm in plan.arms}
        synthetic = sorted(training[arm.name] for arm in plan.arms if not arm.is_free)
        free = sorted(training[arm.name] for arm in plan.arms if arm.is_free)
        chosen = (synthetic[0], sum(synthetic) / len(synthetic), synthetic[-1])[case]
        compared = (sum(free[:COMPARED]), COMPARED * sum(free) / len(free), sum(free[-COMPARED:]))[case]
        tested = chosen + compared + training["classical"] + predicting
        choosing = options.selection_seeds * (sum(training.values()) + generated)
        return filtering + choosing + options.seeds * (tested + generated)

    return seconds(0), seconds(1), seconds(2)


def _of_generators(
    plans: list[RegimePlan], options: StudyOptions, trained_in: Callable[[Division, int], float]
) -> float:
    """Seconds of the generators that a study trains."""
    divided = [division.division for regime in plans for division in regime.divisions]
    return sum(
        trained_in(division, number)
        for division in divided
        for number in range(1 if division.is_whole else 0, options.generators)  # the snapshot is there
    )


def other_designs(images: ImageSet, options: StudyOptions) -> dict[str, StudyOptions]:
    """Designs that see a smaller gain, by name: with twice the seeds and, without folds, with folds where the set has
    enough images."""
    designs = {"twice the seeds": replace(options, seeds=2 * options.seeds)}
    if options.folds == 1:
        folded = replace(options, folds=PROPOSED_FOLDS, generators=1)
        try:
            divisions.check_study_data(images, PROPOSED_FOLDS)
            designs[f"{PROPOSED_FOLDS} folds"] = folded
        except DataError:
            pass  # too few images for folds: they are not proposed
    return designs


def detectable_gain_lines(images: ImageSet, options: StudyOptions, costs: Mapping[str, float]) -> list[str]:
    """Which gain a study will probably see, and what would see a smaller one, with its `costs` in seconds by name.

    Before anything is measured: from the variances of a typical study.
    """
    gain, tested, scarce = expected_gain(images, options)
    truth = divisions.divide(images, 1.0, options.folds)[0].validation
    metric = metric_name(options.primary, len(truth.scored) if truth.kind == "attributes" else 0)
    others = other_designs(images, options)
    better = [f"{name} see {100 * expected_gain(images, others[name])[0]:.1f} (about {duration(costs[name])})"
              for name in others]  # fmt: skip
    folds = f" in {options.folds} folds" if options.folds > 1 else ""
    return [
        f"Will see a gain of about {100 * gain:.1f} points of {metric} with {tested:,} test images{folds}, about "
        f"{scarce:,} independent ones of the scarcest class, and {options.seeds} seeds (power 80%, with the variances "
        f"of a typical study). A smaller one is seldom seen: {'; '.join(better)}"
    ]


def expected_gain(images: ImageSet, options: StudyOptions) -> tuple[float, int, int]:
    """The gain that a study will probably see, its test images, and independent ones of the scarcest class.

    The classes of the test images are taken to be as frequent, and their groups as large, as those of the validation
    images, so that no test label is read.
    """
    divided = divisions.divide(images, 1.0, options.folds)
    truth, tested = divided[0].validation, sum(division.sealed.count for division in divided)
    val = len(truth.targets)
    groups = val if truth.group is None else len(np.unique(truth.group))
    shares = truth.targets[:, list(truth.scored)].mean(axis=0)
    if truth.kind == "attributes":
        shares = np.concatenate([shares, 1 - shares])  # each attribute is a classification of its own
    units = (tested * groups / val * shares).tolist()
    expected = power.prior_variances(options.primary, units, options.seeds, options.folds)
    return power.detectable_gain(expected), tested, round(min(units))


def _generator_seconds(run: Run, images: ImageSet, kimg: float) -> Callable[[Division, int], float]:
    """Training time of a division's generator, by the average speed of the run's own training."""
    rows = MetricsReader(run.path / "metrics.jsonl").read()
    images_per_second = float(rows[-1]["seen"] / max(rows[-1]["seconds"], 1e-9)) if rows else 500.0
    auto = arm_generators.follows_auto(run.config, images)

    def seconds(division: Division, number: int) -> float:
        config = arm_generators.division_config(run.config, division, number, kimg, auto)
        return config.train.kimg * 1000 / images_per_second

    return seconds
