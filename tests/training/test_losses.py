"""The losses against numbers worked out by hand."""

import math

import pytest
import torch

from gan.config.run_config import LossConfig
from gan.monitoring.equilibrium import equilibrium_values
from gan.training import mismatched_pairs
from gan.training.losses import LOSSES

NONE = torch.zeros(0, 2), torch.zeros(0, 2)


def test_bce_is_the_negated_objective_of_the_paper() -> None:
    bce = LOSSES["bce"]
    real, fake = torch.tensor([math.log(3.0), 0.0]), torch.tensor([-math.log(4.0)])  # D(x) = 3/4, 1/2; D(G(z)) = 1/5
    expected = -(math.log(3 / 4) + math.log(1 / 2)) / 2 - math.log(1 - 1 / 5)
    assert bce.discriminator(real, fake, *NONE).item() == pytest.approx(expected, rel=1e-6)
    assert bce.generator(fake).item() == pytest.approx(math.log(5), rel=1e-6)
    assert bce.score(real).tolist() == pytest.approx([3 / 4, 1 / 2])


def test_at_the_balance_every_curve_lies_on_its_ideal_line() -> None:
    bce, ideal, undecided = LOSSES["bce"], equilibrium_values(LossConfig()), torch.zeros(5)
    assert bce.discriminator(undecided, undecided, *NONE).item() == pytest.approx(ideal["loss_d"][0])
    assert bce.generator(undecided).item() == pytest.approx(ideal["loss_g"][0])
    assert bce.score(undecided).mean().item() == pytest.approx(ideal["d_x"][0])
    assert set(ideal) == {"loss_d", "loss_g", "d_x", "d_g_z1", "d_g_z2"}


def test_bce_stays_finite_where_d_is_certain() -> None:
    sure = torch.tensor([200.0])
    assert LOSSES["bce"].discriminator(-sure, sure, *NONE).item() == pytest.approx(400)


def test_real_images_under_wrong_conditions_take_their_weight_from_the_generated_ones() -> None:
    real, fake = torch.zeros(2), torch.tensor([math.log(3.0), math.log(3.0)])  # D = 1/2 and 3/4
    wrong, weight = torch.tensor([[0.0, math.log(4.0)]]), torch.tensor([[0.3, 0.1]])  # D = 1/2 and 4/5
    by_hand = math.log(2) + 0.6 * math.log(4) + 0.3 * math.log(2) + 0.1 * math.log(5)
    assert LOSSES["bce"].discriminator(real, fake, wrong, weight).item() == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_ideal_lines_are_those_of_the_best_discriminator(share: float) -> None:
    """Wrong conditions are recognised with certainty; real and generated images are indistinguishable."""
    config = LossConfig(mismatched=share)
    ideal, bce = equilibrium_values(config), LOSSES["bce"]
    certain, weight = torch.full((1, 4), -50.0), torch.full((1, 4), share / 4)

    def loss_of(answer: float) -> float:
        logits = torch.full((4,), math.log(answer / (1 - answer)))
        return bce.discriminator(logits, logits, certain, weight).item()

    answer = ideal["d_x"][0]
    assert loss_of(answer) == pytest.approx(ideal["loss_d"][0], rel=1e-5)
    assert loss_of(answer) < min(loss_of(answer - 0.02), loss_of(answer + 0.02))
    assert ideal["d_g_z1"] == ideal["d_g_z2"] == ideal["d_x"]
    assert float(ideal["d_x"][1]) == pytest.approx(answer, abs=5e-4)


def test_a_wrong_condition_is_that_of_another_image_with_weight_0_where_it_is_the_same() -> None:
    conditions = torch.eye(3)[[0, 1, 1, 2]]
    asked, weight = mismatched_pairs.with_mismatched(conditions, 0.6)
    assert asked.argmax(dim=2).tolist() == [[0, 1, 1, 2], [2, 0, 1, 1]]
    assert weight.tolist() == [pytest.approx([0.2, 0.2, 0.0, 0.2])]
    assert mismatched_pairs.with_mismatched(torch.eye(3)[[1, 1]], 0.6)[1].tolist() == [
        [0.0, 0.0]
    ]  # nothing to tell apart
    asked, weight = mismatched_pairs.with_mismatched(conditions, 0.0)
    assert (asked.shape, weight.shape) == ((1, 4, 3), (0, 4))
