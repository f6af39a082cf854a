"""How one classifier of a study is trained: which images its batches hold, in which order, and for how long."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from gan.evaluation.budget import EarlyStopping
from gan.evaluation.classifiers import confident_classes
from gan.evaluation.classifiers.consistency import consistency_loss
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


def test_unlabelled_images_stand_beside_the_real_ones_of_each_batch_for_the_most_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[tuple[int, int]] = []

    class Watched(Classifier):
        def forward(self, shown: Tensor) -> Tensor:
            if self.training and torch.is_grad_enabled():
                bright = shown.float().mean(dim=(1, 2, 3)) > (REAL_LEVEL + ADDED_LEVEL) / 2
                sizes.append((len(shown), int((~bright[:8]).sum())))
            return super().forward(shown)

    monkeypatch.setattr(ArmTrainer, "_builder", lambda self, arm: lambda: Watched(16, 1, 2))
    trained = trainer(20).train(ARMS["semi-supervised"], NOTHING, 0)
    assert trained.steps == trained.kept_steps == 21  # the most of any arm: 20 and one to cool down
    assert sizes == [(8 + 2 * 16, 8)] * 21  # eight real images, and two views of each of 16 others


def test_images_of_which_it_is_sure_teach_the_network_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def weight(unlabelled: np.ndarray) -> Tensor:
        return replace(trainer(4), unlabelled=unlabelled).train(ARMS["semi-supervised"], NOTHING, 0).network.head.weight

    monkeypatch.setattr(confident_classes, "CONFIDENT", 0.0)
    taught = weight(UNLABELLED)
    monkeypatch.setattr(confident_classes, "CONFIDENT", 1.1)
    assert not torch.equal(weight(UNLABELLED), taught)


def test_the_consistency_loss_by_hand() -> None:
    sure, unsure = [3.0, 0.0], [2.9, 0.0]  # probabilities of 0.9526 and 0.9478
    logits = torch.tensor([sure, unsure, [0.0, 1.0], [0.0, 1.0]], requires_grad=True)
    loss = consistency_loss(logits)
    assert loss.item() == pytest.approx(np.log(1 + np.e) / 2)  # of the first pair, over two
    loss.backward()
    assert logits.grad is not None
    assert not logits.grad[:2].any()  # what it is sure of is no target of gradients
    assert logits.grad[2].any()
    assert not logits.grad[3].any()


@pytest.mark.parametrize(
    "name", ["trivial-augment", "semi-supervised", "synthetic-2-mixed-classical", "synthetic-2-first-classical"]
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
