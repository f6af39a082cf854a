"""What the training loop does once a tick: a point for the curves, a picture, and a look at what goes wrong.

The only places where the host waits for the device are here.
"""

import contextlib
import math
import time
from collections.abc import Iterator

import numpy as np
import psutil
import torch

from gan.config.run_config import RunConfig
from gan.data.info import DatasetInfo
from gan.errors import TrainingError
from gan.io import contact_sheet
from gan.io.atomic import replacing, write_json
from gan.runs.metrics import IMAGES_PER_SECOND, SECONDS, STEP_METRICS
from gan.runs.run import Run
from gan.sampling import conditions, latents, subclass_sampling
from gan.training import checkpoint
from gan.training.checkpoint import State
from gan.training.estimate import batch_that_fits

TICK_SECONDS = 1.0
SAMPLE_ROWS = 8
SAMPLE_COLUMNS = 10


def crossed(before: int, now: int, every: float) -> bool:
    """Whether a multiple of `every` lies in (before, now]: due at the same images whatever the batch size."""
    return now // every > before // every


def metrics_row(state: State, clock: "Clock", config: RunConfig) -> dict[str, float]:
    """One row for the curves, the averages since the last; empties the sums. Raises TrainingError on NaN or Inf."""
    means = (state.sums / state.steps).tolist()  # the one place where the host waits for the device
    check_finite(dict(zip(STEP_METRICS, means, strict=True)), state.seen, config)
    state.sums.zero_()
    state.steps = 0
    rate = clock.measure(state.seen)
    timings = {"seen": state.seen, SECONDS: round(state.seconds, 3), IMAGES_PER_SECOND: round(rate, 1)}
    return timings | dict(zip(STEP_METRICS, means, strict=True))


def check_state(state: State, config: RunConfig) -> None:
    """Raise TrainingError before a snapshot would keep sums or weights that are not numbers."""
    check_finite(dict(zip(STEP_METRICS, state.sums.tolist(), strict=True)), state.seen, config)
    if not checkpoint.weights_are_finite(state):
        raise not_finite("A weight is no longer a number", state.seen, config)


def not_finite(what: str, seen: int, config: RunConfig) -> TrainingError:
    """The error that ends a run, with what to change."""
    advice = {"optim.lr": max(config.optim.lr / 2, 1e-6), "job.precision": "float32"}
    text = (
        f"{what} after {seen:,} images. The last snapshot is still good. Clone the run with half the learning rate "
        f"({advice['optim.lr']:g}) and precision float32, and look at the images for blank or broken ones."
    )
    return TrainingError(text, "nan", advice)


def check_finite(values: dict[str, float], seen: int, config: RunConfig) -> None:
    """Raise TrainingError that names the first value that is NaN or infinite."""
    for name, value in values.items():
        if not math.isfinite(value):
            raise not_finite(f"{name} became {value}", seen, config)


@contextlib.contextmanager
def explain_memory_errors(run: Run, info: DatasetInfo) -> Iterator[None]:
    """Turn an error for want of memory into one that names the batch that would fit."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        on_gpu = isinstance(error, torch.OutOfMemoryError)
        if not on_gpu and not isinstance(error, MemoryError) and "can't allocate memory" not in str(error):
            raise
        room = torch.cuda.get_device_properties(0).total_memory if on_gpu else psutil.virtual_memory().available
        batch = batch_that_fits(run.config, info, room)
        whose, kind = ("The GPU's", "gpu-memory") if on_gpu else ("The computer's", "memory")
        text = (
            f"{whose} memory ran out with train.batch {run.config.train.batch}: clone the run with {batch}, which "
            f"should fit, or with smaller images. ({str(error).partition(chr(10))[0]})"
        )
        raise TrainingError(text, kind, {"train.batch": batch}) from error


class FixedNoise:
    """The same noise at every snapshot, a column a condition, so that pictures over time show one image growing."""

    def __init__(self, config: RunConfig, info: DatasetInfo):
        rows, self._labels = conditions.representative_conditions(info, SAMPLE_COLUMNS)
        noise = latents.sample_noise(config.train.seed, range(SAMPLE_ROWS), config.model.latent)  # (rows, Z)
        self._z = noise.repeat_interleave(len(rows), dim=0)  # (rows * columns, Z)
        asked = np.tile(rows, (SAMPLE_ROWS, 1))  # (rows * columns, K)
        positions = np.arange(SAMPLE_ROWS).repeat(len(rows)).tolist()
        self._told = torch.from_numpy(subclass_sampling.network_conditions(info, asked, config.train.seed, positions))
        self._columns, self._native = len(rows), info.native_size

    def draw(self, state: State, run: Run) -> None:
        """Keep one picture, named by images seen, and once the columns' labels beside it."""
        device = state.sums.device
        made = latents.generate_images(state.average, self._z.to(device), self._told.to(device), self._native)
        with replacing(run.sample_sheet(state.seen)) as temporary:
            contact_sheet.make_grid(made, self._columns).save(temporary, format="PNG")
        columns = run.path / "samples" / "columns.json"
        if not columns.exists():
            write_json(columns, {"labels": self._labels, "rows": SAMPLE_ROWS})


class Clock:
    """Seconds of training over all resumptions, the rate between logged points, and when to look up from the work."""

    def __init__(self, seconds: float, seen: int):
        """Start at the `seconds` and images `seen` that earlier processes of the run came to."""
        now = time.monotonic()
        self.rate: float | None = None
        self._started = now - seconds
        self._ticked = now
        self._begun = self._measured = (now, seen)

    def due(self) -> bool:
        if time.monotonic() - self._ticked < TICK_SECONDS:
            return False
        self._ticked = time.monotonic()
        return True

    def seconds(self) -> float:
        return time.monotonic() - self._started

    def pace(self, seen: int) -> float:
        """Images per second over the whole of this process: steady enough to tell the time left."""
        since, before = self._begun
        return (seen - before) / (time.monotonic() - since)

    def measure(self, seen: int) -> float:
        """Images per second since the last point, or since the start of this process."""
        now = time.monotonic()
        since, before = self._measured
        self._measured = (now, seen)
        self.rate = (seen - before) / (now - since)
        return self.rate
