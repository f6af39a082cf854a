"""The augmentation study: does a classifier do better on real patients when synthetic images join its training set?

    python -m gan evaluate RUN --study

**Choose on validation, confirm once on test.** Every arm (`arms.py`) trains a few classifiers, which are compared on
validation images. The best arm with synthetic images is chosen, and the plan to confirm it is written
(`confirmation_plan.py`). Only then are the classifiers trained that read the real test split (`sealed_data.py`): those
of the chosen arm and of everything that it is compared with, with other seeds. All other arms are exploratory.

The same on 25% and 10% of the real images, with generators trained on those alone (`arm_generators.py`). All plans are
written before the first test image is read. The predictions of each finished classifier are kept
(`arm_classifiers.py`): a stopped study goes on with the next classifier, and all numbers (`analysis.py`,
`comparisons.py`, `verdict.py`) can be recomputed.

Letters: n images, K classes, S seeds.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gan import __version__
from gan.data.image_set import ImageSet
from gan.evaluation.classifiers.architectures import classifier_builder
from gan.evaluation.classifiers.reference import split_sha256
from gan.evaluation.records.split_looks import record_test_look
from gan.evaluation.records.study_results import VERSION, Arm, Gain, Regime, StudyResult, study_folder
from gan.evaluation.study import arm_generators, sealed_data
from gan.evaluation.study.analysis import (
    GroundTruth,
    Predictions,
    choose_arm,
    compare_confirmed,
    confirmed_gain,
    exploratory_arms,
    keep_rates,
    summarise_arms,
)
from gan.evaluation.study.arm_classifiers import RegimeClassifiers, StepCounter
from gan.evaluation.study.arm_generators import Generator, GeneratorFor
from gan.evaluation.study.arms import FILLED_KEEP_RATE
from gan.evaluation.study.comparisons import decide
from gan.evaluation.study.confirmation_plan import FILE as PLAN_FILE
from gan.evaluation.study.confirmation_plan import ConfirmationPlan, RegimeChoice, load_plan, make_plan
from gan.evaluation.study.sealed_data import SealedTestSplit
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study.study_plan import RegimePlan, plan_regimes
from gan.evaluation.study.verdict import keep_rate_finding, regime_verdict, study_verdict
from gan.evaluation.training_images import load_training_images
from gan.io.atomic import replacing, write_json
from gan.io.json_files import read_json
from gan.io.progress import Progress, silent
from gan.io.untrusted_files import read_arrays
from gan.jobs.worker import Worker
from gan.runs.run import Run
from gan.sampling.sampler import load_generator

RecordLook = Callable[[str, float, int], int]
"""Records a look at a test split, from its SHA-256, the time of the plan and the number of seeds; counts all looks."""

RECIPE = 3
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
        if sealed_data.is_whole(images, subset):
            return arm_generators.snapshot_generator(sampler, sampler.seen / 1000)
        inner = folder / f"generator-{round(100 * share)}"
        return arm_generators.train_generator(run, subset, share, inner, options.device, worker)

    look = partial(record_test_look, run)
    study = Study(images, generator_for, folder, sampler.sha256, options, progress, look)
    result = study.result(run.name, sampler.seen)
    result.save(run)
    return result


def _first_look(test_sha256: str, planned: float, seeds: int) -> int:
    """A RecordLook of a test split that nothing else reads."""
    return 1


@dataclass(frozen=True)
class Study:
    """A study with any generators: `generator_for` gives the generator of a regime.

    `folder` keeps what is finished; `generator_sha256` identifies the generators in its files. `look` is called before
    test images are read.
    """

    images: ImageSet
    generator_for: GeneratorFor
    folder: Path
    generator_sha256: str
    options: StudyOptions = field(default_factory=StudyOptions)
    progress: Progress = silent
    look: RecordLook = _first_look

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
        regimes = self._classifiers(plans, development, sealed)
        plan = self._plan(regimes, sealed)
        looks = self._confirm(regimes, plan, sealed)
        copied = sealed.near_copies(development)
        analysed = self._analyse(regimes, plan, copied)
        kind, sentence = study_verdict(analysed)
        self._keep_labels(sealed.labels)
        return StudyResult(
            version=VERSION,
            run=name,
            snapshot=snapshot,
            title=self.images.title,
            classifier=options.classifier,
            primary=options.primary,  # type: ignore[arg-type]  # checked by StudyOptions
            specificity=options.specificity,
            seeds=options.seeds,
            selection_seeds=options.selection_seeds,
            classes=list(development.names),
            rarest=development.names[rarest],
            validation=len(development.rows("val")),
            test=_test_counts(sealed.labels) | {"near_copies": int(copied.sum())},
            planned=plan.time,
            looks=looks,
            regimes=analysed,
            left=skipped,
            verdict=sentence,
            verdict_kind=kind,
            notices=_notices(self, development, analysed, looks, int(copied.sum())),
            minutes=self._minutes(),
            made_with=self._made_with(began, development, sealed),
        )

    def _classifiers(
        self, plans: list[RegimePlan], development: ImageSet, sealed: SealedTestSplit
    ) -> "list[_RegimeStudy]":
        """The classifiers of each regime, untrained, with its generator, trained where it must be."""
        options = self.options
        steps_done = StepCounter(self.progress, sum(plan.steps * plan.classifiers(options) for plan in plans))
        found = []
        for plan in plans:
            subset = development if plan.share == 1 else sealed_data.low_data_subset(development, plan.share)
            generator = self.generator_for(plan.share, subset)
            classifiers = RegimeClassifiers(self.folder, plan, subset, generator.generate, sealed, options, steps_done)
            found.append(_RegimeStudy(plan, generator, classifiers, classifiers.validated()))
        return found

    def _plan(self, regimes: "list[_RegimeStudy]", sealed: SealedTestSplit) -> ConfirmationPlan:
        """The plan in the study's folder; a new one, without what an earlier one tested, where that was another."""
        options, shares = self.options, [regime.plan.share for regime in regimes]
        made_for = (options.primary, shares, options.selection_seeds)
        plan = load_plan(self.folder)
        if plan is not None and (plan.primary, plan.shares, plan.selection_seeds) == made_for:
            return plan
        for old in self.folder.glob("[0-9]*/test"):
            shutil.rmtree(old)
        choices = [choose_arm(regime.plan.share, regime.validated, options.primary, sealed.count) for regime in regimes]
        plan = make_plan(options.primary, options.selection_seeds, choices)
        plan.save(self.folder)
        return plan

    def _confirm(self, regimes: "list[_RegimeStudy]", plan: ConfirmationPlan, sealed: SealedTestSplit) -> int:
        """Train the classifiers of the planned comparisons and test them; gives the number of looks at the split."""
        looks = self.look(sealed.sha256, plan.time, self.options.seeds)
        for regime, choice in zip(regimes, plan.choices, strict=True):
            arms = regime.plan.compared(choice.arm)
            regime.tested = regime.classifiers.tested(arms)
            unused = regime.plan.most_compared() - len(arms)
            regime.classifiers.steps_done.done(unused * self.options.seeds * regime.plan.steps)
        return looks

    def _analyse(
        self, regimes: "list[_RegimeStudy]", plan: ConfirmationPlan, copied: NDArray[np.bool_]
    ) -> list[Regime]:
        """The regimes with their verdicts, on all test images and without those that are `copied` (n,)."""
        pairs = list(zip(regimes, plan.choices, strict=True))
        whole = _confirmed(pairs, self.options, np.ones(len(copied), dtype=bool))
        fresh = _confirmed(pairs, self.options, ~copied) if 0 < copied.sum() < len(copied) else None
        return [
            _regime(regime, choice, whole[i], fresh[i].sentence if fresh else "", self.options)
            for i, (regime, choice) in enumerate(pairs)
        ]

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
            (self.folder / PLAN_FILE).unlink(missing_ok=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self.folder / "recipe.json", recipe)

    def _keep_labels(self, test: GroundTruth) -> None:
        """Keep the test labels beside the predictions."""
        group = np.zeros(0, np.str_) if test.group is None else test.group.astype(np.str_)
        with replacing(self.folder / "test.npz") as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, labels=test.labels, group=group, names=np.array(test.names))

    def _minutes(self) -> float:
        """Minutes of training, generating and testing, over all stops."""
        classifiers = sum(float(read_arrays(path)["seconds"]) for path in self.folder.glob("[0-9]*/*/*.npz"))
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
            "batch": self.options.budget.batch,
            "keep_rates": list(self.options.keep_rates),
            "device": self.options.device,
            "threads": torch.get_num_threads(),
            "versions": {"gan": __version__, "torch": str(torch.__version__), "numpy": np.__version__},
        }


@dataclass
class _RegimeStudy:
    """A regime at work: what its classifiers said of validation images, and later of test images."""

    plan: RegimePlan
    generator: Generator
    classifiers: RegimeClassifiers
    validated: list[Predictions]
    tested: list[Predictions] = field(default_factory=list)


@dataclass(frozen=True)
class _Confirmation:
    """What the test images say of the chosen arm of a regime."""

    tested: list[Arm]
    gain: Gain
    kind: str
    sentence: str


def _confirmed(
    pairs: list[tuple[_RegimeStudy, RegimeChoice]], options: StudyOptions, images: NDArray[np.bool_]
) -> list[_Confirmation]:
    """The verdicts of all regimes on these test `images` (n,), corrected over the regimes."""
    metric, found = options.primary, []
    tested = [[arm.part(images) for arm in regime.tested] for regime, _ in pairs]
    choices = [choice for _, choice in pairs]
    decisions = decide([compare_confirmed(arms, choice, metric) for arms, choice in zip(tested, choices, strict=True)])
    for arms, choice, decision in zip(tested, choices, decisions, strict=True):
        gain = confirmed_gain(decision, arms, choice)
        records = summarise_arms(arms, metric, options.specificity)
        counts = _test_counts(arms[0].truth)
        verdict = regime_verdict(choice, records, gain, metric, len(pairs), counts)
        found.append(_Confirmation(records, gain, *verdict))
    return found


def _regime(
    regime: _RegimeStudy, choice: RegimeChoice, confirmed: _Confirmation, without_copies: str, options: StudyOptions
) -> Regime:
    metric = options.primary
    ratio = next(arm.ratio for arm in regime.plan.arms if arm.keep is not None and not arm.fills)
    assert ratio is not None
    return Regime(
        share=regime.plan.share,
        real=dict(zip(regime.validated[0].truth.names, regime.plan.real.tolist(), strict=True)),
        steps=regime.plan.steps,
        batch=options.budget.batch,
        generator=regime.generator.info,
        arms=exploratory_arms(regime.validated, metric, options.specificity),
        choice=choice,
        tested=confirmed.tested,
        gain=confirmed.gain,
        filtering=keep_rate_finding(ratio, keep_rates(regime.validated, metric), metric),
        verdict=confirmed.sentence,
        verdict_kind=confirmed.kind,
        without_copies=without_copies,
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


def _notices(study: Study, development: ImageSet, regimes: list[Regime], looks: int, copied: int) -> list[str]:
    """Warnings about the numbers, one sentence each."""
    notices = []
    if study.images.group is None:
        notices.append(
            "This set does not say which images are of one patient. Every test image counted as independent; the "
            "intervals are too narrow where several images are of one patient."
        )
    if study.options.seeds < 5:
        notices.append(f"{study.options.seeds} seeds say little about the variation between trainings: use 5 or more.")
    if copied:
        notices.append(
            f"{copied:,} test images show the same picture as a training image, by their thumbnails: on these a "
            f"classifier need not generalise. Without them: {regimes[0].without_copies or 'no image is left.'}"
        )
    if looks > 1:
        notices.append(
            f"This is look {looks} at these test images, by studies and scores of this store. Nothing corrects for the "
            "looks before: the more looks, the likelier it is that one of them finds what is not there."
        )
    used, available = len(development.rows("train")), len(study.images.rows("train"))
    if used < available:
        notices.append(f"{used:,} of the {available:,} training images were used.")
    low_data = [regime for regime in regimes if regime.share < 1 or used < available]
    if low_data:
        lengths = " and ".join(f"{r.generator['kimg']:g} thousand images at {r.share:.0%}" for r in low_data)
        notices.append(
            f"Each regime with fewer real images has one generator, trained on those alone, for {lengths}. The "
            "intervals do not include the variation from another subset or another training of the generator."
        )
    return notices
