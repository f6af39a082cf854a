"""Metrics of attributes by hand, against scikit-learn, and their influences against leaving images out."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from gan.evaluation.study import classification_metrics
from gan.evaluation.study.classification_metrics import BinaryMetric, Estimate, area_under_roc, average_precision, macro
from gan.evaluation.study.comparisons import Sample, means


def drawn(n: int, seed: int, *, ties: bool = False) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores (2, n) of images a quarter of which are positive, and which are."""
    generator = np.random.default_rng(seed)
    positive = generator.random(n) < 0.25
    scores = generator.normal(0, 1, (2, n)) + 1.2 * positive
    return (np.round(scores * 2) if ties else scores), positive


def test_average_precision_by_hand() -> None:
    positive = np.array([True, False, True, False])
    found = average_precision(np.array([[0.9, 0.7, 0.5, 0.1], [0.1, 0.5, 0.5, 0.9]]), positive)
    # first 1/1 and 2/3; then 1/3 where two images tie, and 2/4 at the last
    assert found.values.tolist() == pytest.approx([(1 + 2 / 3) / 2, (1 / 3 + 2 / 4) / 2])
    assert found.influence.sum(axis=1).tolist() == pytest.approx([0, 0])  # twice of every image is the same


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", [12, 300])
def test_ranking_metrics_of_an_attribute_equal_those_of_scikit_learn(n: int, ties: bool) -> None:
    scores, positive = drawn(n, 0, ties=ties)
    for s in range(2):
        assert average_precision(scores, positive).values[s] == pytest.approx(
            average_precision_score(positive, scores[s])
        )
        assert area_under_roc(scores, positive).values[s] == pytest.approx(roc_auc_score(positive, scores[s]))


@pytest.mark.parametrize("ties", [False, True])
def test_the_influence_on_average_precision_is_its_derivative_by_an_images_weight(ties: bool) -> None:
    scores, positive = drawn(40, 1, ties=ties)
    found, step = average_precision(scores, positive), 1e-6
    for i in range(40):
        weights = np.ones(40)
        weights[i] += step
        heavier = average_precision_score(positive, scores[0], sample_weight=weights)
        assert (heavier - found.values[0]) / step == pytest.approx(found.influence[0, i], abs=1e-5)


@pytest.mark.parametrize("metric", [area_under_roc, average_precision])
def test_influences_give_the_variance_of_the_jackknife(metric: BinaryMetric) -> None:
    scores, positive = drawn(400, 2)
    found = metric(scores, positive)
    left_out = np.array([metric(np.delete(scores, i, axis=1), np.delete(positive, i)).values for i in range(400)])
    jackknife = 399 / 400 * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)
    assert (found.influence**2).sum(axis=1) == pytest.approx(jackknife, rel=0.06)


def test_the_interval_of_average_precision_covers_its_true_value() -> None:
    truth = float(average_precision(*drawn(200_000, 3)).values.mean())
    covered = []
    for seed in range(300):
        scores, positive = drawn(200, 10 + seed)
        same = Estimate(
            *(np.repeat(part[:1], 2, axis=0) for part in vars(average_precision(scores, positive)).values())
        )
        (found,) = means([same], Sample(positive.astype(np.int64)))  # no seed differs: images alone
        low, high = found.interval()
        covered.append(low <= truth <= high)
    assert np.mean(covered) >= 0.92


def test_a_macro_mean_leaves_out_attributes_that_the_images_do_not_hold_and_lack() -> None:
    scores = np.random.default_rng(0).random((2, 6, 3))
    targets = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 0], [1, 0, 0]], np.uint8)
    each = [roc_auc_score(targets[:, k], scores[1, :, k]) for k in (0, 2)]
    found = macro(area_under_roc, scores, targets)
    assert found is not None
    assert found.values[1] == pytest.approx(np.mean(each))
    assert macro(average_precision, scores[:, :, 1:2], targets[:, 1:2]) is None


def test_thresholds_and_calibration_of_attributes_by_hand() -> None:
    logits = np.array([[-3.0, 0.0], [-1.0, 1.0], [-2.0, 2.0], [0.5, 3.0]])
    targets = np.array([[0, 1], [1, 1], [0, 1], [1, 1]])
    offsets = classification_metrics.attribute_offsets(logits, targets)
    assert offsets.tolist() == [1.5, 0.0]  # in the middle of -2 and -1; and nothing to choose
    assert ((logits + offsets)[:, 0] > 0).tolist() == [False, True, False, True]
    probabilities = np.array([[[0.1, 0.9], [0.11, 0.9], [0.9, 0.9], [0.9, 0.9]]])
    targets = np.array([[0, 1], [1, 1], [1, 1], [1, 1]])
    error = classification_metrics.attribute_calibration_error(probabilities, targets)
    assert error[0] == pytest.approx((abs(0.1 + 0.11 - 1) + 0.2 + 0.4) / 4 / 2)
    assert classification_metrics.sigmoid(np.array([0.0, 2.0])).tolist() == pytest.approx([0.5, 1 / (1 + np.exp(-2))])
