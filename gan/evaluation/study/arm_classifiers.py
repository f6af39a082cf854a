"""The classifiers of one regime: trained one after the other, judged on the validation split, and what they say kept.

Of each is kept, as soon as it is there, `<share>/<arm>-seed-<seed>.npz` in the study's folder: `logits` (n, K) on the
test images, its `validation` score, the SHA-256 of its weights and of the test split, `seconds`.

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
from gan.errors import DamagedFileError, StoppedError
from gan.evaluation.classifiers.architectures import classical_augmentation, classifier_builder
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.classifiers.small_resnet import Classifier, Images, no_augmentation, predict, train_classifier
from gan.evaluation.selector import Selector
from gan.evaluation.study.analysis import Said
from gan.evaluation.study.arms import ArmPlan, Extra, Make, extra
from gan.evaluation.study.sealed_data import Sealed
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study.study_plan import BATCH, Plan
from gan.io.atomic import replacing
from gan.io.progress import Progress
from gan.io.untrusted_files import log_damaged, read_arrays

FILTER_SEED = 1_000_003
"""Of the classifier that filters: another one than any arm's."""
PHASE = "augmentation study"


class Tally:
    """How much of all optimiser steps is done; leaves where somebody asked to stop."""

    def __init__(self, progress: Progress, should_stop: Callable[[], bool], total: int):
        self.should_stop = should_stop
        self._progress, self._total, self._done = progress, total, 0

    def done(self, steps: int) -> None:
        """A classifier is done with its steps."""
        self._done += steps
        self.within(0, 0.0)

    def within(self, steps: int, share: float) -> None:
        """So much of a classifier's steps is done."""
        self._progress(PHASE, (self._done + steps * share) / self._total)
        if self.should_stop():
            raise StoppedError


@dataclass(frozen=True)
class Classifiers:
    """All classifiers on one share of the real images; `make` gives its synthetic images."""

    place: Path
    plan: Plan
    subset: ImageSet
    make: Make
    sealed: Sealed
    options: StudyOptions
    tally: Tally

    def said(self) -> list[Said]:
        """Train what is not there yet, seed by seed, so that a seed's synthetic images are made once.

        Raises StoppedError where it is asked to stop; what is finished is kept.
        """
        rows = self.subset.rows("train")
        real, labels = native_images(self.subset, rows), self.subset.labels()[rows]
        selector: Selector | None = None
        for seed in range(self.options.seeds):
            missing = [arm for arm in self.plan.arms if not self._there(arm, seed)]
            self.tally.done((len(self.plan.arms) - len(missing)) * self.plan.steps)
            if not missing:
                continue
            began = time.monotonic()
            selector = selector or self._selector(real, rows)
            added = extra(real, labels, self.plan.arms, self.make, selector.kept_at, seed)
            for arm in missing:
                self._train(arm, seed, added, began)
                began = time.monotonic()
                self.tally.done(self.plan.steps)
        return [self._read(arm) for arm in self.plan.arms]

    def _selector(self, real: Images, rows: NDArray[np.int64]) -> Selector:
        """What filters: a classifier trained on the regime's real images alone, and their features."""
        conditions = self.subset.conditions[rows]
        network = train_classifier(
            real,
            conditions,
            "class",
            images_seen=self.plan.steps * min(BATCH, len(real)),
            seed=FILTER_SEED,
            batch=BATCH,
            augment=classical_augmentation,
            device=self.options.device,
            should_stop=self.tally.should_stop,
        )
        return Selector.of(network, real, conditions, "class")

    def _train(self, arm: ArmPlan, seed: int, added: Extra, began: float) -> None:
        """One classifier, its state chosen on the validation split, and then its word on the test images kept."""
        images, labels = added.of(arm)
        everything = np.concatenate([added.real, images])
        conditions = np.eye(len(self.subset.names), dtype=np.float32)[np.concatenate([added.labels, labels])]
        validation: list[float] = []
        network = train_classifier(
            everything,
            conditions,
            "class",
            images_seen=self.plan.steps * min(BATCH, len(everything)),
            seed=seed,
            batch=BATCH,
            augment=classical_augmentation if arm.augmented else no_augmentation,
            network=classifier_builder(
                self.options.classifier, everything.shape[2], everything.shape[1], len(self.subset.names)
            ),
            judge=self._judge(validation),
            device=self.options.device,
            progress=lambda share: self.tally.within(self.plan.steps, share),
            should_stop=self.tally.should_stop,
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

    def _judge(self, scores: list[float]) -> Callable[[Classifier], float]:
        """Balanced accuracy on the validation split, which is also added to `scores`."""
        held = self.subset.rows("val")
        shown, labels = native_images(self.subset, held), self.subset.labels()[held]

        def judge(network: Classifier) -> float:
            scores.append(balanced_accuracy(predict(network, shown)[1], labels))
            return scores[-1]

        return judge

    def _path(self, arm: ArmPlan, seed: int) -> Path:
        return self.place / f"{round(100 * self.plan.share)}" / f"{arm.name}-seed-{seed}.npz"

    def _there(self, arm: ArmPlan, seed: int) -> bool:
        path = self._path(arm, seed)
        try:
            file = read_arrays(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except DamagedFileError as error:
            log_damaged(path, error)
            return False  # it is trained again
        whole = file.keys() >= {"test_sha256", "logits", "validation", "seconds"}
        return whole and str(file["test_sha256"]) == self.sealed.sha256

    def _read(self, arm: ArmPlan) -> Said:
        kept = [read_arrays(self._path(arm, seed)) for seed in range(self.options.seeds)]
        return Said(arm, np.stack([one["logits"] for one in kept]), [float(one["validation"]) for one in kept])


def balanced_accuracy(logits: Tensor, labels: NDArray[np.int64]) -> float:
    """Mean over classes of the share of their images that logits (n, K) get right, over the classes that there are."""
    right = logits.argmax(dim=1).numpy() == labels
    return float(np.mean([right[labels == k].mean() for k in np.unique(labels)]))


def _sha256(network: Classifier) -> str:
    digest = hashlib.sha256()
    for value in network.state_dict().values():
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
