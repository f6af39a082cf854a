"""The losses against numbers worked out by hand."""

import math

import pytest
import torch

from gan.ideals import IDEALS
from gan.losses import LOSSES


def test_bce_is_the_reports_formula_with_its_sign_turned() -> None:
    bce = LOSSES["bce"]
    real, fake = torch.tensor([math.log(3.0), 0.0]), torch.tensor([-math.log(4.0)])  # D(x) = 3/4, 1/2; D(G(z)) = 1/5
    expected = -(math.log(3 / 4) + math.log(1 / 2)) / 2 - math.log(1 - 1 / 5)
    assert bce.discriminator(real, fake).item() == pytest.approx(expected, rel=1e-6)
    assert bce.generator(fake).item() == pytest.approx(math.log(5), rel=1e-6)
    assert bce.score(real).tolist() == pytest.approx([3 / 4, 1 / 2])


def test_at_the_balance_every_curve_lies_on_its_ideal_line() -> None:
    bce, ideal, undecided = LOSSES["bce"], IDEALS["bce"], torch.zeros(5)
    assert bce.discriminator(undecided, undecided).item() == pytest.approx(ideal["loss_d"][0])
    assert bce.generator(undecided).item() == pytest.approx(ideal["loss_g"][0])
    assert bce.score(undecided).mean().item() == pytest.approx(ideal["d_x"][0])
    assert set(ideal) == {"loss_d", "loss_g", "d_x", "d_g_z1", "d_g_z2"}


def test_bce_stays_finite_where_d_is_certain() -> None:
    sure = torch.tensor([200.0])
    assert LOSSES["bce"].discriminator(-sure, sure).item() == pytest.approx(400)
