"""The run that another starts from: its networks and their origin, kept in the new run's folder. No torch.

    parent/networks.safetensors    its generator and discriminator     parent/fingerprint.npz   hashes of its images
    parent/generator.safetensors   its averaged generator              parent/parent.json       what it was trained on
    parent/fingerprint-2.npz       hashes of its own parent's images, and so on

The copy is made when a run is created, so that the parent may be deleted and the run be moved. What a parent was
trained on stays with all that descend from it: their weights may hold its images too.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from gan.access.identity import SYSTEM, current
from gan.access.ownership import ALL, PRIVATE
from gan.access.permissions import Action, decide
from gan.access.sign_in_settings import sign_in
from gan.config import settings
from gan.config.options import build_config
from gan.config.run_config import RunConfig
from gan.data.fingerprint import FILE as FINGERPRINT
from gan.data.fingerprint import Fingerprint
from gan.errors import RunError
from gan.io.atomic import write_json
from gan.io.json_files import read_json, read_typed
from gan.io.untrusted_files import check_regular
from gan.runs.run import Run, find_run

FOLDER = "parent"
START = re.compile(r"([a-z0-9][a-z0-9_-]{0,63})(?:@(\d{1,12}))?")
"""A value of `train.start_from`."""
NETWORKS, AVERAGE = "networks.safetensors", "generator.safetensors"
MAX_BYTES = 2**20


@dataclass(frozen=True)
class Ancestor:
    """A run that another started from: its snapshot, by images seen and SHA-256 of the averaged generator, and the
    title, source and licence of the set it was trained on. `run`, `title` and `source` are "" for a reader who may not
    see the run."""

    run: str
    seen: int
    sha256: str
    title: str
    source: str
    licence: str

    def sentence(self) -> str:
        """What a reader of the descendant has to know."""
        if not self.run:
            return f"It starts from a run that you cannot see, after {self.seen:,} images (licence: {self.licence})."
        return (
            f"It starts from the run {self.run} after {self.seen:,} images of {self.title} "
            f"({self.source}; licence: {self.licence})."
        )


@dataclass(frozen=True)
class Parent:
    """What is kept of a parent: its ancestors, itself first, its condition names, and the length K of its rows."""

    lineage: tuple[Ancestor, ...]
    names: tuple[str, ...]
    conditions: int


PARENT = TypeAdapter(Parent)


def find_parent(start_from: str) -> tuple[Run, int]:
    """The run and the snapshot, by images seen, that a value of `train.start_from` names.

    Without a snapshot it is the newest that still has its discriminator. Raises RunError where there is none.
    """
    match = START.fullmatch(start_from)
    if match is None:
        raise RunError(f"train.start_from is {start_from!r}: it takes the name of a run, or RUN@IMAGES of a snapshot.")
    run = find_run(match[1])
    whole = [seen for seen in run.snapshots() if (run.snapshot_folder(seen) / NETWORKS).is_file()]
    if not whole:
        raise RunError(f"No snapshot of {run.name} has its discriminator any more: start from another run.")
    seen = int(match[2]) if match[2] else whole[-1]
    if seen not in whole:
        raise RunError(
            f"The snapshot {seen} of {run.name} does not exist, or has no discriminator any more: "
            f"it takes {' or '.join(f'{run.name}@{one}' for one in whole)}."
        )
    return run, seen


def fitting_parent(config: RunConfig) -> tuple[Run, int]:
    """As `find_parent`, for a config that starts from one; raises RunError also where none of its weights fit."""
    run, seen = find_parent(config.train.start_from)
    for name in ("family", "width"):
        own, its = getattr(config.model, name), getattr(run.config.model, name)
        if own != its:
            raise RunError(
                f"model.{name} is {own} and that of {run.name}, from which the run is to start, is {its}: none of its "
                f"weights would fit. Set model.{name} to {its}, or start from another run."
            )
    return run, seen


def problem_with_parent(config: RunConfig, channels: int | None) -> str:
    """Why no run with this config, on images of so many channels where they are known, can start from the run that it
    names; "" where one can, or starts anew."""
    if not config.train.start_from:
        return ""
    try:
        run, _ = fitting_parent(config)
        its = run.info().channels
    except RunError as error:
        return str(error)
    if config.train.freeze_d and channels not in (None, its):
        return (
            f"train.freeze_d is {config.train.freeze_d} and the images have {channels} channel{'s'[: channels != 1]}, "
            f"those of {run.name} {its}: the first convolution would be frozen untrained. Set train.freeze_d to 0."
        )
    return ""


def keep_parent(folder: Path, start_from: str) -> None:
    """Copy what a new run in `folder` starts from; raises RunError where there is no such run or snapshot."""
    from gan.data.subclasses import condition_width  # here: it imports Pillow

    run, seen = find_parent(start_from)
    snapshot, info, target = run.snapshot_folder(seen), run.info(), folder / FOLDER
    before = read_parent(run)
    own = Ancestor(run.name, seen, _sha256(snapshot), info.title, info.source, info.licence)
    width = condition_width(len(info.names), run.config.model.subclasses)
    parent = Parent((own, *(before.lineage if before else ())), info.names, width)
    fingerprints = [run.path / FINGERPRINT, *(run.path / FOLDER / name for name in _fingerprint_names(before))]
    copies = {name: snapshot / name for name in (NETWORKS, AVERAGE)}
    copies |= dict(zip(_fingerprint_names(parent), fingerprints, strict=True))
    target.mkdir()
    for name, source in copies.items():
        try:
            shutil.copyfile(check_regular(source), target / name)
        except FileNotFoundError:
            raise RunError(f"{source.name} of {run.name} is missing: start from another run.") from None
    write_json(target / "parent.json", asdict(parent))


def read_parent(run: Run) -> Parent | None:
    """What is kept of the run that this one started from; None where it started anew. Raises DamagedFileError."""
    return read_typed(run.path / FOLDER / "parent.json", PARENT, MAX_BYTES)


def ancestor_fingerprints(run: Run) -> list[Fingerprint]:
    """What the runs that this one descends from were trained on, its parent first; raises RunError or DamagedFileError
    where a file is missing or damaged."""
    return [Fingerprint.load(run.path, f"{FOLDER}/{name}") for name in _fingerprint_names(read_parent(run))]


def _fingerprint_names(parent: Parent | None) -> list[str]:
    """The files with the fingerprints of a run's ancestors, in the order of their lineage."""
    generations = range(1, 1 + len(parent.lineage if parent else ()))
    return [FINGERPRINT if generation == 1 else f"fingerprint-{generation}.npz" for generation in generations]


def lineage(run: Run) -> tuple[Ancestor, ...]:
    """The runs that this one descends from, its parent first, as the current person may know them; raises
    DamagedFileError. What the system's user writes, such as the files of a download, names those alone that everyone
    who may see this run may see."""
    parent = read_parent(run)
    return tuple(
        ancestor if _may_know(ancestor.run, run) else replace(ancestor, run="", title="", source="")
        for ancestor in (parent.lineage if parent else ())
    )


def visible_config(run: Run) -> RunConfig:
    """The config of a run, without the parent in it where the current person may not know that, as `lineage` has it.

    Raises RunError where it cannot be read.
    """
    flat = run.config.flat()
    visible = visible_options(run, flat)
    return run.config if visible is flat else build_config(visible)


def visible_options(run: Run, flat: Mapping[str, Any]) -> Mapping[str, Any]:
    """As `visible_config`, of a flat config."""
    name = str(flat.get("train.start_from") or "").partition("@")[0]
    return flat if not name or _may_know(name, run) else {**flat, "train.start_from": "", "train.freeze_d": 0}


def _may_know(name: str, descendant: Run) -> bool:
    """Whether the current person may know that a run descends from the run of that name."""
    ancestor, who = Run(settings.store() / name), current()
    if who is not SYSTEM:
        return decide(Action.SEE, ancestor).allowed
    if sign_in() == "none" or ancestor.visibility == ALL:
        return True
    is_same = ancestor.visibility == descendant.visibility
    return is_same and (ancestor.visibility != PRIVATE or ancestor.owner == descendant.owner)


def _sha256(snapshot: Path) -> str:
    return str((read_json(snapshot / "ready.json") or {}).get("sha256", ""))
