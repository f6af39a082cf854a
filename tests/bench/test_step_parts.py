"""The parts of a training step: each is timed once, and together they are the step."""

import time
from typing import Any

import pytest
import torch

from gan.bench import step_parts
from gan.bench.step_parts import LEAST, PARTS, measure_step_parts, step_parts_text
from gan.bench.throughput import TrainingSpeed, json_document, noise_images, table_row
from gan.config import options
from gan.config.run_config import RunConfig
from gan.training.train import initial_state, step

FAMILIES = [
    {"model.family": "dcgan"},
    {"model.family": "projection", "train.augment": True},
    {"model.family": "fastgan"},
]
MISMATCHED: dict[str, object] = {"model.family": "dcgan", "loss.mismatched": 0.5}


def small(values: dict[str, object]) -> tuple[Any, torch.Tensor, torch.Tensor, RunConfig]:
    """State, real images, conditions and config of a small step."""
    config = options.build_config({"model.width": 8, "data.image_size": 32, "job.device": "cpu"} | values)
    image_set = noise_images(32)
    state = initial_state(config, image_set.info(), torch.device("cpu"))
    return state, torch.from_numpy(image_set.images[:8]), torch.from_numpy(image_set.conditions[:8]), config


@pytest.mark.parametrize("values", [*FAMILIES, MISMATCHED])
def test_each_part_of_a_step_ends_where_the_next_begins(
    values: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that counts how often it is read: once between two parts."""
    readings = iter(range(1_000))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(readings)))
    parts = measure_step_parts(*small(values), seconds=0.0)
    assert parts == {
        "generator": 1,
        "discriminator_real": 1,
        "discriminator_synthetic": 2,  # for its own step and for G's
        "backward_discriminator": 1,
        "backward_generator": 1,
        "optimisers": 2,
        "average": 1,
        "other": 4,  # before each pass
    }


def test_the_parts_are_the_whole_step_and_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    whole: list[float] = []

    def timed(*arguments: Any) -> None:
        began = time.perf_counter()
        step(*arguments)
        whole.append(time.perf_counter() - began)

    monkeypatch.setattr(step_parts, "step", timed)
    state, real, condition, config = small({})
    began = time.perf_counter()
    parts = measure_step_parts(state, real, condition, config, seconds=0.0)
    elapsed = time.perf_counter() - began
    assert parts.keys() == PARTS.keys()
    assert all(seconds > 0 for seconds in parts.values())
    assert sum(whole[-LEAST:]) <= sum(parts.values()) * LEAST <= elapsed
    for network in (state.generator, state.discriminator):
        assert not network._forward_hooks
        assert not network._forward_pre_hooks


def test_the_parts_stand_below_the_speed_and_in_the_document() -> None:
    parts = dict.fromkeys(PARTS, 0.125)
    row = TrainingSpeed("cpu", 32, 100.0, 150.0, 1.5, 0.8, parts)
    speed, shares = table_row(row).splitlines()
    assert speed.split()[:2] == ["cpu", "32"]
    assert shares.endswith(step_parts_text(parts))
    assert step_parts_text({part: 4 * share for part, share in parts.items()}) == step_parts_text(parts)
    assert step_parts_text(parts).count("12%") == len(PARTS)
    assert json_document([row])["train"][0]["step_parts"] == parts
