"""The augmentation study: does a classifier do better on real patients when synthetic images join its training set?

    python -m gan evaluate RUN --study

Every arm (`arms.py`) trains one classifier per seed, for the same number of steps. Each is tested on the real test
split, which nothing reads before a classifier is finished (`sealed_data.py`). The same again on 25% and 10% of the real
images, with generators trained on those alone (`arm_generators.py`). The predictions of each finished classifier are
kept (`arm_classifiers.py`): a stopped study goes on with the next classifier, and all numbers (`analysis.py`,
`comparisons.py`, `verdict.py`) can be recomputed.

Letters: n images, K classes, S seeds.
"""

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan import __version__
from gan.data.image_set import ImageSet
from gan.evaluation.classifiers.architectures import classifier_builder
from gan.evaluation.classifiers.reference import split_sha256
from gan.evaluation.records.study_results import VERSION, Regime, StudyResult, study_folder
from gan.evaluation.study import arm_generators, comparisons, sealed_data
from gan.evaluation.study.analysis import GroundTruth, Predictions, summarise_arms
from gan.evaluation.study.arm_classifiers import RegimeClassifiers, StepCounter
from gan.evaluation.study.arm_generators import Generator, GeneratorFor
from gan.evaluation.study.arms import FILLED_KEEP_RATE
from gan.evaluation.study.sealed_data import SealedTestSplit
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study.study_plan import RegimePlan, plan_regimes
from gan.evaluation.study.verdict import keep_rate_verdict, regime_verdict, study_verdict
from gan.evaluation.training_images import load_training_images
from gan.io.atomic import replacing, write_json
from gan.io.json_files import read_json
from gan.io.progress import Progress, silent
from gan.io.untrusted_files import read_arrays
from gan.jobs.worker import Worker
from gan.runs.run import Run
from gan.sampling.sampler import load_generator

RECIPE = 2
"""Increase it when arms or classifiers change: what a stopped study has kept is then trained again."""


def run_study(
    run: Run,
    snapshot: int | None = None,
    options: StudyOptions | None = None,
    *,
    progress: Progress = silent,
    worker: Worker | None = None,
) -> StudyResult:
    """Run the study of a snapshot, by default the newest, and keep it in the run's `evaluation/`.

    A stopped study goes on where it was. `worker` is the job at work, which also trains the low-data generators;
    without one they train on the CPU. Raises UserError for a set of attributes, ConfigError for an unknown classifier,
    DataError for too few images, RunError where there is no such snapshot.
    """
    options = options or StudyOptions()
    sampler, images = load_generator(run, snapshot, options.device), load_training_images(run, progress)
    folder = study_folder(run, sampler.seen)

    def generator_for(share: float, subset: ImageSet) -> Generator:
        if share == 1:
            return arm_generators.snapshot_generator(sampler, sampler.seen / 1000)
        inner = folder / f"generator-{round(100 * share)}"
        return arm_generators.train_generator(run, subset, share, inner, options.device, worker)

    study = Study(images, generator_for, folder, sampler.sha256, options, progress)
    result = study.result(run.name, sampler.seen)
    result.save(run)
    return result


@dataclass(frozen=True)
class Study:
    """A study with any generators: `generator_for` gives the generator of a regime.

    `folder` keeps what is finished; `generator_sha256` identifies the generators in its files.
    """

    images: ImageSet
    generator_for: GeneratorFor
    folder: Path
    generator_sha256: str
    options: StudyOptions = field(default_factory=StudyOptions)
    progress: Progress = silent

    def result(self, name: str, snapshot: int) -> StudyResult:
        """Train the missing classifiers, then analyse all. Raises StoppedError where a stop was requested."""
        options = self.options
        classifier_builder(options.classifier, 32, 1, 2)  # raises ConfigError for an unknown name
        sealed_data.check_study_data(self.images)
        began, development = time.time(), sealed_data.development_set(self.images)
        plans, skipped = plan_regimes(development, options)
        self._begin(development)
        rarest = int(plans[0].real.argmin())
        sealed = SealedTestSplit(self.images, rarest)
        regimes = self._regimes(plans, development, sealed)
        kind, sentence = study_verdict(regimes)
        self._keep_labels(sealed.labels)
        return StudyResult(
            version=VERSION,
            run=name,
            snapshot=snapshot,
            title=self.images.title,
            classifier=options.classifier,
            seeds=options.seeds,
            classes=list(development.names),
            rarest=development.names[rarest],
            test=_test_counts(sealed.labels),
            regimes=regimes,
            left=skipped,
            verdict=sentence,
            verdict_kind=kind,
            notices=_notices(self, development, regimes),
            minutes=self._minutes(),
            made_with=self._made_with(began, development, sealed),
        )

    def _regimes(self, plans: list[RegimePlan], development: ImageSet, sealed: SealedTestSplit) -> list[Regime]:
        """Train all classifiers of all regimes first, then analyse their predictions."""
        options = self.options
        total = sum(plan.steps * len(plan.arms) * options.seeds for plan in plans)
        steps_done = StepCounter(self.progress, total)
        finished: list[tuple[RegimePlan, list[Predictions], Generator]] = []
        for plan in plans:
            subset = development if plan.share == 1 else sealed_data.low_data_subset(development, plan.share)
            generator = self.generator_for(plan.share, subset)
            classifiers = RegimeClassifiers(self.folder, plan, subset, generator.generate, sealed, options, steps_done)
            finished.append((plan, classifiers.predictions(), generator))
        test = sealed.labels
        draws = comparisons.draw_bootstrap_weights(len(test.labels), test.group, options.seeds)
        batch = options.budget.batch
        return [_regime(plan, batch, predictions, generator, test, draws) for plan, predictions, generator in finished]

    def _begin(self, development: ImageSet) -> None:
        """Create the study's folder, without what another recipe, generator or data set left there.

        Generators go only where the data changed: an image of today's test split may have been in their training.
        """
        budget = self.options.budget
        recipe = {
            "generator_sha256": self.generator_sha256,
            "data": [split_sha256(development, "train"), split_sha256(development, "val")],
            "classifier": self.options.classifier,
            "ratios": list(self.options.ratios),
            "keep_rates": list(self.options.keep_rates),
            "recipe": [
                RECIPE,
                budget.batch,
                budget.passes,
                budget.min_images,
                budget.max_images,
                budget.batch_norm_images,
                FILLED_KEEP_RATE,
            ],
        }
        before = read_json(self.folder / "recipe.json") or {}
        if before != recipe:
            classifiers, generators = self.folder.glob("[0-9]*"), self.folder.glob("generator-*")
            for old in [*classifiers, *(generators if before.get("data") != recipe["data"] else ())]:
                shutil.rmtree(old)
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self.folder / "recipe.json", recipe)

    def _keep_labels(self, test: GroundTruth) -> None:
        """Keep the test labels beside the predictions."""
        group = np.zeros(0, np.str_) if test.group is None else test.group.astype(np.str_)
        with replacing(self.folder / "test.npz") as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, labels=test.labels, group=group, names=np.array(test.names))

    def _minutes(self) -> float:
        """Minutes of training, generating and testing, over all stops."""
        classifiers = sum(float(read_arrays(path)["seconds"]) for path in self.folder.glob("[0-9]*/*.npz"))
        generators = sum(arm_generators.training_seconds(path) for path in self.folder.glob("generator-*"))
        return (classifiers + generators) / 60

    def _made_with(self, began: float, development: ImageSet, sealed: SealedTestSplit) -> dict[str, Any]:
        return {
            "time": began,
            "generator_sha256": self.generator_sha256,
            "data_sha256": {split: split_sha256(development, split) for split in ("train", "val")}
            | {"test": sealed.sha256},
            "seeds": list(range(self.options.seeds)),
            "ratios": list(self.options.ratios),
            "draws": comparisons.DRAWS,
            "batch": self.options.budget.batch,
            "keep_rates": list(self.options.keep_rates),
            "device": self.options.device,
            "threads": torch.get_num_threads(),
            "versions": {"gan": __version__, "torch": str(torch.__version__), "numpy": np.__version__},
        }


def _regime(
    plan: RegimePlan,
    batch: int,
    predictions: list[Predictions],
    generator: Generator,
    test: GroundTruth,
    draws: comparisons.BootstrapWeights,
) -> Regime:
    arms, rates = summarise_arms(predictions, test, draws)
    counts = _test_counts(test)
    kind, sentence = regime_verdict(arms, counts)
    ratio = next(arm.ratio for arm in plan.arms if arm.keep is not None and not arm.fills)
    assert ratio is not None
    return Regime(
        share=plan.share,
        real=dict(zip(test.names, plan.real.tolist(), strict=True)),
        steps=plan.steps,
        batch=batch,
        generator=generator.info,
        arms=arms,
        filtering=keep_rate_verdict(ratio, rates, counts),
        verdict=sentence,
        verdict_kind=kind,
    )


def _test_counts(test: GroundTruth) -> dict[str, Any]:
    """`StudyResult.test`: counts of the test images and groups."""
    return {
        "images": len(test.labels),
        "groups": len(test.labels) if test.group is None else len(np.unique(test.group)),
        "grouped": test.group is not None,
        "per_class": {name: int((test.labels == k).sum()) for k, name in enumerate(test.names)},
        "groups_per_class": test.groups_per_class(),
    }


def _notices(study: Study, development: ImageSet, regimes: list[Regime]) -> list[str]:
    """Warnings about the numbers, one sentence each."""
    notices = []
    if study.images.group is None:
        notices.append(
            "This set does not say which images are of one patient. Every test image counted as independent; the "
            "intervals are too narrow where several images are of one patient."
        )
    if study.options.seeds < 5:
        notices.append(f"{study.options.seeds} seeds say little about the variation between trainings: use 5 or more.")
    used, available = len(development.rows("train")), len(study.images.rows("train"))
    if used < available:
        notices.append(f"{used:,} of the {available:,} training images were used.")
    low_data = [regime for regime in regimes if regime.share < 1]
    if low_data:
        lengths = " and ".join(f"{r.generator['kimg']:g} thousand images at {r.share:.0%}" for r in low_data)
        notices.append(
            f"Each regime with fewer real images has one generator, trained on those alone, for {lengths}. The "
            "intervals do not include the variation from another subset or another training of the generator."
        )
    return notices
