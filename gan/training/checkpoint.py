"""All that must be saved to go on exactly, and the averaged generator that samples come from.

A snapshot is a folder that appears whole, by one rename:

    generator.safetensors   the averaged generator: what the gallery and exports use
    networks.safetensors    generator and discriminator as they train; kept for the newest two
    training.pt             optimisers, random state, sums of the unfinished point; kept for the newest two
    ready.json              images seen, and the SHA-256 of generator.safetensors, by which manifests name it

Nothing is unpickled: weights are safetensors, the rest is read with `weights_only=True`.
"""

import hashlib
import os
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from gan.errors import DamagedFileError, RunError
from gan.io.atomic import remove, write_json
from gan.io.untrusted_files import check_regular, is_link, not_regular
from gan.runs.run import Run

RESUMABLE_SNAPSHOTS = 2
"""How many of the newest snapshots keep what resumption needs: the second is there in case the first is damaged."""


@dataclass
class State:
    """Everything that a training step reads and changes."""

    generator: nn.Module
    discriminator: nn.Module
    average: nn.Module
    """The generator averaged over training: its exponential moving average."""
    optimiser_g: torch.optim.Optimizer
    optimiser_d: torch.optim.Optimizer
    noise: torch.Generator
    sums: Tensor
    """Sums of the five metrics since the last logged point (5,), on the device."""
    steps: int = 0
    """Steps in `sums`."""
    seen: int = 0
    seconds: float = 0.0
    compiled: tuple[nn.Module, nn.Module] | None = None
    """Generator and discriminator as the step calls them where they are compiled; they share the weights above."""


def save(run: Run, state: State, best: int | None = None) -> Path:
    """Write a snapshot of the state now, and thin out the older ones; the `best`, where one is known, is kept."""
    target = run.snapshot_folder(state.seen)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    if (target / "ready.json").exists():  # stopped right after a snapshot
        return target
    temporary.mkdir()
    save_file(_contiguous(state.average), temporary / "generator.safetensors")
    both = nn.ModuleDict({"generator": state.generator, "discriminator": state.discriminator})
    save_file(_contiguous(both), temporary / "networks.safetensors")
    training = {
        "optimiser_g": state.optimiser_g.state_dict(),
        "optimiser_d": state.optimiser_d.state_dict(),
        "noise": state.noise.get_state(),
        "sums": state.sums,
        "steps": state.steps,
        "seconds": state.seconds,
    }
    torch.save(training, temporary / "training.pt")
    for part in temporary.iterdir():
        with open(part, "rb") as file:
            os.fsync(file.fileno())
    write_json(temporary / "ready.json", {"seen": state.seen, "sha256": _sha256(temporary / "generator.safetensors")})
    temporary.rename(target)
    prune(run, best)
    return target


def prune(run: Run, best: int | None = None) -> None:
    """Keep the newest snapshots whole, the generator of the `best` by score, and those of at most
    `train.keep_snapshots` others.

    Those kept lie evenly over the run: first each is kept, then every second, then every fourth, and so on. Called once
    a new snapshot is whole, so that at no time the last good one is touched.
    """
    config, there, stride = run.config.train, run.snapshots(), 1
    newest, older = there[-RESUMABLE_SNAPSHOTS:], there[:-RESUMABLE_SNAPSHOTS]
    number = {seen: int(seen // (config.snapshot_kimg * 1000)) for seen in there}
    while len(older) > config.keep_snapshots - RESUMABLE_SNAPSHOTS and stride <= number[there[-1]]:
        stride *= 2
        older = [seen for seen in older if number[seen] % stride == 0]
    for seen in there:
        folder = run.snapshot_folder(seen)
        if seen not in newest and seen not in older and seen != best:
            (folder / "ready.json").unlink()  # first: from now on it is no snapshot any more
            shutil.rmtree(folder)
        elif seen not in newest:
            for name in ("networks.safetensors", "training.pt"):
                (folder / name).unlink(missing_ok=True)


def restore(run: Run, state: State) -> None:
    """Bring the state to the newest snapshot that can be resumed; leave it as it is where there is none.

    Half-written folders of a killed trainer are removed, and so are snapshots newer than the one resumed from.
    """
    place, tried = run.path / "snapshots", None
    if is_link(place):
        raise not_regular(place)
    for left in place.iterdir():
        if left.is_symlink() or not (left / "ready.json").exists():
            remove(left)
    for seen in reversed(run.snapshots()):
        folder = run.snapshot_folder(seen)
        if not (folder / "training.pt").exists():
            continue
        try:
            _load(folder, state)
        except UNLOADABLE as error:
            print(f"The snapshot {seen} is damaged ({error}); taking the one before it.", flush=True)
            shutil.rmtree(folder)
            tried = seen
            continue
        state.seen = seen
        return
    if tried is not None:  # it may have changed a part of the state
        raise RunError(f"No snapshot of {run.name} can be resumed, all are damaged: clone the run, and start anew.")


UNLOADABLE = (
    OSError, SafetensorError, RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError,
    pickle.UnpicklingError, DamagedFileError,
)  # fmt: skip
"""What `load_file`, `torch.load`, `load_state_dict` and `set_state` raise for files that are damaged or of others."""


def _load(folder: Path, state: State) -> None:
    """Load a snapshot into the state; raises one of UNLOADABLE, when some of the state may have changed."""
    both = load_file(check_regular(folder / "networks.safetensors"))
    training: dict[str, Any] = torch.load(check_regular(folder / "training.pt"), map_location="cpu", weights_only=True)
    average = load_file(check_regular(folder / "generator.safetensors"))
    nn.ModuleDict({"generator": state.generator, "discriminator": state.discriminator}).load_state_dict(both)
    state.average.load_state_dict(average)
    state.optimiser_g.load_state_dict(training["optimiser_g"])
    state.optimiser_d.load_state_dict(training["optimiser_d"])
    state.noise.set_state(training["noise"])
    state.sums.copy_(training["sums"])
    state.steps, state.seconds = int(training["steps"]), float(training["seconds"])


def _contiguous(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
