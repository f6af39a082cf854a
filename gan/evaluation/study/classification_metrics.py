"""How well classifiers do on test images that count differently in each bootstrap draw; no torch.

Every function takes the weights (B, n) with which n images count in B draws, and gives a value for each draw and each
of R classifiers. A value that has no images to be computed from is not a number.

Letters: n test images, K classes, R classifiers, B draws.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


def sensitivity(predicted: Labels, labels: Labels, weights: Floats, classes: int) -> Floats:
    """Share of each class's images that is recognised (B, R, K), of predictions (R, n) against labels (n,)."""
    return np.stack([_share(predicted == k, labels == k, weights) for k in range(classes)], axis=2)


def specificity(predicted: Labels, labels: Labels, weights: Floats, classes: int) -> Floats:
    """Share of the other classes' images that is not taken for this class (B, R, K)."""
    return np.stack([_share(predicted != k, labels != k, weights) for k in range(classes)], axis=2)


def balanced(sensitivities: Floats) -> Floats:
    """Balanced accuracy (B, R): the mean sensitivity (B, R, K) of the classes that a draw holds."""
    known = ~np.isnan(sensitivities)
    count, total = known.sum(axis=2), np.where(known, sensitivities, 0).sum(axis=2)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), dtype=np.float32)


def f1(predicted: Labels, labels: Labels, weights: Floats, label: int) -> Floats:
    """F1 of one class (B, R): 2 TP / (2 TP + FP + FN)."""
    said, true = predicted == label, labels == label
    hits = weights @ (said & true).T.astype(np.float32)  # (B, R)
    asked = weights @ said.T.astype(np.float32) + (weights @ true.astype(np.float32))[:, None]
    return np.asarray(np.where(asked > 0, 2 * hits / np.maximum(asked, 1), np.nan), dtype=np.float32)


def auroc(scores: NDArray[np.floating], labels: Labels, weights: Floats) -> Floats:
    """Area under the ROC curve (B, R) of scores (R, n, K): the mean over classes, each against the rest.

    Of two classes it is the usual one. It is the chance that an image of the class scores above one of the rest, where
    a tie counts half (Mann and Whitney 1947). Classes that a draw lacks, or holds alone, are left out of its mean.
    """
    classes = scores.shape[2]
    each = [
        np.stack([_area(one[:, k], labels == k, weights) for one in scores], axis=1)  # (B, R)
        for k in (range(classes) if classes > 2 else [1])
    ]
    return balanced(np.stack(each, axis=2))


def _area(score: NDArray[np.floating], positive: NDArray[np.bool_], weights: Floats) -> Floats:
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf) > 0)  # the first of each set of equal scores
    above = np.add.reduceat(weights[:, order] * positive[order], starts, axis=1)  # (B, T)
    below = np.add.reduceat(weights[:, order] * ~positive[order], starts, axis=1)
    pairs = above.sum(axis=1) * below.sum(axis=1)
    won = (above * (below.cumsum(axis=1) - below / 2)).sum(axis=1)
    return np.asarray(np.where(pairs > 0, won / np.maximum(pairs, 1e-9), np.nan), dtype=np.float32)


def _share(hits: NDArray[np.bool_], of: NDArray[np.bool_], weights: Floats) -> Floats:
    """Weighted share (B, R) of images that hit (R, n), among those of `of` (n,)."""
    total = weights @ of.astype(np.float32)[:, None]  # (B, 1)
    counted = weights @ (hits & of).T.astype(np.float32)  # a product of the whole is quicker than a copy of a part
    return np.asarray(np.where(total > 0, counted / np.maximum(total, 1e-9), np.nan), dtype=np.float32)
