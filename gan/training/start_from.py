"""Starting a run from another: its weights, as far as they fit, and freezing D's first layers (FreezeD).

A tensor fits where name and shape are equal. Of one that depends on the conditions, the columns of conditions with the
same name fit, and the rest of it where its shape is equal. Levels of the generator are numbered from the coarsest, so
that of networks for other sizes those with the same number of pixels to go are matched. What does not fit starts anew.
"""

import re
from dataclasses import dataclass, replace

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from gan.config.run_config import RunConfig
from gan.data.fingerprint import Fingerprint, held_out_images_learned
from gan.data.image_set import ImageSet
from gan.data.info import DatasetInfo
from gan.data.subclasses import condition_width
from gan.errors import DataError, RunError
from gan.io.untrusted_files import check_regular
from gan.models.build import build_networks
from gan.runs import parents
from gan.runs.run import Run
from gan.training.checkpoint import State

LEVEL = re.compile(r"(\w+)\.(\d+)\.(.+)")
"""The name of a tensor in a list of layers: the list, the number, and the rest."""


def check_unseen(run: Run, images: ImageSet) -> str:
    """Raise DataError where the run's parent, or one that it descends from, was trained on validation or test images of
    this set: every score of the run would be too good. Gives a sentence where that cannot be told, else ""."""
    theirs, ours = parents.ancestor_fingerprints(run), Fingerprint.of(images)
    known = held_out_images_learned(theirs, ours)
    if known is None:
        other = next(fingerprint.reading for fingerprint in theirs if fingerprint.reading != ours.reading)
        return (
            f"Whether the run that {run.name} starts from was trained on validation or test images of this set cannot "
            f"be told: its images were read as {other}, these as {ours.reading}. If it was, scores are too good."
        )
    if known:
        raise DataError(
            f"The run that {run.name} starts from, or one that it descends from, was trained on {known:,} validation "
            f"or test images of {images.title}: scores would be too good. Start from another run, or from none."
        )
    return ""


def load_parent(run: Run, state: State, info: DatasetInfo) -> str:
    """Load what fits of the run's parent into the new networks; gives a sentence on what does.

    The generator and its average begin as the parent's average. Raises RunError where the parent's files are missing or
    damaged, or where a level that is frozen does not fit.
    """
    parent = parents.read_parent(run)
    folder = run.path / parents.FOLDER
    try:
        if parent is None:
            raise FileNotFoundError(folder / "parent.json")
        networks = load_file(check_regular(folder / parents.NETWORKS))
        average = load_file(check_regular(folder / parents.AVERAGE))
    except (OSError, SafetensorError) as error:
        raise RunError(
            f"What {run.name} starts from is missing or damaged ({error}): clone it and start again."
        ) from None
    discriminator = {
        name.removeprefix("discriminator."): value for name, value in networks.items() if name.startswith("disc")
    }
    columns = [(own, parent.names.index(name)) for own, name in enumerate(info.names) if name in parent.names]
    shared = _Shared(condition_width(len(info.names), run.config.model.subclasses), parent.conditions, columns)
    one_more = [network.state_dict() for network in _with_one_condition_more(run.config, info)]
    fitting = [
        _load(network, _aligned(weights, network) if number == 0 else weights, one_more[number], shared)
        for number, (network, weights) in enumerate(((state.generator, average), (state.discriminator, discriminator)))
    ]
    frozen = {id(weight) for weight in state.frozen}
    for name, weight in state.discriminator.named_parameters():
        if id(weight) in frozen and not (name in discriminator and torch.equal(weight.cpu(), discriminator[name])):
            raise RunError(
                f"train.freeze_d is {run.config.train.freeze_d}, and the discriminator's {name} does not fit: it would "
                "be frozen untrained. Clone the run with train.freeze_d 0."
            )
    state.average.load_state_dict(state.generator.state_dict())
    return (  # without the parent's name: who may see the log may not see the parent
        f"Starts from the weights of another run after {parent.lineage[0].seen:,} images: {fitting[0]:.0%} of the "
        f"generator's weights and {fitting[1]:.0%} of the discriminator's fit, and {len(columns)} of "
        f"{len(info.names)} conditions have the same name."
    )


def freeze_levels(discriminator: nn.Module, levels: int) -> list[nn.Parameter]:
    """Freeze D's first `levels` convolutions and what norms their maps; gives the frozen weights.

    FreezeD (Mo et al. 2020, arXiv:2002.10964): what D sees in detail is alike in related sets, and few images are
    enough for the rest. Batch norm's statistics still follow the images.
    """
    frozen: list[nn.Parameter] = []
    number = 0
    for module in discriminator.modules():
        number += isinstance(module, nn.Conv2d)
        if number > levels:
            break
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d):
            frozen += module.parameters(recurse=False)
    for weight in frozen:
        weight.requires_grad_(False)
    return frozen


@dataclass(frozen=True)
class _Shared:
    """Lengths of our rows of conditions and of the parent's, and pairs of places in them with the same name.

    Subclasses are of one set only, and shared with none.
    """

    own: int
    theirs: int
    columns: list[tuple[int, int]]


def _with_one_condition_more(config: RunConfig, info: DatasetInfo) -> tuple[nn.Module, nn.Module]:
    """The run's networks with one condition more, without memory: they tell which tensors depend on conditions."""
    width = condition_width(len(info.names), config.model.subclasses)
    names = tuple(str(number) for number in range(width + 1))
    with torch.device("meta"):
        return build_networks(config.model.model_copy(update={"subclasses": 1}), replace(info, names=names))


def _aligned(weights: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """The parent's generator with its levels numbered so that the finest of both have the same number."""
    last, own_last = _last_levels(weights), _last_levels(network.state_dict())
    aligned = {}
    for name, value in weights.items():
        match = LEVEL.fullmatch(name)
        shift = own_last.get(match[1], 0) - last[match[1]] if match else 0
        aligned[f"{match[1]}.{int(match[2]) + shift}.{match[3]}" if match else name] = value
    return aligned


def _last_levels(weights: dict[str, Tensor]) -> dict[str, int]:
    """The largest number of each list of layers."""
    last: dict[str, int] = {}
    for name in weights:
        if match := LEVEL.fullmatch(name):
            last[match[1]] = max(last.get(match[1], 0), int(match[2]))
    return last


@torch.no_grad()
def _load(network: nn.Module, weights: dict[str, Tensor], one_more: dict[str, Tensor], shared: _Shared) -> float:
    """Copy what fits into a network; gives the share of its weights that were copied."""
    copied = 0
    for name, own in network.state_dict().items():
        theirs = weights.get(name)
        if theirs is None or theirs.ndim != own.ndim or theirs.dtype != own.dtype:
            continue
        longer = [dim for dim in range(own.ndim) if one_more[name].shape[dim] != own.shape[dim]]
        copied += _copy_columns(own, theirs, longer[0], shared) if longer else _copy_whole(own, theirs)
    whole: int = sum(value.numel() for value in network.state_dict().values())
    return copied / whole


def _copy_whole(own: Tensor, theirs: Tensor) -> int:
    if own.shape != theirs.shape:
        return 0
    own.copy_(theirs)
    return own.numel()


def _copy_columns(own: Tensor, theirs: Tensor, dim: int, shared: _Shared) -> int:
    """Copy what stands before the conditions, such as z's part, and the columns of shared conditions."""
    own, theirs = own.movedim(dim, 0), theirs.movedim(dim, 0)
    before = len(own) - shared.own
    if own.shape[1:] != theirs.shape[1:] or before != len(theirs) - shared.theirs:
        return 0
    own[:before] = theirs[:before]
    for column, other in shared.columns:
        own[before + column] = theirs[before + other]
    return (before + len(shared.columns)) * own[0].numel()
