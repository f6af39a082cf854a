"""The estimate of a step's memory, against what torch allocates in one."""

from dataclasses import replace

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from gan.bench.throughput import noise_images
from gan.config import options
from gan.config.run_config import RunConfig
from gan.data.info import DatasetInfo
from gan.training.estimate_memory import HEAP_SHARE, kept_bytes, kept_values, step_memory, weight_bytes
from gan.training.train import initial_state, step

CHANNELS, CLASSES = 3, 10


def memory_config(**values: object) -> RunConfig:
    named = {name.replace("__", "."): value for name, value in values.items()}
    return options.build_config({"job.device": "cpu", "job.precision": "float32"} | named)


def peak_of_a_step(config: RunConfig, info: DatasetInfo) -> int:
    """Bytes that a step allocates at its largest moment, over those before it: weights, moments and gradients exist."""
    size, batch = config.data.image_size, config.train.batch
    state = initial_state(config, info, torch.device("cpu"))
    real = torch.randint(0, 256, (batch, CHANNELS, size, size), dtype=torch.uint8)
    condition = torch.eye(CLASSES)[torch.arange(batch) % CLASSES]
    step(state, real, condition, config)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        step(state, real, condition, config)
    assert recorded.profiler is not None
    events = [event for event in recorded.profiler.kineto_results.events() if event.name() == "[memory]"]
    allocated = largest = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        allocated += event.nbytes()
        largest = max(largest, allocated)
    return largest


@pytest.mark.parametrize(
    "values",
    [
        {"model__family": "dcgan"},
        {"model__family": "dcgan", "loss__mismatched": 0.5},
        {"model__family": "projection"},
        {"model__family": "projection", "train__augment": True},
        {"model__family": "fastgan", "train__batch": 4},
    ],
)
def test_what_a_step_keeps_of_its_images_is_estimated_within_a_tenth(values: dict[str, object]) -> None:
    config = memory_config(**{"data__image_size": 64, "model__width": 16, "train__batch": 16} | values)
    kept = 4 * config.train.batch * sum(kept_values(config, CHANNELS))
    info = replace(noise_images(32).info(), image_size=64)
    assert kept == pytest.approx(peak_of_a_step(config, info), rel=0.1)


def test_weights_are_those_of_networks_gradients_moments_and_average() -> None:
    config = memory_config(model__family="projection", model__width=16)
    state = initial_state(config, noise_images(32).info(), torch.device("cpu"))
    generator, discriminator = (
        sum(weight.numel() for weight in network.parameters()) for network in (state.generator, state.discriminator)
    )
    assert weight_bytes(config, CHANNELS, CLASSES) == 4 * (4 * (generator + discriminator) + generator)


def test_a_cpu_also_holds_freed_tensors_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    config = memory_config(model__family="projection", data__image_size=256, model__width=32)
    tensors = [4 * value for value in kept_values(config, CHANNELS)]
    assert kept_bytes(config, CHANNELS, 1) == pytest.approx((1 + HEAP_SHARE) * sum(tensors), abs=1)
    large = 2**26 // min(tensors) + 1  # with so many images every tensor is larger
    assert kept_bytes(config, CHANNELS, large) == large * sum(tensors)
    on_cpu = step_memory(config, CHANNELS, CLASSES)
    monkeypatch.setattr("gan.training.estimate_memory.matching_devices", lambda device: ["cuda:0"])
    assert step_memory(config, CHANNELS, CLASSES) < on_cpu
