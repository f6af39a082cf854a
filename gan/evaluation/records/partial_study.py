"""What an unfinished study has found so far: scores on validation images, which carry no verdict. No torch.

Read from the files of its finished classifiers. Test images are not in it: their predictions mean nothing before the
planned comparison is complete.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan.errors import DamagedFileError
from gan.evaluation.records.study_results import study_folder
from gan.io.untrusted_files import log_damaged, read_arrays
from gan.runs.run import Run


@dataclass(frozen=True)
class PartialArm:
    """An arm with the mean AUROC of its finished `classifiers` on validation images, over seeds and folds."""

    name: str
    words: str
    auroc: float
    classifiers: int


@dataclass(frozen=True)
class PartialRegime:
    """The arms so far on a `share` of the real images, the best first; `tested` classifiers wait for the result."""

    share: float
    arms: list[PartialArm]
    tested: int


def partial_study(run: Run, snapshot: int) -> list[PartialRegime]:
    """The regimes that a study of a snapshot has begun, the largest share first; empty before its first classifier."""
    folder = study_folder(run, snapshot)
    shares = sorted((int(path.name) for path in folder.glob("[0-9]*") if path.name.isdigit()), reverse=True)
    regimes = [_regime(folder / f"{share}", share / 100) for share in shares]
    return [regime for regime in regimes if regime.arms]


def _regime(folder: Path, share: float) -> PartialRegime:
    scores: dict[tuple[str, str], list[float]] = defaultdict(list)
    for path in sorted(folder.glob("**/selection/*-seed-*.npz")):
        try:
            file = read_arrays(path)
            key = path.stem.rpartition("-seed-")[0], str(file["words"])
            scores[key].append(float(file["validation_auroc"]))
        except (DamagedFileError, FileNotFoundError, KeyError) as error:
            log_damaged(path, error)  # it is trained again when the study goes on
    arms = [PartialArm(name, words, float(np.mean(found)), len(found)) for (name, words), found in scores.items()]
    tested = len(list(folder.glob("**/test/*-seed-*.npz")))
    return PartialRegime(share, sorted(arms, key=lambda arm: -arm.auroc), tested)
