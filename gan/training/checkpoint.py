"""Snapshots: the training state for exact resumption, and the averaged generator that images are sampled from.

A snapshot is a folder that appears complete, by one rename:

    generator.safetensors   the averaged generator: what the gallery and exports use
    networks.safetensors    the generator and discriminator in training; kept for the newest two
    training.pt             optimisers, random state, sums of the unfinished row; kept for the newest two
    ready.json              images seen, and the SHA-256 of generator.safetensors that manifests refer to

Reading a snapshot executes no code: weights are safetensors, the rest is read with `weights_only=True`.
"""

import hashlib
import io
import math
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
from gan.io.atomic import remove, remove_folder, write_json
from gan.io.terminal import show
from gan.io.untrusted_files import check_regular, is_link, not_regular
from gan.runs.run import Run
from gan.training.out_of_memory import ran_out_of_memory
from gan.training.ranks import ALONE, Ranks

RESUMABLE_SNAPSHOTS = 2
"""Newest snapshots that can be resumed: the second serves where the first is damaged."""


@dataclass
class State:
    """What a training step reads and changes."""

    generator: nn.Module
    discriminator: nn.Module
    average: nn.Module
    """The exponential moving average of the generator."""
    optimiser_g: torch.optim.Optimizer
    optimiser_d: torch.optim.Optimizer
    noise: torch.Generator
    """Random numbers of z and of augmentation."""
    sums: Tensor
    """Sums of the step's metrics since the last logged row (5,), on the device."""
    steps: int = 0
    """Steps in `sums`."""
    seen: int = 0
    """Training images so far."""
    seconds: float = 0.0
    """Seconds of training so far."""
    compiled: tuple[nn.Module, nn.Module] | None = None
    """Compiled generator and discriminator for the step; they share the weights above."""
    frozen: tuple[nn.Parameter, ...] = ()
    """Weights of the discriminator that do not change."""
    features: str = ""
    """SHA-256 of the frozen weights that the discriminator builds on, which snapshots do not hold; "" for none."""
    ranks: Ranks = ALONE
    """The processes that train together; all but `sums` and what follows from it is the same on all of them."""


def save(run: Run, state: State, best: int | None = None) -> Path:
    """Write a snapshot of the state and delete some older ones, not the `best`; gives the snapshot's folder."""
    target = run.snapshot_folder(state.seen)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    if (target / "training.pt").exists() and (target / "ready.json").exists():  # the run was stopped right after it
        return target
    temporary.mkdir()
    save_file(_contiguous(state.average), temporary / "generator.safetensors")
    save_file(_contiguous(_both(state)), temporary / "networks.safetensors")
    torch.save(_training(state), temporary / "training.pt")
    for part in temporary.iterdir():
        with open(part, "rb") as file:
            os.fsync(file.fileno())
    write_json(temporary / "ready.json", {"seen": state.seen, "sha256": _sha256(temporary / "generator.safetensors")})
    remove_folder(target)  # one that is not whole
    temporary.rename(target)
    prune(run, best)
    return target


def to_bytes(state: State) -> bytes:
    """The whole state for another rank, as a snapshot holds it."""
    buffer = io.BytesIO()
    networks = {"networks": _contiguous(_both(state)), "average": _contiguous(state.average)}
    torch.save({**networks, "training": _training(state), "seen": state.seen}, buffer)
    return buffer.getvalue()


def load_bytes(data: bytes, state: State) -> None:
    """Load what `to_bytes` gave on another rank into the state."""
    parts = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    _load_parts(parts["networks"], parts["average"], parts["training"], int(parts["seen"]), state)


def _both(state: State) -> nn.ModuleDict:
    return nn.ModuleDict({"generator": state.generator, "discriminator": state.discriminator})


def _training(state: State) -> dict[str, Any]:
    """What a snapshot holds beside the networks."""
    return {
        "optimiser_g": state.optimiser_g.state_dict(),
        "optimiser_d": state.optimiser_d.state_dict(),
        "noise": state.noise.get_state(),
        "sums": state.sums,
        "steps": state.steps,
        "seconds": state.seconds,
        "features": state.features,
    }


def prune(run: Run, best: int | None = None) -> None:
    """Keep the newest snapshots whole; of the others keep the generator only, at most `train.keep_snapshots` in all.

    The older ones are spread evenly over the run: all of them at first, then every second, every fourth, and so on.
    The `best` is always kept. Called when a new snapshot is complete, so that one is always left.
    """
    config, snapshots, stride = run.config.train, run.snapshots(), 1
    newest, older = snapshots[-RESUMABLE_SNAPSHOTS:], snapshots[:-RESUMABLE_SNAPSHOTS]
    number = {seen: int(seen // (config.snapshot_kimg * 1000)) for seen in snapshots}
    while len(older) > config.keep_snapshots - RESUMABLE_SNAPSHOTS and stride <= number[snapshots[-1]]:
        stride *= 2
        older = [seen for seen in older if number[seen] % stride == 0]
    for seen in snapshots:
        folder = run.snapshot_folder(seen)
        if seen not in newest and seen not in older and seen != best:
            (folder / "ready.json").unlink()  # first: without it the folder is no snapshot
            shutil.rmtree(folder)
        elif seen not in newest:
            for name in ("networks.safetensors", "training.pt"):
                (folder / name).unlink(missing_ok=True)


def restore(run: Run, state: State) -> None:
    """Load the newest snapshot that can be resumed into the state; leave it unchanged where there is no snapshot.

    Deletes incomplete folders, and sets damaged snapshots aside as `.damaged-<name>`. Raises RunError where there are
    snapshots and none can be resumed, and what memory that ran out, or a disk that fails, raises.
    """
    snapshots, damaged = run.path / "snapshots", False
    if is_link(snapshots):
        raise not_regular(snapshots)
    for folder in snapshots.iterdir():
        if folder.is_symlink() or not (folder / "ready.json").exists():
            remove(folder)
    for seen in reversed(run.snapshots()):
        folder = run.snapshot_folder(seen)
        if not (folder / "training.pt").exists():
            continue
        try:
            _load(folder, seen, state)
        except UNLOADABLE as error:
            if ran_out_of_memory(error):
                raise
            aside = folder.with_name(f".damaged-{folder.name}")
            show(f"Snapshot {seen} is damaged ({error}): it is kept as {aside.name}. Trying the one before it.")
            remove_folder(aside)
            folder.rename(aside)
            damaged = True
            continue
        return
    if damaged:  # loading may have changed a part of the state
        raise RunError(f"All snapshots of {run.name} are damaged, none can be resumed: clone the run and start again.")
    if run.snapshots():
        raise RunError(
            f"The snapshots of {run.name} have no {' and '.join(TO_RESUME)}, so none can be resumed: clone the run and "
            "start again."
        )


UNLOADABLE = (
    FileNotFoundError, SafetensorError, RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError,
    EOFError, OverflowError, AssertionError, pickle.UnpicklingError, DamagedFileError,
)  # fmt: skip
"""What `load_file`, `torch.load`, `load_state_dict` and `set_state` raise for missing, damaged or foreign files."""
TO_RESUME = ("networks.safetensors", "training.pt")
"""Files of a snapshot without which it cannot be resumed."""
GENERATOR_STATES = (16, 5056)
"""Bytes of the state of a `torch.Generator` on CUDA and on a CPU."""


MOMENTS = ("exp_avg", "exp_avg_sq")
"""Adam's running means of the gradient and of its square, as torch names them."""


def _load(folder: Path, seen: int, state: State) -> None:
    """Load a snapshot into the state; raises one of UNLOADABLE, with the state perhaps half changed."""
    both = load_file(check_regular(folder / "networks.safetensors"))
    training: dict[str, Any] = torch.load(check_regular(folder / "training.pt"), map_location="cpu", weights_only=True)
    average = load_file(check_regular(folder / "generator.safetensors"))
    _load_parts(both, average, training, seen, state)


def _load_parts(
    both: dict[str, Tensor], average: dict[str, Tensor], training: dict[str, Any], seen: int, state: State
) -> None:
    """Load networks, the averaged generator and the rest into the state, that after `seen` images; raises as `_load`,
    and RunError where its frozen weights are others.

    The random numbers of another kind of device cannot go on here: new ones are drawn then, by the seed and `seen`.
    """
    optimisers = {"optimiser_g": state.optimiser_g, "optimiser_d": state.optimiser_d}
    loaded = {name: _optimiser_state(training[name], optimiser) for name, optimiser in optimisers.items()}
    noise, sums, features = training["noise"], training["sums"], training.get("features", "")
    if not isinstance(features, str):
        raise ValueError(f"features is a {type(features).__name__}")
    if features != state.features:
        raise RunError(
            f"Its discriminator builds on frozen weights with the SHA-256 {features or '-'}, and this version of the "
            f"program has {state.features or '-'}: clone the run and start again."
        )
    goes_on = not _is_of_another_device(noise, own := state.noise.get_state())
    if goes_on:
        _check_tensor("noise", noise, own)
    _check_tensor("sums", sums, state.sums)
    steps, seconds = int(training["steps"]), float(training["seconds"])
    if steps < 0 or not 0 <= seconds < math.inf:
        raise ValueError(f"{steps} steps in {seconds} seconds")
    _both(state).load_state_dict(both)
    state.average.load_state_dict(average)
    for name, optimiser in optimisers.items():
        optimiser.load_state_dict(loaded[name])
    if goes_on:
        state.noise.set_state(noise)
    else:
        show("It was trained on another kind of device before: it goes on here with other random numbers.")
        state.noise.manual_seed(state.noise.initial_seed() + seen)
    state.sums.copy_(sums)
    state.steps, state.seconds, state.seen = steps, seconds, seen


def _is_of_another_device(noise: Any, own: Tensor) -> bool:
    """Whether it is the state of a random generator of another kind of device."""
    is_state = isinstance(noise, Tensor) and noise.dtype == torch.uint8 and noise.ndim == 1
    return is_state and len(noise) in GENERATOR_STATES and len(noise) != len(own)


@torch.no_grad()
def _optimiser_state(saved: dict[str, Any], optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    """The saved moments and step counts for `load_state_dict`, with the optimiser's own settings.

    Fused Adam writes to the moments by address, without a look at their shape or strides. So each moment is checked
    against its parameter and copied into memory of the parameter's layout. Raises ValueError where one does not fit.
    """
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    moments: dict[int, dict[str, Tensor]] = {}
    for index, values in saved["state"].items():  # a parameter that had no gradient yet has none
        if type(index) is not int or not 0 <= index < len(parameters):
            raise ValueError(f"an optimiser's state of the parameter {index!r}, of {len(parameters)}")
        if set(values) != {"step", *MOMENTS}:
            raise ValueError(f"an optimiser's state has {', '.join(map(repr, values))}")
        _check_tensor("step", values["step"], torch.tensor(0.0))
        if not 0 <= values["step"].item() < math.inf:
            raise ValueError(f"step is {values['step'].item()}")
        moments[index] = {"step": values["step"].clone()}
        for name in MOMENTS:
            _check_tensor(name, values[name], parameters[index])
            moments[index][name] = torch.empty_like(parameters[index], requires_grad=False).copy_(values[name])
    return {"state": moments, "param_groups": optimiser.state_dict()["param_groups"]}


def _check_tensor(name: str, value: Any, like: Tensor) -> None:
    """Raise ValueError where the value is no dense CPU tensor of the other's shape and dtype."""
    if not isinstance(value, Tensor) or value.layout != torch.strided or value.device.type != "cpu":
        raise ValueError(f"{name} is no dense tensor")
    if value.shape != like.shape or value.dtype != like.dtype:
        raise ValueError(f"{name} is {value.dtype} {tuple(value.shape)}, not {like.dtype} {tuple(like.shape)}")


def _contiguous(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
