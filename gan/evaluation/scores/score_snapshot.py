"""The evaluation of one snapshot: generate images, train a classifier on them, compute scores, search for near copies.

    python -m gan evaluate RUN [--snapshot S] [--split test] [--features own]

Synthetic images are generated with the conditions of real ones, image for image: as many as the classifiers are trained
on, and as many again for the scores. Classifiers are trained on the training split and tested on the requested split,
by default the validation split. The test split is read only if it is requested.

Letters: n images, C channels, H = W the native side, K conditions, F features.
"""

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan import __version__
from gan.data.image_set import ImageSet
from gan.errors import DataError, UserError
from gan.evaluation.budget import EvaluationBudget
from gan.evaluation.classifiers.imagenet import ImageNetFeatures, load_imagenet_features
from gan.evaluation.classifiers.reference import (
    load_reference_classifier,
    native_images,
    sample_rows,
    split_sha256,
)
from gan.evaluation.classifiers.small_resnet import Classifier, Images, PhaseProgress, predict
from gan.evaluation.classifiers.training import train_classifier
from gan.evaluation.feature_choice import AUTO, chosen_features
from gan.evaluation.privacy.calibration import FALSE_POSITIVE_RATE
from gan.evaluation.privacy.closest_pairs import closest_pairs, near_copy_counts
from gan.evaluation.privacy.guard import training_detector
from gan.evaluation.privacy.near_copies import Nearest
from gan.evaluation.records.results import SPLITS, VERSION, EvaluationResult
from gan.evaluation.scores import metrics, per_condition
from gan.evaluation.scores.compare import ConditionDiversity, class_labels, compare_features, real_floor
from gan.evaluation.scores.per_condition import Predictions
from gan.evaluation.scores.unseen_combinations import unseen_combinations
from gan.evaluation.statistics import ALPHA, binomial_greater, wilson_interval
from gan.evaluation.training_images import learned_rows, load_training_images
from gan.io.progress import Progress, silent
from gan.runs.run import Run
from gan.sampling.sampler import Sampler, load_generator

LEAST = 10
"""Smallest number of images in the split."""
PHASES = {
    "training on real": 0.35,
    "generating": 0.05,
    "training on synthetic": 0.35,
    "features of real images": 0.02,
    "features of synthetic images": 0.02,
    "calibrating the near-copy detector": 0.1,
    "searching for near copies": 0.11,
}
"""Approximate share of the time that each phase takes on small images."""


def evaluate_snapshot(
    run: Run,
    snapshot: int | None = None,
    progress: Progress = silent,
    *,
    split: str = "val",
    features: str = AUTO,
    seed: int = 0,
    device: str = "cpu",
    budget: EvaluationBudget = EvaluationBudget(),
) -> EvaluationResult:
    """Score a snapshot, by default the newest, and save the result in the run's `evaluation/`.

    `split` is "val" or "test", `features` as in `feature_choice.py`. `seed` determines the synthetic images and the
    classifier trained on them. Raises UserError for another split or features, or where ImageNet's are requested and
    not installed, RunError where the run's data is missing or has changed, DataError where the split has too few
    images.
    """
    if split not in SPLITS:
        raise UserError(f"split is {split!r}: it takes val, for choosing, or test, for the final result.")
    features = chosen_features(features, run.info().channels)
    pretrained = load_imagenet_features(run.info().native_size, device) if features == "imagenet" else None
    sampler, images = load_generator(run, snapshot, device), load_training_images(run, progress)
    count = len(images.rows(split))
    if count < LEAST:
        raise DataError(
            f"{images.title} has {count} images in its {split} split: an evaluation takes at least {LEAST}. Add "
            "images, or a split column to labels.csv."
        )
    result = _Evaluation(run, sampler, images, split, pretrained, seed, device, progress, budget).result()
    result.save(run)
    return result


@dataclass(frozen=True)
class _Evaluation:
    """The steps of an evaluation and what they share."""

    run: Run
    sampler: Sampler
    images: ImageSet
    split: str
    imagenet: ImageNetFeatures | None
    """None: images are compared in the features of the reference classifier."""
    seed: int
    device: str
    progress: Progress
    budget: EvaluationBudget

    def result(self) -> EvaluationResult:
        """All steps in order."""
        began, images = time.time(), self.images
        hashes = {split: split_sha256(images, split) for split in dict.fromkeys(("train", "val", self.split))}
        own = load_reference_classifier(
            images, hashes["train"], self.device, self._phase("training on real"), self.budget.classifier
        )
        most = self.budget.compared
        if self.imagenet is not None:
            most = min(most, self.budget.compared_imagenet)
        train = sample_rows(images, "train", self.budget.classifier.images)
        held = sample_rows(images, self.split, most, self.seed)
        training_set = self._generate(images.conditions[train], 0)  # (n, C, H, H), one for each training image
        synthetic = self._generate(images.conditions[held], len(train))

        real, conditions = native_images(images, held), images.conditions[held]
        group = None if images.group is None else images.group[held]
        phases = "features of real images", "features of synthetic images"
        own_real, real_logits = predict(own.network, real, self._phase(phases[0]))
        own_synthetic, _ = predict(own.network, synthetic, self._phase(phases[1]))
        in_own = own_real, own_synthetic
        real_features, features = (
            in_own
            if self.imagenet is None
            else (
                self.imagenet.extract(shown, self._phase(phase))
                for shown, phase in zip((real, synthetic), phases, strict=True)
            )
        )
        requested = images.conditions[train[:most]]
        synthetic_trained = self._train_on_synthetic(training_set, images.conditions[train])
        predictions = {
            "obedience": Predictions(predict(own.network, training_set[:most])[1], requested),
            "cas": Predictions(predict(synthetic_trained, real)[1], conditions, group),
            "real_accuracy": Predictions(real_logits, conditions, group),
        }
        floor, like_floor = real_floor(real_features, features, images, held, self.seed)
        diversity = ConditionDiversity.measure(real, synthetic, real_features, features, conditions)
        copies, nearest, copied = self._near_copies(training_set[: self.budget.checked], train, real)
        values, intervals = self._scores(real_features, features, held, predictions)
        split_copies = self._split_copies(copied, real_features, features, held, predictions)
        counts = {
            "scores": len(held),
            "floor": int(floor["n"]),
            "training": len(train),
            "obedience": len(requested),
        }
        return EvaluationResult(
            version=VERSION,
            run=self.run.name,
            snapshot=self.sampler.seen,
            split=self.split,
            features="own" if self.imagenet is None else "imagenet",
            n=counts,
            **values,
            chance=per_condition.chance_accuracy(images),
            floor=floor,
            like_floor=like_floor,
            own=None if self.imagenet is None else self._in_own_features(in_own, held, group),
            diversity=diversity.summary(),
            near_copies=copies,
            split_copies=split_copies,
            per_condition=per_condition.condition_rows(
                images, held, predictions, (real_features, features), diversity, nearest
            ),
            combinations=self._combinations(own.network, len(train) + len(held)),
            intervals=intervals,
            notices=_notices(self.split, split_copies, values),
            made_with=self._made_with(began, hashes, own.sha256, counts),
        )

    def _phase(self, name: str) -> PhaseProgress:
        return partial(self.progress, name)

    def _scores(
        self,
        real_features: Tensor,
        features: Tensor,
        held: NDArray[np.int64],
        predictions: dict[str, Predictions],
    ) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
        """The main scores by their fields in the result, and their 95% intervals."""
        labels = class_labels(self.images, held)
        strata = None if labels is None else (labels, labels)
        comparison = compare_features(real_features, features, strata, predictions["cas"].group, self.seed)
        values, intervals = dict(comparison.values), dict(comparison.intervals)
        for name, predicted in predictions.items():
            accuracy = metrics.accuracy(predicted.logits, predicted.conditions, self.images.kind, predicted.group)
            values |= {name: accuracy.overall, f"{name}_balanced": accuracy.balanced}
            intervals |= {name: accuracy.interval, f"{name}_balanced": accuracy.balanced_interval}
        return values, intervals

    def _in_own_features(
        self, features: tuple[Tensor, Tensor], held: NDArray[np.int64], group: NDArray[np.str_] | None
    ) -> dict[str, Any]:
        """The scores of features (n, F) of the reference classifier: of real and of synthetic images."""
        labels = class_labels(self.images, held)
        strata = None if labels is None else (labels, labels)
        comparison = compare_features(*features, strata, group, self.seed)
        floor, like_floor = real_floor(*features, self.images, held, self.seed)
        return {**comparison.values, "floor": floor, "like_floor": like_floor, "intervals": comparison.intervals}

    def _generate(self, conditions: NDArray[np.float32], start: int) -> Images:
        """Synthetic images (n, C, H, H) from position `start` of the seed's stream."""
        progress, parts = self._phase("generating"), []
        for first in range(0, len(conditions), 1024):
            parts.append(self.sampler.generate(conditions[first : first + 1024], self.seed, start + first))
            progress(min(1.0, (first + 1024) / len(conditions)))
        return np.concatenate(parts)

    def _train_on_synthetic(self, images: Images, conditions: NDArray[np.float32]) -> Classifier:
        """A classifier trained on synthetic images alone, like the reference classifier."""
        return train_classifier(
            images,
            conditions,
            self.images.kind,
            images_seen=self.budget.classifier.images_seen(len(images)),
            seed=self.seed,
            device=self.device,
            progress=self._phase("training on synthetic"),
        )

    def _split_copies(
        self,
        copied: NDArray[np.bool_],
        real_features: Tensor,
        features: Tensor,
        held: NDArray[np.int64],
        predictions: dict[str, Predictions],
    ) -> dict[str, Any]:
        """How many of the compared real images are near copies (n,) of training images, and the scores without them."""
        kept, without = np.flatnonzero(~copied), None
        if copied.any() and len(kept) >= LEAST:
            others = {name: predictions[name].at(kept) for name in ("cas", "real_accuracy")}
            values, intervals = self._scores(real_features[kept], features[kept], held[kept], others)
            without = {"n": len(kept), **values, "intervals": intervals}
        return {"count": len(held) - len(kept), "checked": len(held), "without": without}

    def _near_copies(
        self, synthetic: Images, train: NDArray[np.int64], compared: Images
    ) -> tuple[dict[str, Any], Nearest, NDArray[np.bool_]]:
        """Near copies among synthetic images, and which of the `compared` real images (n, C, H, H) are (n,).

        The threshold is calibrated on the validation split.
        """
        rows = learned_rows(self.run)
        detector = training_detector(self.images, rows)
        held_out = native_images(self.images, sample_rows(self.images, "val", self.budget.checked, self.seed))
        held = detector.calibrate(held_out, self._phase("calibrating the near-copy detector"))
        nearest = detector.nearest(synthetic, self._phase("searching for near copies"))
        counts = near_copy_counts(nearest) | {
            "interval": wilson_interval(int(nearest.copy.sum()), len(synthetic)),
            "threshold": detector.threshold,
            "held_out": near_copy_counts(held),
            "pairs": closest_pairs(nearest, self.images, train, rows),
        }
        return counts, nearest, detector.nearest(compared).copy

    def _combinations(self, own: Classifier, start: int) -> list[dict[str, Any]]:
        """Obedience for pairs of attribute values that no training image has."""
        rows: list[dict[str, Any]] = []
        info, n = self.sampler.info, self.budget.per_combination
        for condition in unseen_combinations(info):
            conditions = condition.sample(info, n, self.seed)  # (n, K)
            synthetic = self.sampler.generate(conditions, self.seed, start + len(rows) * n)
            predicted = predict(own, synthetic)[1].numpy() > 0
            agrees = np.stack([predicted[:, k] == bool(value) for k, value in condition.fixed], axis=1)  # (n, 2)
            count = int(agrees.all(axis=1).sum())
            row = {"condition": condition.text(info), "real": 0, "synthetic": n, "obedience": count / n}
            rows.append(row | {"interval": wilson_interval(count, n), "each": agrees.mean(axis=0).tolist()})
        return rows

    def _made_with(
        self, began: float, hashes: dict[str, str], classifier_sha256: str, counts: dict[str, int]
    ) -> dict[str, Any]:
        """Everything needed to compute the result again."""
        taught = counts["training"]
        return {
            "time": began,
            "seconds": time.time() - began,
            "generator_sha256": self.sampler.sha256,
            "data_sha256": hashes,
            "classifier_sha256": classifier_sha256,
            "features_sha256": classifier_sha256 if self.imagenet is None else self.imagenet.sha256,
            "seed": self.seed,
            "positions": {
                "teaching": [0, taught],
                "scores": [taught, taught + counts["scores"]],
                "combinations": taught + counts["scores"],
            },
            "images_seen_by_a_classifier": self.budget.classifier.images_seen(taught),
            "neighbours": metrics.neighbours_for(counts["scores"]),
            "device": self.device,
            "threads": torch.get_num_threads(),
            "versions": {"gan": __version__, "torch": str(torch.__version__), "numpy": np.__version__},
        }


def _notices(split: str, split_copies: dict[str, Any], values: dict[str, float]) -> list[str]:
    """Limits of the scores that a reader must know, one sentence each."""
    notices, name = [], {"val": "validation", "test": "test"}[split]
    count, n, without = split_copies["count"], split_copies["checked"], split_copies["without"]
    if count:
        text = f"{count:,} of {n:,} {name} images are near copies of training images"
        if binomial_greater(count, n, FALSE_POSITIVE_RATE) < ALPHA:
            text += (
                f", more than the {FALSE_POSITIVE_RATE:.0%} expected by chance (exact binomial test): the splits are "
                "not independent, and scores on all images are too good. Split by patient"
            )
        notices.append(f"{text}. {_scores_without(without, values)}")
    if n < 200:
        notices.append(f"Only {n} images in the {split} split: rely on the intervals, not on the numbers.")
    return notices


def _scores_without(without: dict[str, Any] | None, values: dict[str, float]) -> str:
    if without is None:
        return "Too few images are left for scores without them."
    real, synthetic = (
        _instead_of(f"{without[key]:.1%}", f"{values[key]:.1%}") for key in ("real_accuracy_balanced", "cas_balanced")
    )
    return (
        f"On the other {without['n']:,}, a classifier trained on real images is right on {real}, one trained on "
        f"synthetic images on {synthetic} (conditions weighed equally)."
    )


def _instead_of(found: str, before: str) -> str:
    """`92.6% instead of 92.7%`; `98.4%, as on all` where both read alike."""
    return f"{found}, as on all" if found == before else f"{found} instead of {before}"
