"""Light scores of snapshots: what every snapshot of a run can have while it trains.

    python -m gan evaluate RUN --light [--all-snapshots]

A `LightScorer` prepares once what all snapshots share: the set's reference classifier, from the cache or trained now,
the calibrated near-copy detector, and features of real validation images. A snapshot then costs a few seconds of one
core: as many synthetic images as real ones, with their conditions, and their features: ImageNet's where they are
installed, else those of the classifier. The same snapshot has the same scores whenever it is scored on one machine.

Letters: n images, C channels, H = W the native side, K conditions, F features.
"""

import time
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan import __version__
from gan.errors import DataError
from gan.evaluation.budget import LightBudget
from gan.evaluation.classifiers.imagenet import load_imagenet_features
from gan.evaluation.classifiers.reference import (
    load_reference_classifier,
    native_images,
    sample_rows,
    split_sha256,
)
from gan.evaluation.classifiers.small_resnet import Images, no_progress, predict
from gan.evaluation.feature_choice import AUTO, chosen_features
from gan.evaluation.privacy.calibration import Calibration
from gan.evaluation.privacy.guard import calibrated_detector
from gan.evaluation.privacy.near_copies import NearCopyDetector
from gan.evaluation.records.light_scores import VERSION, LightScore
from gan.evaluation.scores import metrics, per_condition
from gan.evaluation.scores.compare import ConditionDiversity, compare_lightly
from gan.evaluation.scores.score_snapshot import LEAST
from gan.evaluation.statistics import Interval, wilson_interval
from gan.evaluation.training_images import load_training_images
from gan.io.progress import Progress, silent
from gan.runs.run import Run
from gan.sampling.sampler import Sampler, load_generator

SEED = 0


class LightScorer:
    """Scores snapshots of one run against the same real images."""

    def __init__(self, run: Run, progress: Progress = silent, budget: LightBudget = LightBudget()):
        """Prepare what all snapshots share.

        Raises RunError where the run's data is missing or has changed, DataError where its validation split has too few
        images.
        """
        self._run, self._budget = run, budget
        self._images = images = load_training_images(run, progress)
        count = len(images.rows("val"))
        if count < LEAST:
            raise DataError(
                f"{images.title} has {count} images in its validation split: light scores take at least {LEAST}."
            )
        self._hashes = {split: split_sha256(images, split) for split in ("train", "val")}
        self._own = load_reference_classifier(
            images, self._hashes["train"], "cpu", partial(progress, "training on real"), budget.classifier
        )
        self._rows = sample_rows(images, "val", budget.compared, SEED)
        self._real = native_images(images, self._rows)
        own_features, self._real_logits = predict(self._own.network, self._real)
        self._detector: NearCopyDetector = calibrated_detector(run, images, progress)
        self._features = chosen_features(AUTO, run.info().channels)
        self._imagenet = load_imagenet_features(images.native_size) if self._features == "imagenet" else None
        self._own_features, self._real_features = own_features, self._in_chosen(self._real, own_features)
        self._start_cpu_seconds = self._cpu = time.process_time()

    def score(self, snapshot: int, progress: Progress = silent) -> LightScore:
        """The scores of a snapshot, which are saved; raises RunError where it is missing or damaged."""
        began, run, images = time.time(), self._run, self._images
        sampler, conditions = load_generator(run, snapshot), images.conditions[self._rows]
        progress("generating", 0.0)
        synthetic = sampler.generate(conditions, SEED)  # (n, C, H, H)
        own_features, logits = predict(self._own.network, synthetic)
        progress("comparing", 0.4)
        features = self._in_chosen(synthetic, own_features)
        compared = compare_lightly(self._real_features, features, images, self._rows, SEED)
        group = None if images.group is None else images.group[self._rows]
        obedience, real_accuracy = (
            metrics.accuracy(found, conditions, images.kind, group) for found in (logits, self._real_logits)
        )
        diversity = ConditionDiversity.measure(
            self._real, synthetic, self._real_features, features, conditions
        ).summary()
        progress("searching for near copies", 0.7)
        result = LightScore(
            version=VERSION,
            run=run.name,
            snapshot=sampler.seen,
            features=self._features,
            n={"scores": len(self._rows), "floor": int(compared.floor["n"])},
            obedience_balanced=obedience.balanced,
            real_accuracy_balanced=real_accuracy.balanced,
            chance=per_condition.chance_accuracy(images),
            kid=compared.values["kid"],
            coverage=compared.values["coverage"],
            floor=compared.floor,
            like_floor=compared.like_floor,
            own=None if self._imagenet is None else self._in_own_features(own_features),
            diversity={name: diversity[name] for name in ("real", "synthetic", "ratio")},
            near_copies=self._near_copies(synthetic[: self._budget.checked]),
            intervals=compared.intervals
            | {
                "obedience_balanced": _with_wilson(obedience, len(self._rows), group),
                "real_accuracy_balanced": _with_wilson(real_accuracy, len(self._rows), group),
            },
            notices=_notices(len(self._rows)),
            made_with=self._made_with(sampler, began),
        )
        result.save(run)
        progress("searching for near copies", 1.0)
        return result

    def _in_chosen(self, images: Images, own: Tensor) -> Tensor:
        """Features (n, F) in which images (n, C, H, H) are compared; `own` are those of the classifier."""
        return own if self._imagenet is None else self._imagenet.extract(images, no_progress)

    def _in_own_features(self, synthetic: Tensor) -> dict[str, Any]:
        """Kernel distance and coverage of features (n, F) of the classifier."""
        compared = compare_lightly(self._own_features, synthetic, self._images, self._rows, SEED)
        floors = {"floor": compared.floor, "like_floor": compared.like_floor}
        return {**compared.values, **floors, "intervals": compared.intervals}

    def _near_copies(self, synthetic: Images) -> dict[str, Any]:
        """How many synthetic images (m, C, H, H) are near copies, beside the real images of the calibration."""
        count = int(self._detector.nearest(synthetic).copy.sum())
        calibration = self._detector.calibration
        assert isinstance(calibration, Calibration), "it was calibrated"
        return {
            "count": count,
            "checked": len(synthetic),
            "interval": wilson_interval(count, len(synthetic)),
            "threshold": calibration.threshold,
            "held_out": {"count": calibration.false_positives, "checked": calibration.real},
        }

    def _made_with(self, sampler: Sampler, began: float) -> dict[str, Any]:
        """Everything needed to compute the scores again, and their CPU seconds.

        `start_cpu_seconds` are those of the process before its first scores: imports and preparation; 0 in later ones.
        """
        now = time.process_time()
        cpu_seconds, self._cpu = now - self._cpu, now
        start_cpu_seconds, self._start_cpu_seconds = self._start_cpu_seconds, 0.0
        return {
            "time": began,
            "seconds": time.time() - began,
            "cpu_seconds": cpu_seconds,
            "start_cpu_seconds": start_cpu_seconds,
            "generator_sha256": sampler.sha256,
            "data_sha256": self._hashes,
            "classifier_sha256": self._own.sha256,
            "features_sha256": self._own.sha256 if self._imagenet is None else self._imagenet.sha256,
            "seed": SEED,
            "threads": torch.get_num_threads(),
            "versions": {"gan": __version__, "torch": str(torch.__version__), "numpy": np.__version__},
        }


def _with_wilson(accuracy: metrics.Accuracy, n: int, group: NDArray[np.str_] | None) -> Interval:
    """The bootstrap interval of a balanced accuracy, widened to Wilson's for `n` images, or patients where known.

    Of few images that are all recognised the bootstrap's has no width.
    """
    units = n if group is None else len(np.unique(group))
    low, high = wilson_interval(round(accuracy.balanced * units), units)
    bootstrap_low, bootstrap_high = accuracy.balanced_interval
    return min(low, bootstrap_low), max(high, bootstrap_high)


def _notices(n: int) -> list[str]:
    """Limits of the scores that a reader must know, one sentence each."""
    if n >= 200:
        return []
    return [f"Only {n} images in the val split: rely on the intervals, not on the numbers."]
