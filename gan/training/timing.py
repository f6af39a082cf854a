"""Times some training steps of a config on this machine, for `measured_speed.py`."""

import time
from pathlib import Path

import numpy as np
import torch

from gan.config import options
from gan.config.run_config import RunConfig
from gan.data.info import DatasetInfo
from gan.jobs import device_list
from gan.jobs.worker import Worker
from gan.training.measured_speed import MeasuredSpeed, Timing, read_timing, save_speed
from gan.training.train import blank_batch, initial_state, step

SECONDS = 1.5
WARM_UP, LEAST = 2, 2
"""Steps before the clock starts, which choose algorithms and fill caches; and steps timed at least."""


def time_training(folder: Path, worker: Worker, seconds: float = SECONDS) -> MeasuredSpeed:
    """Time the steps that the job in `folder` is asked for, and keep the result there; raises StoppedError."""
    timing = read_timing(folder)
    config = options.config_from_json(timing.config.encode())
    name = worker.device if worker.device.startswith(("cuda", "mps")) else "cpu"
    shared = bool(device_list.holders("cpu")) if name == "cpu" else False
    rate = images_per_second(config, timing, torch.device(name.partition(":")[0]), worker, seconds)
    speed = MeasuredSpeed(rate, shared)
    save_speed(folder, speed)
    return speed


def images_per_second(config: RunConfig, timing: Timing, device: torch.device, worker: Worker, seconds: float) -> float:
    """The rate of training steps on images of noise, timed for about so many seconds."""
    if config.job.threads:
        torch.set_num_threads(config.job.threads)
    info = _info(config, timing)
    worker.progress("building the networks", 0.0)
    state = initial_state(config, info, device)
    blank, condition = blank_batch(config, info, device)
    noise = torch.randint_like(blank, 256)  # content does not change the speed, but black has no variance
    for _ in range(WARM_UP):
        step(state, noise, condition, config)
    state.sums.tolist()  # waits for the device
    worker.progress("timing some steps", 0.0)
    began, steps, passed = time.perf_counter(), 0, 0.0
    while steps < LEAST or passed < seconds:
        step(state, noise, condition, config)
        steps += 1
        state.sums.tolist()
        passed = time.perf_counter() - began
    return steps * config.train.batch / passed


def _info(config: RunConfig, timing: Timing) -> DatasetInfo:
    size = config.data.image_size
    return DatasetInfo(
        names=tuple(map(str, range(timing.names))),
        kind="class",
        channels=timing.channels,
        image_size=size,
        native_size=size,
        title="",
        source="",
        licence="",
        conditions=np.zeros((1, timing.names), np.uint8),
    )
