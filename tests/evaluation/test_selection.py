"""Images that show something else, or look like nothing real, are the first to go. On real digits and by hand."""

import numpy as np
import pytest
import torch

from gan.config.options import build_config
from gan.data import registry
from gan.errors import ConfigError
from gan.evaluation.classifiers.small_resnet import FEATURES, Classifier, Images
from gan.evaluation.classifiers.training import train_classifier
from gan.evaluation.selection import SelectionScores
from gan.evaluation.selector import Selector

Digits = tuple[Images, np.ndarray, Images, np.ndarray]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Digits:
    """Real digits: training images and classes, then held-out ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_STORE", str(tmp_path_factory.mktemp("store")))
        found = registry.load_image_set(build_config({}).data)
    train, held = found.rows("train"), found.rows("val")
    return found.images[train], found.conditions[train], found.images[held], found.conditions[held]


@pytest.fixture(scope="module")
def selector(digits: Digits) -> Selector:
    images, conditions, _, _ = digits
    network = train_classifier(images, conditions, "class", images_seen=2_500)
    return Selector.from_images(network, images, conditions, "class")


def test_images_of_another_class_and_noise_go_first(selector: Selector, digits: Digits) -> None:
    _, _, held, asked = digits
    images, conditions = held[:60].copy(), asked[:60].copy()
    conditions[:15] = np.roll(conditions[:15], 1, axis=1)  # asked for the next digit, and made this one
    images[15:30] = np.random.default_rng(0).integers(0, 256, images[15:30].shape, dtype=np.uint8)
    scores = selector.scores(images, conditions)
    assert scores.confidence[:15].max() < scores.confidence[30:].mean()
    assert np.median(scores.typicality[15:30]) < np.median(scores.typicality[30:])
    assert (scores.order()[-30:] < 30).mean() >= 0.9


def test_the_best_half_of_each_class_is_kept_in_order(selector: Selector, digits: Digits) -> None:
    _, _, held, conditions = digits
    kept, labels = selector.select(held, conditions, 0.5), conditions.argmax(axis=1)
    overall = selector.scores(held, conditions).overall
    assert (np.diff(kept) > 0).all()
    for k in range(10):
        inside, left_out = kept[labels[kept] == k], np.setdiff1d(np.flatnonzero(labels == k), kept)
        assert len(inside) == round(0.5 * (labels == k).sum())
        assert overall[inside].min() >= overall[left_out].max()
    assert (selector.select(held, conditions, 1.0) == np.arange(len(held))).all()


def test_an_images_scores_do_not_depend_on_its_batch(selector: Selector, digits: Digits) -> None:
    _, _, held, conditions = digits
    together, alone = selector.scores(held, conditions), selector.scores(held[7:8], conditions[7:8])
    assert together.overall[7] == pytest.approx(alone.overall[0], rel=0.05)  # bfloat16 sums in another order


def test_nearer_than_real_images_are_to_one_another_is_not_better() -> None:
    scores = SelectionScores(confidence=np.array([0.5, 0.5, 0.9]), typicality=np.array([3.0, 1.0, 0.5]))
    assert scores.overall.tolist() == [0.5, 0.5, 0.45]
    assert scores.order().tolist() == [0, 1, 2]


def test_typicality_and_the_confidence_in_attributes_by_hand() -> None:
    # Six training images in a row, 10 apart. Mean distances to the five others: 30, 22, 18, 18, 22, 30; median 22.
    real = torch.zeros(6, FEATURES)
    real[:, 0] = torch.arange(0, 60, 10)
    made = Selector(Classifier(16, 1, 2), real, np.ones((6, 2), np.float32), "attributes")
    asked = torch.zeros(2, FEATURES)
    asked[1, 1] = 1000.0
    # The first lies 0, 10, 20, 30 and 40 from its five nearest, 20 on the mean; the second about 1000 from all.
    scores = made.scores_from_predictions(
        asked, torch.tensor([[0.0, 0.0], [0.0, 90.0]]), np.array([[1, 1], [0, 1]], np.float32)
    )
    assert scores.typicality == pytest.approx([22 / 20, 22 / 1000], rel=0.001)
    assert scores.confidence == pytest.approx([0.5, 0.5**0.5])  # probabilities 0.5 and 0.5; 0.5 and 1


@pytest.mark.parametrize("rate", [0.0, 1.5])
def test_a_share_that_cannot_be_kept_is_named(rate: float, selector: Selector, digits: Digits) -> None:
    with pytest.raises(ConfigError, match=rf"keep_rate is {rate}: it takes a number"):
        selector.select(digits[2], digits[3], rate)
