"""The classifiers of one regime: train each, choose its state on the validation split, keep its test predictions.

Each finished classifier leaves `<share>/<arm>-seed-<seed>.npz` in the study's folder: `logits` (n, K) on the test
images, its `validation` score, the SHA-256 of its weights and of the test split, and `seconds`.

Letters: n images, K classes, S seeds.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gan.data.image_set import ImageSet
from gan.errors import DamagedFileError
from gan.evaluation.classifiers.architectures import classical_augmentation, classifier_builder
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.classifiers.small_resnet import (
    Augment,
    Classifier,
    Images,
    no_augmentation,
    predict,
)
from gan.evaluation.classifiers.training import train_classifier
from gan.evaluation.selector import Selector
from gan.evaluation.study.analysis import Predictions
from gan.evaluation.study.arms import Additions, ArmPlan, Generate, prepare_additions
from gan.evaluation.study.sealed_data import SealedTestSplit
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study.study_plan import RegimePlan
from gan.io.atomic import replacing
from gan.io.progress import Progress
from gan.io.untrusted_files import log_damaged, read_arrays

FILTER_SEED = 1_000_003
"""Seed of the filter's classifier, used by no arm."""
PHASE = "augmentation study"


class StepCounter:
    """Reports the share of all optimiser steps that is done. Raises StoppedError where a stop was requested."""

    def __init__(self, progress: Progress, total: int):
        self._progress, self._total, self._done = progress, total, 0

    def done(self, steps: int) -> None:
        """Count the `steps` of a finished classifier."""
        self._done += steps
        self.within(0, 0.0)

    def within(self, steps: int, share: float) -> None:
        """Report a `share` of the `steps` of the classifier at work."""
        self._progress(PHASE, (self._done + steps * share) / self._total)


@dataclass(frozen=True)
class RegimeClassifiers:
    """All classifiers on one share of the real images, `subset`; `generate` gives the synthetic images."""

    folder: Path
    plan: RegimePlan
    subset: ImageSet
    generate: Generate
    sealed: SealedTestSplit
    options: StudyOptions
    steps_done: StepCounter

    def predictions(self) -> list[Predictions]:
        """Predictions of every arm, after training the missing classifiers. Synthetic images are generated once a seed.

        Raises StoppedError where a stop was requested; finished classifiers are kept.
        """
        rows = self.subset.rows("train")
        real, labels = native_images(self.subset, rows), self.subset.labels()[rows]
        selector: Selector | None = None
        for seed in range(self.options.seeds):
            missing = [arm for arm in self.plan.arms if not self._is_finished(arm, seed)]
            self.steps_done.done((len(self.plan.arms) - len(missing)) * self.plan.steps)
            if not missing:
                continue
            began = time.monotonic()
            selector = selector or self._selector(real, rows)
            added = prepare_additions(real, labels, self.plan.arms, self.generate, selector.select_at_rates, seed)
            for arm in missing:
                self._train(arm, seed, added, began)
                began = time.monotonic()
                self.steps_done.done(self.plan.steps)
        return [self._read(arm) for arm in self.plan.arms]

    def _selector(self, real: Images, rows: NDArray[np.int64]) -> Selector:
        """The filter: a classifier trained on the regime's real images alone, and their features."""
        conditions = self.subset.conditions[rows]
        network = self._fit(real, conditions, seed=FILTER_SEED, augment=classical_augmentation, counted_steps=0)
        return Selector.from_images(network, real, conditions, "class")

    def _train(self, arm: ArmPlan, seed: int, added: Additions, began: float) -> None:
        """Train one classifier, choose its state on the validation split, and keep its test predictions."""
        images, labels = added.for_arm(arm)
        everything = np.concatenate([added.real, images])
        conditions = np.eye(len(self.subset.names), dtype=np.float32)[np.concatenate([added.labels, labels])]
        validation: list[float] = []
        network = self._fit(
            everything,
            conditions,
            seed=seed,
            augment=classical_augmentation if arm.augmented else no_augmentation,
            counted_steps=self.plan.steps,
            network=classifier_builder(
                self.options.classifier, everything.shape[2], everything.shape[1], len(self.subset.names)
            ),
            validate=self._judge(validation),
        )
        path = self._path(arm, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(
                file,
                logits=self.sealed.logits(network),
                validation=max(validation),
                weights_sha256=_sha256(network),
                test_sha256=self.sealed.sha256,
                seconds=time.monotonic() - began,
            )

    def _fit(
        self,
        images: Images,
        conditions: NDArray[np.float32],
        *,
        seed: int,
        augment: Augment,
        counted_steps: int,
        network: Callable[[], Classifier] | None = None,
        validate: Callable[[Classifier], float] | None = None,
    ) -> Classifier:
        """A classifier trained for the regime's steps; the study's progress moves by `counted_steps`."""
        budget = self.options.budget
        return train_classifier(
            images,
            conditions,
            "class",
            images_seen=self.plan.steps * min(budget.batch, len(images)),
            seed=seed,
            batch=budget.batch,
            augment=augment,
            network=network,
            validate=validate,
            batch_norm_images=budget.batch_norm_images,
            device=self.options.device,
            progress=lambda share: self.steps_done.within(counted_steps, share),
        )

    def _judge(self, scores: list[float]) -> Callable[[Classifier], float]:
        """A function that gives balanced accuracy on the validation split, and appends it to `scores`."""
        rows = self.subset.rows("val")
        images, labels = native_images(self.subset, rows), self.subset.labels()[rows]

        def judge(network: Classifier) -> float:
            scores.append(balanced_accuracy(predict(network, images)[1], labels))
            return scores[-1]

        return judge

    def _path(self, arm: ArmPlan, seed: int) -> Path:
        return self.folder / f"{round(100 * self.plan.share)}" / f"{arm.name}-seed-{seed}.npz"

    def _is_finished(self, arm: ArmPlan, seed: int) -> bool:
        path = self._path(arm, seed)
        try:
            file = read_arrays(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except DamagedFileError as error:
            log_damaged(path, error)
            return False
        complete = file.keys() >= {"test_sha256", "logits", "validation", "seconds"}
        return complete and str(file["test_sha256"]) == self.sealed.sha256

    def _read(self, arm: ArmPlan) -> Predictions:
        files = [read_arrays(self._path(arm, seed)) for seed in range(self.options.seeds)]
        logits = np.stack([file["logits"] for file in files])
        return Predictions(arm, logits, [float(file["validation"]) for file in files])


def balanced_accuracy(logits: Tensor, labels: NDArray[np.int64]) -> float:
    """Mean recall of logits (n, K) over the classes that occur in labels (n,)."""
    right = logits.argmax(dim=1).numpy() == labels
    return float(np.mean([right[labels == k].mean() for k in np.unique(labels)]))


def _sha256(network: Classifier) -> str:
    digest = hashlib.sha256()
    for value in network.state_dict().values():
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
