"""The result of a search for wrong labels, in `suspects.json` of an added set. No torch.

`gan/evaluation/suspect_labels.py` computes it.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from gan.errors import DamagedFileError, DataError
from gan.io.atomic import write_json
from gan.io.json_files import read_typed, read_typed_or_none

FILE = "suspects.json"
Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class SuspectLabel:
    """A training image that a classifier, not trained on it, puts into another class.

    `confidence` is the probability of the `given` class, `probability` that of the most likely other class, `likely`.
    """

    file: str
    given: str
    likely: str
    confidence: Probability
    probability: Probability


@dataclass(frozen=True)
class Outlier:
    """A training image unlike the others; `typicality` is 1 for an image that equals its neighbours, 0 far away."""

    file: str
    given: str
    typicality: Probability


@dataclass(frozen=True)
class Suspects:
    """What a search found, the most suspect first.

    labels     images whose label the classifier contradicts, up to a limit
    wrong      estimated number of wrong labels, most of which are among the first
    outliers   the images least like the others, wrong or not
    checked    training images that were judged
    unchecked  images of each class that has too few images (or groups) to be judged
    work       what training the classifiers cost (`SuspectBudget.work`), for the estimate of another search
    seconds    duration
    """

    labels: tuple[SuspectLabel, ...]
    outliers: tuple[Outlier, ...]
    wrong: Count
    checked: Count
    unchecked: dict[str, Count]
    folds: Count
    seed: Count
    work: Annotated[int, Field(gt=0)]
    seconds: Annotated[float, Field(ge=0)]


SUSPECTS = TypeAdapter(Suspects)


def load_suspects(folder: Path) -> Suspects | None:
    """The last result for the set in `folder`; None before a search. Raises DataError for a damaged file."""
    try:
        return read_typed(folder / FILE, SUSPECTS)
    except DamagedFileError as error:
        raise DataError(f"{error} Look for wrong labels again.") from None


def save_suspects(folder: Path, suspects: Suspects) -> None:
    """Replace the result for the set in `folder`."""
    write_json(folder / FILE, SUSPECTS.dump_python(suspects))


def measured_rate(sets: Path) -> float | None:
    """Work per second of the latest search among the added sets in the folder `sets`; None before the first."""
    files = sorted(sets.glob(f"*/{FILE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    results = (read_typed_or_none(path, SUSPECTS) for path in files)
    return next((result.work / result.seconds for result in results if result and result.seconds), None)
