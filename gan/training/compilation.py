"""`torch.compile` of both networks, where a run is long enough to repay it, decided once for each run.

On a CPU the compiled step was measured to be slower than the layers of `models/layers.py` as they are, so "auto"
compiles on CUDA only, where kernels are recorded as CUDA graphs too. That it repays itself there from about STEPS steps
on is an expectation, not a measurement. The decision lies in the run's folder and is kept when the run is resumed,
because both ways round differently. Where compiling fails, the run goes on without, and its log says why.
"""

import contextlib
import copy
import os
from collections.abc import Callable, Iterator
from typing import cast

import torch
from torch import nn

from gan.config import settings
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.jobs.worker import Worker
from gan.runs.run import Run
from gan.training.checkpoint import State

MIN_STEPS = 20_000
FILE = "compiled.json"


def compile_networks(run: Run, worker: Worker, state: State, step: Callable[[], None]) -> None:
    """Have `state.compiled` hold the compiled networks where this run is to use them; the phase is "compiling".

    Called before the first step, with a `step` of the right shapes: compiling happens in it, and what it changed in the
    state is put back.
    """
    device = state.sums.device
    if not should_compile(run, device):
        return
    worker.report("compiling", 0, 1)
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(settings.cache() / "compiled"))
    mode = "reduce-overhead" if device.type == "cuda" else None
    try:
        with _put_back(state):
            state.compiled = _compiled(state.generator, mode), _compiled(state.discriminator, mode)
            for _ in range(4):  # CUDA graphs: plain, recorded, then replayed
                step()
    except (RuntimeError, OSError) as error:  # every error of the compiler is one of these
        state.compiled = None
        reason = str(error).strip().partition("\n")[0]
        write_json(run.path / FILE, {"compile": False, "reason": reason})
        print(f"Compiling failed, the run goes on without: {reason}", flush=True)
        return
    worker.report("compiling", 1, 1)
    print("The networks are compiled.", flush=True)


def should_compile(run: Run, device: torch.device) -> bool:
    """Whether this run is to be compiled: as it was decided at its first start, else now, once for all."""
    before = read_json(run.path / FILE)
    if before is not None and isinstance(before.get("compile"), bool):
        return bool(before["compile"])
    asked, steps = run.config.job.compile, run.total // run.config.train.batch
    pays = device.type == "cuda" and steps >= MIN_STEPS and not run.snapshots()  # a run begun without goes on without
    chosen = asked == "on" or (asked == "auto" and pays)
    write_json(run.path / FILE, {"compile": chosen, "reason": f"{asked}: {steps:,} steps on {device.type}"})
    return chosen


def _compiled(network: nn.Module, mode: str | None) -> nn.Module:
    return cast(nn.Module, torch.compile(network, dynamic=False, mode=mode))


@contextlib.contextmanager
def _put_back(state: State) -> Iterator[None]:
    """Undo all that steps change in the state, also where they fail."""
    networks = (state.generator, state.discriminator, state.average)
    parts: tuple[nn.Module | torch.optim.Optimizer, ...] = (*networks, state.optimiser_g, state.optimiser_d)
    kept = [copy.deepcopy(part.state_dict()) for part in parts]
    noise, sums, counts = state.noise.get_state(), state.sums.clone(), (state.steps, state.seen)
    try:
        yield
    finally:
        for part, before in zip(parts, kept, strict=True):
            part.load_state_dict(before)
        for network in networks[:2]:
            network.requires_grad_(True).zero_grad(set_to_none=True)
        state.noise.set_state(noise)
        state.sums.copy_(sums)
        state.steps, state.seen = counts
