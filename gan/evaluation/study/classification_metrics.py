"""Classification metrics on weighted test images, one value for each bootstrap draw and classifier. No torch.

Every function takes weights (B, n): how often each of n images counts in each of B draws. A value is NaN where its
draw has no images to compute it from.

Letters: n test images, K classes, R classifiers, B draws.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


def sensitivity(predicted: Labels, labels: Labels, weights: Floats, classes: int) -> Floats:
    """Recall of each class (B, R, K), of predictions (R, n) against labels (n,)."""
    return np.stack([_share(predicted == k, labels == k, weights) for k in range(classes)], axis=2)


def specificity(predicted: Labels, labels: Labels, weights: Floats, classes: int) -> Floats:
    """Share of the other classes' images that are not predicted as the class (B, R, K)."""
    return np.stack([_share(predicted != k, labels != k, weights) for k in range(classes)], axis=2)


def balanced_accuracy(sensitivities: Floats) -> Floats:
    """Mean sensitivity (B, R) over the classes that a draw holds, of sensitivities (B, R, K)."""
    present = ~np.isnan(sensitivities)
    count, total = present.sum(axis=2), np.where(present, sensitivities, 0).sum(axis=2)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), dtype=np.float32)


def f1(predicted: Labels, labels: Labels, weights: Floats, label: int) -> Floats:
    """F1 of one class (B, R): 2 TP / (2 TP + FP + FN)."""
    positive, true = predicted == label, labels == label
    hits = weights @ (positive & true).T.astype(np.float32)  # (B, R)
    total = weights @ positive.T.astype(np.float32) + (weights @ true.astype(np.float32))[:, None]
    return np.asarray(np.where(total > 0, 2 * hits / np.maximum(total, 1), np.nan), dtype=np.float32)


def auroc(scores: NDArray[np.floating], labels: Labels, weights: Floats) -> Floats:
    """Area under the ROC curve (B, R) of scores (R, n, K): macro-averaged, one class against the rest.

    With two classes, the usual binary area. Computed as the Mann-Whitney statistic (1947): the share of pairs in which
    the image of the class scores higher; a tie counts half. A class that a draw lacks, or holds alone, is left out.
    """
    classes = scores.shape[2]
    areas = [
        np.stack([_area(score[:, k], labels == k, weights) for score in scores], axis=1)  # (B, R)
        for k in (range(classes) if classes > 2 else [1])
    ]
    return balanced_accuracy(np.stack(areas, axis=2))  # the mean over the classes that a draw holds


def _area(score: NDArray[np.floating], positive: NDArray[np.bool_], weights: Floats) -> Floats:
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf) > 0)  # the first of each run of T equal scores
    above = np.add.reduceat(weights[:, order] * positive[order], starts, axis=1)  # (B, T)
    below = np.add.reduceat(weights[:, order] * ~positive[order], starts, axis=1)
    pairs = above.sum(axis=1) * below.sum(axis=1)
    won = (above * (below.cumsum(axis=1) - below / 2)).sum(axis=1)
    return np.asarray(np.where(pairs > 0, won / np.maximum(pairs, 1e-9), np.nan), dtype=np.float32)


def _share(hits: NDArray[np.bool_], among: NDArray[np.bool_], weights: Floats) -> Floats:
    """Weighted share (B, R) of hits (R, n) among images (n,)."""
    total = weights @ among.astype(np.float32)[:, None]  # (B, 1)
    counted = weights @ (hits & among).T.astype(np.float32)  # faster than copying the columns of `among`
    return np.asarray(np.where(total > 0, counted / np.maximum(total, 1e-9), np.nan), dtype=np.float32)
