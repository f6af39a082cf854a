"""The files that a study keeps in its folder, beside the predictions of its classifiers."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gan.evaluation.classifiers.confident_classes import CONFIDENT
from gan.evaluation.privacy.guard import RECIPE as GUARD_RECIPE
from gan.evaluation.selector import RECIPE as SELECTOR_RECIPE
from gan.evaluation.study import arm_generators
from gan.evaluation.study.arms import FILLED_KEEP_RATE, MIXED_SHARE
from gan.evaluation.study.confirmation_plan import FILE as PLAN_FILE
from gan.evaluation.study.guarded_generation import ROUNDS
from gan.evaluation.study.predictions import GroundTruth
from gan.evaluation.study.study_options import StudyOptions
from gan.io.atomic import replacing, write_json
from gan.io.json_files import read_json
from gan.io.untrusted_files import read_arrays

if TYPE_CHECKING:
    from gan.evaluation.study.regime_results import RegimeAtWork

RECIPE = 8
"""Increase it when arms or classifiers change: what a stopped study has kept is then trained again."""
FILE = "recipe.json"


def begin(folder: Path, generator_sha256: str, data_sha256: list[str], options: StudyOptions) -> None:
    """Create the study's folder, without what another recipe, generator or data set left there.

    Generators go only where the data changed: an image of today's test split may have been in their training.
    """
    budget = options.budget
    recipe = {
        "generator_sha256": generator_sha256,
        "data": data_sha256,
        "classifier": options.classifier,
        "ratios": list(options.ratios),
        "keep_rates": list(options.keep_rates),
        "folds": options.folds,
        "generators": options.generators,
        "selector": [SELECTOR_RECIPE, asdict(options.selector)],
        "guard": [GUARD_RECIPE, ROUNDS],
        "uses": list(options.uses),
        "recipe": [
            RECIPE,
            budget.batch,
            asdict(budget.stopping),
            budget.batch_norm_images,
            FILLED_KEEP_RATE,
            MIXED_SHARE,
            CONFIDENT,
        ],
    }
    before = read_json(folder / FILE) or {}
    if before != recipe:
        classifiers, generators = folder.glob("[0-9]*"), folder.glob("generator-*")
        for old in [*classifiers, *(generators if before.get("data") != recipe["data"] else ())]:
            shutil.rmtree(old)
        (folder / PLAN_FILE).unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / FILE, recipe)


def tested_folders(folder: Path) -> Iterator[Path]:
    """The folders of the classifiers that read test images."""
    yield from sorted(folder.glob("[0-9]*/test"))
    yield from sorted(folder.glob("[0-9]*/fold-*/test"))


def keep_truth(folder: Path, regimes: "Sequence[RegimeAtWork]") -> None:
    """Keep the truth about the test images of each regime beside the predictions."""
    for regime in regimes:
        _keep_truth(folder / f"{round(100 * regime.plan.share)}" / "test.npz", regime.truth)


def _keep_truth(path: Path, test: GroundTruth) -> None:
    group = np.zeros(0, np.str_) if test.group is None else test.group.astype(np.str_)
    arrays: dict[str, Any] = {
        "targets": test.targets,
        "group": group,
        "fold": test.fold,
        "own_test": test.own_test,
        "names": np.array(test.names),
    }
    arrays |= {f"subgroup {name}": values for name, values in test.subgroups.items()}
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


def minutes(folder: Path) -> float:
    """Minutes of training, generating and testing, over all stops."""
    classifiers = sum(float(read_arrays(path)["seconds"]) for path in _classifier_files(folder))
    generators = sum(arm_generators.training_seconds(path) for path in folder.glob("generator-*"))
    return (classifiers + generators) / 60


def _classifier_files(folder: Path) -> Iterator[Path]:
    yield from folder.glob("[0-9]*/**/*-seed-*.npz")
