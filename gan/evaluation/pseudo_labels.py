"""Classes of unlabelled images, inferred by a classifier of the others, for the GAN to learn: pseudo-labels (Lee
2013), as Lucic et al. 2019 (arXiv:1903.02271) let GANs learn from few labels.

The classifier is trained as the control of a study that learns unlabelled images (`study/arm_training.py`): the small
network, semi-supervised, in the state with the best AUROC on validation images. No validation or test image, nor any
other of their patients, gets a class here.

Letters: N images, u unlabelled ones, K classes.
"""

import time
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.data.unlabelled import unlabelled_for_training
from gan.errors import DataError
from gan.evaluation.classifiers.confident_classes import confident_classes
from gan.evaluation.classifiers.reference import NativeImages, native_images, sample_rows
from gan.evaluation.classifiers.small_resnet import Classifier, PhaseProgress, predict
from gan.evaluation.study.arm_training import ArmTrainer, TrainingSet
from gan.evaluation.study.arms import ArmPlan
from gan.evaluation.study.divisions import Division, divide
from gan.evaluation.study.predictions import validation_auroc
from gan.evaluation.study.study_options import StudyOptions, TrainingBudget
from gan.io.progress import Progress
from gan.runs.run import Run
from gan.training.pseudo_labels import PseudoLabels

MAX_JUDGED = 2_000
"""Most validation images that tell how many of the classes are right."""
TEACHER = ArmPlan("semi-supervised", "semi-supervised training", "unlabelled", {}, recipe="classical")
TRAINED = 0.9
"""Share of the time that the training of the classifier takes, about."""


def label_unlabelled_images(
    run: Run, images: ImageSet, progress: Progress, device: str = "cpu", budget: TrainingBudget = TrainingBudget()
) -> None:
    """Infer the classes of a run's unlabelled images and keep them in its folder, where its config asks for them.

    From the first snapshot on they stay as they are: the networks have learned them. Raises what `infer_pseudo_labels`
    raises.
    """
    if not run.config.data.pseudo_labels or run.snapshots():
        return
    if run.config.job.threads:
        torch.set_num_threads(run.config.job.threads)
    infer_pseudo_labels(images, run.config.train.seed, progress, device, budget).save(run)
    if device == "cuda":
        torch.cuda.empty_cache()  # training looks at the free memory


def infer_pseudo_labels(
    images: ImageSet, seed: int, progress: Progress, device: str = "cpu", budget: TrainingBudget = TrainingBudget()
) -> PseudoLabels:
    """The classes of the unlabelled images of a set of which a classifier of its labelled ones is sure.

    The same seed and images give the same on one machine. Raises DataError where the set has attributes, not classes,
    or no validation image.
    """
    began = time.monotonic()
    if images.kind != "class":
        raise DataError(f"data.pseudo_labels is true: {images.title} has attributes, not classes. Set it to false.")
    if not len(images.rows("val")):
        raise DataError(
            f"{images.title} has no validation images, by which a classifier of its images is judged: set "
            "data.pseudo_labels to false, or add images."
        )
    advance = partial(progress, "labelling unlabelled images")
    rows = unlabelled_for_training(images)  # (u,)
    labels, confidence = np.full(len(images), -1, np.int16), np.zeros(len(images), np.float32)
    judged = np.zeros(4, np.int64)
    if len(rows):
        shown = NativeImages(images, rows)
        classifier = _train(divide(images, 1.0)[0], shown, seed, device, budget, lambda done: advance(TRAINED * done))
        judged = _judge(classifier, images, seed)
        labels[rows], confidence[rows] = confident_classes(
            classifier, shown, lambda done: advance(TRAINED + (1 - TRAINED) * done)
        )
    return PseudoLabels(labels, confidence, judged, time.monotonic() - began)


def _train(
    division: Division,
    unlabelled: NativeImages,
    seed: int,
    device: str,
    budget: TrainingBudget,
    progress: PhaseProgress,
) -> Classifier:
    """A classifier of labelled and unlabelled images, in the state that is best on the validation images."""
    development, truth = division.development(), division.validation
    train, val = development.rows("train"), native_images(development, development.rows("val"))
    real = TrainingSet(native_images(development, train), development.conditions[train])
    nothing = TrainingSet(real.images[:0], real.conditions[:0])
    trainer = ArmTrainer(
        real,
        development.kind,
        unlabelled,
        lambda network: validation_auroc(predict(network, val)[1].numpy(), truth),
        StudyOptions(device=device, budget=budget),
    )
    return trainer.train(TEACHER, nothing, seed, progress).network


def _judge(classifier: Classifier, images: ImageSet, seed: int) -> NDArray[np.int64]:
    """What `PseudoLabels.judged` counts."""
    rows = sample_rows(images, "val", MAX_JUDGED, seed)
    truth, shown = images.labels()[rows], native_images(images, rows)
    right = predict(classifier, shown)[1].argmax(dim=1).numpy() == truth
    sure = confident_classes(classifier, shown)[0] >= 0
    return np.array([len(rows), right.sum(), sure.sum(), (sure & right).sum()], dtype=np.int64)
