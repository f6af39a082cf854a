"""The membership test: do a generator's samples reveal which real images it was trained on?

For each real image the distance to its nearest sample is measured in pixels, after alignment (`near_copies.py`). If
training images (members) lie nearer than held-out ones, the samples remember them (the black-box attack of Chen et al.
2020, GAN-Leaks, arXiv:1909.03935). The control compares members with members.

Not in our classifier's features: it was trained on the members, so its features distinguish them whatever the generator
does. Three things can mislead: splits that differ by themselves (another hospital in the validation split); patients
with several images who are not named, which raises false alarms; and one patient's images in both splits, which hides a
risk. A finding is a reason to look; none is no proof. The test uses
samples only: someone with the weights can find out more.

Members are all images that the run learned, unlabelled ones with an inferred class included.

Letters: n images, C channels, H W, K conditions.
"""

import time
from functools import partial

import numpy as np

from gan import __version__
from gan.data.fingerprint import check_learned
from gan.data.image_set import UNLABELLED, ImageSet
from gan.errors import DataError
from gan.evaluation.budget import MembershipBudget
from gan.evaluation.classifiers.reference import native_images, sample_rows, split_sha256
from gan.evaluation.classifiers.small_resnet import Images, PhaseProgress
from gan.evaluation.privacy.near_copies import NearCopyDetector
from gan.evaluation.records.membership_results import VERSION, MembershipResult, compare_distances
from gan.evaluation.training_images import load_training_images
from gan.io.progress import Progress, silent
from gan.runs.run import Run
from gan.sampling.sampler import Sampler, load_generator
from gan.training.pseudo_labels import with_pseudo_labels

LEAST = 20
"""Smallest number of members and of held-out images."""
CHUNK = 512


def membership_test(
    run: Run,
    snapshot: int | None = None,
    *,
    seed: int = 0,
    progress: Progress = silent,
    budget: MembershipBudget = MembershipBudget(),
) -> MembershipResult:
    """Test a snapshot, by default the newest, and save the result in the run's `evaluation/`.

    Raises RunError where the training images are not on this machine, or they or their inferred classes have changed,
    DataError where there are fewer than 20 training or validation images.
    """
    began = time.time()
    sampler, labelled = load_generator(run, snapshot), load_training_images(run, progress)
    images = _learned_images(run, labelled)
    members, held_out = (sample_rows(images, split, budget.images, seed) for split in ("train", "val"))
    for split, rows in (("training", members), ("validation", held_out)):
        if len(rows) < LEAST:
            raise DataError(
                f"{images.title} has {len(rows)} {split} images: a membership test takes at least {LEAST}. Add images."
            )
    samples = _samples(sampler, images, seed, budget.samples, partial(progress, "generating"))
    searching = partial(progress, "searching for the nearest samples")
    real = native_images(images, np.concatenate([members, held_out]))
    distances = NearCopyDetector(samples).nearest(real, progress=searching).pixel_distance
    groups = None if images.group is None else (images.group[members], images.group[held_out])
    comparison = compare_distances(distances[: len(members)], distances[len(members) :], groups, seed)
    result = MembershipResult(
        version=VERSION,
        run=run.name,
        snapshot=sampler.seen,
        n={"members": comparison.members, "held_out": comparison.held_out, "samples": len(samples)},
        auc=comparison.auc,
        interval=comparison.interval,
        near=comparison.near,
        control_auc=comparison.control_auc,
        control_near=comparison.control_near,
        p_value=comparison.p_value,
        patients_named=images.group is not None,
        notices=_notices(images, comparison.held_out, len(members), int((labelled.split[members] == UNLABELLED).sum())),
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


def _learned_images(run: Run, labelled: ImageSet) -> ImageSet:
    """The run's set, in which the unlabelled images that it learned are training images with their inferred class."""
    images, _ = with_pseudo_labels(run, labelled)
    check_learned(run.path, images.split == "train")
    return images


def _samples(sampler: Sampler, images: ImageSet, seed: int, limits: tuple[int, int], progress: PhaseProgress) -> Images:
    """Samples (n, C, H, W) with the conditions of training images in turn, n as many, within `limits`."""
    conditions = images.conditions[sample_rows(images, "train", len(images), seed)]
    n = int(np.clip(len(conditions), *limits))
    requested, parts = conditions[np.arange(n) % len(conditions)], []
    for first in range(0, n, CHUNK):
        parts.append(sampler.generate(requested[first : first + CHUNK], seed, first))
        progress(min(1.0, (first + CHUNK) / n))
    return np.concatenate(parts)


def _notices(images: ImageSet, held_out: int, members: int, inferred: int) -> list[str]:
    """Limits of the result that a reader must know; `inferred` of the members have no label."""
    notices = []
    if inferred:
        notices.append(
            f"{inferred:,} of {members:,} training images have no label: a classifier was sure of their class. The "
            "held-out ones are not chosen in this way. Where the two differ by themselves, the test raises a false "
            "alarm or hides a risk."
        )
    if held_out < 100:
        notices.append(f"Only {held_out} held-out images: too few to detect a small risk.")
    if images.group is None:
        notices.append(
            "Patients are not named, and the test takes images as independent. Where patients have several images, all "
            "in one split, it raises a false alarm in 20 to 47% of tests instead of 5% (simulations); where one "
            "patient's images are in both splits, a risk stays hidden. Name the patients to keep them whole in both."
        )
    return notices
