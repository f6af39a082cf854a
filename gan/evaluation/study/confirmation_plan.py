"""The plan of a study: for each regime the one comparison that the test images will confirm. No torch.

In each division of the real images (`divisions.py`) two arms are chosen by their mean scores on validation images, over
seeds that are used for nothing else: the best one with synthetic images, and the strongest that needs no generator. No
choice is pooled over folds: a validation image of one is a test image of another. The plan is written into the study's
folder with its time before any test image is read (`run_study.py`). It also predicts which gain the test can see.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from gan.errors import DamagedFileError
from gan.evaluation.study.arms import ArmPlan
from gan.io.atomic import write_json
from gan.io.json_files import read_json, validated
from gan.io.untrusted_files import log_damaged

if TYPE_CHECKING:  # it imports scipy, which pages need not wait for
    from gan.evaluation.study.classification_metrics import Estimate

FILE = "plan.json"
COMPARED = 3
"""Controls that a chosen arm has to beat: those of the highest scores on validation images. These are too few to name
the strongest for sure: with one alone, a control as good as the images went unnoticed in 43% of simulated studies."""
ROLES = {
    "chosen": "Synthetic images as chosen in each fold",
    "strongest": "The strongest control of each fold",
    "second": "The second strongest control of each fold",
    "third": "The third strongest control of each fold",
    "matched": "The matched control of each fold",
}
"""How pooled arms are called, and their names in records, where the folds have different ones."""


@dataclass(frozen=True)
class DivisionChoice:
    """What was chosen in one division, by the primary metric on its validation images.

    `fold` is the fold that the division tests on; None without folds. `arm` has the highest `score` of those with
    synthetic images, `strongest` that of those without, followed by the `runners_up`. `matched` is the control that is
    trained as `arm` is.
    """

    fold: int | None
    arm: str
    score: float
    strongest: str
    strongest_score: float
    matched: str
    runners_up: list[str]

    @property
    def controls(self) -> list[str]:
        """The controls to beat, the strongest first."""
        return [self.strongest, *self.runners_up]

    @property
    def tested(self) -> list[str]:
        """The names of the arms that are trained again for the test, each once."""
        return list(dict.fromkeys([self.arm, *self.controls, self.matched]))


@dataclass(frozen=True)
class RegimeChoice:
    """What was chosen in the regime with a `share` of the real images, in each of its divisions.

    `detectable` is the gain that the test will probably see (power 80%), from the variances on validation images; None
    where they tell nothing.
    """

    share: float
    divisions: list[DivisionChoice]
    detectable: float | None


@dataclass(frozen=True)
class ConfirmationPlan:
    """The choices of all regimes, the `primary` metric and the `seeds` of the choice; `time` in seconds since 1970.

    The comparisons are confirmed on the sealed test images and on those of the external `test_set`, whose `classes` are
    named by ours; both are empty without one.
    """

    time: float
    primary: str
    shares: list[float]
    selection_seeds: int
    choices: list[RegimeChoice]
    test_set: str
    classes: dict[str, list[str]]

    @property
    def purpose(self) -> tuple[object, ...]:
        """What the plan is for. A study with another purpose makes another plan."""
        return self.primary, self.shares, self.selection_seeds, self.test_set, self.classes

    def save(self, folder: Path) -> None:
        """Write the plan into a study's folder."""
        write_json(folder / FILE, asdict(self))


PLAN: TypeAdapter[ConfirmationPlan] = TypeAdapter(ConfirmationPlan)


def load_plan(folder: Path) -> ConfirmationPlan | None:
    """The plan in a study's folder; None where there is none, or it cannot be read."""
    path = folder / FILE
    try:
        document: dict[str, Any] | None = read_json(path)
        return None if document is None else validated(path, document, PLAN)
    except DamagedFileError as error:
        log_damaged(path, error)
        return None


def choose(arms: Sequence[ArmPlan], scores: "Mapping[str, Estimate]", fold: int | None = None) -> DivisionChoice:
    """The choice from all arms' scores on validation images, means over seeds.

    Of equal arms the first, which adds the least.
    """
    means = {name: float(estimate.values.mean()) for name, estimate in scores.items()}
    best = max((arm for arm in arms if not arm.is_free), key=lambda arm: means[arm.name])
    free = [arm.name for arm in arms if arm.is_free]
    strongest, *runners_up = sorted(free, key=lambda name: -means[name])[:COMPARED]
    return DivisionChoice(fold, best.name, means[best.name], strongest, means[strongest], best.matched, runners_up)


def make_plan(
    primary: str,
    selection_seeds: int,
    choices: list[RegimeChoice],
    test_set: str = "",
    classes: dict[str, list[str]] | None = None,
) -> ConfirmationPlan:
    """A plan of these choices, made now, with the external test set if there is one."""
    shares = [choice.share for choice in choices]
    return ConfirmationPlan(time.time(), primary, shares, selection_seeds, choices, test_set, classes or {})
