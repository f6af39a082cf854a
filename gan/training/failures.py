"""Failures of training as errors that say what to change: values that are not finite, and too little memory."""

import contextlib
import math
from collections.abc import Iterator

import psutil
import torch

from gan.config.run_config import RunConfig
from gan.data.info import DatasetInfo
from gan.errors import TrainingError
from gan.runs.metrics import STEP_METRICS
from gan.runs.run import Run
from gan.training.checkpoint import State
from gan.training.estimate_memory import batch_that_fits
from gan.training.out_of_memory import ran_out_of_memory


def check_finite(values: dict[str, float], seen: int, config: RunConfig) -> None:
    """Raise TrainingError that names the first value that is NaN or infinite; `seen` is in images."""
    for name, value in values.items():
        if not math.isfinite(value):
            raise _not_finite(f"{name} became {value}", seen, config)


def check_state(state: State, config: RunConfig) -> None:
    """Raise TrainingError where the sums or the weights are not finite, before a snapshot would keep them."""
    check_finite(dict(zip(STEP_METRICS, state.sums.tolist(), strict=True)), state.seen, config)
    parameters = (*state.generator.parameters(), *state.discriminator.parameters())
    if not all(bool(torch.isfinite(parameter).all()) for parameter in parameters):
        raise _not_finite("A weight became NaN or infinite", state.seen, config)


def _not_finite(what: str, seen: int, config: RunConfig) -> TrainingError:
    advice = {"optim.lr": max(config.optim.lr / 2, 1e-6), "job.precision": "float32"}
    text = (
        f"{what} after {seen:,} images. The last snapshot is still good. Clone the run with half the learning rate "
        f"({advice['optim.lr']:g}) and precision float32, and check the images for blank or broken ones."
    )
    return TrainingError(text, "nan", advice)


@contextlib.contextmanager
def explain_memory_errors(run: Run, info: DatasetInfo) -> Iterator[None]:
    """Turn an out-of-memory error into a TrainingError that names a batch size that should fit."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not ran_out_of_memory(error):
            raise
        on_gpu = isinstance(error, torch.OutOfMemoryError)
        memory = torch.cuda.get_device_properties(0).total_memory if on_gpu else psutil.virtual_memory().available
        batch = batch_that_fits(run.config, info, memory)
        device, kind = ("GPU", "gpu-memory") if on_gpu else ("computer", "memory")
        text = (
            f"The {device}'s memory ran out with train.batch {run.config.train.batch}: clone the run with {batch}, "
            f"which should fit, or with smaller images. ({str(error).partition(chr(10))[0]})"
        )
        raise TrainingError(text, kind, {"train.batch": batch}) from error
