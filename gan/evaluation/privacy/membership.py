"""The membership test: do a generator's samples betray which real images it was trained on?

For each real image the distance to its nearest sample is measured, as `near_copies.py` does: in pixels, best over small
shifts and mirroring. Where training images (members) lie nearer than held-out ones, samples remember them (the
black-box attack of Chen et al. 2020, GAN-Leaks, arXiv:1909.03935). The control splits members among themselves.

Pixels, not the features of our own classifier: that classifier was trained on the members and has learnt them by heart,
so that its features tell members from others whatever the generator does. Two things look like remembering and are
not: splits that differ by themselves (another hospital in the validation split), and, the other way, one patient's
images in both splits, which hides it. So a finding is a reason to look, and none is no proof. Samples alone are asked;
who has the weights can find out more.

Letters: n images, C channels, H W, K conditions.
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gan import __version__
from gan.data.image_set import ImageSet
from gan.errors import DataError, StoppedError
from gan.evaluation.classifiers.reference import native_images, sample_rows, split_sha256
from gan.evaluation.classifiers.small_resnet import Images
from gan.evaluation.privacy.near_copies import NearCopyDetector
from gan.evaluation.records.membership_results import VERSION, MembershipResult, compare_distances
from gan.evaluation.training_images import load_training_images
from gan.io.progress import Progress, silent
from gan.runs.run import Run
from gan.sampling.sampler import Sampler, load_generator

ASKED = 1000
"""Members and held-out images whose nearest sample is looked for, at most, each."""
SAMPLES = (2000, 8000)
"""Samples that are looked through: as many as there are training images, within these limits."""
LEAST = 20
"""Members or held-out images below which nothing can be told."""
CHUNK = 512


def membership_test(
    run: Run,
    snapshot: int | None = None,
    *,
    seed: int = 0,
    progress: Progress = silent,
    should_stop: Callable[[], bool] = lambda: False,
) -> MembershipResult | None:
    """Test a run's snapshot, the newest by default, and keep the result in its `evaluation/`; None where asked to stop.

    Raises RunError where the training images are not here or have changed, DataError where there are fewer than twenty
    training or validation images.
    """
    began = time.time()
    sampler, images = load_generator(run, snapshot), load_training_images(run, progress)
    members, held_out = sample_rows(images, "train", ASKED, seed), sample_rows(images, "val", ASKED, seed)
    for split, rows in (("training", members), ("validation", held_out)):
        if len(rows) < LEAST:
            raise DataError(
                f"{images.title} has {len(rows)} {split} images: a membership test takes at least {LEAST}. Add images."
            )

    def phase(name: str, done: float) -> None:
        progress(name, done)
        if should_stop():
            raise StoppedError

    try:
        samples = _samples(sampler, images, seed, lambda done: phase("generating", done))
        distances = _distances(samples, images, np.concatenate([members, held_out]), phase)
    except StoppedError:
        return None
    group = None if images.group is None else images.group[members]
    found = compare_distances(distances[: len(members)], distances[len(members) :], group, seed)
    result = MembershipResult(
        version=VERSION,
        run=run.name,
        snapshot=sampler.seen,
        n={"members": found.members, "held_out": found.held_out, "samples": len(samples)},
        auc=found.auc,
        interval=found.interval,
        near=found.near,
        control_auc=found.control_auc,
        control_near=found.control_near,
        p_value=found.p_value,
        notices=_notices(images, found.held_out),
        made_with={
            "time": began,
            "seconds": time.time() - began,
            "generator_sha256": sampler.sha256,
            "data_sha256": {split: split_sha256(images, split) for split in ("train", "val")},
            "seed": seed,
            "gan": __version__,
        },
    )
    result.save(run)
    return result


def _samples(sampler: Sampler, images: ImageSet, seed: int, report: Callable[[float], None]) -> Images:
    """Samples (n, C, H, W) with the conditions of training images, each as often as the next."""
    conditions = images.conditions[sample_rows(images, "train", len(images), seed)]
    n = int(np.clip(len(conditions), *SAMPLES))
    asked, parts = conditions[np.arange(n) % len(conditions)], []
    for first in range(0, n, CHUNK):
        parts.append(sampler.generate(asked[first : first + CHUNK], seed, first))
        report(min(1.0, (first + CHUNK) / n))
    return np.concatenate(parts)


def _distances(
    samples: Images, images: ImageSet, rows: NDArray[np.int64], phase: Callable[[str, float], None]
) -> NDArray[np.float64]:
    """Distance (n,) of each real image to its nearest sample."""
    name = "looking for the nearest samples"
    return (
        NearCopyDetector(samples)
        .nearest(native_images(images, rows), progress=lambda done: phase(name, done))
        .pixel_distance
    )


def _notices(images: ImageSet, held_out: int) -> list[str]:
    """What a reader must know before believing the result, one sentence each."""
    notices = []
    if held_out < 100:
        notices.append(f"Only {held_out} held-out images: a small risk cannot be seen with so few.")
    if images.group is None:
        notices.append("Patients are not named: images of one patient in both splits would hide a risk.")
    return notices
