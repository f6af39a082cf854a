"""What is due between training steps: when, the row for metrics.jsonl, and the rate of training.

`metrics_row` reads values from the device, which makes the host wait for it; the training step never does.
"""

import time

from gan.config.run_config import RunConfig
from gan.runs.metrics import IMAGES_PER_SECOND, SECONDS, STEP_METRICS
from gan.training.checkpoint import State
from gan.training.failures import check_finite

TICK_SECONDS = 1.0


def crossed(before: int, now: int, interval: float) -> bool:
    """Whether a multiple of `interval` images lies in (before, now]; so snapshots do not depend on the batch size."""
    return now // interval > before // interval


def metrics_row(state: State, clock: "Clock", config: RunConfig) -> dict[str, float]:
    """One row for metrics.jsonl, means since the last row; resets the sums. Raises TrainingError on NaN or infinity."""
    means = dict(zip(STEP_METRICS, (state.sums / state.steps).tolist(), strict=True))
    check_finite(means, state.seen, config)
    state.sums.zero_()
    state.steps = 0
    rate = clock.measure(state.seen)
    timings = {"seen": state.seen, SECONDS: round(state.seconds, 3), IMAGES_PER_SECOND: round(rate, 1)}
    return timings | means


class Clock:
    """Seconds of training over all resumptions, the rate between logged rows, and when a tick is due."""

    def __init__(self, seconds: float, seen: int):
        """Continue from the `seconds` and images `seen` of earlier processes of the run."""
        now = time.monotonic()
        self.rate: float | None = None
        """Images per second between the last two logged rows; None before the first."""
        self._start = now - seconds
        self._last_tick = now
        self._process_start = self._last_row = (now, seen)
        self._cpu_start = time.process_time()

    def due(self) -> bool:
        """Whether `TICK_SECONDS` have passed since this was last true."""
        if time.monotonic() - self._last_tick < TICK_SECONDS:
            return False
        self._last_tick = time.monotonic()
        return True

    def seconds(self) -> float:
        """Seconds of training so far, over all resumptions."""
        return time.monotonic() - self._start

    def cores(self) -> float:
        """Cores that this process has had on average since it began: on a shared machine fewer than its threads."""
        return (time.process_time() - self._cpu_start) / (time.monotonic() - self._process_start[0])

    def mean_rate(self, seen: int) -> float:
        """Images per second since this process began: steady enough to estimate the time left."""
        since, before = self._process_start
        return (seen - before) / (time.monotonic() - since)

    def measure(self, seen: int) -> float:
        """Images per second since the last row, or since this process began; kept as `rate`."""
        now = time.monotonic()
        since, before = self._last_row
        self._last_row = (now, seen)
        self.rate = (seen - before) / (now - since)
        return self.rate
