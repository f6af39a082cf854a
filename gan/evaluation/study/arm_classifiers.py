"""The classifiers of one division: train each, choose its state on the validation images, keep its predictions.

Arms are compared on validation images first, with seeds of their own. Each such classifier leaves
`<share>/selection/<arm>-seed-<seed>.npz` in the study's folder: `validation_logits` (n, K) with their
`validation_auroc`, the arm's `words`, the SHA-256 of its weights, its optimiser `steps`, and `seconds`. The classifiers
of the chosen arm and its controls, with other seeds, leave the same and their `logits` (n, K) on the test images, with
the SHA-256 of these, in `<share>/test/`; likewise `external_logits` on the images of an external test set. With folds,
`fold-<f>/` comes after the share.

Letters: n images, K classes, S seeds.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.errors import DamagedFileError
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.classifiers.small_resnet import Classifier, Images, predict
from gan.evaluation.selector import Selector, build_selector
from gan.evaluation.study.additions import Additions, prepare_additions
from gan.evaluation.study.arm_training import ArmTrainer, TrainingSet
from gan.evaluation.study.arms import ArmPlan, Conditions, Generate, Positions
from gan.evaluation.study.divisions import Division
from gan.evaluation.study.external_test import ExternalTest
from gan.evaluation.study.guarded_generation import FindCopies, GuardFor, without_near_copies
from gan.evaluation.study.predictions import GroundTruth, Predictions, choose_offsets, validation_auroc
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study.study_plan import DivisionPlan
from gan.io.atomic import replacing
from gan.io.progress import Progress
from gan.io.untrusted_files import log_damaged, read_arrays

FIRST_SELECTION_SEED = 10_000
"""The seeds from here on choose the arm; those from 0 on confirm it."""
PHASE = "augmentation study"


class WorkCounter:
    """Reports the share of all work (`StudyOptions.work`) that is done. Raises StoppedError where a stop was requested.

    A classifier that ends early counts as its most steps.
    """

    def __init__(self, progress: Progress, total: float):
        self._progress, self._total, self._done = progress, total, 0.0

    def expect(self, more: float) -> None:
        """Add work that was not foreseen, or, below 0, take away what need not be done."""
        self._total += more
        self.within(0, 0.0)

    def done(self, work: float) -> None:
        """Count the work of classifiers that are finished."""
        self._done += work
        self.within(0, 0.0)

    def within(self, work: float, share: float) -> None:
        """Report a `share` of the work of the classifier being trained."""
        self._progress(PHASE, (self._done + work * share) / self._total)


@dataclass(frozen=True)
class DivisionClassifiers:
    """All classifiers of one division; seed s uses synthetic images of generator s mod G of `generates`.

    Near copies of training images among these are replaced as in an export, with the same filter where an arm has one.
    So are those of the unlabelled images at `learned`, rows of the study's set, which the generators learned too.
    """

    folder: Path
    plan: DivisionPlan
    generates: Sequence[Generate]
    guard_for: GuardFor
    options: StudyOptions
    work_done: WorkCounter
    external: ExternalTest | None = None
    learned: Positions = field(default_factory=lambda: np.zeros(0, np.int64))

    def validated(self) -> list[Predictions]:
        """Predictions of every arm on the validation images, after training the missing classifiers.

        Raises StoppedError where a stop was requested; finished classifiers are kept.
        """
        seeds = self.seeds(self.options, "selection")
        self._train_missing(self.plan.arms, seeds, test=False)
        return [self._read(arm, seeds, test=False) for arm in self.plan.arms]

    def tested(self, names: Sequence[str]) -> list[Predictions]:
        """Predictions of the arms of these names on the test images, likewise. The study's plan must have been written
        before."""
        seeds = self.seeds(self.options, "test")
        arms = [arm for arm in self.plan.arms if arm.name in names]
        self._train_missing(arms, seeds, test=True)
        return [self._read(arm, seeds, test=True) for arm in arms]

    def tested_outside(self, names: Sequence[str], external: ExternalTest) -> list[Predictions]:
        """Predictions of the same classifiers on the images of the external test set; `tested` must come before."""
        found, truth = [], external.truth
        trained = set(truth.scored) & set(self.plan.division.scored)  # a small regime may have too few of an attribute
        truth = truth.scoring(sorted(trained)) if trained else truth
        for arm in (arm for arm in self.plan.arms if arm.name in names):
            files = [read_arrays(self._file(arm, seed, test=True)) for seed in range(self.options.seeds)]
            logits = np.stack([file["external_logits"] for file in files])
            found.append(Predictions(arm, logits, self._offsets(files), truth, _steps(files)))
        return found

    @staticmethod
    def seeds(options: StudyOptions, stage: str) -> list[int]:
        """The seeds of the classifiers for a stage: "selection" on validation images, or "test"."""
        if stage == "test":
            return list(range(options.seeds))
        return [FIRST_SELECTION_SEED + number for number in range(options.selection_seeds)]

    def missing(self, names: Sequence[str], seed: int, *, test: bool) -> list[str]:
        """The arms of these names whose classifier of that seed is not finished."""
        arms = [arm for arm in self.plan.arms if arm.name in names]
        return [arm.name for arm in arms if not self._is_finished(arm, seed, test=test)]

    def train_seed(self, names: Sequence[str], seed: int, *, test: bool) -> None:
        """Train the missing classifiers of one seed; for the test, the study's plan must have been written before."""
        self._train_missing([arm for arm in self.plan.arms if arm.name in names], [seed], test=test)

    def _train_missing(self, arms: list[ArmPlan], seeds: list[int], *, test: bool) -> None:
        """Train the classifiers that are not finished. Synthetic images are generated once a seed."""
        trained, work = False, self.options.work
        for seed in seeds:
            missing = [arm for arm in arms if not self._is_finished(arm, seed, test=test)]
            self.work_done.done(sum(work(arm) for arm in arms if arm not in missing))
            if not missing:
                continue
            began, trained = time.monotonic(), True
            real = self._trainer.real
            generate = without_near_copies(self.generates[seed % len(self.generates)], self._guard, self.path)
            added = prepare_additions(
                real.images, real.conditions, self._trainer.kind, arms, generate, self._select, seed
            )
            for arm in missing:
                self._train(arm, seed, added, began, test=test)
                began = time.monotonic()
                self.work_done.done(work(arm))
        if trained:  # several divisions at once would take too much memory
            for name in ("_development", "_trainer", "_guard"):
                self.__dict__.pop(name, None)

    @cached_property
    def _development(self) -> ImageSet:
        return self.plan.division.development()

    @cached_property
    def _trainer(self) -> ArmTrainer:
        development = self._development
        rows = development.rows("train")
        real = TrainingSet(native_images(development, rows), development.conditions[rows])
        return ArmTrainer(real, development.kind, self.plan.division.unlabelled_images(), self._judge, self.options)

    @property
    def _validation_images(self) -> Images:
        return native_images(self._development, self._development.rows("val"))

    def _select(
        self, images: Images, conditions: Conditions, rates: Sequence[float], strata: Positions
    ) -> Sequence[Positions]:
        return self._selector.select_at_rates(images, conditions, rates, strata)

    @cached_property
    def _selector(self) -> Selector:
        """The filter, as exports have it: of the division's real images alone."""
        return build_selector(self._development, self.options.device, self.options.selector)

    @cached_property
    def _guard(self) -> FindCopies:
        learned = self.plan.division.with_learned(self.learned) if len(self.learned) else self._development
        return self.guard_for(learned, self.path)

    def _train(self, arm: ArmPlan, seed: int, added: Additions, began: float, *, test: bool) -> None:
        """Train one classifier, choose its state on the validation images, and keep its predictions."""
        more = TrainingSet(*added.for_arm(arm))
        work = self.options.work(arm)
        trained = self._trainer.train(arm, more, seed, lambda share: self.work_done.within(work, share))
        arrays: dict[str, Any] = {
            "validation_logits": predict(trained.network, self._validation_images)[1].numpy(),
            "validation_auroc": self._judge(trained.network),
            "words": arm.words,
            "weights_sha256": _sha256(trained.network),
            "steps": trained.steps,
        }
        if test:
            sealed = self.plan.division.sealed
            arrays |= {"logits": sealed.logits(trained.network), "test_sha256": sealed.sha256}
        if test and self.external is not None:
            outside = self.external
            arrays |= {"external_logits": outside.logits(trained.network), "external_sha256": outside.sha256}
        path = self._file(arm, seed, test=test)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **arrays, seconds=time.monotonic() - began)

    def _judge(self, network: Classifier) -> float:
        """AUROC on the validation images, by which a classifier's state is chosen whatever the primary metric."""
        return validation_auroc(predict(network, self._validation_images)[1].numpy(), self._validation)

    @cached_property
    def _validation(self) -> GroundTruth:
        return self.plan.division.validation

    @property
    def path(self) -> Path:
        """The division's folder."""
        return division_folder(self.folder, self.plan.division)

    def _file(self, arm: ArmPlan, seed: int, *, test: bool) -> Path:
        return self.path / ("test" if test else "selection") / f"{arm.name}-seed-{seed}.npz"

    def _is_finished(self, arm: ArmPlan, seed: int, *, test: bool) -> bool:
        path = self._file(arm, seed, test=test)
        try:
            file = read_arrays(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except DamagedFileError as error:
            log_damaged(path, error)
            return False
        if not file.keys() >= {"validation_logits", "steps", "seconds"}:
            return False
        if not test:
            return True
        keys = {"logits": ("test_sha256", self.plan.division.sealed.sha256)}
        if self.external is not None:
            keys["external_logits"] = ("external_sha256", self.external.sha256)
        return all(logits in file and str(file.get(key)) == sha256 for logits, (key, sha256) in keys.items())

    def _read(self, arm: ArmPlan, seeds: list[int], *, test: bool) -> Predictions:
        files = [read_arrays(self._file(arm, seed, test=test)) for seed in seeds]
        if not test:
            validation = np.stack([file["validation_logits"] for file in files])
            return Predictions(arm, validation, self._offsets(files), self._validation, _steps(files))
        logits = np.stack([file["logits"] for file in files])
        return Predictions(arm, logits, self._offsets(files), self.plan.division.sealed.truth, _steps(files))

    def _offsets(self, files: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        """The offsets (S, 1, K) that are best on the validation images."""
        validation = np.stack([file["validation_logits"] for file in files])
        return choose_offsets(validation, self._validation)[:, None]


def division_folder(folder: Path, division: Division) -> Path:
    """The folder of a division's classifiers in a study's `folder`."""
    share = folder / f"{round(100 * division.share)}"
    return share if division.fold is None else share / f"fold-{division.fold}"


def _steps(files: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    return tuple(int(file["steps"]) for file in files)


def _sha256(network: Classifier) -> str:
    digest = hashlib.sha256()
    for value in network.state_dict().values():
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
