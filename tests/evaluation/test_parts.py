"""The parts of an evaluation beside its scores: unseen combinations, conditions, closest pairs."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gan.data import registry
from gan.data.info import DatasetInfo
from gan.evaluation.budget import ClassifierBudget
from gan.evaluation.classifiers import small_resnet
from gan.evaluation.privacy.closest_pairs import closest_pair_images
from gan.evaluation.scores.per_condition import Predictions
from gan.evaluation.scores.score_snapshot import evaluate_snapshot
from gan.evaluation.scores.unseen_combinations import unseen_combinations
from gan.evaluation.statistics import wilson_interval
from gan.sampling.sampler import load_generator
from tests.conftest import trained
from tests.support.evaluation import SMALL_BUDGET


def info_of(conditions: np.ndarray, names: tuple[str, ...], kind: str = "attributes") -> DatasetInfo:
    return DatasetInfo(names, kind, 1, 32, 32, "set", "source", "licence", conditions.astype(np.uint8))


def test_combinations_that_nobody_has_seen_are_the_most_expected_first() -> None:
    # 100 images: a on 50 of them; b only where a is (40); c only where a is not (20); d on 2, which is too few.
    conditions = np.zeros((100, 4))
    conditions[:50, 0] = 1
    conditions[:40, 1] = 1
    conditions[80:, 2] = 1
    conditions[:2, 3] = 1
    info = info_of(conditions, ("a", "b", "c", "d"))
    # Expected shares: not a with b 0.5 x 0.4, a with c 0.5 x 0.2, b with c 0.4 x 0.2. c without a was seen.
    assert [condition.text(info) for condition in unseen_combinations(info)] == ["a=0,b=1", "a=1,c=1", "b=1,c=1"]
    assert unseen_combinations(info_of(np.eye(4), ("a", "b", "c", "d"), "class")) == []


def test_a_condition_by_itself_against_counts_by_hand() -> None:
    logits = torch.tensor([[2.0, 1.0], [1.0, 2.0], [2.0, 1.0], [1.0, 2.0]])
    classes = Predictions(logits, np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)).of_condition(0, "class")
    assert classes["score"] == classes["shown"] == pytest.approx(2 / 3)
    assert classes["interval"] == wilson_interval(2, 3)
    signs = torch.tensor([[1.0], [-1.0], [-1.0], [-1.0]])
    rare = Predictions(signs, np.array([[1], [1], [0], [0]], np.float32)).of_condition(0, "attributes")
    assert rare["score"] == 0.75  # one of four is wrong
    assert rare["shown"] == 0.5  # and of the two that were to show it, one does
    assert rare["shown_interval"] == wilson_interval(1, 2)
    patients = Predictions(signs, np.array([[1], [1], [0], [0]], np.float32), np.array(["a", "a", "a", "a"]))
    assert patients.of_condition(0, "attributes")["interval"] == (
        0.75,
        0.75,
    )  # of one patient nothing can be drawn but him
    nobody = Predictions(signs, np.zeros((4, 1), np.float32)).of_condition(0, "attributes")
    assert (nobody["shown"], nobody["shown_interval"]) == (None, None)


def test_the_closest_pairs_are_made_again_as_they_were() -> None:
    run = trained("digits")
    result = evaluate_snapshot(run, budget=replace(SMALL_BUDGET, checked=40))
    images, sampler = registry.load_image_set(run.config.data), load_generator(run)
    made, real = closest_pair_images(result, sampler, images)
    pairs = result.near_copies["pairs"]
    assert made.shape == real.shape == (len(pairs), 1, 32, 32)
    assert [pair["closeness"] for pair in pairs] == sorted(pair["closeness"] for pair in pairs)
    rows = np.random.default_rng(0).permutation(
        images.rows("train")
    )  # whose conditions the first images were made with
    stream = sampler.generate(images.conditions[rows[:40]], 0)
    for pair, picture, neighbour in zip(pairs, made, real, strict=True):
        assert np.abs(picture.astype(int) - stream[pair["image"]]).max() <= 1
        assert (neighbour == images.images[pair["training_image"]]).all()


def test_large_images_are_taken_fewer_at_a_time() -> None:
    def at_a_time(side: int) -> int:
        return small_resnet.images_at_a_time(np.zeros((5, 1, side, side), dtype=np.uint8), 64)

    assert [at_a_time(side) for side in (14, 32, 128, 256)] == [64, 64, 64, 16]
    assert small_resnet.images_at_a_time(np.zeros((0, 1, 256, 256), dtype=np.uint8), 64) == 64


def test_a_classifier_of_256_px_is_trained_on_as_many_images_as_fit_into_memory() -> None:
    budget = ClassifierBudget()
    assert [budget.largest_set(3 * side**2) for side in (32, 128, 256)] == [60_000, 60_000, 15_258]
