"""The parts of an evaluation beside its scores: ImageNet's features, unseen combinations, conditions, closest pairs."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from gan.data import registry
from gan.data.info import DatasetInfo
from gan.errors import UserError
from gan.evaluation.budget import ClassifierBudget
from gan.evaluation.classifiers import imagenet, small_resnet
from gan.evaluation.privacy.closest_pairs import closest_pair_images
from gan.evaluation.records import results
from gan.evaluation.scores.per_condition import Predictions
from gan.evaluation.scores.score_snapshot import evaluate_snapshot
from gan.evaluation.scores.unseen_combinations import unseen_combinations
from gan.evaluation.statistics import wilson_interval
from gan.sampling.sampler import load_generator
from tests.conftest import trained
from tests.support.evaluation import SMALL_BUDGET


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where torch keeps downloaded weights, empty, and an address at which there is nothing."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(imagenet, "ADDRESS", (tmp_path / "nowhere.pth").as_uri())
    return tmp_path / "torch" / "hub" / "checkpoints" / imagenet.FILE


def put_random_weights(path: Path, monkeypatch: pytest.MonkeyPatch) -> torchvision.models.ResNet:
    """Weights that nobody trained, as the published ones: their checksum is what is expected from here on."""
    path.parent.mkdir(parents=True)
    torch.manual_seed(0)
    network = torchvision.models.resnet18()
    torch.save(network.state_dict(), path)
    monkeypatch.setattr(imagenet, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest()[:8])
    return network.eval()


def test_imagenet_features_that_cannot_be_had_are_refused_in_one_line(weights: Path) -> None:
    run = trained("digits")
    with pytest.raises(UserError, match=r"need resnet18-f37072fd\.pth, which could not be downloaded") as refused:
        evaluate_snapshot(run, features="imagenet")
    assert str(weights.parent) in str(refused.value)
    assert "--features own" in str(refused.value)
    assert not list(weights.parent.glob("*"))
    weights.write_bytes(b"something else")
    with pytest.raises(UserError, match="has the wrong checksum"):
        evaluate_snapshot(run, features="imagenet")
    with pytest.raises(UserError, match="features is 'inception': it takes own, or imagenet"):
        evaluate_snapshot(run, features="inception")


def test_imagenet_features_are_the_networks_before_its_last_layer(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = put_random_weights(weights, monkeypatch)
    grey = np.random.default_rng(0).integers(0, 256, (3, 1, 28, 28), dtype=np.uint8)
    shares: list[float] = []
    found = imagenet.load_imagenet_features().extract(grey, shares.append, batch=2)
    large = torch.nn.functional.interpolate(
        torch.from_numpy(grey).float() / 255, (224, 224), mode="bilinear", antialias=True
    )
    normal = torchvision.transforms.functional.normalize(large.expand(-1, 3, -1, -1), imagenet.MEAN, imagenet.STD)
    with torch.inference_mode():
        expected = torch.nn.Sequential(*list(network.children())[:-1])(normal).flatten(1)
    assert found.shape == (3, 512)
    assert torch.allclose(found, expected, rtol=0.05, atol=0.05)  # bfloat16 where that is faster
    assert shares == [pytest.approx(2 / 3), 1.0]


def test_an_evaluation_in_imagenet_features_stands_beside_the_other(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_random_weights(weights, monkeypatch)
    run = trained("digits")
    budget = replace(SMALL_BUDGET, checked=20, compared_imagenet=24)
    found = evaluate_snapshot(run, features="imagenet", budget=budget)
    assert (found.features, found.n["scores"]) == ("imagenet", 24)
    assert found.made_with["features_sha256"] != found.made_with["classifier_sha256"]
    assert "ImageNet features (ResNet-18)" in found.as_text()
    assert results.load_result(run, 320, features="imagenet").as_json() == found.as_json()
    assert results.list_results(run) == []  # they choose no snapshot


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
