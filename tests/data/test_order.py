"""The first batch that is shown is the one that training begins with."""

import numpy as np
import pytest
import torch

from gan.config.options import build_config
from gan.data import registry
from gan.data.order import first_batch
from gan.training.batches import batches


@pytest.mark.parametrize("balance", [False, True])
@pytest.mark.parametrize("seed", [0, 7])
def test_it_is_what_the_trainer_gets_first(balance: bool, seed: int) -> None:
    config = build_config({"data.balance": balance, "train.seed": seed, "train.batch": 24})
    images = registry.load_image_set(config.data)
    shown = first_batch(images, config)
    real, conditions = next(batches(images, config, torch.device("cpu"), 0, lambda: None))
    assert np.array_equal(shown.images, real.numpy())
    assert list(shown.labels) == [images.names[row] for row in conditions.argmax(dim=1).tolist()]
