"""d_val: what the discriminator says of training images less what it says of validation images, by hand."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan.config.run_config import RunConfig
from gan.data.image_set import ImageSet
from gan.training.checkpoint import State
from gan.training.held_out import HeldOut
from gan.training.train import initial_state


class MeanGrey(nn.Module):
    """Its logit is an image's mean, from -1 to 1, and 10 more where the second condition is on."""

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        return images.mean(dim=(1, 2, 3)) + 10 * conditions[:, 1]


def images(validation: int) -> ImageSet:
    """White training images and black validation images; the second class is rare in training, not in validation."""
    split = np.array(["train"] * 40 + ["val"] * validation)
    conditions = np.zeros((len(split), 2), dtype=np.float32)
    second = np.r_[np.arange(40) % 10 == 0, np.arange(validation) % 2 == 0]
    conditions[np.arange(len(split)), second.astype(int)] = 1
    grey = np.where(split == "train", 255, 0).astype(np.uint8)
    pictures = np.broadcast_to(grey[:, None, None, None], (len(split), 1, 32, 32)).copy()
    return ImageSet(pictures, conditions, ("often", "rare"), "class", split, None, 32, "Greys", "", "")


def state_of(image_set: ImageSet) -> State:
    state = initial_state(RunConfig(), image_set.info(), torch.device("cpu"))
    state.discriminator = MeanGrey()
    return state


def test_d_val_is_the_difference_of_two_means_over_the_same_conditions() -> None:
    image_set = images(validation=8)
    held_out, state = HeldOut(image_set, RunConfig(), torch.device("cpu")), state_of(image_set)
    before = copy.deepcopy(state.noise.get_state())

    def probability(logit: float) -> float:
        return 1 / (1 + math.exp(-logit))

    # Half of each side is of the second class: D(x) = 11 and 1 in training, 9 and -1 in validation.
    by_hand = (probability(11) + probability(1)) / 2 - (probability(9) + probability(-1)) / 2
    assert held_out.measure(state)["d_val"] == pytest.approx(by_hand, abs=2e-3)  # bfloat16 holds three digits
    assert (state.noise.get_state() == before).all()
    assert state.discriminator.training


def test_there_is_no_d_val_without_a_validation_split() -> None:
    image_set = images(validation=0)
    assert HeldOut(image_set, RunConfig(), torch.device("cpu")).measure(state_of(image_set)) == {}
