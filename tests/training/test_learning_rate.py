"""The learning rate over a run."""

import pytest
import torch

from gan.config import options
from gan.training.train import initial_state, set_learning_rate
from tests.models.test_models import info


@pytest.mark.parametrize(
    ("begins", "rates"),
    [
        (1.0, {0: 4e-4, 500: 4e-4, 1000: 4e-4, 1064: 4e-4}),
        (0.5, {0: 4e-4, 500: 4e-4, 750: 2e-4, 900: 0.8e-4, 1000: 0.0, 1064: 0.0}),
        (0.0, {0: 4e-4, 250: 3e-4, 1000: 0.0}),
    ],
)
def test_the_learning_rate_falls_evenly_to_the_end(begins: float, rates: dict[int, float]) -> None:
    config = options.build_config(
        {"train.kimg": 1.0, "optim.lr": 4e-4, "optim.decay_from": begins, "model.width": 8, "data.image_size": 16}
    )
    state = initial_state(config, info(16, 1, 2), torch.device("cpu"))
    for state.seen, rate in rates.items():
        set_learning_rate(state, config)
        found = [group["lr"] for adam in (state.optimiser_g, state.optimiser_d) for group in adam.param_groups]
        assert found == pytest.approx([rate, rate], abs=1e-9)
