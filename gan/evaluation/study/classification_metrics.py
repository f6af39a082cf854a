"""Classification metrics of several classifiers on the same images, some with each image's influence. No torch.

An `Estimate` holds a metric and the influence of each image: the metric on another sample of images is close to the
value plus the sum of their influences. Sums of squared influences give the variance over images (`comparisons.py`); for
the AUROC that is DeLong's (1988, Biometrics 44:837). The influence on average precision is its derivative by an image's
weight, the infinitesimal jackknife (Efron 1982, The Jackknife, the Bootstrap and Other Resampling Plans, chapter 6).

A macro mean is over the conditions that the images hold and lack: no image ranks a class that is not there.

Letters: n images, K conditions (classes, or attributes), S classifiers, one for each seed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

ECE_BINS = 15


@dataclass(frozen=True)
class Estimate:
    """A metric of each classifier, `values` (S,), and the influence of each image on it, `influence` (S, n)."""

    values: Floats
    influence: Floats


BinaryMetric = Callable[[NDArray[np.floating], NDArray[np.bool_]], Estimate]
"""A metric of scores (S, n) of images that are `positive` (n,) or not, at least one of each."""


def sensitivity(predicted: Labels, labels: Labels, label: int) -> Estimate:
    """Share of a class's images that are predicted as the class, of predictions (S, n) and labels (n,)."""
    return _share(predicted == label, labels == label)


def specificity(predicted: Labels, labels: Labels, label: int) -> Estimate:
    """Share of the other classes' images that are not predicted as the class."""
    return _share(predicted != label, labels != label)


def balanced_accuracy(predicted: Labels, labels: Labels, classes: int) -> Estimate:
    """Mean sensitivity over the classes that the images hold."""
    return mean([sensitivity(predicted, labels, k) for k in range(classes) if (labels == k).any()])


def area_under_roc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> Estimate:
    """Area under the ROC curve of scores (S, n); some images are `positive` (n,), not all.

    The share of pairs in which the positive image scores higher, a tie counts half (Mann and Whitney 1947).
    """
    p, n = int(positive.sum()), len(positive)
    ranks = rankdata(scores, axis=1)
    within = np.empty_like(ranks)
    within[:, positive], within[:, ~positive] = (
        rankdata(scores[:, positive], axis=1),
        rankdata(scores[:, ~positive], axis=1),
    )
    won = ranks - within  # of a positive image: negatives below it; of a negative one: positives below it
    parts = np.where(positive, won / (n - p), 1 - won / p)
    values = parts[:, positive].mean(axis=1)
    return Estimate(values, (parts - values[:, None]) / np.where(positive, p, n - p))


def average_precision(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> Estimate:
    """Average precision of scores (S, n), as scikit-learn has it: the mean over positive images of the precision at
    their score. Some images are `positive` (n,), not all; guessing reaches their share.

    With N(s) images and P(s) positive ones from a score s on, another image of weight dw above s changes the precision
    P(s) / N(s) by dw / N(s) if it is positive, and by -P(s) / N(s)^2 dw anyway; a positive one is also one more in the
    mean.
    """
    return _stacked([_average_precision(one, positive) for one in scores.astype(np.float64)])


def macro(metric: BinaryMetric, scores: NDArray[np.floating], targets: NDArray[np.generic]) -> Estimate | None:
    """The mean of a metric over the conditions of scores (S, n, K) that the targets (n, K) hold and lack.

    None where there is no such condition.
    """
    of_each = macro_parts(metric, scores, targets)
    return mean(list(of_each.values())) if of_each else None


def macro_parts(
    metric: BinaryMetric, scores: NDArray[np.floating], targets: NDArray[np.generic]
) -> dict[int, Estimate]:
    """The metric of each condition by its position; without those that the targets do not both hold and lack."""
    positive = targets.astype(bool)
    ranked = np.flatnonzero(positive.any(axis=0) & ~positive.all(axis=0)).tolist()
    return {k: metric(scores[:, :, k], positive[:, k]) for k in ranked}


def f1(predicted: Labels, labels: Labels, label: int) -> Floats:
    """F1 of one class (S,): 2 TP / (2 TP + FP + FN); 0 where the class is neither present nor predicted."""
    positive, true = predicted == label, labels == label
    total = positive.sum(axis=1) + true.sum()
    return np.asarray(2 * (positive & true).sum(axis=1) / np.maximum(total, 1), dtype=np.float64)


def sensitivity_at_specificity(scores: NDArray[np.floating], positive: NDArray[np.bool_], specificity: float) -> Floats:
    """The largest sensitivity (S,) that some threshold on scores (S, n) reaches with at least this specificity."""
    negatives = np.sort(scores[:, ~positive], axis=1)
    allowed = int(np.floor((1 - specificity) * negatives.shape[1] + 1e-9))  # false positives
    if allowed >= negatives.shape[1]:
        return np.ones(len(scores))
    limit = negatives[:, negatives.shape[1] - 1 - allowed]
    return np.asarray((scores[:, positive] > limit[:, None]).mean(axis=1), dtype=np.float64)


def brier(probabilities: NDArray[np.floating], labels: Labels) -> Floats:
    """Brier score (S,) of probabilities (S, n, K): the mean squared error, summed over classes; with two, of one."""
    classes = probabilities.shape[2]
    squares = ((probabilities - np.eye(classes)[labels]) ** 2).sum(axis=2).mean(axis=1)
    return np.asarray(squares / 2 if classes == 2 else squares, dtype=np.float64)


def expected_calibration_error(probabilities: NDArray[np.floating], labels: Labels) -> Floats:
    """Mean distance (S,) of confidence from accuracy, over ECE_BINS bins of confidence (Guo et al. 2017)."""
    confidence, correct = probabilities.max(axis=2), probabilities.argmax(axis=2) == labels  # (S, n)
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = np.zeros(len(probabilities))
    for b in range(ECE_BINS):
        gaps += np.abs(((confidence - correct) * (bins == b)).sum(axis=1))
    return np.asarray(gaps / probabilities.shape[1])


def attribute_calibration_error(probabilities: NDArray[np.floating], targets: NDArray[np.uint8]) -> Floats:
    """Mean over attributes of the distance (S,) of probabilities (S, n, K) from how often the targets (n, K) are 1.

    Over ECE_BINS bins of probability, as reliability diagrams of binary outcomes have them.
    """
    bins = np.minimum((probabilities * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = np.zeros((len(probabilities), probabilities.shape[2]))
    for b in range(ECE_BINS):
        gaps += np.abs(((probabilities - targets) * (bins == b)).sum(axis=1))
    return np.asarray(gaps.mean(axis=1) / probabilities.shape[1])


def attribute_offsets(logits: NDArray[np.floating], targets: NDArray[np.generic]) -> Floats:
    """What to add to logits (n, K) of attributes, so that those above 0 give each attribute the highest balanced
    accuracy; 0 for an attribute that the targets (n, K) do not both hold and lack."""
    offsets = np.zeros(logits.shape[1])
    for k, labels in enumerate(targets.astype(np.int64).T):
        if 0 < labels.sum() < len(labels):
            offsets[k] = class_offsets(np.stack([np.zeros(len(labels)), logits[:, k]], axis=1), labels)[1]
    return offsets


def class_offsets(log_probabilities: NDArray[np.floating], labels: Labels) -> Floats:
    """What to add to log probabilities (n, K) so that the largest is right most often, classes weighed equally.

    For two classes this is the threshold of highest balanced accuracy on these images, in the middle between two
    scores. With more, each class's offset is chosen in turn, twice. Among equally good offsets the one nearest to 0.
    """
    classes = log_probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    weight = np.where(counts > 0, 1 / np.maximum(counts, 1), 0)[labels]  # (n,)
    offsets = np.zeros(classes)
    for k in [1] if classes == 2 else [*range(classes)] * 2:
        others = np.delete(log_probabilities + offsets, k, axis=1)
        best_other = others.argmax(axis=1)
        needed = others.max(axis=1) - log_probabilities[:, k]  # (n,): the offset from which on class k is predicted
        ordered = np.sort(needed)
        candidates = np.concatenate([[ordered[0] - 1], (ordered[1:] + ordered[:-1]) / 2, [ordered[-1] + 1], [0.0]])
        right = np.where(labels == k, weight, 0.0)
        wrong = np.where(np.delete(np.arange(classes), k)[best_other] == labels, weight, 0.0)
        order = np.argsort(needed)
        gained = np.concatenate([[0.0], np.cumsum((right - wrong)[order])])
        accuracy = gained[np.searchsorted(ordered, candidates, side="left")]
        best = candidates[accuracy >= accuracy.max() - 1e-12]
        offsets[k] = best[np.abs(best).argmin()]
    return offsets


def probabilities(logits: NDArray[np.floating]) -> Floats:
    """Softmax over the last axis."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def sigmoid(logits: NDArray[np.floating]) -> Floats:
    """The probability of each attribute by itself."""
    return np.asarray(expit(logits.astype(np.float64)))


def mean(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of several metrics of the same classifiers and images."""
    return Estimate(
        np.mean([estimate.values for estimate in estimates], axis=0),
        np.mean([estimate.influence for estimate in estimates], axis=0),
    )


def _share(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> Estimate:
    """Share of hits (S, n) among images (n,); 0 without any."""
    total = max(int(among.sum()), 1)
    values = (hits & among).sum(axis=1) / total
    return Estimate(values, (hits - values[:, None]) * among / total)


def _average_precision(scores: Floats, positive: NDArray[np.bool_]) -> Estimate:
    """For one classifier's scores (n,); an Estimate without the axis of seeds."""
    order = np.argsort(-scores, kind="stable")
    ranked, hit = scores[order], positive[order]
    first = np.searchsorted(-ranked, -ranked, side="left")  # of the images of equal score
    above = np.searchsorted(-ranked, -ranked, side="right")  # N(s)
    precision = np.cumsum(hit)[above - 1] / above
    value, count = float(precision[hit].mean()), int(hit.sum())

    def below(terms: Floats) -> Floats:
        """The sum of these terms over positive images of no higher score."""
        return np.cumsum((terms * hit)[::-1])[::-1][first]

    ranked_influence = (hit * (precision - value + below(1 / above)) - below(precision / above)) / count
    influence = np.empty(len(scores))
    influence[order] = ranked_influence
    return Estimate(np.array(value), influence)


def _stacked(estimates: list[Estimate]) -> Estimate:
    return Estimate(np.stack([one.values for one in estimates]), np.stack([one.influence for one in estimates]))
