"""How the time of a training step divides into its parts: passes of the networks, gradients, optimisers, average.

Measured by hooks on the networks and the optimisers of `gan.training.train.step`, which waits for the device at each:
on a GPU such a step is slower than those of a run.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from gan.bench.roofline import wait_for_device
from gan.config.run_config import RunConfig
from gan.training.checkpoint import State
from gan.training.train import step

PARTS = {
    "generator": "G",
    "discriminator_real": "D on real",
    "discriminator_synthetic": "D on synthetic, twice",
    "backward_discriminator": "backward D",
    "backward_generator": "backward G",
    "optimisers": "optimisers",
    "average": "average",
    "other": "other",
}
"""The parts of a step and their names in the table. The losses belong to the backward passes, the step's metrics to the
average; what is left is the input: pixels to [-1, 1], z, augmentation."""
WARM_UP, LEAST = 1, 2
"""Steps before the clock starts, which choose algorithms and fill caches; and steps timed at least."""


def measure_step_parts(
    state: State, real: Tensor, condition: Tensor, config: RunConfig, seconds: float
) -> dict[str, float]:
    """Seconds of each of `PARTS` in a step, the mean of steps on one batch for about so many seconds.

    `real` (N, C, H, H) and `condition` (N, K) are on the state's device. Trains the state.
    """
    for _ in range(WARM_UP):
        step(state, real, condition, config)
    clock, steps = _PartClock(real.device), 0
    with clock.at_the_parts_of(state):
        while steps < LEAST or sum(clock.seconds.values()) < seconds:
            clock.start()
            step(state, real, condition, config)
            clock.end("average")
            steps += 1
    return {part: total / steps for part, total in clock.seconds.items()}


def step_parts_text(parts: dict[str, float]) -> str:
    """The parts in percent of the step, on one line."""
    whole = sum(parts.values())
    return ", ".join(f"{PARTS[part]} {seconds / whole:.0%}" for part, seconds in parts.items())


class _PartClock:
    """Sums the time of each part: each ends where the next begins."""

    def __init__(self, device: torch.device):
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self._device = device
        self._last = 0.0
        self._passes: Iterator[str] = iter(())
        self._depth = 0

    def start(self) -> None:
        """Begin a step: D sees real images, then synthetic ones for its own step, then for G's."""
        self._passes = iter(("discriminator_real", "discriminator_synthetic", "discriminator_synthetic"))
        wait_for_device(self._device)
        self._last = time.perf_counter()

    def end(self, part: str) -> None:
        """Count the time since the end of the part before as that of `part`."""
        wait_for_device(self._device)
        now = time.perf_counter()
        self.seconds[part] += now - self._last
        self._last = now

    @contextlib.contextmanager
    def at_the_parts_of(self, state: State) -> Iterator[None]:
        """End the parts of each step of `state` within the block."""
        handles = [
            *self._at_passes(state.generator, lambda: "generator"),
            *self._at_passes(state.discriminator, lambda: next(self._passes)),
            *self._at_steps(state.optimiser_d, "backward_discriminator"),
            *self._at_steps(state.optimiser_g, "backward_generator"),
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _at_passes(self, network: nn.Module, part: Callable[[], str]) -> list[Any]:
        """Hooks at the begin and the end of the network's passes, not of those within a pass: the DCGAN's discriminator
        calls itself where it gets several conditions for each image."""

        def begin(*_: object) -> None:
            if not self._depth:
                self.end("other")
            self._depth += 1

        def end(*_: object) -> None:
            self._depth -= 1
            if not self._depth:
                self.end(part())

        return [network.register_forward_pre_hook(begin), network.register_forward_hook(end)]

    def _at_steps(self, optimiser: torch.optim.Optimizer, before: str) -> list[Any]:
        """Hooks at the begin and the end of the optimiser's steps."""
        return [
            optimiser.register_step_pre_hook(lambda *_: self.end(before)),
            optimiser.register_step_post_hook(lambda *_: self.end("optimisers")),
        ]
