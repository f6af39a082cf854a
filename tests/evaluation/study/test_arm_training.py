"""How one classifier of a study is trained: which images its batches hold, in which order, and for how long."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from gan.evaluation.budget import EarlyStopping
from gan.evaluation.classifiers import confident_classes
from gan.evaluation.classifiers.recipes import RECIPES, Recipe
from gan.evaluation.classifiers.small_resnet import Classifier
from gan.evaluation.study.arm_training import ArmTrainer, TrainingSet
from gan.evaluation.study.arms import ArmPlan, plan_arms
from gan.evaluation.study.study_options import StudyOptions, TrainingBudget

REAL_LEVEL, ADDED_LEVEL = 50, 200
ARMS = {arm.name: arm for arm in plan_arms({"a": 12, "b": 12}, unlabelled=40)}


def images(labels: list[int], level: int = REAL_LEVEL, side: int = 16) -> TrainingSet:
    """Noise about a grey level, with a darker square in images of class 1; unlabelled images have no row of ones."""
    classes = np.array(labels, np.int64)
    made = np.random.default_rng(len(labels)).integers(level, level + 20, (len(labels), 1, side, side), dtype=np.uint8)
    made[classes == 1, :, 4:12, 4:12] -= 50
    return TrainingSet(made, np.eye(2, dtype=np.float32)[classes])


REAL, ADDED, NOTHING = images([0, 1] * 12), images([0, 1] * 24, ADDED_LEVEL), images([])
UNLABELLED = images([0, 0, 0, 1] * 10, ADDED_LEVEL).images


def trainer(
    steps: int = 6,
    *,
    classifier: str = "small",
    real: TrainingSet = REAL,
    score: Callable[[Classifier], float] | None = None,
) -> ArmTrainer:
    """A trainer of at most so many steps before the cooldown of one step."""
    rule = EarlyStopping(check_every=steps, patience=9, min_steps=steps, max_steps=steps, cooldown=0.01)
    options = StudyOptions(budget=TrainingBudget(8, rule, 16), classifier=classifier)
    return ArmTrainer(real, "class", UNLABELLED, score or (lambda network: 0.0), options)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Tensor]]:
    """For each batch of the recipe "classical": its number of added images, and their targets."""
    seen: list[tuple[int, Tensor]] = []

    def record(x: Tensor, targets: Tensor, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        added = x.float().mean(dim=(1, 2, 3)) > (REAL_LEVEL + ADDED_LEVEL) / 2
        seen.append((int(added.sum()), targets[added]))
        return x, targets

    monkeypatch.setitem(RECIPES, "classical", Recipe(mix=record))
    return seen


def test_half_of_each_batch_of_a_mixed_arm_is_synthetic(batches: list[tuple[int, Tensor]]) -> None:
    trained = trainer().train(ARMS["synthetic-2-mixed-classical"], ADDED, 0)
    assert [count for count, _ in batches] == [4] * 13  # twice the steps, for as many real images; one to cool down
    assert trained.steps == 13
    batches.clear()
    few = TrainingSet(ADDED.images[:8], ADDED.conditions[:8])  # not more often each than a real image
    trainer().train(ARMS["synthetic-2-mixed-classical"], few, 0)
    assert {count for count, _ in batches} == {2}


def test_synthetic_images_first_and_real_ones_alone_last(batches: list[tuple[int, Tensor]]) -> None:
    trained = trainer().train(ARMS["synthetic-2-first-classical"], ADDED, 0)
    assert [count for count, _ in batches] == [8] * 7 + [0] * 7
    assert trained.steps == 14


def test_added_images_do_not_shorten_the_time_for_real_ones(batches: list[tuple[int, Tensor]]) -> None:
    trained = trainer().train(ARMS["synthetic-2-classical"], ADDED, 0)
    assert trained.steps == 3 * 6 + 1
    real = sum(8 - count for count, _ in batches)
    assert abs(real - 6 * 8) <= 8  # as many as without added images
    assert trainer().train(ARMS["classical"], NOTHING, 0).steps == 7


def test_self_training_takes_the_labels_of_which_a_classifier_is_confident(
    batches: list[tuple[int, Tensor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    sure = np.arange(40) % 4 == 3  # of every fourth image only, and it says "b"

    def predicted(network: Classifier, images: np.ndarray, progress: object) -> tuple[None, Tensor]:
        assert images is UNLABELLED
        logits = torch.zeros(40, 2)
        logits[torch.from_numpy(sure), 1] = 2.95  # a probability of 0.9503
        logits[torch.from_numpy(~sure), 0] = 2.94  # 0.9498
        return None, logits

    monkeypatch.setattr(confident_classes, "predict", predicted)
    trained = trainer().train(ARMS["self-trained"], NOTHING, 0)
    assert trained.steps == 7 + 13
    assert [count for count, _ in batches[:7]] == [0] * 7  # the classifier that labels sees real images alone
    assert {count for count, _ in batches[7:]} == {round(8 * 10 / 34)}
    assert all((targets == torch.tensor([0.0, 1.0])).all() for _, targets in batches[7:])


def test_self_training_without_a_confident_label_is_classical_augmentation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        confident_classes, "predict", lambda network, images, progress: (None, torch.zeros(len(images), 2))
    )
    unsure = trainer(2).train(ARMS["self-trained"], NOTHING, 0)
    classical = trainer(2).train(ARMS["classical"], NOTHING, 0)
    assert torch.equal(unsure.network.head.weight, classical.network.head.weight)
    assert unsure.steps == 3


@pytest.mark.parametrize(
    "name", ["trivial-augment", "self-trained", "synthetic-2-mixed-classical", "synthetic-2-first-classical"]
)
def test_the_same_seed_gives_the_same_classifier(name: str) -> None:
    def weights(seed: int) -> Tensor:
        added = ADDED if ARMS[name].kind == "synthetic" else NOTHING
        return trainer(4).train(ARMS[name], added, seed).network.head.weight

    torch.manual_seed(1)
    first = weights(0)
    torch.manual_seed(2)
    assert torch.equal(first, weights(0))
    assert not torch.equal(first, weights(1))


def test_the_arms_network_goes_before_the_studys() -> None:
    pretrained = replace(ARMS["classical"], classifier="efficientnet-lite0")
    assert trainer(1).train(pretrained, NOTHING, 0).network.width == 1280
    assert trainer(1).train(ARMS["classical"], NOTHING, 0).network.width == 128


@pytest.mark.parametrize("classifier", ["small", "resnet18", "efficientnet-lite0"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_classifier_trains_by_every_recipe(classifier: str, recipe: str) -> None:
    three = TrainingSet(np.repeat(REAL.images, 3, axis=1), REAL.conditions)
    arm = ArmPlan(recipe, "", "real", {}, recipe=recipe)
    trained = trainer(1, classifier=classifier, real=three).train(
        arm, TrainingSet(three.images[:0], NOTHING.conditions), 0
    )
    assert trained.steps == 2
    assert all(value.isfinite().all() for value in trained.network.state_dict().values())
