"""A run to start from, proposed for a set of few images: a value of `train.start_from`, with what fits. No torch.

It is never taken without a word of the user: which sets are related, only their owner knows. What a start from a larger
set brings was measured on digits after MNIST: docs/results.md, "Starting from another run".
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from gan import jobs
from gan.config.run_config import RunConfig
from gan.data.fingerprint import Fingerprint, held_out_images_learned
from gan.data.image_set import UNLABELLED, ImageSet
from gan.data.info import DatasetInfo
from gan.data.unlabelled import images_to_learn
from gan.errors import RunError, UserError
from gan.evaluation.records.best_snapshot import best_score
from gan.io.atomic import FileVersion, file_versions
from gan.io.untrusted_files import log_damaged
from gan.monitoring.run_verdict import RunVerdict, run_verdict
from gan.runs import parents
from gan.runs.run import Run, all_runs
from gan.training.recommend import AUGMENT_BELOW

KEPT = 4000
"""Runs of which the facts about their sets are kept in memory."""
MAX_NAMES = 3
"""Conditions that a sentence names."""


@dataclass(frozen=True)
class ParentProposal:
    """A run to start from, after `seen` images. `options` by path are what the start sets: `train.start_from`, and
    `model.width` where the parent's networks are wider.

    `set_title` and `images` are of the set that it was trained on; `reason` says in three or four sentences why it is
    proposed, what fits, its licence, and whether it may know validation or test images.
    """

    run: Run
    seen: int
    options: Mapping[str, Any]
    set_title: str
    images: int
    reason: str


@dataclass(frozen=True)
class _TrainingSet:
    """The facts that decide how well a run's networks fit; `images` is how many it learned."""

    names: tuple[str, ...]
    channels: int
    image_size: int
    images: int
    title: str
    licence: str


@dataclass(frozen=True)
class _Candidate:
    """A run whose networks fit. A larger `rank` is better: the same size in pixels, networks of the same width and
    upsampling, more conditions of the same name, more training images."""

    run: Run
    trained_on: _TrainingSet
    rank: tuple[bool, bool, int, int]


def propose_parent(
    config: RunConfig, images: ImageSet, judge: Callable[[Run, jobs.State], RunVerdict] = run_verdict
) -> ParentProposal | None:
    """The run that fits `config` best as a start, among those that the current person may see; None where none does,
    from AUGMENT_BELOW training images on, and where `config` starts from a run already.

    It is finished, its verdict is not bad, its networks are of the same family and at least as wide, and it was trained
    on another set or more images of this one, on no fewer images, and on no validation or test image of this one. Among
    equals, that with the lowest kernel distance is proposed. `judge` gives the verdict on a run.
    """
    if config.train.start_from or images_to_learn(config.data, images) >= AUGMENT_BELOW:
        return None
    candidates = sorted(_candidates(config, images), key=lambda candidate: candidate.rank, reverse=True)
    for _, equals in groupby(candidates, key=lambda candidate: candidate.rank):
        for candidate in sorted(equals, key=lambda candidate: _score_order(candidate.run)):
            try:
                proposal = _checked(candidate, config, images, judge)
            except (UserError, OSError) as error:  # the pages of the run say so
                log_damaged(candidate.run.path, error)
                continue
            if proposal is not None:
                return proposal
    return None


def _candidates(config: RunConfig, images: ImageSet) -> Iterator[_Candidate]:
    """The runs whose networks and sets fit; whether they are finished and good is not looked at yet."""
    count, channels = images_to_learn(config.data, images), images.images.shape[1]
    for run in all_runs():
        if run.config_problem or run.about.archived:
            continue
        model, data = run.config.model, run.config.data
        if (model.family, model.latent) != (config.model.family, config.model.latent):
            continue
        trained_on = _training_set(run.path, file_versions(run.path, ("data.json", "conditions.npz")))
        if trained_on is None or trained_on.channels != channels or model.width < config.model.width:
            continue
        if trained_on.images < count + (data.slug == config.data.slug):
            continue
        same_size = trained_on.image_size == config.data.image_size
        same_networks = (model.width, model.upsampling) == (config.model.width, config.model.upsampling)
        shared = len({*images.names} & {*trained_on.names})
        yield _Candidate(run, trained_on, (same_size, same_networks, shared, trained_on.images))


@lru_cache(maxsize=KEPT)
def _training_set(path: Path, versions: tuple[FileVersion, ...]) -> _TrainingSet | None:
    """What a run was trained on, read again when its files change; None before it has read its images."""
    try:
        info = DatasetInfo.load(path)
    except (UserError, OSError) as error:
        log_damaged(path, error)
        return None
    if info is None:
        return None
    return _TrainingSet(info.names, info.channels, info.image_size, info.learned, info.title, info.licence.rstrip("."))


def _score_order(run: Run) -> tuple[bool, str, float]:
    """Scored runs first, and by kernel distance; distances in different features are not compared."""
    score = best_score(run)
    return (True, "", 0.0) if score is None else (False, score.features, score.kid)


def _checked(
    candidate: _Candidate, config: RunConfig, images: ImageSet, judge: Callable[[Run, jobs.State], RunVerdict]
) -> ParentProposal | None:
    """The proposal of a candidate; None where it is not finished, bad, or knows images that it must not know."""
    run, trained_on = candidate.run, candidate.trained_on
    state = jobs.state(run.path)
    if state.name != "finished" or judge(run, state).level == "bad":
        return None
    theirs, ours = Fingerprint.load(run.path), Fingerprint.of(images)
    learned = held_out_images_learned([theirs, *parents.ancestor_fingerprints(run)], ours)
    if learned or _has_the_same_images(theirs, ours, config.data.pseudo_labels):
        return None
    seen = _snapshot(run)
    options: dict[str, Any] = {"train.start_from": f"{run.name}@{seen}"}
    for name in ("width", "upsampling"):
        if (theirs := getattr(run.config.model, name)) != getattr(config.model, name):
            options[f"model.{name}"] = theirs
    reason = [
        "With so few images, a start from related ones is soon ahead of random weights; only you know whether these "
        "are related.",
        _fit(candidate, config, images),
        f"Licence of its images: {_licences(run, trained_on)}.",
    ]
    if learned is None:
        reason.append("Whether it was trained on validation or test images of this set cannot be told.")
    return ParentProposal(run, seen, options, trained_on.title, trained_on.images, " ".join(reason))


def _has_the_same_images(theirs: Fingerprint, ours: Fingerprint, unlabelled: bool) -> bool:
    """Whether the images that they learned are all learned by ours, as of a set that was added twice; `unlabelled`:
    ours learns those without a label too."""
    learned, splits = theirs.digests[theirs.learned], ("train", UNLABELLED) if unlabelled else ("train",)
    return theirs.reading == ours.reading and bool(np.isin(learned, ours.digests[np.isin(ours.split, splits)]).all())


def _snapshot(run: Run) -> int:
    """The best snapshot where it still has its discriminator, else the newest that has; raises RunError."""
    best = best_score(run)
    if best is not None:
        try:
            return parents.find_parent(f"{run.name}@{best.snapshot}")[1]
        except RunError:  # its discriminator was deleted: the message names the others
            pass
    return parents.find_parent(run.name)[1]


def _fit(candidate: _Candidate, config: RunConfig, images: ImageSet) -> str:
    """What fits of the parent's networks and what starts anew, in a sentence."""
    trained_on, width = candidate.trained_on, candidate.run.config.model.width
    parts = ["Its networks fit"]
    if width != config.model.width:
        parts = [f"Its networks fit networks {width} maps wide, which are slower than those of {config.model.width}"]
    if candidate.run.config.model.upsampling == "transposed" != config.model.upsampling:
        parts.append("they upsample by transposed convolutions, which leave a fine checkerboard")
    if trained_on.image_size != config.data.image_size:
        parts.append(f"its images have {trained_on.image_size} px, so that the coarsest levels start anew")
    new = [name for name in images.names if name not in trained_on.names]
    if not new:
        parts.append("its conditions have the same names")
    elif len(new) == len(images.names):
        parts.append("none of its conditions has the same name, so that what belongs to each starts anew")
    else:
        listed = ", ".join(new[:MAX_NAMES]) + (f" and {len(new) - MAX_NAMES} more" if len(new) > MAX_NAMES else "")
        parts.append(
            f"{len(images.names) - len(new)} of {len(images.names)} conditions have the same name, and what belongs to "
            f"{listed} starts anew"
        )
    return "; ".join(parts) + "."


def _licences(run: Run, trained_on: _TrainingSet) -> str:
    """The licences of the images that the run and those it descends from were trained on."""
    inherited = (ancestor.licence.rstrip(".") for ancestor in parents.lineage(run))
    return "; ".join(dict.fromkeys(licence or "not given" for licence in (trained_on.licence, *inherited)))
