"""The augmentation study: does a classifier do better on real patients when synthetic images join its training set?

    python -m gan evaluate RUN --study

**Choose on validation, confirm once on test.** Every arm (`arms.py`) trains a few classifiers, which are compared on
validation images. The best arm with synthetic images and the three strongest controls without are chosen, and the plan
to compare them is written (`confirmation_plan.py`). Only then are the classifiers trained that read the sealed test
images (`divisions.py`): those of the chosen arm, of these controls, and of the control that is trained as the arm is,
with other seeds. All other arms are exploratory.

The same on 25% and 10% of the real images, with generators trained on those alone (`arm_generators.py`). With folds,
every image is tested once, by classifiers and generators trained without its fold. All plans are written before the
first test image is read. The predictions of each finished classifier are kept
(`arm_classifiers.py`): a stopped study goes on with the next classifier, and all numbers (`analysis.py`,
`comparisons.py`, `verdict.py`) can be recomputed.

Letters: n images, K classes, S seeds.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from gan import __version__
from gan.data.image_set import ImageSet
from gan.evaluation.classifiers.architectures import classifier_builder
from gan.evaluation.classifiers.reference import split_sha256
from gan.evaluation.records.split_looks import record_test_look
from gan.evaluation.records.study_results import VERSION, StudyResult, study_folder
from gan.evaluation.study import arm_generators, divisions, study_files
from gan.evaluation.study.arm_classifiers import DivisionClassifiers, WorkCounter
from gan.evaluation.study.arm_generators import Generator, GeneratorFor
from gan.evaluation.study.confirmation_plan import ConfirmationPlan, load_plan, make_plan
from gan.evaluation.study.divisions import Division
from gan.evaluation.study.external_results import TestedOutside
from gan.evaluation.study.external_test import ExternalTest, load_external_test
from gan.evaluation.study.guarded_generation import GuardFor, export_guard
from gan.evaluation.study.notices import study_notices
from gan.evaluation.study.regime_results import RegimeAtWork, analyse_regimes
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study.study_plan import RegimePlan, plan_regimes
from gan.evaluation.study.verdict import study_verdict
from gan.evaluation.training_images import learned_rows, load_training_images
from gan.io.progress import Progress, silent
from gan.jobs.worker import Worker
from gan.runs.run import Run
from gan.sampling.sampler import Sampler, load_generator

RecordLook = Callable[[str, float, int], int]
"""Records a look at test images, from their SHA-256, the time of the plan and the number of seeds; counts all looks."""

BeforeStage = Callable[[Literal["selection", "test"], list[RegimePlan], ConfirmationPlan | None], None]
"""Called before the classifiers of a stage are trained, the test's with its plan; what is missing afterwards is trained
here. Raises StoppedError to have others train it first."""


def run_study(
    run: Run,
    snapshot: int | None = None,
    options: StudyOptions | None = None,
    *,
    progress: Progress = silent,
    worker: Worker | None = None,
    before_stage: BeforeStage | None = None,
) -> StudyResult:
    """Run the study of a snapshot, by default the newest, and keep it in the run's `evaluation/`.

    A stopped study goes on where it was. `worker` is the job at work, which also trains the low-data generators;
    without one they train on the CPU. `before_stage` may have other jobs train the classifiers of each stage. Raises
    ConfigError for an unknown classifier, DataError for too few images, RunError where there is no such snapshot; for
    an external test set what `load_external_test` raises.
    """
    options = options or StudyOptions()
    sampler, images = load_generator(run, snapshot, options.device), load_training_images(run, progress)
    folder = study_folder(run, sampler.seen)

    generator_for = generators_of_run(run, sampler, images, folder, options, worker)
    look = partial(record_test_look, run)
    external = external_test_of_run(run, options, images, progress)
    study = Study(
        images, generator_for, folder, sampler.sha256, options, progress, look, external, before_stage or _here
    )
    result = study.result(run.name, sampler.seen)
    result.save(run)
    return result


def generators_of_run(
    run: Run, sampler: Sampler, images: ImageSet, folder: Path, options: StudyOptions, worker: Worker | None
) -> GeneratorFor:
    """The generators of a run's study on its `images`: the snapshot's own, and others that are trained in `folder`."""
    kimg, auto = sampler.seen / 1000, arm_generators.follows_auto(run.config, images)
    unlabelled = np.setdiff1d(learned_rows(run), images.rows("train"))

    def generator_for(division: Division, number: int) -> Generator:
        if division.is_whole and number == 0:
            return arm_generators.snapshot_generator(sampler, kimg, unlabelled)
        inner = arm_generators.generator_folder(folder, division, number)
        config = arm_generators.division_config(run.config, division, number, kimg, auto)
        recipe = arm_generators.AUTO if auto and not division.is_whole else arm_generators.OWN
        return arm_generators.train_generator(config, division, inner, options.device, worker, recipe, options.budget)

    return generator_for


def external_test_of_run(run: Run, options: StudyOptions, images: ImageSet, progress: Progress) -> ExternalTest | None:
    """The external test set that the options name, None without one; raises what `load_external_test` raises."""
    if not options.test_set:
        return None
    return load_external_test(options.test_set, options.class_map, run.config.data, images, progress)


def _here(stage: str, plans: list[RegimePlan], plan: ConfirmationPlan | None) -> None:
    """A BeforeStage that gives nothing away."""


def _first_look(test_sha256: str, planned: float, seeds: int) -> int:
    """A RecordLook of test images that nothing else reads."""
    return 1


@dataclass(frozen=True)
class Study:
    """A study with any generators: `generator_for` gives the generator of a division.

    `folder` keeps what is finished; `generator_sha256` identifies the generators in its files. `look` is called before
    test images are read. `guard_for` finds near copies among synthetic images.
    """

    images: ImageSet
    generator_for: GeneratorFor
    folder: Path
    generator_sha256: str
    options: StudyOptions = field(default_factory=StudyOptions)
    progress: Progress = silent
    look: RecordLook = _first_look
    external: ExternalTest | None = None
    before_stage: BeforeStage = _here
    guard_for: GuardFor = export_guard

    def result(self, name: str, snapshot: int) -> StudyResult:
        """Train the missing classifiers, then analyse all. Raises StoppedError where a stop was requested."""
        options = self.options
        classifier_builder(options.classifier, 32, 1, 2)  # raises ConfigError for an unknown name
        divisions.check_study_data(self.images, options.folds)
        began = time.time()
        plans, skipped = plan_regimes(self.images, options)
        data_sha256 = self._begin()
        self.before_stage("selection", plans, None)
        regimes = self._classifiers(plans)
        plan = self._plan(regimes)
        looks, outside = self._confirm(regimes, plan)
        copied = [regime.near_copies() for regime in regimes]
        usable = outside if outside is not None and outside.can_be_tested else None
        analysed = analyse_regimes(regimes, plan.choices, copied, options, usable)
        kind, sentence = study_verdict(analysed)
        truth = regimes[0].truth
        study_files.keep_truth(self.folder, regimes)
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
            classes=list(truth.names),
            folds=options.folds,
            generators=options.generators,
            validation=sum(len(one.division.val) for one in plans[0].divisions),
            test=analysed[0].test,
            external=None if outside is None else outside.record(),
            planned=plan.time,
            looks=looks,
            regimes=analysed,
            left=skipped,
            verdict=sentence,
            verdict_kind=kind,
            notices=[
                *study_notices(self.images, options, plans, analysed, looks),
                *([] if outside is None else outside.record().sentences()),
            ],
            minutes=study_files.minutes(self.folder),
            made_with=self._made_with(began, data_sha256),
        )

    def _classifiers(self, plans: list[RegimePlan]) -> list[RegimeAtWork]:
        """The classifiers of each regime that choose its arms, trained, with the generators that they need."""
        options = self.options
        work = sum(one.expected_work(options) for plan in plans for one in plan.divisions)
        work_done = WorkCounter(self.progress, work)
        regimes = []
        for plan in plans:
            regime = RegimeAtWork(plan, [], [])
            for one in plan.divisions:
                generators = [self.generator_for(one.division, number) for number in range(options.generators)]
                generates = [generator.generate for generator in generators]
                classifiers = DivisionClassifiers(
                    self.folder,
                    one,
                    generates,
                    self.guard_for,
                    options,
                    work_done,
                    self.external,
                    arm_generators.learned_unlabelled(generators),
                )
                regime.generators.append(generators[0].info)
                regime.classifiers.append(classifiers)
                regime.validated.append(classifiers.validated())
            regimes.append(regime)
        return regimes

    def _plan(self, regimes: list[RegimeAtWork]) -> ConfirmationPlan:
        """The plan in the study's folder; a new one, without what an earlier one tested, where that was another."""
        options, shares = self.options, [regime.plan.share for regime in regimes]
        test_set, classes = ("", {}) if self.external is None else (self.external.name, self.external.named_classes)
        purpose = (options.primary, shares, options.selection_seeds, test_set, classes)
        plan = load_plan(self.folder)
        if plan is not None and plan.purpose == purpose:
            return plan
        for old in study_files.tested_folders(self.folder):
            shutil.rmtree(old)
        choices = [regime.choose(options) for regime in regimes]
        plan = make_plan(options.primary, options.selection_seeds, choices, test_set, classes)
        plan.save(self.folder)
        return plan

    def _confirm(self, regimes: list[RegimeAtWork], plan: ConfirmationPlan) -> tuple[int, TestedOutside | None]:
        """Train the classifiers of the planned comparisons and test them, on the external test set too.

        Gives the number of looks at the test images, and the external test set.
        """
        tested = divisions.tested_sha256(self.images, self.options.folds)
        looks = max(self.look(digest, plan.time, self.options.seeds) for digest in tested)
        external = self.external
        if external is not None:
            external_looks = self.look(external.sha256, plan.time, self.options.seeds)
        self.before_stage("test", [regime.plan for regime in regimes], plan)
        for regime, choice in zip(regimes, plan.choices, strict=True):
            for classifiers, chosen in zip(regime.classifiers, choice.divisions, strict=True):
                planned = classifiers.plan.tested_work(chosen.tested, self.options)
                classifiers.work_done.expect(planned - classifiers.plan.expected_tested_work(self.options))
                regime.tested.append(classifiers.tested(chosen.tested))
                if external is not None:
                    regime.tested_outside.append(classifiers.tested_outside(chosen.tested, external))
        if external is None:
            return looks, None
        return looks, TestedOutside(external, self._training_images(regimes[0]), external_looks)

    def _training_images(self, regime: RegimeAtWork) -> ImageSet:
        """The images that the classifiers of a regime train on, in all divisions."""
        rows = np.unique(np.concatenate([one.division.train for one in regime.plan.divisions]))
        return replace(divisions.subset(self.images, rows), split=np.repeat("train", len(rows)))

    def _begin(self) -> dict[str, str]:
        """Begin the study's folder; gives the SHA-256 of the training and of the validation images."""
        data: dict[str, str] = {}
        for division in divisions.divide(self.images, 1.0, self.options.folds):
            development = division.development()
            fold = "" if division.fold is None else f"-fold-{division.fold}"
            data |= {f"{split}{fold}": split_sha256(development, split) for split in ("train", "val")}
        study_files.begin(self.folder, self.generator_sha256, list(data.values()), self.options)
        return data

    def _made_with(self, began: float, data_sha256: dict[str, str]) -> dict[str, Any]:
        return {
            "time": began,
            "generator_sha256": self.generator_sha256,
            "data_sha256": data_sha256 | {"test": divisions.tested_sha256(self.images, self.options.folds)[0]},
            "seeds": list(range(self.options.seeds)),
            "ratios": list(self.options.ratios),
            "batch": self.options.budget.batch,
            "keep_rates": list(self.options.keep_rates),
            "folds": self.options.folds,
            "generators": self.options.generators,
            "device": self.options.device,
            "threads": torch.get_num_threads(),
            "versions": {"gan": __version__, "torch": str(torch.__version__), "numpy": np.__version__},
        }
