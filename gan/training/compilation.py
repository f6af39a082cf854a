"""`torch.compile` of both networks where a run is long enough to repay it.

"auto" compiles on CUDA only, with CUDA graphs: on a CPU the compiled step was measured to be slower than the layers of
`models/layers.py`. A run on several GPUs is not compiled. The decision is made once and kept in the
run's folder, because compiled networks round differently. Where compiling fails, the run continues without it and its
log says why.
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
from gan.io.terminal import show
from gan.jobs.worker import Worker
from gan.runs.run import Run
from gan.training.checkpoint import State

MIN_STEPS = 20_000
"""Steps from which on "auto" compiles: an estimate, not measured."""
FILE = "compiled.json"


def compile_networks(run: Run, worker: Worker, state: State, step: Callable[[], None]) -> None:
    """Set `state.compiled` where this run is to be compiled; reports the phase "compiling".

    Compiling happens in `step`, which must have the shapes of training. The state is then restored.
    """
    device = state.sums.device
    if not should_compile(run, device):
        return
    worker.report("compiling", 0, 1)
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(settings.cache() / "compiled"))
    try:
        with _restored(state):
            state.compiled = compiled_networks(state, device)
            for _ in range(4):  # with CUDA graphs: warm-up, recording, then replay
                step()
    except (RuntimeError, OSError) as error:  # every error of the compiler is one of these
        state.compiled = None
        reason = str(error).strip().partition("\n")[0]
        write_json(run.path / FILE, {"compile": False, "reason": reason})
        show(f"Compiling failed, the run continues without it: {reason}")
        return
    worker.report("compiling", 1, 1)
    show("The networks are compiled.")


def should_compile(run: Run, device: torch.device) -> bool:
    """Whether this run is to be compiled, as decided at its first start; decides and records it there.

    A config that says "off" is never compiled, whatever the record says: run folders are copied between people. Nor is
    one on several GPUs, whose ranks exchange values within a network: CUDA graphs of that are not tested.
    """
    decision, requested = read_json(run.path / FILE), run.config.job.compile
    if run.config.job.gpus > 1:
        return False
    if requested != "off" and decision is not None and isinstance(decision.get("compile"), bool):
        return bool(decision["compile"])
    steps = run.total // run.config.train.batch
    pays = device.type == "cuda" and steps >= MIN_STEPS and not run.snapshots()  # a run with snapshots began without
    compiled = requested == "on" or (requested == "auto" and pays)
    write_json(run.path / FILE, {"compile": compiled, "reason": f"{requested}: {steps:,} steps on {device.type}"})
    return compiled


def compiled_networks(state: State, device: torch.device) -> tuple[nn.Module, nn.Module]:
    """G and D compiled for batches of one shape, on CUDA with CUDA graphs; the first steps compile."""
    mode = "reduce-overhead" if device.type == "cuda" else None
    G, D = (torch.compile(network, dynamic=False, mode=mode) for network in (state.generator, state.discriminator))
    return cast(nn.Module, G), cast(nn.Module, D)


@contextlib.contextmanager
def _restored(state: State) -> Iterator[None]:
    """Restore on exit all that steps change in the state."""
    networks = (state.generator, state.discriminator, state.average)
    parts: tuple[nn.Module | torch.optim.Optimizer, ...] = (*networks, state.optimiser_g, state.optimiser_d)
    saved = [copy.deepcopy(part.state_dict()) for part in parts]
    noise, sums, counts = state.noise.get_state(), state.sums.clone(), (state.steps, state.seen)
    try:
        yield
    finally:
        for part, before in zip(parts, saved, strict=True):
            part.load_state_dict(before)
        for network in networks[:2]:
            network.requires_grad_(True).zero_grad(set_to_none=True)
        for weight in state.frozen:
            weight.requires_grad_(False)
        state.noise.set_state(noise)
        state.sums.copy_(sums)
        state.steps, state.seen = counts
