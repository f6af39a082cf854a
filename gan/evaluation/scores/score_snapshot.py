"""One evaluation of one snapshot: generate, train a classifier on what was generated, compare, look for copies.

    python -m gan evaluate RUN [--snapshot S] [--split test] [--features imagenet]

Synthetic images are made with the conditions of real ones, image for image: as many as the classifiers are trained on,
and as many again as the scores compare. The training split teaches; the split that is asked for, by default the
validation split, tests. The test split is read only where it is that one.

Letters: n images, C channels, H = W the set's own side, K conditions, F features.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan import __version__
from gan.data.image_set import ImageSet
from gan.errors import DataError, StoppedError, UserError
from gan.evaluation.classifiers import imagenet
from gan.evaluation.classifiers.reference import (
    MOST,
    NativeImages,
    load_reference_classifier,
    native_images,
    sample_rows,
    split_sha256,
)
from gan.evaluation.classifiers.small_resnet import Classifier, Images, budget, predict, train_classifier
from gan.evaluation.privacy.calibration import ACCUSED
from gan.evaluation.privacy.closest_pairs import closest_pairs, near_copy_counts
from gan.evaluation.privacy.near_copies import NearCopyDetector, Nearest
from gan.evaluation.records.results import FEATURES, SPLITS, VERSION, EvaluationResult
from gan.evaluation.scores import metrics, per_condition
from gan.evaluation.scores.compare import ConditionDiversity, class_labels, compare_features, real_floor
from gan.evaluation.scores.per_condition import Predictions
from gan.evaluation.scores.unseen_combinations import unseen_combinations
from gan.evaluation.statistics import ALPHA, binomial_greater, wilson_interval
from gan.evaluation.training_images import load_training_images
from gan.io.progress import Progress, silent
from gan.runs.run import Run
from gan.sampling.sampler import Sampler, load_generator

COMPARED = {"own": 10_000, "imagenet": 2000}
"""Images of each kind in the scores, at most: a large network takes a second for twenty of them."""
CHECKED = 1000
"""Images asked whether they are near copies, at most, synthetic and held-out each."""
COMBINED = 64
"""Images made of each combination that no real image shows."""
LEAST = 10
"""Images of a split below which nothing is compared."""
SHARE_OF_TIME = {
    "training on real": 0.35,
    "generating": 0.05,
    "training on synthetic": 0.35,
    "looking at real": 0.02,
    "looking at synthetic": 0.02,
    "looking at training set": 0.05,
    "measuring real images": 0.08,
    "looking for near copies": 0.08,
}
"""What part of an evaluation each phase takes, about, on small images: for the time left."""


def evaluate_snapshot(
    run: Run,
    snapshot: int | None = None,
    progress: Progress = silent,
    should_stop: Callable[[], bool] = lambda: False,
    *,
    split: str = "val",
    features: str = "own",
    seed: int = 0,
    device: str = "cpu",
) -> EvaluationResult | None:
    """The scores of a run's snapshot, the newest by default, kept in its `evaluation/`; None where asked to stop.

    `split` is "val", or "test" for the last word; `features` "own" or "imagenet"; `seed` fixes the synthetic images and
    the classifier trained on them. Raises UserError for another split or other features, or where ImageNet's cannot be
    had, RunError where the run's data changed since it was trained, DataError where the split has too few images.
    """
    if split not in SPLITS:
        raise UserError(f"split is {split!r}: it takes val, for choosing, or test, for the last word.")
    if features not in FEATURES:
        raise UserError(f"features is {features!r}: it takes own, or imagenet.")
    seer = imagenet.load_imagenet_features(device) if features == "imagenet" else None
    sampler, images = load_generator(run, snapshot, device), load_training_images(run, progress)
    _check_enough(images, split)
    try:
        result = _Evaluation(run, sampler, images, split, seer, seed, device, progress, should_stop).result()
    except StoppedError:
        return None
    result.save(run)
    return result


def _check_enough(images: ImageSet, split: str) -> None:
    if len(images.rows(split)) < LEAST:
        raise DataError(
            f"{images.title} has {len(images.rows(split))} images in its {split} split: an evaluation takes at least "
            f"{LEAST}. Add images, or a split column to labels.csv."
        )


@dataclass(frozen=True)
class _Evaluation:
    """The steps, with what they share."""

    run: Run
    sampler: Sampler
    images: ImageSet
    split: str
    seer: imagenet.ImageNetFeatures | None
    """None for our own classifier's features."""
    seed: int
    device: str
    progress: Progress
    should_stop: Callable[[], bool]

    def result(self) -> EvaluationResult:
        """All steps in their order; raises StoppedError within them."""
        began, images = time.time(), self.images
        hashes = {split: split_sha256(images, split) for split in dict.fromkeys(("train", "val", self.split))}
        report = self._phase("training on real")
        own = load_reference_classifier(images, hashes["train"], self.device, report, self.should_stop)
        named, most = ("own", COMPARED["own"]) if self.seer is None else ("imagenet", COMPARED["imagenet"])
        train, held = sample_rows(images, "train", MOST), sample_rows(images, self.split, most, self.seed)
        teaching = self._generated(images.conditions[train], 0)  # (n, C, H, H), as many as taught `own`
        synthetic = self._generated(images.conditions[held], len(train))

        real, shown = native_images(images, held), images.conditions[held]
        group = None if images.group is None else images.group[held]
        real_features, logits = self._seen(own.network, real, "looking at real")
        features, _ = self._seen(own.network, synthetic, "looking at synthetic")
        asked = images.conditions[train[:most]]
        taught = self._taught(teaching, images.conditions[train])
        judged = {
            "obedience": Predictions(predict(own.network, teaching[:most])[1], asked),
            "cas": Predictions(predict(taught, real)[1], shown, group),
            "real_accuracy": Predictions(logits, shown, group),
        }
        labels = class_labels(images, held)
        whole = compare_features(real_features, features, None if labels is None else (labels, labels), self.seed)
        between, like_floor = real_floor(real_features, features, images, held, self.seed)
        spread = ConditionDiversity.of(real, synthetic, real_features, features, shown)
        copies, found = self._near_copies(own.network, teaching[:CHECKED], train)

        values, intervals = dict(whole.values), dict(whole.intervals)
        for name, one in judged.items():
            accuracy = metrics.accuracy(one.logits, one.conditions, images.kind, one.group)
            values |= {name: accuracy.overall, f"{name}_balanced": accuracy.balanced}
            intervals |= {name: accuracy.interval, f"{name}_balanced": accuracy.balanced_interval}
        counts = {"scores": len(held), "floor": int(between["n"]), "training": len(train), "obedience": len(asked)}
        return EvaluationResult(
            version=VERSION,
            run=self.run.name,
            snapshot=self.sampler.seen,
            split=self.split,
            features=named,
            n=counts,
            **values,
            chance=per_condition.chance_accuracy(images),
            floor=between,
            like_floor=like_floor,
            diversity=spread.summary(),
            near_copies=copies,
            per_condition=per_condition.condition_rows(images, held, judged, (real_features, features), spread, found),
            combinations=self._combinations(own.network, len(train) + len(held)),
            intervals=intervals,
            notices=_notices(self.split, len(held), copies),
            made_with=self._made_with(began, hashes, own.sha256, counts),
        )

    def _seen(self, own: Classifier, shown: Images, phase: str) -> tuple[Tensor, Tensor]:
        """Features (n, F) in which images are compared, and the real-trained classifier's logits (n, K)."""
        report = self._phase(phase)
        features, logits = predict(own, shown, report)
        return (features if self.seer is None else self.seer.look(shown, report)), logits

    def _phase(self, name: str) -> Callable[[float], None]:
        """A report of how much of a phase is done, which leaves where somebody asked to stop."""

        def report(done: float) -> None:
            self.progress(name, done)
            if self.should_stop():
                raise StoppedError

        return report

    def _generated(self, conditions: NDArray[np.float32], start: int) -> Images:
        """Synthetic images (n, C, H, H) at positions `start` on of the seed's stream."""
        report, parts = self._phase("generating"), []
        for first in range(0, len(conditions), 1024):
            parts.append(self.sampler.generate(conditions[first : first + 1024], self.seed, start + first))
            report(min(1.0, (first + 1024) / len(conditions)))
        return np.concatenate(parts)

    def _taught(self, teaching: Images, conditions: NDArray[np.float32]) -> Classifier:
        """The classifier trained on synthetic images alone, by the recipe of the real-trained one."""
        return train_classifier(
            teaching,
            conditions,
            self.images.kind,
            images_seen=budget(len(teaching)),
            seed=self.seed,
            device=self.device,
            progress=self._phase("training on synthetic"),
            should_stop=self.should_stop,
        )

    def _near_copies(
        self, network: Classifier, checked: Images, train: NDArray[np.int64]
    ) -> tuple[dict[str, Any], Nearest]:
        """How many synthetic images come too close to a training image; what is too close, by the validation split."""
        every = self.images.rows("train")
        shown = NativeImages(self.images, every)
        trained, _ = predict(network, shown, self._phase("looking at training set"))
        detector = NearCopyDetector(shown, trained)
        held_out = native_images(self.images, sample_rows(self.images, "val", CHECKED, self.seed))
        held = detector.calibrate(held_out, predict(network, held_out)[0], self._phase("measuring real images"))
        found = detector.nearest(checked, predict(network, checked)[0], self._phase("looking for near copies"))
        return near_copy_counts(found) | {
            "interval": wilson_interval(int(found.copy.sum()), len(checked)),
            "threshold": detector.threshold,
            "held_out": near_copy_counts(held),
            "pairs": closest_pairs(found, self.images, train, every),
        }, found

    def _combinations(self, own: Classifier, start: int) -> list[dict[str, Any]]:
        """How often the real-trained classifier sees both attributes of pairs that no real image shows."""
        rows: list[dict[str, Any]] = []
        for request in unseen_combinations(self.sampler.info):
            drawn = request.sample(self.sampler.info, COMBINED, self.seed)  # (n, K)
            made = self.sampler.generate(drawn, self.seed, start + len(rows) * COMBINED)
            seen = predict(own, made)[1].numpy() > 0
            agrees = np.stack([seen[:, k] == bool(value) for k, value in request.fixed], axis=1)  # (n, 2)
            count = int(agrees.all(axis=1).sum())
            row = {
                "condition": request.text(self.sampler.info),
                "real": 0,
                "synthetic": COMBINED,
                "obedience": count / COMBINED,
            }
            rows.append(row | {"interval": wilson_interval(count, COMBINED), "each": agrees.mean(axis=0).tolist()})
        return rows

    def _made_with(
        self, began: float, hashes: dict[str, str], classifier_sha256: str, counts: dict[str, int]
    ) -> dict[str, Any]:
        """All that is needed to compute the result again."""
        taught = counts["training"]
        return {
            "time": began,
            "seconds": time.time() - began,
            "generator_sha256": self.sampler.sha256,
            "data_sha256": hashes,
            "classifier_sha256": classifier_sha256,
            "features_sha256": classifier_sha256 if self.seer is None else self.seer.sha256,
            "seed": self.seed,
            "positions": {
                "teaching": [0, taught],
                "scores": [taught, taught + counts["scores"]],
                "combinations": taught + counts["scores"],
            },
            "images_seen_by_a_classifier": budget(taught),
            "neighbours": metrics.neighbours_for(counts["scores"]),
            "device": self.device,
            "threads": torch.get_num_threads(),
            "versions": {"gan": __version__, "torch": str(torch.__version__), "numpy": np.__version__},
        }


def _notices(split: str, n: int, copies: dict[str, Any]) -> list[str]:
    """What a reader must know before believing the numbers, one sentence each."""
    notices = []
    held = copies["held_out"]
    if binomial_greater(held["count"], held["checked"], ACCUSED) < ALPHA:
        notices.append(
            f"{held['count']} of {held['checked']} validation images are near copies of training images, more than "
            f"the {ACCUSED:.0%} that chance explains (exact binomial test): the splits are not independent, and every "
            "score here flatters. Split by patient."
        )
    if n < 200:
        notices.append(f"Only {n} images in the {split} split: believe the intervals, not the numbers.")
    return notices
