"""Classes of images of which a classifier is sure: pseudo-labels (Lee 2013, ICML workshop on challenges in
representation learning), with the threshold of FixMatch (Sohn et al. 2020, arXiv:2001.07685).

Letters: n images, C channels, H = W the side, K classes.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from gan.evaluation.classifiers.small_resnet import Classifier, ImageSequence, PhaseProgress, no_progress, predict

CONFIDENT = 0.95
"""Least probability of a class from which an image gets it."""


def confident_classes(
    classifier: Classifier, images: ImageSequence, progress: PhaseProgress = no_progress
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The class of each image uint8 (n, C, H, H), -1 where the classifier is not sure, and its probability (n,)."""
    probabilities = torch.softmax(predict(classifier, images, progress)[1], dim=1).numpy()  # (n, K)
    confidence = probabilities.max(axis=1, initial=0.0)
    return np.where(confidence >= CONFIDENT, probabilities.argmax(axis=1), -1), confidence
