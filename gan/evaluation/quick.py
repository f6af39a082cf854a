"""One evaluation of one snapshot: generate, train a classifier on what was generated, compare, look for copies.

    python -m gan evaluate RUN [--snapshot S] [--split test]

Synthetic images are made with the conditions of real ones, image for image: as many as the classifiers are trained on,
and as many again as the scores compare. The training split teaches; the split that is asked for, by default the
validation split, tests. The test split is read only where it is that one. Read next: `reference.py`, `compare.py`.

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

from gan import __version__, data
from gan.data.imageset import ImageSet
from gan.data.source import Progress, silent
from gan.errors import DataError, RunError, UserError
from gan.evaluation import scores
from gan.evaluation.classifier import Classifier, Images, StoppedError, budget, fit, look
from gan.evaluation.compare import SHARES, Spread, classes, compare, floor
from gan.evaluation.near_copies import Detector, Nearest
from gan.evaluation.reference import MOST, Shown, as_shown, fingerprint, picked, reference
from gan.evaluation.results import SPLITS, VERSION, Result
from gan.runs import Run
from gan.sample import Sampler, load_generator

COMPARED = 10_000
"""Images of each kind in the scores, at most."""
CHECKED = 1000
"""Images asked whether they are near copies, at most, synthetic and held-out each."""
LEAST = 10
"""Images of a split or condition below which nothing is compared."""
PAIRS = 12
"""Closest pairs that are kept, to be shown."""


def evaluate(
    run: Run,
    snapshot: int | None = None,
    progress: Progress = silent,
    should_stop: Callable[[], bool] = lambda: False,
    *,
    split: str = "val",
    seed: int = 0,
    device: str = "cpu",
) -> Result | None:
    """The scores of a run's snapshot, the newest by default, kept in its `evaluation/`; None where asked to stop.

    `split` is "val", or "test" for the last word; `seed` fixes the synthetic images and the classifier trained on them.
    Raises UserError for another split, RunError where the run's data changed since it was trained, DataError where
    the split has fewer than ten images.
    """
    if split not in SPLITS:
        raise UserError(f"split is {split!r}: it takes val, for choosing, or test, for the last word.")
    sampler, images = load_generator(run, snapshot, device), data.load(run.config.data, progress)
    _check(run, images, split)
    try:
        result = _Evaluation(run, sampler, images, split, seed, device, progress, should_stop).result()
    except StoppedError:
        return None
    result.save(run)
    return result


def _check(run: Run, images: ImageSet, split: str) -> None:
    now, then = images.facts(), run.facts()
    if any(getattr(now, key) != getattr(then, key) for key in ("names", "kind", "channels", "image_size")):
        raise RunError(f"The data of {run.name} is not what it was trained on: {images.title} has changed since.")
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
    seed: int
    device: str
    progress: Progress
    should_stop: Callable[[], bool]

    def result(self) -> Result:
        """All steps in their order; raises StoppedError within them."""
        began, images = time.time(), self.images
        hashes = {split: fingerprint(images, split) for split in dict.fromkeys(("train", "val", self.split))}
        report = self._phase("training on real")
        own = reference(images, hashes["train"], self.device, report, self.should_stop)
        train, held = picked(images, "train", MOST), picked(images, self.split, COMPARED, self.seed)
        teaching = self._generated(images.conditions[train], 0)  # (n, C, H, H), as many as taught `own`
        synthetic = self._generated(images.conditions[held], len(train))

        real, conditions = as_shown(images, held), images.conditions[held]
        group = None if images.group is None else images.group[held]
        real_features, logits = look(own.network, real, self._phase("looking at real"))
        features, _ = look(own.network, synthetic, self._phase("looking at synthetic"))
        asked = images.conditions[train[:COMPARED]]
        taught = self._taught(teaching, images.conditions[train])
        accuracies = {
            "obedience": scores.accuracy(look(own.network, teaching[:COMPARED])[1], asked, images.kind),
            "cas": scores.accuracy(look(taught, real)[1], conditions, images.kind, group),
            "real_accuracy": scores.accuracy(logits, conditions, images.kind, group),
        }
        labels = classes(images, held)
        whole = compare(real_features, features, None if labels is None else (labels, labels), self.seed)
        between, like_floor = floor(real_features, features, images, held, self.seed)
        spread = Spread.of(real, synthetic, real_features, features, conditions)
        copies, found = self._near_copies(own.network, teaching[:CHECKED], train)

        values, intervals = dict(whole.values), dict(whole.intervals)
        for name, accuracy in accuracies.items():
            values |= {name: accuracy.overall, f"{name}_balanced": accuracy.balanced}
            intervals |= {name: accuracy.interval, f"{name}_balanced": accuracy.balanced_interval}
        counts = {"scores": len(held), "floor": int(between["n"]), "training": len(train), "obedience": len(asked)}
        return Result(
            version=VERSION,
            run=self.run.name,
            snapshot=self.sampler.seen,
            split=self.split,
            n=counts,
            **values,
            floor=between,
            like_floor=like_floor,
            diversity=spread.summary(),
            near_copies=copies,
            per_condition=self._per_condition(conditions, asked, accuracies, (real_features, features), spread, found),
            intervals=intervals,
            notices=_notices(self.split, len(held), copies),
            made_with=self._made_with(began, hashes, own.sha256, counts),
        )

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
        return fit(
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
        shown = Shown(self.images, every)
        trained, _ = look(network, shown, self._phase("looking at training set"))
        detector = Detector(shown, trained)
        held_out = as_shown(self.images, picked(self.images, "val", CHECKED, self.seed))
        held = detector.calibrate(held_out, look(network, held_out)[0], self._phase("measuring real images"))
        found = detector.nearest(checked, look(network, checked)[0], self._phase("looking for near copies"))
        return _counted(found) | {
            "interval": scores.share_interval(int(found.copy.sum()), len(checked)),
            "threshold": detector.threshold,
            "held_out": _counted(held),
            "pairs": [
                {
                    "image": int(i),
                    "condition": _named(self.images, train[i]),
                    "training_image": int(every[found.pixel_index[i]]),
                    "closeness": float(found.closeness[i]),
                    "distance": float(found.pixel_distance[i]),
                    "copy": bool(found.copy[i]),
                    "training_image_by_features": int(every[found.feature_index[i]]),
                    "distance_in_features": float(found.feature_distance[i]),
                }
                for i in np.argsort(found.closeness, kind="stable")[:PAIRS]
            ],
        }, found

    def _per_condition(
        self,
        conditions: NDArray[np.float32],
        asked: NDArray[np.float32],
        accuracies: dict[str, scores.Accuracy],
        features: tuple[Tensor, Tensor],
        spread: Spread,
        found: Nearest,
    ) -> list[dict[str, Any]]:
        """A row for each condition, with its numbers of images; None where they are too few for a score."""
        rows = []
        for k, name in enumerate(self.images.names):
            members = torch.from_numpy(np.flatnonzero(conditions[:, k] > 0.5))
            near = found.copy[asked[: len(found.copy), k] > 0.5]
            row = {
                "condition": name,
                "real": accuracies["real_accuracy"].support[k],
                "synthetic": accuracies["obedience"].support[k],
                "diversity": spread.ratios[k],
                "near_copies": int(near.sum()),
                "checked": len(near),
            }
            row |= {score: accuracy.per_condition[k] for score, accuracy in accuracies.items()}
            enough = len(members) >= LEAST
            some = scores.neighbours(features[0][members], features[1][members]) if enough else None
            row |= {score: None if some is None else float(getattr(some, score).mean()) for score in SHARES}
            rows.append(row)
        return rows

    def _made_with(
        self, began: float, hashes: dict[str, str], features_sha256: str, counts: dict[str, int]
    ) -> dict[str, Any]:
        """All that is needed to compute the result again."""
        taught = counts["training"]
        return {
            "time": began,
            "seconds": time.time() - began,
            "generator_sha256": self.sampler.sha256,
            "data_sha256": hashes,
            "features_sha256": features_sha256,
            "seed": self.seed,
            "positions": {"teaching": [0, taught], "scores": [taught, taught + counts["scores"]]},
            "images_seen_by_a_classifier": budget(taught),
            "device": self.device,
            "threads": torch.get_num_threads(),
            "versions": {"gan": __version__, "torch": str(torch.__version__), "numpy": np.__version__},
        }


def _counted(found: Nearest) -> dict[str, Any]:
    count, checked = int(found.copy.sum()), len(found.copy)
    closeness = float(np.median(found.closeness))
    return {"count": count, "checked": checked, "rate": count / checked, "median_closeness": closeness}


def _named(images: ImageSet, row: int) -> str:
    """The condition of a training image in words, as `--condition` takes it."""
    if images.kind == "class":
        return images.names[int(images.conditions[row].argmax())]
    return ",".join(f"{name}={int(value)}" for name, value in zip(images.names, images.conditions[row], strict=True))


def _notices(split: str, n: int, copies: dict[str, Any]) -> list[str]:
    """What a reader must know before believing the numbers, one sentence each."""
    notices = []
    held = copies["held_out"]
    if held["count"] > max(1, 0.01 * held["checked"]):
        notices.append(
            f"{held['count']} of {held['checked']} validation images are near copies of training images: the splits of "
            "this data set are not independent, and every score here flatters. Split by patient."
        )
    if n < 200:
        notices.append(f"Only {n} images in the {split} split: believe the intervals, not the numbers.")
    return notices
